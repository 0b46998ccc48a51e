#!lua
-- Writes fields of a session and lets it live for its transport's lifetime from now.
-- KEYS: session, sessions
-- ARGV: session id, lifetime, field, value...
-- Reply: 1, or 0 where it is gone
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('HEXISTS', KEYS[1], 'principal') == 0 then return 0 end
redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[2]), ARGV[1]) -- first, for it checks its own key
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.0f', now))
if ARGV[3] then redis.call('HSET', KEYS[1], unpack(ARGV, 3)) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
