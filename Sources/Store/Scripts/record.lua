#!lua
-- Numbers, keeps and publishes events that move no money.
-- KEYS: audit; head, ledger where a tenant is proved
-- ARGV: channel, then for each event: 1 to keep it or 0 to publish it only, type, unix ms, who, data
-- Reply: last number
local events = journal(KEYS[2], KEYS[1], KEYS[3])
for i = 2, #ARGV, 5 do
  events.add(ARGV[i] == '1' and KEYS[1] or nil, ARGV[i + 1], int(ARGV[i + 2], 'time'), ARGV[i + 3], nil, ARGV[i + 4])
end
events.write(ARGV[1])
return events.seq
