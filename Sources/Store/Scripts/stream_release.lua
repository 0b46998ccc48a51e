#!lua flags=allow-oom
-- Notes that a node holds a session's own stream no more, unless it was taken since.
-- KEYS: session
-- ARGV: fence
-- Reply: 1, or 0 where it was taken or the session is gone
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
return redis.call('HDEL', KEYS[1], 'listener')
