#!lua flags=allow-oom
-- Ends a session for an operator, tells all nodes to forget it, and tells of it.
-- KEYS: session, sessions, sessions of the principal, head, audit, ledger
-- ARGV: session id, control channel, control message, channel, who, data
-- Reply: 1, or 0 where it was gone
local events, time = journal(KEYS[4], KEYS[5], KEYS[6]), now()
if call('HEXISTS', KEYS[1], 'principal') == 0 then return 0 end
events.add(KEYS[5], 'session_close', time, ARGV[5], nil, ARGV[6])
call('ZREM', KEYS[2], ARGV[1])
call('SREM', KEYS[3], ARGV[1])
call('DEL', KEYS[1])
events.write(ARGV[4])
call('PUBLISH', ARGV[2], ARGV[3])
return 1
