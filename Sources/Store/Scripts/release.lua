#!lua flags=allow-oom
-- Gives a whole hold back; where no hold is, leaves a tombstone, so that a delayed reserve of this id changes nothing.
-- The call's record is free for a retry.
-- KEYS: hold, holds, head, audit, ledger, account...; record where ARGV 9 is not empty
-- ARGV: call id, outcome, duration, channel, tombstone's life, names, who, what, 1 if it has a record
-- Reply: state, waiting nodes
local h = call('HMGET', KEYS[1], 'state', 'amount', 'accounts', 'epochs')
local record, list = ARGV[9] ~= '' and KEYS[#KEYS], {}
local r = record and call('HMGET', record, 'call', 'waiters', 'state') or {}
if h[1] then
  if h[1] ~= 'open' then return {h[1], r[2] or ''} end
  if h[3] ~= ARGV[6] then corrupt('hold') end
  list = accounts(6, ARGV[6], h[4])
  for _, a in ipairs(list) do book(a, -int(h[2], 'amount'), 0) end
end
local events = journal(KEYS[3], KEYS[4], KEYS[5])
events.add(KEYS[4], 'tool_call', now(), ARGV[7], ARGV[6]:match('%S+$'),
  ARGV[8] .. ',"cost":0,"durationMs":' .. ARGV[3] .. ',"outcome":"' .. ARGV[2] .. '"')

call('ZREM', KEYS[2], ARGV[1]) -- first, for it checks its own key
for _, a in ipairs(list) do save(a) end
bury(KEYS[1], ARGV[5], 'state', 'released')
if r[1] == ARGV[1] and r[3] == 'running' then
  call('HSET', record, 'state', 'free')
  call('HDEL', record, 'asked')
  call('PEXPIRE', record, ARGV[5])
end
events.write(ARGV[4])
return {'released', r[2] or ''}
