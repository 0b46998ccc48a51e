-- What a good engineer would hack in a day: HMAC token, policy, budget and event in one EVALSHA, then proxy_pass. The yardstick of the bench;
-- it has no holds, no settle, no ledger, no scopes in the token, no sessions beyond this worker.
local ffi = require "ffi"
local bit = require "bit"
local cjson = require "cjson.safe"
local redis = require "nginx.redis"
local b64 = require "ngx.base64"
ffi.cdef[[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *evp_md, const void *key, int key_len, const unsigned char *d, size_t n, unsigned char *md, unsigned int *md_len);
]]
local C = ffi.C
local md = C.EVP_sha256()
local out = ffi.new("unsigned char[32]")
local outl = ffi.new("unsigned int[1]")
local KEY = "bench-secret-0123456789abcdef0123456789"
local _M = {}
local find, sub, byte, fmt = string.find, string.sub, string.byte, string.format
local ngx = ngx
local function verify(tok)          -- "agent.exp.b64url(hmac_sha256(agent.exp))"
  local p1 = find(tok, ".", 1, true); if not p1 then return end
  local p2 = find(tok, ".", p1 + 1, true); if not p2 then return end
  local exp = tonumber(sub(tok, p1 + 1, p2 - 1)); if not exp or exp < ngx.time() then return end
  local sig = b64.decode_base64url(sub(tok, p2 + 1)); if not sig or #sig ~= 32 then return end
  local msg = sub(tok, 1, p2 - 1)
  C.HMAC(md, KEY, #KEY, msg, #msg, out, outl)
  local d = 0
  for i = 0, 31 do d = bit.bor(d, bit.bxor(out[i], byte(sig, i + 1))) end
  if d ~= 0 then return end
  return sub(tok, 1, p1 - 1)
end
local SCRIPT = [[
local cost=tonumber(ARGV[1])
local left=tonumber(redis.call('GET',KEYS[1]) or '-1')
if left<cost then redis.call('PUBLISH',KEYS[2],ARGV[2]..',"v":"deny"}') return {0,left} end
left=redis.call('DECRBY',KEYS[1],cost)
redis.call('PUBLISH',KEYS[2],ARGV[2]..',"v":"allow","left":'..left..'}')
return {1,left}]]
local SHA
do local s = ngx.sha1_bin(SCRIPT); SHA = (s:gsub(".", function(c) return fmt("%02x", byte(c)) end)) end
local function deny(status, id, code, msg)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.print('{"jsonrpc":"2.0","id":', id or "null", ',"error":{"code":', code, ',"message":"', msg, '"}}')
  return ngx.exit(ngx.HTTP_OK)
end
local function budget(agent, tool, sid)
  local r = redis:new(); r:set_timeout(2000)
  local ok, err = r:connect("127.0.0.1", @REDIS@, { pool_size = 256 })
  if not ok then return nil, err end
  local ev = '{"agent":"' .. agent .. '","tool":"' .. tool .. '","sid":"' .. sid .. '","t":' .. ngx.now()
  local res, e2 = r:evalsha(SHA, 2, "budget:" .. agent, "events", 1, ev)
  if not res and e2 and find(e2, "NOSCRIPT", 1, true) then res, e2 = r:eval(SCRIPT, 2, "budget:" .. agent, "events", 1, ev) end
  if not res then r:close(); return nil, e2 end
  r:set_keepalive(60000, 256)
  return res[1] == 1, res[2]
end
local function auth()
  local a = ngx.var.http_authorization
  if not a or sub(a, 1, 7) ~= "Bearer " then return nil end
  return verify(sub(a, 8))
end
local POLICY = { a1 = { fast__echo = true } }
local BACK = { fast = "up_fast" }
local function idof(id) local t = type(id); if t == "number" then return fmt("%.14g", id) elseif t == "string" then return cjson.encode(id) end return "null" end
function _M.full()  -- token, JSON parse, per-tool policy, prefix routing, budget and event, name rewrite, session map
  local agent = auth()
  if not agent then return deny(401, nil, -32001, "bad token") end
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  local m = body and cjson.decode(body)
  if not m or not m.method then return deny(400, nil, -32700, "parse error") end
  local sid = ngx.var.http_mcp_session_id
  local sd = ngx.shared.sess
  if m.method == "tools/call" then
    local up = sid and sd:get(sid)
    if not up then return deny(404, idof(m.id), -32004, "no session") end
    local name = m.params and m.params.name
    local pol = POLICY[agent]
    if not name or not pol or not pol[name] then return deny(403, idof(m.id), -32005, "tool not allowed") end
    local p = find(name, "__", 1, true)
    local srv, tool = sub(name, 1, p - 1), sub(name, p + 2)
    local ok, err = budget(agent, name, sid)
    if ok == nil then return deny(503, idof(m.id), -32002, "budget store") end
    if not ok then return deny(200, idof(m.id), -32003, "budget exhausted") end
    local s, e = find(body, '"' .. name .. '"', 1, true)
    ngx.req.set_body_data(sub(body, 1, s) .. tool .. sub(body, e))
    ngx.var.backend = BACK[srv]
    ngx.req.set_header("Mcp-Session-Id", up)
  elseif m.method == "initialize" then
    ngx.ctx.init = true
  elseif sid then
    local up = sd:get(sid); if up then ngx.req.set_header("Mcp-Session-Id", up) end
  end
end
function _M.hdr()
  if ngx.ctx.init then
    local up = ngx.header["Mcp-Session-Id"]
    if up then local g = fmt("%08x%08x%08x%08x", math.random(0, 2^31), math.random(0, 2^31), math.random(0, 2^31), math.random(0, 2^31)); ngx.shared.sess:set(g, up, 3600); ngx.header["Mcp-Session-Id"] = g end
  end
end
return _M
