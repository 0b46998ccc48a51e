#!lua flags=allow-oom
-- Lets the lease of each open hold end `lease` ms from now, and its record stand as long; that of a call which waits for its agent was
-- extended further.
-- KEYS: holds, hold..., record...
-- ARGV: lease, life of a record behind its lease, number of holds, call id of each hold, call id of each record...
-- Reply: state of each hold
local time = redis.call('TIME')
local ends = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1])
local states, leases, extended, count = {}, {}, {}, tonumber(ARGV[3])
for i = 1, count do
  local hold = redis.call('HMGET', KEYS[1 + i], 'state', 'parked')
  local state = hold[1] or 'unknown'
  states[i] = state
  if state == 'open' and not hold[2] then
    leases[#leases + 1] = ends
    leases[#leases + 1] = ARGV[3 + i]
    extended[ARGV[3 + i]] = true
  end
end
local records = {}
for i = count + 1, #KEYS - 1 do
  local record = redis.call('HMGET', KEYS[1 + i], 'call', 'state')
  if extended[ARGV[3 + i]] and record[1] == ARGV[3 + i] and record[2] == 'running' then records[#records + 1] = KEYS[1 + i] end
end

if leases[1] then redis.call('ZADD', KEYS[1], unpack(leases)) end
for _, record in ipairs(records) do
  redis.call('HSET', record, 'until', ends)
  redis.call('PEXPIRE', record, string.format('%.0f', ARGV[1] + ARGV[2]))
end
return states
