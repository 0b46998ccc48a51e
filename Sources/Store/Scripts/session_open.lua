#!lua
-- Makes a session and lets it live for its transport's lifetime from now, unless its principal has too many.
-- KEYS: session, sessions, sessions of the principal
-- ARGV: session id, lifetime, most of one principal, how long these are remembered, field, value...
-- Reply: 1, or 0 where there are too many
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local isKnown = redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 1
if not isKnown and redis.call('SCARD', KEYS[3]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HLEN', KEYS[1]) -- checks its type
redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[2]), ARGV[1]) -- first, for it checks its own key
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.0f', now))
redis.call('SADD', KEYS[3], ARGV[1])
redis.call('PEXPIRE', KEYS[3], ARGV[4])
redis.call('HSETNX', KEYS[1], 'opened', string.format('%.0f', now))
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
