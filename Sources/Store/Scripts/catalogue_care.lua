#!lua
-- Gives a node the care of a tenant's upstreams, or renews it; one that is free or over is taken under a new fence.
-- KEYS: catalogue
-- ARGV: node id, lease
-- Reply: fence (-1 = another node has the care), version
-- Fences, versions and stamps are no lower than the time in microseconds, so that none comes twice where Redis has lost its last writes.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local f = redis.call('HMGET', KEYS[1], 'carer', 'until', 'fence', 'version')
local fence, version = tonumber(f[3] or 0), f[4] or '0'
local isHeld = f[1] and now < tonumber(f[2])
if isHeld and f[1] ~= ARGV[1] then return {-1, version} end
if not isHeld then fence = math.max(fence + 1, time[1] * 1000000 + time[2]) end
fence = string.format('%.0f', fence)
redis.call('HSET', KEYS[1], 'carer', ARGV[1], 'until', string.format('%.0f', now + ARGV[2]), 'fence', fence)
return {fence, version}
