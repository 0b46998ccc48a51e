#!lua
-- Keeps a message for a session's own stream, behind all others, so that it can be sent again; the oldest go where there are too many.
-- KEYS: session, outbox, outbox state
-- ARGV: message, node that keeps it, most messages, most bytes
-- Reply: its sequence and the node that holds the stream (nothing where none does), or nothing at all where the session is gone
local life = redis.call('PTTL', KEYS[1])
if life <= 0 then return {} end
local holder = redis.call('HGET', KEYS[1], 'listener')
local f = redis.call('HMGET', KEYS[3], 'last', 'first', 'count', 'bytes')
local seq = tonumber(f[1] or '0') + 1
local first, count, bytes = tonumber(f[2] or '1'), tonumber(f[3] or '0') + 1, tonumber(f[4] or '0') + #ARGV[1]
redis.call('XADD', KEYS[2], string.format('%.0f-0', seq), 'event', ARGV[1]) -- first, for it checks its own key
while count > tonumber(ARGV[3]) or bytes > tonumber(ARGV[4]) do
  local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  if not oldest then break end
  redis.call('XDEL', KEYS[2], oldest[1])
  first, count, bytes = tonumber(oldest[1]:match('^%d+')) + 1, count - 1, bytes - #oldest[2][2]
end
redis.call('HSET', KEYS[3], 'last', string.format('%.0f', seq), 'first', string.format('%.0f', first), 'count', count, 'bytes', bytes,
  'node', ARGV[2], 'request', '', 'ended', '0')
redis.call('PEXPIRE', KEYS[2], life)
redis.call('PEXPIRE', KEYS[3], life)
return {seq, holder or ''}
