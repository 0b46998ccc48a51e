#!lua
-- Replaces a record by the same with other pins, unless it was written meanwhile, and tells all nodes.
-- KEYS: catalogue
-- ARGV: upstream, stamp of what is replaced, record, channel, message up to the version
-- Reply: 1, or 0 where it was written meanwhile
-- The fence moves on under the caring node, so that what it found before the approval cannot be written over it.
local time = redis.call('TIME')
local f = redis.call('HMGET', KEYS[1], 's:' .. ARGV[1], 'fence', 'version', 'stamp')
if f[1] ~= ARGV[2] then return 0 end
local function next(last) return string.format('%.0f', math.max(tonumber(last or 0) + 1, time[1] * 1000000 + time[2])) end
local fence, version, stamp = next(f[2]), next(f[3]), next(f[4])
redis.call('HSET', KEYS[1], 'r:' .. ARGV[1], ARGV[3], 's:' .. ARGV[1], stamp, 'stamp', stamp, 'fence', fence, 'version', version)
redis.call('PUBLISH', ARGV[4], ARGV[5] .. version)
return 1
