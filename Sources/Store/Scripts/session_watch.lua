#!lua
-- Notes in a session that its agent wants to know when a resource changes.
-- KEYS: session
-- ARGV: field, most fields of the kind
-- Reply: 1, 0 where there are as many as may be, or -1 where the session is gone
if redis.call('HEXISTS', KEYS[1], 'principal') == 0 then return -1 end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 1 end
if tonumber(redis.call('HGET', KEYS[1], 'watches') or 0) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], '')
redis.call('HINCRBY', KEYS[1], 'watches', 1)
return 1
