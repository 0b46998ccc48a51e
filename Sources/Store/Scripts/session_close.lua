#!lua flags=allow-oom
-- Ends a session and tells all nodes to forget it.
-- KEYS: session, sessions, sessions of the principal
-- ARGV: session id, channel, message
-- Reply: 1, or 0 where it was gone
local exists = redis.call('HEXISTS', KEYS[1], 'principal')
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('SREM', KEYS[3], ARGV[1])
redis.call('DEL', KEYS[1])
if exists == 1 then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return exists
