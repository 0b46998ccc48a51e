#!lua flags=no-writes
-- Events from both streams of a tenant, or from the one of no tenant, in the order of their numbers.
-- KEYS: audit; head, ledger where a tenant is proved
-- ARGV: up or down, number to begin with (+ = the newest), how many at most
-- Reply: epoch, highest of the streams' oldest numbers, highest number kept (each 0 = none), then number and text of each event
local down, limit = ARGV[1] == 'down', tonumber(ARGV[3])
local oldest, newest, lists = '0', '0', {}
local function number(entry) return entry[1]:match('^%d+') end
local function later(a, b) return tonumber(a) > tonumber(b) and a or b end

for i, stream in ipairs({KEYS[1], KEYS[3]}) do
  local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  if first then
    oldest = later(number(first), oldest)
    newest = later(number(redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]), newest)
  end
  if down then
    lists[i] = redis.call('XREVRANGE', stream, ARGV[2], '-', 'COUNT', limit)
  else
    lists[i] = redis.call('XRANGE', stream, ARGV[2], '+', 'COUNT', limit)
  end
end

local reply = {KEYS[2] and redis.call('HGET', KEYS[2], 'epoch') or '', oldest, newest}
local one, other = lists[1], lists[2] or {}
local i, j = 1, 1
while i + j - 2 < limit and (one[i] or other[j]) do
  local entry
  if not other[j] or one[i] and (tonumber(number(one[i])) < tonumber(number(other[j]))) ~= down then
    entry, i = one[i], i + 1
  else
    entry, j = other[j], j + 1
  end
  reply[#reply + 1] = number(entry)
  reply[#reply + 1] = entry[2][2]
end
return reply
