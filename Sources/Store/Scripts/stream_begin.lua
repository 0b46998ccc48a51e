#!lua
-- Notes that a node answers a request of a session whose stream another node holds, which keeps it open for that.
-- KEYS: session, requests
-- ARGV: node and request, how long they are remembered
-- Reply: 1, or 0 where the session is gone
if redis.call('HEXISTS', KEYS[1], 'principal') == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], '1')
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1
