#!lua
-- Reads what is kept of a call's answer behind an event, taking the stream up or going on with it.
-- KEYS: session, outbox, outbox state
-- ARGV: the event's sequence, fence to go on under or 0 to take the stream up, most events, node
-- Reply: nothing where none is kept; else the fence in force, first and last sequence kept, node, request ids, 1 where the last is the end,
-- the node that read it until now and is to be told, or nothing; then sequence, event...
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
local f = redis.call('HMGET', KEYS[3], 'fence', 'first', 'last', 'node', 'request', 'ended', 'reader')
if not f[3] then return {} end
local events = redis.call('XRANGE', KEYS[2], string.format('%.0f', ARGV[1] + 1), '+', 'COUNT', ARGV[3])
local fence, told = tonumber(f[1] or '0'), ''
if ARGV[2] == '0' then
  fence = redis.call('HINCRBY', KEYS[3], 'fence', 1)
  redis.call('HSET', KEYS[3], 'reader', ARGV[4])
  told = f[7] or ''
end
local reply = {fence, f[2], f[3], f[4], f[5], f[6], told}
for _, event in ipairs(events) do
  reply[#reply + 1] = event[1]:match('^%d+')
  reply[#reply + 1] = event[2][2]
end
return reply
