#!lua
-- Carves a budget out of all accounts of a token's chain, or of none, once for each request; it becomes an account of its own.
-- KEYS: request, revoked, delegations, child account, head, audit, ledger, account...
-- ARGV: request's fingerprint, its life, amount, child's name, nonce, key, token's expiry, most children of an account, channel, who,
--       data of the event, names, child token's ids (space-separated), of each account: opening limit ('' = must
--       exist), expiry (0 = never), the next two ends of its window (0 = none); ids of the token...
-- Reply: {'delegated', child's name, nonce, key, expiry, remaining in the last account}, the same at each repeat; 'revoked', 'conflict', or
--        why not, index of the account it is about, its available
-- No mode makes this lenient: what is delegated was there.
local print, amount, child, expiry, names = ARGV[1], int(ARGV[3], 'amount'), ARGV[4], int(ARGV[7], 'expiry'), ARGV[12]
local time, first = now(), 14
local count = 0
for _ in names:gmatch('%S+') do count = count + 1 end
for _, at in ipairs(call('ZMSCORE', KEYS[2], unpack(ARGV, first + 4 * count))) do
  if at then return {'revoked'} end
end

local known = call('HMGET', KEYS[1], 'print', 'child', 'nonce', 'key', 'expires', 'remaining')
if known[1] and known[1] ~= print then return {'conflict'} end
if known[1] then return {'delegated', unpack(known, 2)} end
call('ZCARD', KEYS[3]) -- checks its type
if call('EXISTS', KEYS[4]) == 1 then corrupt(child) end

local events, list, children, index = journal(KEYS[5], KEYS[6], KEYS[7]), {}, {}, 0
for name in names:gmatch('%S+') do
  index = index + 1
  local at, key = first + 4 * index - 4, KEYS[7 + index]
  local a, kind, data = account(name, key), nil, nil
  if not a and (ARGV[at] == '' or not events.epoch) then return {'no_account', index, 0} end
  if not a then
    local expires = ARGV[at + 1] ~= '0' and math.max(int(ARGV[at + 1], 'expiry'), time + 86400000) or 0
    a, kind, data = opened(name, key, int(ARGV[at], 'limit'), ARGV[5], expires)
  end
  if roll(a, ARGV[at + 2], ARGV[at + 3], time) then kind, data = 'window_reset', a.reset end
  if kind then events.add(KEYS[7], kind, time, ARGV[10], name, data .. balances({a})) end
  local live = a.made and 0 or int(call('HGET', key, 'children') or '0', name)
  if a.mark then return {'rolled_back', index, 0} end
  if live >= tonumber(ARGV[8]) then return {'too_many', index, 0} end
  if available(a) < amount then return {'insufficient', index, available(a)} end
  a.delegated, a.version = a.delegated + amount, a.version + 1
  list[index], children[index] = a, live + 1
end

local own = opened(child, KEYS[4], amount, ARGV[5])
local remaining, epochs, all = available(list[index]), {}, {own}
for i, a in ipairs(list) do
  epochs[i], all[i + 1] = a.epoch, a
  if a.exhausted == '0' and a.held == 0 and available(a) == 0 then
    a.exhausted = '1'
    events.add(KEYS[6], 'budget_exhausted', time, ARGV[10], a.name, '"remaining":0,"limit":' .. credits(a.limit))
  end
end
events.add(KEYS[7], 'delegation', time, ARGV[10], list[index].name, ARGV[11] .. ',"amount":' .. credits(amount) .. ',"childBudget":' .. credits(amount)
  .. ',"parentRemaining":' .. credits(remaining) .. ',' .. balances(all))

-- All checks are done.
for i, a in ipairs(list) do
  save(a)
  call('HSET', a.key, 'delegated', str(a.delegated), 'children', str(children[i]))
end
call('HSET', own.key, 'parents', names, 'epochs', table.concat(epochs, ' '),
  'lineage', ARGV[13], 'carved', str(amount))
save(own)
call('ZADD', KEYS[3], str(expiry), child)
call('HSET', KEYS[1], 'print', print, 'child', child, 'nonce', ARGV[5], 'key', ARGV[6], 'expires', str(expiry), 'remaining', str(remaining))
call('PEXPIRE', KEYS[1], ARGV[2])
events.write(ARGV[9])
return {'delegated', child, ARGV[5], ARGV[6], str(expiry), str(remaining)}
