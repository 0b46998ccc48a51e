#!lua
-- Numbers, keeps and publishes events that move no money.
-- KEYS: head, audit, ledger; or, for events of no proved tenant, audit alone
-- ARGV: channel, then for each event: 1 to keep it or 0 to publish it only, type, unix ms, who, data
-- Reply: last number
local events = #KEYS > 1 and journal(KEYS[1], KEYS[2], KEYS[3]) or journal(nil, KEYS[1])
local audit = #KEYS > 1 and KEYS[2] or KEYS[1]
for i = 2, #ARGV, 5 do
  events.add(ARGV[i] == '1' and audit or nil, ARGV[i + 1], int(ARGV[i + 2], 'time'), ARGV[i + 3], nil, ARGV[i + 4])
end
events.write(ARGV[1])
return events.seq
