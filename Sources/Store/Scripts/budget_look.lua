#!lua flags=no-writes
-- Reads accounts and, where asked for, the ledger's last entry and the open holds, all as of one instant.
-- KEYS: holds, ledger, account...
-- ARGV: 1 to read the ledger and the holds too, field...
-- Reply: values of each account's fields, last entry's id or nil, call id of each open hold
local books = {}
for i = 3, #KEYS do books[i - 2] = redis.call('HMGET', KEYS[i], unpack(ARGV, 2)) end
if ARGV[1] ~= '1' then return {books, false, {}} end
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
return {books, last and last[1] or false, redis.call('ZRANGE', KEYS[1], 0, -1)}
