#!lua flags=allow-oom
-- Charges calls that nodes reserved from slices, each once, out of the slice's hold; what such a call was reserved and did not cost, and
-- what nobody reserved of a slice, goes back to the accounts. After the slice's lapse a call is charged what is available. What became of
-- an ending is remembered with its slice.
-- KEYS: holds, head, audit, ledger, account..., slice...
-- ARGV: channel, how long an ended slice is remembered, number of accounts, of each its name and the next two ends of its window (0 = none),
--       of each slice its id, its accounts' names, the number of its endings and their ids; of each ending, slice by slice, what was
--       reserved, cost, outcome ('' = no call: that much of the slice is given back), duration, who, what
-- Reply: epoch and version of each account ('-' and 0 = not changed); a line for each ending, slice by slice: its state, what was charged
--        and what remains in the last account (-1 = missing)
local KEYS, ARGV, time, audit, ledger = KEYS, ARGV, now(), KEYS[3], KEYS[4]
local lastAccount, at, books, slices = 4 + ARGV[3], 4, {}, {}

local events = journal(KEYS[2], audit, ledger)
local spend, called, middle = spender(events, ledger, time), events.front('tool_call', time), events.middle()
for i = 5, lastAccount do
  local a = account(ARGV[at], KEYS[i])
  if a then a.first, a.second = ARGV[at + 1], ARGV[at + 2] end
  books[i - 4], books[ARGV[at]], at = a or false, a, at + 3
end
for i = lastAccount + 1, #KEYS do
  local s = {key = KEYS[i], id = ARGV[at], names = ARGV[at + 1], ids = at + 2, count = tonumber(ARGV[at + 2]), amount = 0, list = {}, news = {}}
  at = at + 3 + s.count
  s.known = call('HMGET', s.key, 'state', 'amount', 'accounts', 'epochs', 'slice', unpack(ARGV, s.ids + 1, at - 1))
  s.state, s.budget = s.known[1] or 'unknown', s.names:match('%S+$')
  s.told, s.named = books[s.budget], ',"budgetId":"' .. s.budget .. '","seq":'
  if s.state == 'open' or s.state == 'lapsed' then
    if s.known[3] ~= s.names or not s.known[5] then corrupt('slice') end
    if s.state == 'open' then s.amount, s.open = int(s.known[2], 'amount'), true end
    local each = s.known[4]:gmatch('%S+')
    for name in s.names:gmatch('%S+') do
      local a, epoch = books[name], each()
      if a and (a.epoch == epoch or a.previous:find(epoch, 1, true)) then s.list[#s.list + 1] = a end
    end
  end
  slices[i - lastAccount] = s
end

-- Charges one call in the books in hand; answers what becomes of it.
local function charge(id, s, reserved, cost, outcome, duration, who, what)
  local held, list = reserved < s.amount and reserved or s.amount, s.list
  local late, charged = held < reserved, cost
  for i = 1, #list do
    local a = list[i]
    if a.first ~= '0' and roll(a, a.first, a.second, time) then
      events.add(ledger, 'window_reset', time, who, a.name, a.reset .. balances({a}))
      for _, other in ipairs(slices) do other.words = nil end
    end
    if late then charged = math.min(charged, held + available(a)) end
  end
  if late and not list[1] then charged = 0 end
  if held > 0 or charged > 0 then
    for i = 1, #list do
      book(list[i], -held, charged)
      list[i].changed = true
    end
    s.amount, s.changed = s.amount - held, s.open and held > 0 or s.changed
  end
  local state = late and 'late_settled ' or 'settled '
  if outcome == '' then return state .. '0' end

  local left, price = s.told and credits(available(s.told)) or 'null', written[cost] or credits(cost)
  if late then
    events.add(ledger, 'late_settle', time, who, s.budget, what .. ',"call":"' .. id .. '","cost":' .. price .. ',"charged":'
      .. credits(charged) .. ',"writtenOff":' .. credits(cost - charged) .. ',"remaining":' .. left .. ',' .. balances(list))
  elseif cost > 0 then
    spend(s, list, id, price, left, who, what)
  end
  for i = 1, #list do
    local a = list[i]
    if a.held == 0 and a.exhausted == '0' and available(a) == 0 then
      a.exhausted = '1'
      events.add(audit, 'budget_exhausted', time, who, a.name, what .. ',"remaining":0,"limit":' .. credits(a.limit))
    end
  end
  local number = events.number()
  events.put(audit, number, called .. who .. s.named .. number .. middle .. what .. ',"cost":' .. (written[charged] or credits(charged))
    .. ',"durationMs":' .. duration .. ',"outcome":"' .. outcome .. '"}}')
  return state .. str(charged)
end

local function remaining(a) return a and ' ' .. str(available(a)) or ' -1' end

local reply, count = {}, 0
for _, s in ipairs(slices) do
  local seen, news, known, isKnown, ids = {}, s.news, s.known, s.open or s.state == 'lapsed', s.ids
  for i = 1, s.count do
    local id = ARGV[ids + i]
    local told = known[5 + i] or seen[id]
    if not told and isKnown then
      local reserved, cost = int(ARGV[at], 'reserved'), ARGV[at + 1]
      cost = cost == ARGV[at] and reserved or math.min(int(cost, 'cost'), reserved)
      told = charge(id, s, reserved, cost, ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]) .. remaining(s.told)
      seen[id] = told
      news[#news + 1], news[#news + 2] = id, told
    end
    count = count + 1
    reply[count], at = told or s.state .. ' 0' .. remaining(s.told), at + 6
  end
end

for _, s in ipairs(slices) do
  if s.changed and s.amount == 0 then call('ZREM', KEYS[1], s.id) end -- first, for it checks its own key
end
for _, a in ipairs(books) do
  if a and (a.changed or a.turned) then save(a) end
end
for _, s in ipairs(slices) do
  local ended = s.changed and s.amount == 0
  if s.news[1] then call('HSET', s.key, 'state', ended and 'settled' or s.state, 'amount', s.open and str(s.amount) or s.known[2], unpack(s.news)) end
  if s.news[1] and (ended or not s.open) then call('PEXPIRE', s.key, ARGV[2]) end
end
events.write(ARGV[1])
local versions = {}
for i, a in ipairs(books) do
  versions[i] = a and (a.changed or a.turned) and a.epoch .. ' ' .. str(a.version) or '- 0'
end
return {table.concat(versions, ' '), table.concat(reply, '\n')}
