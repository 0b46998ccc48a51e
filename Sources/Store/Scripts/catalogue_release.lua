#!lua flags=allow-oom
-- Ends a node's care of a tenant's upstreams and tells all nodes, so that another takes it.
-- KEYS: catalogue
-- ARGV: node id, channel, message up to the version
-- Reply: 1, or 0 where another node has the care
local f = redis.call('HMGET', KEYS[1], 'carer', 'version')
if f[1] ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'carer', 'until')
redis.call('PUBLISH', ARGV[2], ARGV[3] .. (f[2] or '0'))
return 1
