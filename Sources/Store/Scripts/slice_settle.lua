#!lua flags=allow-oom
-- Charges calls that nodes reserved from slices, each once, out of the slice's hold; what such a call was reserved and did not cost, and
-- what nobody reserved of a slice, goes back to the accounts. After the slice's lapse a call is charged what is available. What became of
-- an ending is remembered with its slice.
-- KEYS: holds, head, audit, ledger, account..., slice...
-- ARGV: channel, how long an ended slice is remembered, number of accounts, of each its name and the next two ends of its window (0 = none),
--       of each slice its id, its accounts' names, the number of its endings and their ids; then, slice by slice, of those that follow each
--       other and differ in no more than their durations: what was reserved, cost, outcome ('' = no call: that much of the slice is given
--       back), who, what, how many they are, and the duration of each
-- Reply: epoch and version of each account ('-' and 0 = not changed); a line for each ending, slice by slice: its state, what was charged
--        and what remains in the last account (-1 = missing)
local KEYS, ARGV, time, audit, ledger = KEYS, ARGV, now(), KEYS[3], KEYS[4]
local lastAccount, at, books, slices, windows = 4 + ARGV[3], 4, {}, {}, false

local events = journal(KEYS[2], audit, ledger)
local spend, called, middle = spender(events, ledger, time), events.front('tool_call', time), events.middle()
for i = 5, lastAccount do
  local a = account(ARGV[at], KEYS[i])
  if a then
    a.first, a.second = ARGV[at + 1], ARGV[at + 2]
    if a.first ~= '0' then windows = true end
  end
  books[i - 4], books[ARGV[at]], at = a or false, a, at + 3
end
for i = lastAccount + 1, #KEYS do
  local s = {key = KEYS[i], id = ARGV[at], names = ARGV[at + 1], ids = at + 2, count = tonumber(ARGV[at + 2]), amount = 0, list = {}, news = {},
    left = 'null', remaining = ' -1'}
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
local function charge(s, kind, id, duration)
  local reserved, cost, who, what, list = kind.reserved, kind.cost, kind.who, kind.what, s.list
  local held = reserved < s.amount and reserved or s.amount
  local late, charged = held < reserved, cost
  for i = 1, (windows or late) and #list or 0 do
    local a = list[i]
    if a.first ~= '0' and roll(a, a.first, a.second, time) then
      events.add(ledger, 'window_reset', time, who, a.name, a.reset .. balances({a}))
      a.opening = nil
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
  local remains, state = remaining(s), late and 'late_settled ' .. str(charged) or kind.settled
  if kind.outcome == '' then return (late and 'late_settled 0' or 'settled 0') .. remains end

  if late then
    events.add(ledger, 'late_settle', time, who, s.budget, what .. ',"call":"' .. id .. '","cost":' .. kind.price .. ',"charged":'
      .. credits(charged) .. ',"writtenOff":' .. credits(cost - charged) .. ',"remaining":' .. s.left .. ',' .. balances(list))
  elseif cost > 0 then
    spend(s, list, id, kind.price, s.left, who, what)
  end
  for i = 1, #list do
    local a = list[i]
    if a.held == 0 and a.exhausted == '0' and available(a) == 0 then
      a.exhausted = '1'
      events.add(audit, 'budget_exhausted', time, who, a.name, what .. ',"remaining":0,"limit":' .. credits(a.limit))
    end
  end
  local number = events.number()
  events.put(audit, number, called .. who .. s.named .. number .. middle .. what .. ',"cost":'
    .. (late and credits(charged) or kind.price) .. ',"durationMs":' .. duration .. ',"outcome":"' .. kind.outcome .. '"}}')
  return state .. remains
end

local reply, count = {}, 0
for _, s in ipairs(slices) do
  local seen, news, known, isKnown, from, ids, last = {}, s.news, s.known, s.open or s.state == 'lapsed', 1, s.ids, 0
  while from <= s.count do
    local alike = kind(at)
    at = at + 6
    for i = from, from + alike.count - 1 do
      local id = ARGV[ids + i]
      local told = known[5 + i] or seen[id]
      if not told and isKnown then
        told = charge(s, alike, id, ARGV[at])
        seen[id] = told
        news[last + 1], news[last + 2], last = id, told, last + 2
      end
      count, at = count + 1, at + 1
      reply[count] = told or s.state .. ' 0' .. remaining(s)
    end
    from = from + alike.count
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
