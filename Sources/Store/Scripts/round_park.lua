#!lua flags=allow-oom
-- Lets a call wait for its agent's next round, its hold as long; a round that came before it, or came already, changes nothing.
-- KEYS: hold, holds, parked; record where ARGV 5 is not empty
-- ARGV: call id, round, life, whether it has a hold (1 or 0), life of a record behind its lease ('' = it has none)
-- Reply: 'parked', or 'ended' where its hold is not open
local round = tonumber(ARGV[2])
local known = tonumber(redis.call('HGET', KEYS[3], 'round') or 0)
if known >= round then return 'parked' end
local isHeld = ARGV[4] == '1'
if isHeld and redis.call('HGET', KEYS[1], 'state') ~= 'open' then return 'ended' end

local record = ARGV[5] ~= '' and KEYS[4]
local isOurs = record and redis.call('HGET', record, 'call') == ARGV[1]
if isHeld then
  local time = redis.call('TIME')
  local ends = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3])
  redis.call('ZADD', KEYS[2], ends, ARGV[1]) -- first, for it checks its own key
  redis.call('HSET', KEYS[1], 'parked', ARGV[2])
  if isOurs then
    redis.call('HSET', record, 'until', ends)
    redis.call('PEXPIRE', record, string.format('%.0f', ARGV[3] + ARGV[5]))
  end
end
redis.call('HSET', KEYS[3], 'round', ARGV[2])
redis.call('HDEL', KEYS[3], 'taker')
redis.call('PEXPIRE', KEYS[3], ARGV[3])
return 'parked'
