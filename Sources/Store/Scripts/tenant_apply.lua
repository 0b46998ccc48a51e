#!lua
-- Writes a tenant's document where it is another than the stored one, opens the tenant's books, and tells of it. A limit that the
-- document states otherwise than the one before becomes that of its account, where there is one already.
-- KEYS: tenant, head, audit, ledger, account of each stated limit...
-- ARGV: document, source, 1 to yield to a document that was applied, epoch of new books, who, channel, control channel, control message,
--       why, version that is to be replaced ('' = whichever), for each account its name and its limit
-- Reply: created, updated, unchanged, kept or stale; version
local old = call('HMGET', KEYS[1], 'document', 'version', 'source', 'limits')
local version = int(old[2] or '0', 'version')
local events, ms = journal(KEYS[2], KEYS[3], KEYS[4]), now()
local same, yields, opens = old[1] == ARGV[1], old[3] == 'apply' and ARGV[3] == '1', not events.epoch
if old[1] and yields and not same then return {'kept', version} end
if ARGV[10] ~= '' and (not old[1] or ARGV[10] ~= str(version)) then return {'stale', version} end
events.epoch = events.epoch or ARGV[4]

local before, stated, changed = {}, {}, {}
for name, limit in (old[4] or ''):gmatch('(%S+)=(%S+)') do before[name] = limit end
if not same then
  local change = old[1] and 'updated' or 'created'
  version = version + 1
  events.add(KEYS[3], 'tenant_changed', ms, ARGV[5], nil,
    '"change":"' .. change .. '","version":' .. str(version) .. ',"source":"' .. ARGV[2] .. '",' .. ARGV[9])
  for i = 5, #KEYS do
    local name, limit = ARGV[2 * i + 1], ARGV[2 * i + 2]
    stated[i - 4] = name .. '=' .. limit
    local a = before[name] ~= limit and account(name, KEYS[i])
    if a and str(a.limit) ~= limit then
      relimit(a, int(limit, 'limit'), events, KEYS[3], KEYS[4], ms, ARGV[5], '"reason":"document",' .. ARGV[9])
      changed[#changed + 1] = a
    end
  end
end

if opens then call('HSET', KEYS[2], 'epoch', ARGV[4]) end
if same then
  if not yields and old[3] ~= ARGV[2] then call('HSET', KEYS[1], 'source', ARGV[2]) end
  return {'unchanged', version}
end
for _, a in ipairs(changed) do
  save(a)
  call('HSET', a.key, 'limit', str(a.limit))
end
call('HSET', KEYS[1], 'document', ARGV[1], 'version', str(version), 'source', ARGV[2], 'updatedAt', str(ms),
  'limits', table.concat(stated, ' '))
events.write(ARGV[6])
call('PUBLISH', ARGV[7], ARGV[8])
return {old[1] and 'updated' or 'created', version}
