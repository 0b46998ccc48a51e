#!lua flags=no-writes
-- The members of a sorted set whose time, their score, has come: of holds those whose lease has ended.
-- KEYS: holds or dialogues
-- ARGV: how many at most
-- Reply: number of all members, member...
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local ids = redis.call('ZRANGE', KEYS[1], '-inf', '(' .. now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
return {redis.call('ZCARD', KEYS[1]), unpack(ids)}
