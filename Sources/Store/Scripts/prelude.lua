-- Joined in front of the scripts that move money or write events.
-- Sums are integers of 1/1,000,000 credit, times unix milliseconds; all are below 2^53, where Lua counts exactly.
local call, format = redis.call, string.format

local function corrupt(what) error({err = 'CORRUPT ' .. what}) end

local function int(text, what)
  local n = tonumber(text or '')
  if not n or n < 0 or n >= 2 ^ 53 or n % 1 ~= 0 then corrupt(what) end
  return n
end

-- The digits of an integer; %d is four times as fast as %.0f, and exact where the server's long has 64 bits.
local digits = format('%d', 2 ^ 53 - 1) == '9007199254740991' and '%d' or '%.0f'
local function str(n) return format(digits, n) end

-- Credits as a JSON number of at most six decimals; %g is exact to 15 digits and writes no exponent from 0.0001 on. The same sums come
-- again within a script: what was written once is kept.
local written = {[0] = '0'}
local function credits(micros)
  local text = written[micros]
  if text then return text end
  local rest = micros % 1e6
  if rest == 0 then
    text = str(micros / 1e6)
  elseif micros >= 100 and micros < 1e15 then
    text = format('%.15g', micros / 1e6)
  else
    text = format('%s.%06.0f', str((micros - rest) / 1e6), rest):gsub('0+$', '')
  end
  written[micros] = text
  return text
end

local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- RFC 3339 in UTC; the events of one script mostly tell the same time.
local stamped, stamped_text
local function stamp(ms)
  if stamped == ms then return stamped_text end
  local floor = math.floor
  local day = floor(ms / 86400000) + 719468
  local era = floor(day / 146097)
  local doe = day % 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - 365 * yoe - floor(yoe / 4) + floor(yoe / 100)
  local m = floor((5 * doy + 2) / 153)
  local d = doy - floor((153 * m + 2) / 5) + 1
  m = m < 10 and m + 3 or m - 9
  stamped = ms
  stamped_text = format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', yoe + era * 400 + (m < 3 and 1 or 0), m, d,
    floor(ms / 3600000) % 24, floor(ms / 60000) % 60, floor(ms / 1000) % 60, ms % 1000)
  return stamped_text
end

-- An account's books; nil where it is missing, and its mark where that was noticed.
local function account(name, key)
  local f = call('HMGET', key, 'limit', 'held', 'spent', 'delegated', 'version', 'epoch', 'expires', 'exhausted', 'window', 'drained',
    'mark', 'previous')
  if not (f[1] or f[2] or f[3] or f[5]) then return nil, f[11] end
  return {name = name, key = key, limit = int(f[1], name), held = int(f[2], name), spent = int(f[3], name),
    delegated = int(f[4], name), version = int(f[5], name), epoch = f[6] or corrupt(name),
    expires = f[7] and int(f[7], name) or 0, exhausted = f[8] or '0', window = f[9] and int(f[9], name) or 0,
    drained = f[10] and int(f[10], name) or 0,
    mark = f[11], previous = f[12] or ''}
end

-- A new account, in hand until `save` writes it, and the type and the first members of the event that tells of it.
local function opened(name, key, limit, epoch, expires)
  local a = {name = name, key = key, limit = limit, held = 0, spent = 0, delegated = 0, version = 1, epoch = epoch, expires = expires or 0,
    exhausted = '0', window = 0, drained = 0, previous = '', made = true, renewed = (expires or 0) > 0}
  return a, 'budget_set', '"limit":' .. credits(limit) .. ',"previous":null,'
end

-- Those of a hold's accounts (KEYS from `first`) that still are what they were when it was made, each with its place among the names, and
-- the last named, whose remainder the agent is told.
local function accounts(first, names, epochs)
  local found, told, at, each = {}, nil, first, epochs and epochs:gmatch('%S+')
  for name in names:gmatch('%S+') do
    told = account(name, KEYS[at])
    local epoch = each and each()
    if told and (not epoch or told.epoch == epoch or told.previous:find(epoch, 1, true)) then
      told.place = at - first + 1
      found[#found + 1] = told
    end
    at = at + 1
  end
  return found, told
end

local function used(a) return a.held + a.spent + a.delegated end
local function available(a)
  local free = a.limit - a.held - a.spent - a.delegated
  return free > 0 and free or 0
end
local function over(a)
  local free = a.limit - a.held - a.spent - a.delegated
  return free < 0 and -free or 0
end

-- Changes the books in hand; `save` writes them.
local function book(a, held, spent)
  held, spent = a.held + held, a.spent + spent
  a.held, a.spent, a.version = held, spent, a.version + 1
  if held < 0 or held + spent + a.delegated >= 2 ^ 53 then corrupt(a.name) end
end

-- Begins the account's next window where the last one is over; true when credits became free again. `first` and `second`: the next ends of
-- its windows, '0' = it has none. Later than both nothing begins.
local function roll(a, first, second, time)
  if first == '0' then return false end
  first, second = int(first, 'window'), int(second, 'window')
  local stop = first > time and first or second
  if stop <= time or a.window > time then return false end
  local isNext = a.window > 0
  a.window, a.turned = stop, true
  if not isNext then return false end
  if a.drained > a.delegated then corrupt(a.name) end
  a.reset = '"spent":' .. credits(a.spent) .. ',"drained":' .. credits(a.drained) .. ','
  a.spent, a.delegated, a.drained, a.exhausted, a.version = 0, a.delegated - a.drained, 0, '0', a.version + 1
  return true
end

local function save(a)
  call('HSET', a.key, 'held', str(a.held), 'spent', str(a.spent), 'over', str(over(a)), 'version', str(a.version),
    'exhausted', a.exhausted)
  if a.made then call('HSET', a.key, 'limit', str(a.limit), 'delegated', str(a.delegated), 'epoch', a.epoch) end
  if a.renewed then call('HSET', a.key, 'expires', str(a.expires)) end
  if a.renewed and a.expires > 0 then
    call('PEXPIREAT', a.key, str(a.expires))
  elseif a.renewed then
    call('PERSIST', a.key)
  end
  if a.turned then
    call('HSET', a.key, 'window', str(a.window), 'delegated', str(a.delegated), 'drained', str(a.drained))
  end
end

local function balances(list)
  local out = {}
  for i, a in ipairs(list) do
    out[i] = '{"account":"' .. a.name .. '","limit":' .. credits(a.limit) .. ',"available":' .. credits(available(a)) .. ',"held":'
      .. credits(a.held) .. ',"spent":' .. credits(a.spent) .. ',"delegated":' .. credits(a.delegated) .. ',"over":' .. credits(over(a))
      .. ',"version":' .. str(a.version) .. ',"epoch":"' .. a.epoch .. (a.window > 0 and '","window":' .. str(a.window) .. '}' or '"}')
  end
  return '"accounts":[' .. table.concat(out, ',') .. ']'
end

-- Ends a hold: what is left of it is remembered for `ms`, so that repeats change nothing.
-- At no time it is gone: while its slot moves the server would not make it again, and half of the script would be written.
local function bury(key, ms, ...)
  local kept, old = {}, {}
  for i = 1, select('#', ...), 2 do kept[select(i, ...)] = true end
  for _, field in ipairs(call('HKEYS', key)) do
    if not kept[field] then old[#old + 1] = field end
  end
  call('HSET', key, ...)
  if old[1] then call('HDEL', key, unpack(old)) end
  call('PEXPIRE', key, ms)
end

-- What is known of the call that a record is of, with the nodes that wait for it; nil where it may run.
local function recollection(record, print, supplants, time)
  local r = call('HMGET', record, 'print', 'call', 'node', 'until', 'state', 'charged', 'report', 'asked', 'waiters')
  if not r[1] then return nil end
  if r[1] ~= print then return {'recalled', 'conflict'} end
  if r[5] == 'done' then return {'recalled', 'done', int(r[6], 'charged'), r[7]} end
  if r[5] ~= 'running' or r[2] == supplants or int(r[4], 'record') < time then return nil end
  if r[8] then return {'recalled', 'asking', r[8]} end
  return {'recalled', 'running', r[2], r[3]}, r[9] or ''
end

-- Notes that a node is to be told when the call of the record ends.
local function await(record, waiters, node)
  if not waiters:find(node, 1, true) then call('HSET', record, 'waiters', waiters .. ' ' .. node) end
end

-- Numbered events: reads and checks here, `write` comes last of all writes and publishes last.
-- A tenant's streams share the counter in `head`; where it is lost the streams tell, and without a `head` the number is the time in
-- microseconds, raised where needed.
local function journal(head, audit, ledger)
  local f = head and call('HMGET', head, 'epoch', 'seq') or {}
  local j = {epoch = f[1], seq = head and int(f[2] or '0', head) or now() * 1000}
  local count, streams, numbers, texts, last = 0, {}, {}, {}, {} -- `last`: of each stream the place of its last event
  for _, stream in ipairs({audit, ledger}) do
    if f[2] then
      call('XLEN', stream) -- checks its type
    else
      local newest = call('XREVRANGE', stream, '+', str(j.seq + 1), 'COUNT', '1')[1]
      if newest then j.seq = int(newest[1]:match('^%d+'), stream) end
    end
  end
  -- The number of the next event that is kept.
  function j.number()
    j.seq = j.seq + 1
    return str(j.seq)
  end
  -- Takes an event whose text is made already.
  function j.put(stream, number, text)
    count = count + 1
    streams[count], numbers[count], texts[count] = stream, number, text
  end
  -- What an event's text begins with, and what comes between its number and its data.
  function j.front(kind, ms) return '{"type":"' .. kind .. '","timestamp":"' .. stamp(ms) .. '",' end
  function j.middle() return ',"epoch":"' .. (j.epoch or '') .. '","data":{' end
  function j.add(stream, kind, ms, who, budget, data)
    local number = stream and j.number()
    j.put(stream, number, j.front(kind, ms) .. who .. (budget and ',"budgetId":"' .. budget .. '"' or '')
      .. (stream and ',"seq":' .. number or '') .. j.middle() .. data .. '}}')
  end
  function j.write(channel)
    for i = count, 1, -1 do
      local stream = streams[i]
      if stream and not last[stream] then last[stream] = i end
      if last[audit] and last[ledger] then break end
    end
    if head and next(last) then call('HSET', head, 'seq', str(j.seq)) end
    for i = 1, count do
      local stream = streams[i]
      if last[stream] == i then -- cut once
        call('XADD', stream, 'MAXLEN', '~', stream == ledger and ledgerEntries or '100000', numbers[i], 'event', texts[i])
      elseif stream then
        call('XADD', stream, numbers[i], 'event', texts[i])
      end
    end
    if channel == '' then return end
    for i = 1, count do call('PUBLISH', channel, texts[i]) end
  end
  return j
end

-- Gives an account another limit and tells of it; the caller writes both.
local function relimit(a, limit, events, audit, ledger, ms, who, why)
  local previous, was = credits(a.limit), a.exhausted
  a.limit, a.version = limit, a.version + 1
  a.exhausted = a.held == 0 and available(a) == 0 and '1' or '0'
  events.add(ledger, 'budget_set', ms, who, a.name, '"limit":' .. credits(limit) .. ',"previous":' .. previous .. ',' .. why .. ',' .. balances({a}))
  if a.exhausted > was then events.add(audit, 'budget_exhausted', ms, who, a.name, why .. ',"remaining":0,"limit":' .. credits(limit)) end
end

-- An account's books in words, `-` for what it has not.
local function shown(key)
  local f = call('HMGET', key, 'limit', 'held', 'spent', 'delegated', 'over', 'epoch', 'version', 'window', 'drained', 'mark')
  for i = 1, 10 do f[i] = f[i] or '-' end
  return table.concat(f, ' ')
end
