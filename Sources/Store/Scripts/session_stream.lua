#!lua
-- Takes a session's own stream for a node, or keeps it while no other has taken it.
-- KEYS: session, sessions
-- ARGV: session id, lifetime, node, fence to keep or 0 to take
-- Reply: the fence now in force, or 0 where the session is gone; the node that held the stream and is to be told, or nothing
local time = redis.call('TIME')
local f = redis.call('HMGET', KEYS[1], 'principal', 'listener', 'fence')
if not f[1] then return {0, ''} end
local fence = tonumber(f[3] or '0')
if not fence or fence < 0 or fence >= 2 ^ 53 then return redis.error_reply('CORRUPT fence') end
local taking = ARGV[4] == '0'
if not taking and tonumber(ARGV[4]) ~= fence then return {fence, ''} end
local expires = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2]
redis.call('ZADD', KEYS[2], string.format('%.0f', expires), ARGV[1]) -- first, for it checks its own key
if taking then
  fence = fence + 1
  redis.call('HSET', KEYS[1], 'listener', ARGV[3], 'fence', string.format('%.0f', fence))
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {fence, taking and f[2] and f[2] ~= ARGV[3] and f[2] or ''}
