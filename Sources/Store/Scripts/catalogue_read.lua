#!lua flags=no-writes
-- The stamps of a tenant's records, with those records that the caller does not know; past a number of bytes the others wait.
-- KEYS: catalogue
-- ARGV: bytes, and for each known record: upstream, stamp
-- Reply: version, and for each record: upstream, stamp, record or nil
local known, room = {}, tonumber(ARGV[1])
for i = 2, #ARGV, 2 do known[ARGV[i]] = ARGV[i + 1] end
local reply = {redis.call('HGET', KEYS[1], 'version') or '0'}
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  local upstream = field:match('^s:(.*)')
  if upstream then
    local stamp, record = redis.call('HGET', KEYS[1], field), false
    if known[upstream] ~= stamp and room > 0 then
      record = redis.call('HGET', KEYS[1], 'r:' .. upstream) or ''
      room = room - #record
    end
    reply[#reply + 1] = upstream
    reply[#reply + 1] = stamp
    reply[#reply + 1] = record
  end
end
return reply
