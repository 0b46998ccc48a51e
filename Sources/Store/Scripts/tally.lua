#!lua
-- Adds what a node has counted to a minute, to its sessions where they still exist, and to its tokens.
-- KEYS: minute, session..., token...; tokens where there is a token
-- ARGV: minute's life, most fields of a minute, most tokens, node, number of sessions, number of counted fields,
--       of each of these: field, increment; of each session: calls, credits;
--       of each token: id, expiry, calls, credits, label, budget, ancestors
-- Reply: tokens that found no room
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local sessions, counted = tonumber(ARGV[5]), tonumber(ARGV[6])

-- Types are checked before the first write.
local list = #KEYS > 1 + sessions and KEYS[#KEYS]
local fields, room = redis.call('HLEN', KEYS[1]), list and tonumber(ARGV[3]) - redis.call('ZCARD', list)
for i = 2, list and #KEYS - 1 or #KEYS do redis.call('HLEN', KEYS[i]) end

local at = 7
for _ = 1, counted do
  local field = ARGV[at]
  if fields < tonumber(ARGV[2]) or redis.call('HEXISTS', KEYS[1], field) == 1 then
    if redis.call('HINCRBY', KEYS[1], field, ARGV[at + 1]) == tonumber(ARGV[at + 1]) then fields = fields + 1 end
  end
  at = at + 2
end
if counted > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end

for i = 1, sessions do
  local session = KEYS[1 + i]
  if redis.call('HEXISTS', session, 'principal') == 1 then
    redis.call('HINCRBY', session, 'calls', ARGV[at])
    redis.call('HINCRBY', session, 'credits', ARGV[at + 1])
    redis.call('HSET', session, 'node', ARGV[4])
  end
  at = at + 2
end

local homeless = 0
for i = 2 + sessions, #KEYS - 1 do
  local token, id, expiry = KEYS[i], ARGV[at], ARGV[at + 1]
  local isKnown = redis.call('HEXISTS', token, 'expires') == 1
  if tonumber(expiry) <= tonumber(now) or (not isKnown and room < 1) then
    homeless = homeless + 1
  else
    if not isKnown then
      room = room - 1
      redis.call('ZADD', list, expiry, id)
      redis.call('HSET', token, 'expires', expiry, 'first', now, 'label', ARGV[at + 4], 'budget', ARGV[at + 5], 'ancestors', ARGV[at + 6])
      redis.call('PEXPIREAT', token, expiry)
    end
    redis.call('HINCRBY', token, 'calls', ARGV[at + 2])
    redis.call('HINCRBY', token, 'credits', ARGV[at + 3])
    redis.call('HSET', token, 'last', now)
  end
  at = at + 7
end
if list then
  redis.call('ZREMRANGEBYSCORE', list, '-inf', now)
  local longest = redis.call('ZRANGE', list, 0, 0, 'REV', 'WITHSCORES')[2]
  if longest then redis.call('PEXPIREAT', list, longest) end
end
return homeless
