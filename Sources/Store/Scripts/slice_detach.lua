#!lua flags=allow-oom
-- Makes what a call was reserved of a slice a hold of its own, once; after the slice's lapse, or where less is left of it, one that has lapsed.
-- KEYS: slice, holds, hold
-- ARGV: slice id, call id, amount, names, lease, how long what has ended is remembered, who, what
-- Reply: state of the hold, or what became of the call otherwise
local call = redis.call
local state = call('HGET', KEYS[3], 'state')
if state then return state end
local s = call('HMGET', KEYS[1], 'state', 'amount', 'accounts', 'epochs', 'slice', ARGV[2])
if s[6] then return s[6]:match('^%S+') end
if s[1] ~= 'open' and s[1] ~= 'lapsed' then return s[1] or 'unknown' end
if s[3] ~= ARGV[4] or not s[5] then error({err = 'CORRUPT slice'}) end
local left, time = s[1] == 'open' and s[2] - ARGV[3] or -1, call('TIME')
state = left < 0 and 'lapsed' or 'open'

if state == 'open' then
  call('ZADD', KEYS[2], string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[5]), ARGV[2]) -- first, for it checks its own key
  if left == 0 then call('ZREM', KEYS[2], ARGV[1]) end
  call('HSET', KEYS[1], 'amount', string.format('%.0f', left), 'state', left == 0 and 'settled' or 'open')
end
call('HSET', KEYS[1], ARGV[2], 'released 0 -1')
if left <= 0 then call('PEXPIRE', KEYS[1], ARGV[6]) end
call('HSET', KEYS[3], 'state', state, 'amount', ARGV[3], 'accounts', ARGV[4], 'who', ARGV[7], 'what', ARGV[8], 'epochs', s[4])
if state == 'lapsed' then call('PEXPIRE', KEYS[3], ARGV[6]) end
return state
