#!lua
-- Writes a tenant's document where it is another than the stored one, opens the tenant's books, and tells of it.
-- KEYS: tenant, head, audit, ledger
-- ARGV: document, source, 1 to yield to a document that was applied, epoch of new books, who, channel, control channel, control message
-- Reply: created, updated, unchanged or kept; version
local old = call('HMGET', KEYS[1], 'document', 'version', 'source')
local version = int(old[2] or '0', 'version')
local events = journal(KEYS[2], KEYS[3], KEYS[4])
local same, yields = old[1] == ARGV[1], old[3] == 'apply' and ARGV[3] == '1'
if old[1] and yields and not same then return {'kept', version} end

if not events.epoch then
  events.epoch = ARGV[4]
  call('HSET', KEYS[2], 'epoch', ARGV[4])
end
if same then
  if not yields and old[3] ~= ARGV[2] then call('HSET', KEYS[1], 'source', ARGV[2]) end
  return {'unchanged', version}
end
local change, ms = old[1] and 'updated' or 'created', now()
version = version + 1
events.add(KEYS[3], 'tenant_changed', ms, ARGV[5], nil,
  '"change":"' .. change .. '","version":' .. str(version) .. ',"source":"' .. ARGV[2] .. '"')
call('HSET', KEYS[1], 'document', ARGV[1], 'version', str(version), 'source', ARGV[2], 'updatedAt', str(ms))
events.write(ARGV[6])
call('PUBLISH', ARGV[7], ARGV[8])
return {change, version}
