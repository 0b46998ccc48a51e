-- Joined in front of the script that ends many calls at once, behind the prelude: what a batch of calls shares is written once, and a text is
-- put together in one step, for Lua hashes each byte of each text on its way.

-- The numbers of a batch lie close together: of most all but the last digit was written before.
local tens, ones, whole = {}, {[0] = '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'}, str
str = function(n)
  local one = n % 10
  local ten = n - one
  local text = tens[ten]
  if not text then
    text = ten > 0 and whole(ten / 10) or ''
    tens[ten] = text
  end
  return text .. ones[one]
end

-- Of sums that differ by prices the fractions come again, the sums do not.
local fractions = {[0] = ''}
credits = function(micros)
  local rest = micros % 1e6
  local fraction = fractions[rest]
  if not fraction then
    fraction = format('.%06.0f', rest):gsub('0+$', '')
    fractions[rest] = fraction
  end
  return str((micros - rest) / 1e6) .. fraction
end

-- What endings have in common that follow each other, out of the arguments from this one on.
local function kind(at)
  local reserved, cost = int(ARGV[at], 'reserved'), int(ARGV[at + 1], 'cost')
  if cost > reserved then cost = reserved end
  return {reserved = reserved, cost = cost, outcome = ARGV[at + 2], who = ARGV[at + 3], what = ARGV[at + 4], count = int(ARGV[at + 5], 'count'),
    price = credits(cost), settled = 'settled ' .. str(cost)}
end

-- What is left in the slice's last account, as events and replies tell it: the same as before, mostly.
local function remaining(s)
  local a = s.told
  local free = a and a.limit - a.held - a.spent - a.delegated
  if free ~= s.free then
    s.free, s.left, s.remaining = free, credits(free > 0 and free or 0), ' ' .. str(free > 0 and free or 0)
  end
  return s.remaining
end

-- What an event says of an account whatever its calls cost: until its window ends.
local function worded(a)
  a.opening = '{"account":"' .. a.name .. '","limit":' .. credits(a.limit) .. ',"available":'
  a.between = ',"delegated":' .. credits(a.delegated) .. ',"over":'
  a.closing = ',"epoch":"' .. a.epoch .. (a.window > 0 and '","window":' .. str(a.window) .. '}' or '"}')
end

-- Tells of calls that were charged, by `tell(slice, its accounts, call, cost, remainder, who, what)`, the last four as text.
local function spender(events, ledger, ms)
  local front, middle = events.front('budget_spend', ms), events.middle()
  return function(s, list, id, cost, left, who, what)
    local number, last, above = events.number(), #list, ''
    for i = 1, last do
      local a = list[i]
      if not a.opening then worded(a) end
      local held, spent = a.held, a.spent
      local free, over = a.limit - held - spent - a.delegated, '0'
      if free < 0 then free, over = 0, credits(-free) end
      free = a == s.told and left or credits(free)
      if i < last then
        above = above .. a.opening .. free .. ',"held":' .. credits(held) .. ',"spent":' .. credits(spent) .. a.between .. over
          .. ',"version":' .. str(a.version) .. a.closing .. ','
      else
        events.put(ledger, number, front .. who .. s.named .. number .. middle .. what .. ',"call":"' .. id .. '","cost":' .. cost
          .. ',"remaining":' .. left .. ',"accounts":[' .. above .. a.opening .. free .. ',"held":' .. credits(held) .. ',"spent":'
          .. credits(spent) .. a.between .. over .. ',"version":' .. str(a.version) .. a.closing .. ']}}')
      end
    end
  end
end
