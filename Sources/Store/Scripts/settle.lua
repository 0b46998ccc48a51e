#!lua flags=allow-oom
-- Charges a call once and gives the rest of its hold back; after a lapse it charges what is available. A call whose record is another's by
-- now is given back and costs nothing.
-- KEYS: hold, holds, head, audit, ledger, account...; record, reports, size of reports where ARGV 8 is not empty
-- ARGV: call id, cost, outcome, duration, channel, tombstone's life, names, 1 if it has a record, report ('' = none), most bytes of all
--       reports, of each account the next two ends of its window (0 = none)
-- Reply: state, charged, remaining in the last account (-1 = missing), epoch and version of each account ('' = not charged), waiting nodes
local time, id, names = now(), ARGV[1], ARGV[7]
local h = call('HMGET', KEYS[1], 'state', 'amount', 'accounts', 'who', 'what', 'charged', 'remaining', 'epochs')
local state = h[1] or 'unknown'
local record = ARGV[8] ~= '' and KEYS[#KEYS - 2]
local r = record and call('HMGET', record, 'call', 'waiters') or {}
if h[6] then return {state, int(h[6], 'charged'), tonumber(h[7]), '', r[2] or ''} end

local list, told = accounts(6, names, h[8])
local function remaining() return told and available(told) or -1 end
if state ~= 'open' and state ~= 'lapsed' then return {state, 0, remaining(), '', r[2] or ''} end
if h[3] ~= names then corrupt('hold') end

local late, stale, amount = state == 'lapsed', record and r[1] ~= id, int(h[2], 'amount')
local events, who, budget = journal(KEYS[3], KEYS[4], KEYS[5]), h[4], names:match('%S+$')
local cost = stale and 0 or math.min(int(ARGV[2], 'cost'), amount)
local charged = late and #list == 0 and 0 or cost
for _, a in ipairs(list) do
  local ends = 9 + 2 * a.place
  if not stale and roll(a, ARGV[ends], ARGV[ends + 1], time) then
    events.add(KEYS[5], 'window_reset', time, who, a.name, a.reset .. balances({a}))
  end
  if late then charged = math.min(charged, available(a)) end
end
for _, a in ipairs(list) do
  if not late or charged > 0 then book(a, late and 0 or -amount, charged) end
end

-- What its charge is known by: of one record there is never a second.
local named = ',"call":"' .. id .. '"' .. (record and ',"record":"' .. record:match('%x+$') .. '"' or '')
local left = told and credits(available(told)) or 'null'
if late and not stale then
  events.add(KEYS[5], 'late_settle', time, who, budget, h[5] .. named .. ',"cost":' .. credits(cost) .. ',"charged":' .. credits(charged)
    .. ',"writtenOff":' .. credits(cost - charged) .. ',"remaining":' .. left .. ',' .. balances(list))
elseif cost > 0 then
  events.add(KEYS[5], 'budget_spend', time, who, budget,
    h[5] .. named .. ',"cost":' .. credits(cost) .. ',"remaining":' .. left .. ',' .. balances(list))
end
for _, a in ipairs(list) do
  if a.exhausted == '0' and a.held == 0 and available(a) == 0 then
    a.exhausted = '1'
    events.add(KEYS[4], 'budget_exhausted', time, who, a.name, h[5] .. ',"remaining":0,"limit":' .. credits(a.limit))
  end
end
events.add(KEYS[4], 'tool_call', time, who, budget, h[5] .. ',"cost":' .. credits(charged) .. ',"durationMs":' .. ARGV[4]
  .. ',"outcome":"' .. ARGV[3] .. '"' .. (stale and ',"superseded":true' or ''))

-- Reports that have expired make room.
local reports, size, gone, total, report = KEYS[#KEYS - 1], KEYS[#KEYS], {}, 0, ARGV[9]
if record and not stale and report ~= '' then
  total = int(call('GET', size) or '0', 'reports')
  gone = call('ZRANGE', reports, '-inf', str(time), 'BYSCORE', 'LIMIT', 0, 32)
  for _, old in ipairs(gone) do total = math.max(0, total - (tonumber(old:match('%d+$')) or 0)) end
  if total + #report > tonumber(ARGV[10]) then report = '' end
end

call('ZREM', KEYS[2], id) -- first, for it checks its own key
for _, a in ipairs(list) do save(a) end
state = stale and 'superseded' or late and 'late_settled' or 'settled'
bury(KEYS[1], ARGV[6], 'state', state, 'charged', str(charged), 'remaining', str(remaining()))
if record and not stale then
  call('HSET', record, 'state', 'done', 'charged', str(charged))
  call('HDEL', record, 'asked', 'report')
  call('PEXPIRE', record, ARGV[6])
  if report ~= '' then
    call('HSET', record, 'report', report)
    call('ZADD', reports, str(time + ARGV[6]), record:match('%x+$') .. ':' .. #report)
    total = total + #report
  end
  if ARGV[9] ~= '' then
    call('PEXPIRE', reports, ARGV[6]) -- never before the size, which without it would go down no more
    call('SET', size, str(total), 'PX', ARGV[6])
  end
  if gone[1] then call('ZREM', reports, unpack(gone)) end -- last, for it may be gone with them
end
events.write(ARGV[5])
local versions, at = {}, 0
for _, a in ipairs(list) do
  for _ = at + 2, a.place do versions[#versions + 1] = '- 0' end
  at = a.place
  versions[#versions + 1] = a.epoch .. ' ' .. str(a.version)
end
return {state, charged, remaining(), table.concat(versions, ' '), r[2] or ''}
