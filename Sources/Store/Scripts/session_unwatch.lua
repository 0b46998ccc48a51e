#!lua flags=allow-oom
-- Notes in a session that its agent does not want to know any more when a resource changes, and tells the node that watches it.
-- KEYS: session
-- ARGV: field, channel, message
-- Reply: 1, or 0 where it was not noted
local known = redis.call('HDEL', KEYS[1], ARGV[1])
if known == 1 then
  redis.call('HINCRBY', KEYS[1], 'watches', -1)
  redis.call('PUBLISH', ARGV[2], ARGV[3])
end
return known
