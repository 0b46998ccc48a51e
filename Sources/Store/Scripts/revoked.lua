#!lua flags=no-writes
-- The token ids that were revoked after a place, in order.
-- KEYS: revoked
-- ARGV: the place, or nothing
-- Reply: number of all, place of the last ('' = nothing came), id...
local from = ARGV[1] == '' and '-inf' or '(' .. ARGV[1]
local found = redis.call('ZRANGE', KEYS[1], from, '+inf', 'BYSCORE', 'WITHSCORES')
local reply = {redis.call('ZCARD', KEYS[1]), found[#found] or ''}
for i = 1, #found, 2 do reply[#reply + 1] = found[i] end
return reply
