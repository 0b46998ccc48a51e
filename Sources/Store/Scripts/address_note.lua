#!lua
-- Notes in a session which upstream the URIs came from that it is given; what leads to another goes with the upstream's name in front.
-- KEYS: session
-- ARGV: upstream, most fields of the session, for each URI 1 where it is taken or 0, and the URI
-- Reply: the places, from 1, of the URIs with the name in front
local prefixed, new, known = {}, {}, {}
if redis.call('HEXISTS', KEYS[1], 'principal') == 0 then return prefixed end
local room = tonumber(ARGV[2]) - redis.call('HLEN', KEYS[1])
for i = 3, #ARGV, 2 do
  local field, value = '@' .. ARGV[i + 1], ARGV[1]
  local owner = known[field] or redis.call('HGET', KEYS[1], field)
  if ARGV[i] == '1' or owner and owner ~= value then
    prefixed[#prefixed + 1] = (i - 1) / 2
    field, value = '@' .. ARGV[1] .. '+' .. ARGV[i + 1], '+' .. ARGV[1]
    owner = known[field] or redis.call('HGET', KEYS[1], field)
  end
  if not owner and room > 0 then
    room, known[field] = room - 1, value
    new[#new + 1] = {field, value}
  end
end
for _, pair in ipairs(new) do redis.call('HSET', KEYS[1], pair[1], pair[2]) end
return prefixed
