#!lua flags=allow-oom
-- Charges calls that nodes reserved from slices, each once, out of the slice's hold; what such a call was reserved and did not cost, and
-- what nobody reserved of a slice, goes back to the accounts. After the slice's lapse a call is charged what is available.
-- KEYS: holds, head, audit, ledger, account..., slice..., call...
-- ARGV: channel, tombstone's life, number of accounts, of slices, of each account its name and the next two ends of its window (0 = none),
--       of each slice its id and its accounts' names, of each call its id, the number of its slice, what was reserved, cost, outcome ('' =
--       no call: that much of the slice is given back), duration, who, what
-- Reply: epoch and version of each account ('-' and 0 = not charged), then of each call its state, charged, remaining in the last account
--        (-1 = missing)
local time, lastAccount, lastSlice = now(), 4 + ARGV[3], 4 + ARGV[3] + ARGV[4]
local events, books, slices = journal(KEYS[2], KEYS[3], KEYS[4]), {}, {}
for i = 5, lastAccount do
  local at = 3 * (i - 5) + 5
  books[i - 4] = {account = account(ARGV[at], KEYS[i]) or nil, first = ARGV[at + 1], second = ARGV[at + 2]}
  books[ARGV[at]] = books[i - 4]
end
local at = 5 + 3 * ARGV[3]
for i = lastAccount + 1, lastSlice do
  local h = call('HMGET', KEYS[i], 'state', 'amount', 'accounts', 'epochs', 'slice')
  local s = {key = KEYS[i], id = ARGV[at], names = ARGV[at + 1], state = h[1] or 'unknown', amount = 0, list = {}}
  at = at + 2
  if s.state == 'open' or s.state == 'lapsed' then
    if h[3] ~= s.names or not h[5] then corrupt('slice') end
    if s.state == 'open' then s.amount, s.open = int(h[2], 'amount'), true end
    local each = h[4]:gmatch('%S+')
    for name in s.names:gmatch('%S+') do
      local a, epoch = books[name].account, each()
      if a and (a.epoch == epoch or a.previous:find(epoch, 1, true)) then s.list[#s.list + 1] = a end
    end
  end
  s.told = books[s.names:match('%S+$')].account
  slices[i - lastAccount] = s
end

-- Charges one call in the books in hand; answers what becomes of it.
local function charge(id, s, reserved, cost, outcome, duration, who, what)
  local held = math.min(reserved, s.amount)
  local late, budget = held < reserved, s.names:match('%S+$')
  local charged = math.min(cost, reserved)
  for _, a in ipairs(s.list) do
    local b = books[a.name]
    if roll(a, b.first, b.second, time) then events.add(KEYS[4], 'window_reset', time, who, a.name, a.reset .. balances({a})) end
    if late then charged = math.min(charged, held + available(a)) end
  end
  if late and not s.list[1] then charged = 0 end
  for _, a in ipairs(s.list) do
    if held > 0 or charged > 0 then
      book(a, -held, charged)
      a.changed = true
    end
  end
  s.amount, s.changed = s.amount - held, s.open and held > 0 or s.changed
  local state = late and 'late_settled' or 'settled'
  if outcome == '' then return state, 0 end

  local left = s.told and credits(available(s.told)) or 'null'
  local named = what .. ',"call":"' .. id .. '","cost":' .. credits(cost)
  if late then
    events.add(KEYS[4], 'late_settle', time, who, budget, named .. ',"charged":' .. credits(charged) .. ',"writtenOff":'
      .. credits(cost - charged) .. ',"remaining":' .. left .. ',' .. balances(s.list))
  elseif cost > 0 then
    events.add(KEYS[4], 'budget_spend', time, who, budget, named .. ',"remaining":' .. left .. ',' .. balances(s.list))
  end
  for _, a in ipairs(s.list) do
    if a.exhausted == '0' and a.held == 0 and available(a) == 0 then
      a.exhausted = '1'
      events.add(KEYS[3], 'budget_exhausted', time, who, a.name, what .. ',"remaining":0,"limit":' .. credits(a.limit))
    end
  end
  events.add(KEYS[3], 'tool_call', time, who, budget, what .. ',"cost":' .. credits(charged) .. ',"durationMs":' .. duration
    .. ',"outcome":"' .. outcome .. '"')
  return state, charged
end

local reply, ended, seen = {''}, {}, {}
for i = lastSlice + 1, #KEYS do
  local id, s = ARGV[at], slices[tonumber(ARGV[at + 1])]
  local t = seen[id] or call('HMGET', KEYS[i], 'state', 'charged', 'remaining')
  if not t[1] and not s.open and s.state ~= 'lapsed' then t = {s.state, 0, s.told and available(s.told) or -1} end
  if not t[1] then
    local reserved, cost = int(ARGV[at + 2], 'reserved'), int(ARGV[at + 3], 'cost')
    t[1], t[2] = charge(id, s, reserved, math.min(cost, reserved), ARGV[at + 4], ARGV[at + 5], ARGV[at + 6], ARGV[at + 7])
    t[3] = s.told and available(s.told) or -1
    ended[#ended + 1] = {KEYS[i], t}
  end
  seen[id] = t
  reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = t[1], tonumber(t[2] or 0), tonumber(t[3] or -1)
  at = at + 8
end

for _, s in ipairs(slices) do
  if s.changed and s.amount == 0 then call('ZREM', KEYS[1], s.id) end -- first, for it checks its own key
end
for _, b in ipairs(books) do
  if b.account and (b.account.changed or b.account.turned) then save(b.account) end
end
for _, s in ipairs(slices) do
  if s.changed and s.amount == 0 then
    bury(s.key, ARGV[2], 'state', 'settled')
  elseif s.changed then
    call('HSET', s.key, 'amount', str(s.amount))
  end
end
for _, e in ipairs(ended) do
  call('HSET', e[1], 'state', e[2][1], 'charged', str(e[2][2]), 'remaining', e[2][3] < 0 and '-1' or str(e[2][3]))
  call('PEXPIRE', e[1], ARGV[2])
end
events.write(ARGV[1])
local versions = {}
for i, b in ipairs(books) do
  versions[i] = b.account and (b.account.changed or b.account.turned) and b.account.epoch .. ' ' .. str(b.account.version) or '- 0'
end
reply[1] = table.concat(versions, ' ')
return reply
