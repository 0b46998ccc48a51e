#!lua flags=no-writes
-- Fields of sessions, and when each ends.
-- KEYS: sessions, session...
-- ARGV: number of fields, field..., id of each session...
-- Reply: for each its end in ms (nothing where it is not listed) and its fields
local count, reply = tonumber(ARGV[1]), {}
for i = 2, #KEYS do
  local fields = redis.call('HMGET', KEYS[i], unpack(ARGV, 2, count + 1))
  table.insert(fields, 1, redis.call('ZSCORE', KEYS[1], ARGV[count + i]))
  reply[i - 1] = fields
end
return reply
