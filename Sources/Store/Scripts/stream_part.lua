#!lua flags=allow-oom
-- Ends a session, unless nodes answer requests of it, and tells all nodes to forget it.
-- KEYS: session, sessions, sessions of the principal, requests
-- ARGV: session id, channel, message
-- Reply: the requests of it that are answered by other nodes; none where it has ended
local exists = redis.call('HEXISTS', KEYS[1], 'principal')
if exists == 1 then
  local requests = redis.call('HKEYS', KEYS[4])
  if requests[1] then return requests end
end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('SREM', KEYS[3], ARGV[1])
redis.call('DEL', KEYS[1], KEYS[4])
if exists == 1 then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return {}
