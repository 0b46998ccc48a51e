#!lua
-- Notes in a session that its agent wants to know when a resource changes, and the node that watches it; the one before learns of it.
-- KEYS: session
-- ARGV: field, most fields of the kind, node, channel, message
-- Reply: 1, 0 where there are as many as may be, or -1 where the session is gone
local known = redis.call('HMGET', KEYS[1], 'principal', ARGV[1], 'watches')
if not known[1] then return -1 end
if known[2] == ARGV[3] then return 1 end
if not known[2] and tonumber(known[3] or 0) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if not known[2] then redis.call('HINCRBY', KEYS[1], 'watches', 1) end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
