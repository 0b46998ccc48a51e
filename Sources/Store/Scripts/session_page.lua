#!lua flags=no-writes
-- Ids of sessions that have not ended, in order of when they will, behind a place.
-- KEYS: sessions
-- ARGV: 1 = those first that end last, end of the place's session in ms ('' = from the beginning), its id, how many
-- Reply: id, end...
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local back, from, id, most = ARGV[1] == '1', ARGV[2], ARGV[3], tonumber(ARGV[4])
local reply = {}
local function take(list)
  for i = 1, #list, 2 do
    if #reply >= 2 * most then return end
    reply[#reply + 1], reply[#reply + 2] = list[i], list[i + 1]
  end
end
if from ~= '' then
  local same = redis.call('ZRANGE', KEYS[1], from, from, 'BYSCORE', 'WITHSCORES')
  local rest, first, last, step = {}, 1, #same - 1, 2
  if back then first, last, step = last, first, -2 end
  for i = first, last, step do
    if (back and same[i] < id) or (not back and same[i] > id) then
      rest[#rest + 1], rest[#rest + 2] = same[i], same[i + 1]
    end
  end
  take(rest)
end
local edge = from == '' and (back and '+inf' or now) or '(' .. from
if back then
  take(redis.call('ZRANGE', KEYS[1], edge, now, 'BYSCORE', 'REV', 'LIMIT', 0, most, 'WITHSCORES'))
else
  take(redis.call('ZRANGE', KEYS[1], edge, '+inf', 'BYSCORE', 'LIMIT', 0, most, 'WITHSCORES'))
end
return reply
