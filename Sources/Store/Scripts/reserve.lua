#!lua
-- Holds the worst-case cost of a call in all its accounts, or in none; judges its session, token, record and rates on the way.
-- KEYS: hold, holds, revoked, sessions, head, audit, ledger, account..., rate...; record where ARGV 10 is not empty; session where ARGV 4 is not empty
-- ARGV: call id, amount, lease, session id, session's lifetime (0 = it was renewed lately), channel, who, what, names,
--       record's fingerprint, node, call to supplant, life of a record behind its lease, number of rates,
--       of each account: opening limit ('' = must exist), expiry (0 = never), 1 if it may pass its limit, the next two ends of its
--       window (0 = none), epoch ('' = unknown) and version that the node has seen, of each rate: interval and burst in microseconds,
--       token ids of the lineage...
-- Reply: 'granted' alone where no hold is due; else verdict, index of the account it is about, its available, its held, ids of at most
--        32 due holds...; a grant that passes a limit is 'granted <reason>'; or 'recalled' and what the record knows
-- A refusal holds, counts and makes nothing. An account lives at least a day after its last use here.
local id, amount, sid, names, print = ARGV[1], int(ARGV[2], 'amount'), ARGV[4], ARGV[9], ARGV[10]
local time = now()
local due = call('ZRANGE', KEYS[2], '-inf', '(' .. str(time), 'BYSCORE', 'LIMIT', '0', '32')

local function answer(verdict, index, free, held)
  if verdict == 'granted' and not due[1] then return verdict end
  return {verdict, index or 0, free or 0, held or 0, unpack(due)}
end

-- A repeat or a latecomer of this id changes nothing.
local state = call('HGET', KEYS[1], 'state')
if state then return answer(state == 'open' and 'granted' or state) end

local session = sid ~= '' and KEYS[#KEYS]
if session and call('HEXISTS', session, 'principal') == 0 then return answer('session_gone') end

local count, first, rated = 0, 15, tonumber(ARGV[14])
for _ in names:gmatch('%S+') do count = count + 1 end
local lineage = first + 7 * count + 2 * rated
if ARGV[lineage] then
  for _, at in ipairs(call('ZMSCORE', KEYS[3], unpack(ARGV, lineage))) do
    if at then return answer('revoked') end
  end
end

-- A refused call was a request all the same: the session lives on. The first write of each path checks its own key.
local function renew()
  if session and ARGV[5] ~= '0' then
    call('ZADD', KEYS[4], str(time + ARGV[5]), sid)
    call('PEXPIRE', session, ARGV[5])
  end
end

local record = print ~= '' and KEYS[7 + count + rated + 1]
if record then
  local known, waiters = recollection(record, print, ARGV[12], time)
  if known then
    renew()
    if waiters then await(record, waiters, ARGV[11]) end
    return known
  end
end

local rates, clock = {}, rated > 0 and call('TIME')
local micros = clock and clock[1] * 1000000 + clock[2]
for i = 1, rated do
  local key, at = KEYS[7 + count + i], first + 7 * count + 2 * i - 2
  local following = math.max(int(call('GET', key) or '0', 'rate'), micros) + int(ARGV[at], 'interval')
  local early = following - micros - int(ARGV[at + 1], 'burst')
  if early > 0 then
    renew()
    return answer('rate_limited', i, math.ceil(early / 1000))
  end
  rates[i] = {key, following}
end

local list, epochs, events, refusal, excess = {}, {}, nil, nil, nil
local function books()
  events = events or journal(KEYS[5], KEYS[6], KEYS[7])
  return events
end

local index = 0
for name in names:gmatch('%S+') do
  index = index + 1
  local at = first + 7 * index - 7
  local key, opening, seen = KEYS[7 + index], ARGV[at], ARGV[at + 5]
  local expires = ARGV[at + 1] ~= '0' and math.max(int(ARGV[at + 1], 'expiry'), time + 86400000) or 0
  local a, lost = account(name, key)
  local kind, data, reason
  if not a and (seen ~= '' or lost) then
    reason = 'rolled_back'
  elseif not a and (opening == '' or not books().epoch) then
    reason = 'no_account'
  elseif not a then
    a, kind, data = opened(name, key, int(opening, 'limit'), id, expires)
  elseif a.expires > 0 and (expires == 0 or expires > a.expires) then
    a.expires, a.renewed = expires, true
  end
  if a then
    if roll(a, ARGV[at + 3], ARGV[at + 4], time) then kind, data = 'window_reset', a.reset end
    if kind then books().add(KEYS[7], kind, time, ARGV[7], name, data .. balances({a})) end
    if a.mark or seen ~= '' and (a.epoch == seen and a.version < int(ARGV[at + 6], 'version')
      or a.epoch ~= seen and not a.previous:find(seen, 1, true) and not a.previous:find('*', 1, true)) then
      reason = 'rolled_back'
    elseif available(a) < amount then
      reason = 'insufficient'
    end
  end
  if reason and ARGV[at + 2] == '' then
    refusal = answer(reason, index, a and available(a), a and a.held)
    break
  end
  if reason and not excess then excess = {'granted ' .. reason, index, a and available(a), a and a.held} end
  if a then
    book(a, amount, 0)
    list[#list + 1] = a
  end
  epochs[index] = a and a.epoch or '-'
end

-- Where its end will write is judged before the call runs.
if count > 0 then call('HGET', KEYS[5], 'seq') call('XLEN', KEYS[6]) call('XLEN', KEYS[7]) end
-- All checks are done.
renew()
if refusal then return refusal end
for _, rate in ipairs(rates) do
  call('SET', rate[1], str(rate[2]), 'PX', math.max(1, math.ceil((rate[2] - micros) / 1000)))
end
if count == 0 and not record then return answer('granted') end

for _, a in ipairs(list) do save(a) end
call('HSET', KEYS[1], 'state', 'open', 'amount', str(amount), 'accounts', names, 'who', ARGV[7], 'what', ARGV[8],
  'epochs', table.concat(epochs, ' '))
call('ZADD', KEYS[2], str(time + ARGV[3]), id)
if record then
  call('HDEL', record, 'asked')
  call('HSET', record, 'print', print, 'call', id, 'node', ARGV[11], 'until', str(time + ARGV[3]), 'state', 'running')
  call('PEXPIRE', record, str(ARGV[3] + ARGV[13]))
end
if events then events.write(ARGV[6]) end
if excess then return answer(unpack(excess)) end
return answer('granted')
