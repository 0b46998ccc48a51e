#!lua flags=allow-oom
-- Takes a call that waits for its agent up again, once; who has taken it is remembered as long as it could have waited.
-- KEYS: hold, holds, parked, revoked; record where ARGV 6 is not empty
-- ARGV: call id, round, whether it has a hold (1 or 0), taker, lease, life of a record behind its lease ('' = it has none), token ids of the lineage...
-- Reply: 'taken', 'used' by another, 'expired', or 'revoked'
if ARGV[7] then
  for _, at in ipairs(redis.call('ZMSCORE', KEYS[4], unpack(ARGV, 7))) do
    if at then return 'revoked' end
  end
end
local waiting = redis.call('HMGET', KEYS[3], 'round', 'taker')
local known, round = tonumber(waiting[1] or 0), tonumber(ARGV[2])
if known < round then return 'expired' end
if known > round or waiting[2] and waiting[2] ~= ARGV[4] then return 'used' end
local isHeld = ARGV[3] == '1'
if isHeld and redis.call('HGET', KEYS[1], 'state') ~= 'open' then return 'expired' end
if waiting[2] then return 'taken' end

local record = ARGV[6] ~= '' and KEYS[5]
local isOurs = record and redis.call('HGET', record, 'call') == ARGV[1]
if isHeld then
  local time = redis.call('TIME')
  local ends = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[5])
  redis.call('ZADD', KEYS[2], ends, ARGV[1]) -- first, for it checks its own key
  redis.call('HDEL', KEYS[1], 'parked')
  if isOurs then
    redis.call('HSET', record, 'until', ends)
    redis.call('HDEL', record, 'asked')
    redis.call('PEXPIRE', record, string.format('%.0f', ARGV[5] + ARGV[6]))
  end
end
redis.call('HSET', KEYS[3], 'taker', ARGV[4])
return 'taken'
