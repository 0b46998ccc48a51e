#!lua flags=no-writes
-- Holds whose lease has ended.
-- KEYS: holds
-- ARGV: how many at most
-- Reply: number of open holds, call id...
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local ids = redis.call('ZRANGE', KEYS[1], '-inf', '(' .. now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
return {redis.call('ZCARD', KEYS[1]), unpack(ids)}
