#!lua
-- Has a node listen in an agent's session with an upstream, or go on to, where nobody does or the one named.
-- KEYS: session, ears
-- ARGV: upstream, claim, claim that it may replace or nothing, lifetime
-- Reply: the claim in force, or nothing where the session is gone
if redis.call('PTTL', KEYS[1]) == -2 then return '' end
local current = redis.call('HGET', KEYS[2], ARGV[1])
if current and current ~= ARGV[2] and current ~= ARGV[3] then return current end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return ARGV[2]
