#!lua
-- Replaces a record by the same with other pins, unless it was written meanwhile, tells all nodes, and tells of it.
-- KEYS: catalogue, head, audit, ledger
-- ARGV: upstream, stamp of what is replaced, record, channel of messages, message up to the version, channel, who, data
-- Reply: 1, or 0 where it was written meanwhile
-- The fence moves on under the caring node, so that what it found before the approval cannot be written over it.
local events, time = journal(KEYS[2], KEYS[3], KEYS[4]), call('TIME')
local f = call('HMGET', KEYS[1], 's:' .. ARGV[1], 'fence', 'version', 'stamp')
if f[1] ~= ARGV[2] then return 0 end
local function next(last) return str(math.max(tonumber(last or 0) + 1, time[1] * 1000000 + time[2])) end
local fence, version, stamp = next(f[2]), next(f[3]), next(f[4])
events.add(KEYS[3], 'upstream_approved', now(), ARGV[7], nil, ARGV[8])
call('HSET', KEYS[1], 'r:' .. ARGV[1], ARGV[3], 's:' .. ARGV[1], stamp, 'stamp', stamp, 'fence', fence, 'version', version)
events.write(ARGV[6])
call('PUBLISH', ARGV[4], ARGV[5] .. version)
return 1
