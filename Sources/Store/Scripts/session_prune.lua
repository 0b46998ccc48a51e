#!lua flags=allow-oom
-- Forgets of a principal's sessions those that have ended.
-- KEYS: sessions of the principal, session...
-- ARGV: session id...
-- Reply: how many were forgotten
local ended = {}
for i = 1, #ARGV do
  if redis.call('EXISTS', KEYS[i + 1]) == 0 then ended[#ended + 1] = ARGV[i] end
end
if not ended[1] then return 0 end
return redis.call('SREM', KEYS[1], unpack(ended))
