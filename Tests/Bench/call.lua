-- wrk: one governed tools/call after the other, over several sessions. Environment: SESSIONS (comma list), TOKEN, TOOL, CHECK=1 (read every body).
local sessions = {}
for session in string.gmatch(os.getenv("SESSIONS") or "", "[^,]+") do sessions[#sessions + 1] = session end
local token, tool = os.getenv("TOKEN") or "", os.getenv("TOOL") or "echo"
local tail = ',"method":"tools/call","params":{"name":"' .. tool .. '","arguments":{"message":"hello world","a":1,"b":2}}}'
local heads, number, bad, seen, sample, threads = {}, 100000000, 0, 0, "", {}

function setup(thread) threads[#threads + 1] = thread end

function init(args)
  local length = #'{"jsonrpc":"2.0","id":' + 9 + #tail
  for i, session in ipairs(#sessions > 0 and sessions or { "" }) do
    heads[i] = "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
      .. "MCP-Protocol-Version: 2025-11-25\r\n" .. (session ~= "" and ("Mcp-Session-Id: " .. session .. "\r\n") or "")
      .. (token ~= "" and ("Authorization: Bearer " .. token .. "\r\n") or "")
      .. "User-Agent: wrk\r\nContent-Length: " .. length .. '\r\n\r\n{"jsonrpc":"2.0","id":'
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
