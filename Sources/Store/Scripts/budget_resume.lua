#!lua flags=allow-oom
-- Lets an account that has lost writes be charged again, in a new epoch; what is held in the old one still counts.
-- KEYS: account, head, audit, ledger
-- ARGV: account's name, new epoch, channel, who, why
-- Reply: no_account; anew where it is missing, and may be made from now on; or words: the limit, then as `shown` has it
-- Among the epochs before, `*` stands for those that nodes have seen and Redis has lost.
local a, mark = account(ARGV[1], KEYS[1])
if not a and not mark then return 'no_account' end
local events = journal(KEYS[2], KEYS[3], KEYS[4])
if not a then
  events.add(KEYS[4], 'ledger_rollback', now(), ARGV[4], ARGV[1], '"resumed":true,' .. ARGV[5] .. ',"accounts":[]')
  call('HSET', KEYS[1], 'previous', '*')
  call('HDEL', KEYS[1], 'mark')
  events.write(ARGV[3])
  return 'anew'
end
local old = a.epoch
a.epoch, a.version = ARGV[2], a.version + 1
local previous = a.previous:find('*', 1, true) and a.previous or a.previous == '' and '*' or a.previous .. ' *'
events.add(KEYS[4], 'ledger_rollback', now(), ARGV[4], a.name,
  '"resumed":true,"previousEpoch":"' .. old .. '",' .. ARGV[5] .. ',' .. balances({a}))

save(a)
call('HSET', a.key, 'epoch', a.epoch, 'previous', previous .. ' ' .. old)
call('HDEL', a.key, 'mark')
local reply = str(a.limit) .. ' ' .. shown(a.key)
events.write(ARGV[3])
return reply
