#!lua flags=allow-oom
-- Notes what its agent was told that a call waits for, or that it goes on.
-- KEYS: record
-- ARGV: call id, what it was told ('' = it goes on)
-- Reply: 1, or 0 where the record is another call's by now
local record = redis.call('HMGET', KEYS[1], 'call', 'state')
if record[1] ~= ARGV[1] or record[2] ~= 'running' then return 0 end
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], 'asked')
else
  redis.call('HSET', KEYS[1], 'asked', ARGV[2])
end
return 1
