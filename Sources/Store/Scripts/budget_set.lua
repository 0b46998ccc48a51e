#!lua
-- Sets or raises an account's limit, once for each request; what is missing is made where the tenant's books are open.
-- KEYS: account, request, head, audit, ledger
-- ARGV: account's name, limit to set or nothing, what to add to the limit, epoch of a new account, what the request asks for, how long it
--       is remembered, channel, who, why, control channel, what a lowered limit is told there by
-- Reply: no_account, books_closed, conflict, out_of_range; or words: limit before (- where the account was made), then as `shown` has it
local name, time = ARGV[1], now()
local known = call('HMGET', KEYS[2], 'print', 'reply')
if known[1] then return known[1] == ARGV[5] and known[2] or 'conflict' end

local a, events = account(name, KEYS[1]), journal(KEYS[3], KEYS[4], KEYS[5])
if not a and ARGV[2] == '' then return 'no_account' end
if not a and not events.epoch then return 'books_closed' end
local previous = a and str(a.limit) or '-'
local limit = (ARGV[2] == '' and a.limit or int(ARGV[2], 'limit')) + int(ARGV[3], 'amount')
if limit >= 2 ^ 53 then return 'out_of_range' end

local made = not a
if made then
  local kind, data
  a, kind, data = opened(name, KEYS[1], limit, ARGV[4])
  events.add(KEYS[5], kind, time, ARGV[8], name, data .. ARGV[9] .. ',' .. balances({a}))
elseif limit ~= a.limit then
  relimit(a, limit, events, KEYS[4], KEYS[5], time, ARGV[8], ARGV[9])
end

if made or str(limit) ~= previous then
  save(a)
  call('HSET', a.key, 'limit', str(limit))
end
if made then
  call('HSET', a.key, 'previous', '*')
  call('HDEL', a.key, 'mark')
end
local reply = previous .. ' ' .. shown(a.key)
call('HSET', KEYS[2], 'print', ARGV[5], 'reply', reply)
call('PEXPIRE', KEYS[2], ARGV[6])
events.write(ARGV[7])
if not made and limit < int(previous, 'limit') then call('PUBLISH', ARGV[10], ARGV[11]) end
return reply
