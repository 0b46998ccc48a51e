#!lua flags=allow-oom
-- Charges a call once and gives the rest of its hold back; after a lapse it charges what is available.
-- KEYS: hold, holds, head, audit, ledger, account...
-- ARGV: call id, cost, outcome, duration, channel, tombstone's life, names
-- Reply: state, charged, remaining in the last account (-1 = missing)
local time = now()
local h = call('HMGET', KEYS[1], 'state', 'amount', 'accounts', 'who', 'what', 'charged', 'remaining')
local state = h[1] or 'unknown'
if h[6] then return {state, int(h[6], 'charged'), tonumber(h[7])} end

local list, told = accounts(6, ARGV[7])
local function remaining() return told and available(told) or -1 end
if state ~= 'open' and state ~= 'lapsed' then return {state, 0, remaining()} end
if h[3] ~= ARGV[7] then corrupt('hold') end

local late, amount = state == 'lapsed', int(h[2], 'amount')
local cost = math.min(int(ARGV[2], 'cost'), amount)
local charged = cost
if late then
  if #list == 0 then charged = 0 end
  for _, a in ipairs(list) do charged = math.min(charged, available(a)) end
end

local events = journal(KEYS[3], KEYS[4], KEYS[5])
for _, a in ipairs(list) do
  if not late or charged > 0 then book(a, late and 0 or -amount, charged) end
end
local who, budget = h[4], ARGV[7]:match('%S+$')
local left = told and credits(available(told)) or 'null'
if late then
  events.add(KEYS[5], 'late_settle', time, who, budget, h[5] .. ',"call":"' .. ARGV[1] .. '","cost":' .. credits(cost) .. ',"charged":' .. credits(charged)
    .. ',"writtenOff":' .. credits(cost - charged) .. ',"remaining":' .. left .. ',' .. balances(list))
elseif cost > 0 then
  events.add(KEYS[5], 'budget_spend', time, who, budget,
    h[5] .. ',"cost":' .. credits(cost) .. ',"remaining":' .. left .. ',' .. balances(list))
end
for _, a in ipairs(list) do
  if a.exhausted == '0' and a.held == 0 and available(a) == 0 then
    a.exhausted = '1'
    events.add(KEYS[4], 'budget_exhausted', time, who, a.name, h[5] .. ',"remaining":0,"limit":' .. credits(a.limit))
  end
end
events.add(KEYS[4], 'tool_call', time, who, budget, h[5] .. ',"cost":' .. credits(charged) .. ',"durationMs":' .. ARGV[4]
  .. ',"outcome":"' .. ARGV[3] .. '"')

call('ZREM', KEYS[2], ARGV[1]) -- first, for it checks its own key
for _, a in ipairs(list) do save(a) end
state = late and 'late_settled' or 'settled'
bury(KEYS[1], ARGV[6], 'state', state, 'charged', str(charged), 'remaining', str(remaining()))
events.write(ARGV[5])
return {state, charged, remaining()}
