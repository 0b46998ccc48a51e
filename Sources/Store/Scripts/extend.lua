#!lua flags=allow-oom
-- Lets the lease of each open hold end `lease` ms from now; that of a call which waits for its agent was extended further.
-- KEYS: holds, hold...
-- ARGV: lease, call id...
-- Reply: state of each
local time = redis.call('TIME')
local ends = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1])
local states, leases = {}, {}
for i = 2, #KEYS do
  local hold = redis.call('HMGET', KEYS[i], 'state', 'parked')
  local state = hold[1] or 'unknown'
  states[i - 1] = state
  if state == 'open' and not hold[2] then
    leases[#leases + 1] = ends
    leases[#leases + 1] = ARGV[i]
  end
end
if leases[1] then redis.call('ZADD', KEYS[1], unpack(leases)) end
return states
