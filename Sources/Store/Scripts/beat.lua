#!lua
-- Notes that a node lives and forgets those that no longer do. Who knows which nodes live is not told them again.
-- KEYS: nodes
-- ARGV: node id, oldest heartbeat that counts (ms), version of the list that the node knows ('' = none)
-- Reply: version of the list; behind it, where the node knows another, the living nodes...
-- The version stands among the nodes with the microsecond as its score, later than any heartbeat; whoever takes a node off removes it.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local joined = redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
local left = redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now - ARGV[2]))
local version = redis.call('ZSCORE', KEYS[1], 'version')
if joined + left > 0 or not version then
  version = string.format('%.0f', time[1] * 1000000 + time[2])
  redis.call('ZADD', KEYS[1], version, 'version')
end
local reply = {version}
if version ~= ARGV[3] then
  for _, node in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if node ~= 'version' then reply[#reply + 1] = node end
  end
end
return reply
