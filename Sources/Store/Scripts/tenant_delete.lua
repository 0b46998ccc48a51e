#!lua flags=allow-oom
-- Removes a tenant's document and tells of it; the tenant's books stay.
-- KEYS: tenant, head, audit, ledger
-- ARGV: source the document must have or nothing, who, channel, control channel, control message, why
-- Reply: 1, or 0 where there was none
local old = call('HMGET', KEYS[1], 'document', 'version', 'source')
local version = int(old[2] or '0', 'version')
local events = journal(KEYS[2], KEYS[3], KEYS[4])
if not old[1] or (ARGV[1] ~= '' and ARGV[1] ~= old[3]) then return 0 end
events.add(KEYS[3], 'tenant_changed', now(), ARGV[2], nil, '"change":"deleted","version":' .. str(version) .. ',' .. ARGV[6])
call('DEL', KEYS[1])
events.write(ARGV[3])
call('PUBLISH', ARGV[4], ARGV[5])
return 1
