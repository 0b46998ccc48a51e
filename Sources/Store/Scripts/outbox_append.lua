#!lua
-- Keeps an event of a call's answer so that it can be sent again; the oldest go where there are too many.
-- KEYS: session, outbox, outbox state
-- ARGV: sequence, event, node, request ids, 1 where it is the last event or 0, most events, most bytes
-- Reply: how often the stream was taken up, or -1 where the session is gone; the node that reads it and is to be told, or nothing
local life = redis.call('PTTL', KEYS[1])
if life <= 0 then return {-1, ''} end
local f = redis.call('HMGET', KEYS[3], 'last', 'first', 'count', 'bytes', 'fence', 'reader')
local seq, fence = tonumber(ARGV[1]), tonumber(f[5] or '0')
if seq <= tonumber(f[1] or '0') then return {fence, f[6] or ''} end
local first, count, bytes = tonumber(f[2] or '1'), tonumber(f[3] or '0') + 1, tonumber(f[4] or '0') + #ARGV[2]
redis.call('XADD', KEYS[2], ARGV[1] .. '-0', 'event', ARGV[2]) -- first, for it checks its own key
while count > tonumber(ARGV[6]) or bytes > tonumber(ARGV[7]) do
  local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  if not oldest then break end
  redis.call('XDEL', KEYS[2], oldest[1])
  first, count, bytes = tonumber(oldest[1]:match('^%d+')) + 1, count - 1, bytes - #oldest[2][2]
end
redis.call('HSET', KEYS[3], 'last', ARGV[1], 'first', first, 'count', count, 'bytes', bytes, 'node', ARGV[3], 'request', ARGV[4],
  'ended', ARGV[5])
redis.call('PEXPIRE', KEYS[2], life)
redis.call('PEXPIRE', KEYS[3], life)
return {fence, f[6] or ''}
