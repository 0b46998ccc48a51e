#!lua flags=allow-oom
-- Revokes a token once and tells all nodes; forgets ids whose tokens have ended.
-- KEYS: revoked, ends of revoked, head, audit, ledger
-- ARGV: token id, unix ms until which it must be kept at least ('' = for ever), least memory in ms, data, who, channel, control
--       channel, control message
-- Reply: revoked, known or unknown_tenant
-- The scores of `revoked` rise strictly, whatever the clock does: whoever has read up to one misses nothing behind it.
local events, time = journal(KEYS[3], KEYS[4], KEYS[5]), now()
if not events.epoch then return 'unknown_tenant' end
local known, ends = call('ZSCORE', KEYS[1], ARGV[1]), '+inf'
local last = call('ZRANGE', KEYS[1], 0, 0, 'REV', 'WITHSCORES')[2]
local past = call('ZRANGE', KEYS[2], '-inf', '(' .. str(time), 'BYSCORE', 'LIMIT', 0, 128)
if ARGV[2] ~= '' then ends = str(math.max(int(ARGV[2], 'end'), time + ARGV[3])) end

call('ZADD', KEYS[2], 'GT', ends, ARGV[1])
for _, id in ipairs(past) do
  if id ~= ARGV[1] then
    call('ZREM', KEYS[1], id)
    call('ZREM', KEYS[2], id)
  end
end
if known then return 'known' end
call('ZADD', KEYS[1], str(math.max(time, last and int(last, 'revoked') + 1 or 0)), ARGV[1])
events.add(KEYS[4], 'token_revoked', time, ARGV[5], nil, ARGV[4])
events.write(ARGV[6])
call('PUBLISH', ARGV[7], ARGV[8])
return 'revoked'
