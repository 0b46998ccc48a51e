#!lua flags=no-writes
-- Reads accounts and, where asked for, the ledger's last entry and the open holds, all as of one instant.
-- KEYS: holds, ledger, account..., slice...
-- ARGV: 1 to read the ledger and the holds too, number of slices, field...
-- Reply: values of each account's fields, last entry's id or nil, call id of each open hold, amount, accounts and epochs of each slice
local books, slices, last = {}, {}, #KEYS - ARGV[2]
for i = 3, last do books[i - 2] = redis.call('HMGET', KEYS[i], unpack(ARGV, 3)) end
for i = last + 1, #KEYS do slices[i - last] = redis.call('HMGET', KEYS[i], 'amount', 'accounts', 'epochs', 'slice') end
if ARGV[1] ~= '1' then return {books, false, {}, {}} end
local entry = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
return {books, entry and entry[1] or false, redis.call('ZRANGE', KEYS[1], 0, -1), slices}
