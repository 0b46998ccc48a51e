#!lua
-- Keeps an agent's session with an upstream, where there is none yet or the one it replaces is still there.
-- KEYS: session, dialogue, dialogues, counts
-- ARGV: session id, upstream, terms, how the terms to be replaced begin, cap
-- Reply: kept, full, session_gone, or existing with its terms
-- Its score in `dialogues` is when to look whether the agent's session has expired.
local life = redis.call('PTTL', KEYS[1])
if life == -2 then return {'session_gone'} end
local current = redis.call('HGET', KEYS[2], ARGV[2])
if current == ARGV[3] then return {'kept'} end
if current and current:sub(1, #ARGV[4]) ~= ARGV[4] then return {'existing', current} end
if not current and tonumber(redis.call('HGET', KEYS[4], ARGV[2]) or 0) >= tonumber(ARGV[5]) then return {'full'} end
local time = redis.call('TIME')
local look = time[1] * 1000 + math.floor(time[2] / 1000) + math.max(life, 0)
redis.call('ZADD', KEYS[3], 'GT', string.format('%.0f', look), ARGV[1]) -- first, for it checks its own key
if not current then redis.call('HINCRBY', KEYS[4], ARGV[2], 1) end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
return {'kept'}
