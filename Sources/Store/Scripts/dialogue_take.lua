#!lua flags=allow-oom
-- Takes out upstream sessions of agents' sessions that have expired, or of all given; those of the others are looked at again later.
-- KEYS: dialogues, counts, session and dialogue of each...
-- ARGV: how many upstream sessions at most, 1 to take those of living sessions too, session id...
-- Reply: upstream, terms...
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZCARD', KEYS[1]) -- checks its type
local room, taken, counts, ended, living = tonumber(ARGV[1]), {}, {}, {}, {}
for i = 3, #ARGV do
  local life = redis.call('PTTL', KEYS[2 * i - 3])
  if life ~= -2 and ARGV[2] ~= '1' then
    living[#living + 1] = {id = ARGV[i], look = string.format('%.0f', now + math.max(life, 1))}
  else
    local s = {id = ARGV[i], key = KEYS[2 * i - 2], upstreams = {}}
    local kept = redis.call('HGETALL', s.key)
    for at = 1, math.min(#kept, 2 * room), 2 do
      local upstream = kept[at]
      s.upstreams[#s.upstreams + 1] = upstream
      taken[#taken + 1] = upstream
      taken[#taken + 1] = kept[at + 1]
      counts[upstream] = (counts[upstream] or tonumber(redis.call('HGET', KEYS[2], upstream) or 0)) - 1
      room = room - 1
    end
    s.isEmpty = 2 * #s.upstreams == #kept
    ended[#ended + 1] = s
  end
end

for _, s in ipairs(living) do redis.call('ZADD', KEYS[1], 'XX', s.look, s.id) end
for _, s in ipairs(ended) do
  for _, upstream in ipairs(s.upstreams) do redis.call('HDEL', s.key, upstream) end
  if s.isEmpty then redis.call('ZREM', KEYS[1], s.id) end
end
for upstream, count in pairs(counts) do
  if count > 0 then redis.call('HSET', KEYS[2], upstream, string.format('%.0f', count)) else redis.call('HDEL', KEYS[2], upstream) end
end
return taken
