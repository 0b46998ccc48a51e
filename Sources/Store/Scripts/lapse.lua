#!lua flags=allow-oom
-- Gives back whole a hold whose lease has ended, once; the event says which round of its agent's the call waited for. An id without an open hold leaves the list of holds.
-- KEYS: hold, holds, head, audit, ledger, account...
-- ARGV: call id, channel, tombstone's life, names
-- Reply: state
local h = call('HMGET', KEYS[1], 'state', 'amount', 'accounts', 'who', 'what', 'parked', 'epochs')
if h[1] ~= 'open' then
  call('ZREM', KEYS[2], ARGV[1])
  return h[1] or 'unknown'
end
local time, lease = now(), call('ZSCORE', KEYS[2], ARGV[1])
if lease and tonumber(lease) >= time then return 'open' end
if h[3] ~= ARGV[4] then corrupt('hold') end

local amount, list = int(h[2], 'amount'), accounts(6, ARGV[4], h[7])
local events = journal(KEYS[3], KEYS[4], KEYS[5])
for _, a in ipairs(list) do book(a, -amount, 0) end
events.add(KEYS[5], 'hold_lapsed', time, h[4], ARGV[4]:match('%S+$'),
  h[5] .. ',"call":"' .. ARGV[1] .. '","amount":' .. credits(amount)
  .. (h[6] and ',"awaitedRound":' .. int(h[6], 'round') or '') .. ',' .. balances(list))

for _, a in ipairs(list) do save(a) end
call('ZREM', KEYS[2], ARGV[1])
call('HSET', KEYS[1], 'state', 'lapsed')
call('PEXPIRE', KEYS[1], ARGV[3])
events.write(ARGV[2])
return 'lapsed'
