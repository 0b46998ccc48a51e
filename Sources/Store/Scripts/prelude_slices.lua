-- Joined in front of the script that ends many calls at once, behind the prelude: what a batch of calls shares is written once.

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

-- The words of a budget_spend of this slice: what is the same for all its calls is put together once.
local function spending(s, front, middle)
  local w = {front, '', s.named, '', middle, '', ',"call":"', '', '","cost":', '', ',"remaining":', '', ',"accounts":['}
  for i, a in ipairs(s.list) do
    for _, word in ipairs({
      (i > 1 and ',' or '') .. '{"account":"' .. a.name .. '","limit":' .. credits(a.limit) .. ',"available":', '', ',"held":', '',
      ',"spent":', '', ',"delegated":' .. credits(a.delegated) .. ',"over":', '', ',"version":', '',
      ',"epoch":"' .. a.epoch .. (a.window > 0 and '","window":' .. str(a.window) .. '}' or '"}')}) do
      w[#w + 1] = word
    end
  end
  w[#w] = w[#w] .. ']}}'
  return w
end

-- Tells of calls that were charged, by `tell(slice, its accounts, call, cost, remainder, who, what)`, the last four as text.
local function spender(events, ledger, ms)
  local front, middle = events.front('budget_spend', ms), events.middle()
  return function(s, list, id, cost, left, who, what)
    local w, n, number = s.words, 13, events.number()
    if not w then
      w = spending(s, front, middle)
      s.words = w
    end
    w[2], w[4], w[6], w[8], w[10], w[12] = who, number, what, id, cost, left
    for i = 1, #list do
      local a = list[i]
      local free, held, spent = a.limit - a.held - a.spent - a.delegated, a.held, a.spent
      if free < 0 then
        w[n + 2], w[n + 8] = '0', credits(-free)
      else
        w[n + 2], w[n + 8] = written[free] or credits(free), '0'
      end
      w[n + 4], w[n + 6], w[n + 10], n = written[held] or credits(held), written[spent] or credits(spent), str(a.version), n + 11
    end
    events.put(ledger, number, table.concat(w))
  end
end
