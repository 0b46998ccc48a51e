#!lua flags=allow-oom
-- Removes the records of all upstreams but the named, and tells all nodes where there were any.
-- KEYS: catalogue
-- ARGV: fence, channel, message up to the version, upstream...
-- Reply: 1, or 0 where the care is over or another's
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local f = redis.call('HMGET', KEYS[1], 'fence', 'until', 'version')
if f[1] ~= ARGV[1] or not f[2] or now >= tonumber(f[2]) then return 0 end
local kept, gone = {}, {}
for i = 4, #ARGV do kept[ARGV[i]] = true end
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  local upstream = field:match('^[rs]:(.*)')
  if upstream and not kept[upstream] then gone[#gone + 1] = field end
end
if not gone[1] then return 1 end
local version = string.format('%.0f', math.max(tonumber(f[3] or 0) + 1, time[1] * 1000000 + time[2]))
for _, field in ipairs(gone) do redis.call('HDEL', KEYS[1], field) end
redis.call('HSET', KEYS[1], 'version', version)
redis.call('PUBLISH', ARGV[2], ARGV[3] .. version)
return 1
