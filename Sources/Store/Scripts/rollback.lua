#!lua flags=allow-oom
-- Tells once of accounts that have lost writes which a node has seen, and refuses or resumes them; the tenant's books get a new epoch.
-- KEYS: head, audit, ledger, account..., hold...
-- ARGV: channel, who, refuse or resume, new epoch, number of accounts, of each its name, the epoch and version that the node has seen, and how
--       many of the holds are of calls that it has seen settled there; of each of those the hold's field that says so
-- Reply: of each account current, marked (nobody may charge it), resumed, or anew (resumed, and missing: it may be made)
-- A missing account keeps its mark, or `*`, by which every node takes the one that is made in its place. Books that have gone on elsewhere may
-- be at a later version: that they are others is seen by the settled calls that they do not have.
local resumes, epoch, time = ARGV[3] == 'resume', ARGV[4], now()
local events, states, lost, last = journal(KEYS[1], KEYS[2], KEYS[3]), {}, {}, 3 + int(ARGV[5], 'accounts')
local hold, field = last, 4 * last - 7
for i = 4, last do
  local name, seen, version, settled = ARGV[4 * i - 10], ARGV[4 * i - 9], int(ARGV[4 * i - 8], 'version'), true
  for _ = 1, int(ARGV[4 * i - 7], 'holds') do
    hold, field = hold + 1, field + 1
    settled = settled and (call('HGET', KEYS[hold], ARGV[field]) or ''):match('^settled')
  end
  local a, mark = account(name, KEYS[i])
  local before = a and a.previous or call('HGET', KEYS[i], 'previous') or ''
  local replaced = before:find('*', 1, true) or before:find(seen, 1, true)
  if mark or a and a.mark then
    states[#states + 1] = 'marked'
  elseif a and a.epoch == seen and a.version >= version and settled or a and a.epoch ~= seen and replaced then
    states[#states + 1] = 'current'
  elseif not a and replaced then
    states[#states + 1] = 'anew'
  else
    states[#states + 1] = resumes and (a and 'resumed' or 'anew') or 'marked'
    lost[#lost + 1] = {key = KEYS[i], name = name, a = a, before = before, seen = seen, version = version}
  end
end
if not lost[1] then return states end

if events.epoch then events.epoch = epoch end
for _, l in ipairs(lost) do
  local a, found = l.a, 'null'
  if a then found = '{"epoch":"' .. a.epoch .. '","version":' .. str(a.version) .. '}' end
  local resumed = ''
  if a and resumes then
    resumed = '"resumed":true,"previousEpoch":"' .. a.epoch .. '",'
    l.before = (l.before:find('*', 1, true) and l.before or l.before .. ' *') .. ' ' .. a.epoch
    a.epoch, a.version = epoch, a.version + 1
  end
  events.add(KEYS[3], 'ledger_rollback', time, ARGV[2], l.name, '"policy":"' .. ARGV[3] .. '",' .. resumed .. '"known":{"epoch":"' .. l.seen .. '","version":'
    .. str(l.version) .. '},"found":' .. found .. ',' .. balances({a}))
end

if events.epoch then call('HSET', KEYS[1], 'epoch', epoch) end
for _, l in ipairs(lost) do
  if not resumes then
    call('HSET', l.key, 'mark', str(time))
  elseif l.a then
    call('HSET', l.key, 'epoch', epoch, 'version', str(l.a.version), 'previous', l.before)
  else
    call('HSET', l.key, 'previous', '*')
  end
  -- What stands for a missing cap is not needed longer than any token.
  if not l.a and l.name:sub(1, 5) == '_cap.' then call('PEXPIRE', l.key, 91 * 86400000) end
end
events.write(ARGV[1])
return states
