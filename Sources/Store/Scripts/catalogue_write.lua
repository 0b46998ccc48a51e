#!lua
-- Writes what the caring node found of an upstream and tells all nodes.
-- KEYS: catalogue
-- ARGV: fence, upstream, record, 1 where agents can see the change, channel, message up to the version
-- Reply: 1, or 0 where the care is over or another's
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local f = redis.call('HMGET', KEYS[1], 'fence', 'until', 'version', 'stamp')
if f[1] ~= ARGV[1] or not f[2] or now >= tonumber(f[2]) then return 0 end
local function next(last) return string.format('%.0f', math.max(tonumber(last or 0) + 1, time[1] * 1000000 + time[2])) end
local stamp, version = next(f[4]), f[3] or '0'
if ARGV[4] == '1' then version = next(f[3]) end
redis.call('HSET', KEYS[1], 'r:' .. ARGV[2], ARGV[3], 's:' .. ARGV[2], stamp, 'stamp', stamp, 'version', version)
redis.call('PUBLISH', ARGV[5], ARGV[6] .. version)
return 1
