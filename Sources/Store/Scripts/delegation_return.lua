#!lua flags=allow-oom
-- Ends a delegation once: what its child has not spent goes back to the accounts it came out of. While the child has open holds, or
-- delegations of its own, it is looked at again a second later.
-- KEYS: delegations, revoked, child account, head, audit, ledger, account...
-- ARGV: child's name, channel, who, names of the accounts, least life of the ended child's account
-- Reply: 'returned' and how much; or 'live' (it is not due), 'postponed', 'unknown' (it has ended)
-- A due child is one whose score has passed: its token has expired, or was found revoked. What it spent stays in `delegated` until the
-- next window of each account begins.
local time, score = now(), call('ZSCORE', KEYS[1], ARGV[1])
if not score then return {'unknown', 0} end
local expiry = int(score, 'expiry')
local f = call('HMGET', KEYS[3], 'parents', 'epochs', 'lineage', 'carved', 'children')
local own = account(ARGV[1], KEYS[3])
if not own then
  -- Redis has lost it; what was carved stays with it, for nobody knows what was spent.
  call('ZREM', KEYS[1], ARGV[1])
  return {'unknown', 0}
end
if f[1] ~= ARGV[4] then corrupt(ARGV[1]) end
local ids, isRevoked = {}, false
for id in f[3]:gmatch('%S+') do ids[#ids + 1] = id end
for _, at in ipairs(call('ZMSCORE', KEYS[2], unpack(ids))) do isRevoked = isRevoked or at and true end
if expiry > time and not isRevoked then return {'live', 0} end
if own.held > 0 or int(f[5] or '0', 'children') > 0 then
  call('ZADD', KEYS[1], str(time + 1000), ARGV[1])
  return {'postponed', 0}
end

local carved = int(f[4], 'carved')
local returned = math.min(carved, available(own))
local list = accounts(7, ARGV[4], f[2])
local events, children, all = journal(KEYS[4], KEYS[5], KEYS[6]), {}, {own}
own.limit, own.version = own.limit - returned, own.version + 1
for i, a in ipairs(list) do
  -- Less than was carved only where a failover has lost it.
  local whole = math.min(carved, a.delegated - a.drained)
  children[i] = math.max(0, int(call('HGET', a.key, 'children') or '0', a.name) - 1)
  local back = math.min(returned, whole)
  a.delegated, a.drained, a.version = a.delegated - back, a.drained + whole - back, a.version + 1
  if available(a) > 0 then a.exhausted = '0' end
  all[i + 1] = a
end
events.add(KEYS[6], 'delegation_return', time, ARGV[3], ARGV[4]:match('%S+$'), '"childBudgetId":"' .. ARGV[1] .. '","amount":'
  .. credits(returned) .. ',"used":' .. credits(carved - returned) .. ',"reason":"' .. (isRevoked and 'revoked' or 'expired') .. '",' .. balances(all))

for i, a in ipairs(list) do
  save(a)
  call('HSET', a.key, 'delegated', str(a.delegated), 'drained', str(a.drained), 'children', str(children[i]))
end
save(own)
call('HSET', own.key, 'limit', str(own.limit), 'ended', str(time), 'expires', str(math.max(expiry, time) + ARGV[5]))
call('PEXPIREAT', own.key, str(math.max(expiry, time) + ARGV[5]))
call('ZREM', KEYS[1], ARGV[1])
events.write(ARGV[2])
return {'returned', str(returned)}
