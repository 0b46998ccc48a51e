#!lua
-- Holds the worst-case cost of a call in all its accounts, or in none; judges its session and its token on the way.
-- KEYS: hold, holds, revoked, sessions, head, audit, ledger, account...; session where ARGV 4 is not empty
-- ARGV: call id, amount, lease, session id, session's lifetime (0 = it was renewed lately), channel, who, what, names,
--       opening limit ('' = must exist) and expiry (0 = never) of each account, token ids of the lineage...
-- Reply: 'granted' alone where no hold is due; else verdict, index of the account it is about, its available, its held, ids of at most
--        32 due holds...
-- A refusal holds and makes nothing. An account lives at least a day after its last use here.
local id, amount, sid, names = ARGV[1], int(ARGV[2], 'amount'), ARGV[4], ARGV[9]
local time = now()
local due = call('ZRANGE', KEYS[2], '-inf', '(' .. str(time), 'BYSCORE', 'LIMIT', 0, 32)

local function answer(verdict, index, a)
  if verdict == 'granted' and not due[1] then return verdict end
  return {verdict, index or 0, a and available(a) or 0, a and a.held or 0, unpack(due)}
end

-- A repeat or a latecomer of this id changes nothing.
local state = call('HGET', KEYS[1], 'state')
if state then return answer(state == 'open' and 'granted' or state) end

if sid ~= '' and call('HEXISTS', KEYS[#KEYS], 'principal') == 0 then return answer('session_gone') end

local count, first = 0, 10
for _ in names:gmatch('%S+') do count = count + 1 end
local lineage = first + 2 * count
if ARGV[lineage] then
  for _, at in ipairs(call('ZMSCORE', KEYS[3], unpack(ARGV, lineage))) do
    if at then return answer('revoked') end
  end
end

local list, events, refusal = {}, nil, nil
for name in names:gmatch('%S+') do
  local i = #list + 1
  local opening, expires = ARGV[first + 2 * i - 2], int(ARGV[first + 2 * i - 1], 'expiry')
  if expires > 0 then expires = math.max(expires, time + 86400000) end
  local a = account(name, KEYS[7 + i])
  if not a then
    events = events or journal(KEYS[5], KEYS[6], KEYS[7])
    if opening == '' or not events.epoch then
      refusal = answer('no_account', i)
      break
    end
    a = {name = name, key = KEYS[7 + i], limit = int(opening, 'limit'), held = 0, spent = 0, delegated = 0, version = 1,
      epoch = id, expires = expires, exhausted = '0', renewed = expires > 0}
    events.add(KEYS[7], 'budget_set', time, ARGV[7], name, '"limit":' .. credits(a.limit) .. ',"previous":null,' .. balances({a}))
  elseif a.expires > 0 and (expires == 0 or expires > a.expires) then
    a.expires, a.renewed = expires, true
  end
  if available(a) < amount then
    refusal = answer('insufficient', i, a)
    break
  end
  book(a, amount, 0)
  list[i] = a
end

-- All checks are done; the first write checks its own key. A refused call was a request all the same: the session lives on.
if sid ~= '' and ARGV[5] ~= '0' then
  call('ZADD', KEYS[4], str(time + ARGV[5]), sid)
  call('PEXPIRE', KEYS[#KEYS], ARGV[5])
end
if refusal then return refusal end
if #list == 0 then return answer('granted') end

for _, a in ipairs(list) do
  save(a)
  if a.version == 2 then
    call('HSET', a.key, 'limit', str(a.limit), 'delegated', '0', 'epoch', id)
  end
  if a.renewed then call('HSET', a.key, 'expires', str(a.expires)) end
  if a.renewed and a.expires > 0 then
    call('PEXPIREAT', a.key, str(a.expires))
  elseif a.renewed then
    call('PERSIST', a.key)
  end
end
call('HSET', KEYS[1], 'state', 'open', 'amount', str(amount), 'accounts', names, 'who', ARGV[7], 'what', ARGV[8])
call('ZADD', KEYS[2], str(time + ARGV[3]), id)
if events then events.write(ARGV[6]) end
return answer('granted')
