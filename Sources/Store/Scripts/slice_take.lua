#!lua
-- Takes a slice of credit out of an account chain, from which a node reserves calls by itself: a hold of its own, of what is wanted, but
-- never of more than a part of what is free. It makes no account and passes no limit.
-- KEYS: hold, holds, head, audit, ledger, account...
-- ARGV: slice id, amount wanted, least that is worth it, how many such slices must be free for one, lease, channel, who, what, names,
--       of each account: expiry (0 = never), the next two ends of its window (0 = none), epoch ('' = unknown) and version that the node
--       has seen
-- Reply: taken and the amount; or near (too little is free), no_account, rolled_back, or the state of a slice that has ended; and 0
local id, names, time = ARGV[1], ARGV[9], now()
local known = call('HMGET', KEYS[1], 'state', 'amount')
if known[1] then return known[1] == 'open' and {'taken', int(known[2], 'amount')} or {known[1], 0} end
call('ZCARD', KEYS[2]) -- checks its type

local events, who, list, epochs = journal(KEYS[3], KEYS[4], KEYS[5]), ARGV[7], {}, {}
local amount = int(ARGV[2], 'amount')
for name in names:gmatch('%S+') do
  local at = 5 + 5 * #list
  local expires = ARGV[at + 5] ~= '0' and math.max(int(ARGV[at + 5], 'expiry'), time + 86400000) or 0
  local seen, a, mark = ARGV[at + 8], account(name, KEYS[6 + #list])
  if mark or a and a.mark then return {'rolled_back', 0} end
  if not a then return {'no_account', 0} end
  if seen ~= '' and (a.epoch == seen and a.version < int(ARGV[at + 9], 'version')
    or a.epoch ~= seen and not a.previous:find(seen, 1, true) and not a.previous:find('*', 1, true)) then
    return {'rolled_back', 0}
  end
  if a.expires > 0 and (expires == 0 or expires > a.expires) then a.expires, a.renewed = expires, true end
  if roll(a, ARGV[at + 6], ARGV[at + 7], time) then events.add(KEYS[5], 'window_reset', time, who, name, a.reset .. balances({a})) end
  amount = math.min(amount, math.floor(available(a) / int(ARGV[4], 'share')))
  list[#list + 1], epochs[#list + 1] = a, a.epoch
end
if not list[1] or amount < math.max(1, int(ARGV[3], 'least')) then return {'near', 0} end
for _, a in ipairs(list) do book(a, amount, 0) end

call('ZADD', KEYS[2], str(time + int(ARGV[5], 'lease')), id)
for _, a in ipairs(list) do save(a) end
call('HSET', KEYS[1], 'state', 'open', 'amount', str(amount), 'accounts', names, 'who', who, 'what', ARGV[8],
  'epochs', table.concat(epochs, ' '), 'slice', '1')
events.write(ARGV[6])
return {'taken', amount}
