#!lua flags=allow-oom
-- A node has answered a request that it had noted.
-- KEYS: requests by node
-- ARGV: node
-- Reply: how many it answers still
local left = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if not left or left <= 1 then
  redis.call('HDEL', KEYS[1], ARGV[1])
  return 0
end
return redis.call('HINCRBY', KEYS[1], ARGV[1], -1)
