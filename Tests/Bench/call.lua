-- wrk: one governed tools/call after the other, over several sessions. Environment: SESSIONS (a file, one on a line), TOKEN, TOOL, BODY (bytes of
-- a call's body, 300 unless told), STATELESS=1 (as agents of 2026-07-28 do, whose every request says all of itself), CHECK=1 (read every body).
local sessions = {}
for session in io.lines(os.getenv("SESSIONS")) do sessions[#sessions + 1] = session end
local token, tool = os.getenv("TOKEN") or "", os.getenv("TOOL") or "echo"
local stateless = os.getenv("STATELESS") ~= nil
local revision = stateless and ("2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: " .. tool) or "2025-11-25"
local meta = stateless and (',"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},'
  .. '"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"}}') or ""
local head, before = '{"jsonrpc":"2.0","id":', ',"method":"tools/call","params":{"name":"' .. tool .. '","arguments":{"a":1,"b":2,"message":"'
-- The same arguments for both kinds of agent: a stateless one's body is longer by what it says of itself.
local arguments = string.rep("x", (tonumber(os.getenv("BODY")) or 300) - #head - 9 - #before - 4)
local tail = before .. arguments .. '"}' .. meta .. '}}'
local heads, number, bad, seen, sample, threads = {}, 100000000, 0, 0, "", {}

function setup(thread) threads[#threads + 1] = thread end

function init(args)
  local length = #head + 9 + #tail
  for i, session in ipairs(#sessions > 0 and sessions or { "" }) do
    heads[i] = "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
      .. "MCP-Protocol-Version: " .. revision .. "\r\n" .. (session ~= "" and ("Mcp-Session-Id: " .. session .. "\r\n") or "")
      .. (token ~= "" and ("Authorization: Bearer " .. token .. "\r\n") or "")
      .. "User-Agent: wrk\r\nContent-Length: " .. length .. "\r\n\r\n" .. head
  end
end

function request()
  number = number + 1
  return heads[number % #heads + 1] .. number .. tail
end

if os.getenv("CHECK") then
  function response(status, headers, body)
    seen = seen + 1
    if status ~= 200 or not body:find("hello from fast upstream", 1, true) or body:find('"error"', 1, true) then
      bad = bad + 1
      if sample == "" then sample = status .. " " .. body:sub(1, 300) end
    end
  end
end

function done(summary, latency)
  local bad, seen, sample = 0, 0, ""
  for _, thread in ipairs(threads) do
    bad, seen = bad + (thread:get("bad") or 0), seen + (thread:get("seen") or 0)
    local text = thread:get("sample")
    if text and text ~= "" then sample = text end
  end
  local errors = summary.errors
  io.write(string.format('\nJSON {"requests":%d,"us":%d,"non2xx":%d,"socket":%d,"timeout":%d,"p50":%.0f,"p99":%.0f,"bad":%d,"seen":%d}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write, errors.timeout,
    latency:percentile(50), latency:percentile(99), bad, seen))
  if sample ~= "" then io.write("SAMPLE " .. sample .. "\n") end
end
