"""No secret gets where it can be read: nodes full of canaries, traffic of all kinds, and a hunt through all that can be seen."""
from __future__ import annotations

import asyncio
import base64
import json
import secrets
import subprocess
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from testbed.agent import Agent, Stream
from testbed.collector import Collector
from testbed.node import BINARY, Cell, Node, attenuate, tenant
from testbed.operators import Operators
from testbed.process import clean_environment, free_port, soon
from testbed.redis_server import RedisServer
from testbed.stateless import Stateless
from testbed.toxic import Toxic
from testbed.upstream import LIGHT, LightUpstream


def forms(secret: str) -> set[bytes]:
    """How a secret may be spelled: as it is, in hex, percent-encoded, in base64 wherever it begins in what is encoded."""
    raw = secret.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), urllib.parse.quote(secret, safe="").encode(),
             "".join(f"%{byte:02X}" for byte in raw).encode(), json.dumps(secret)[1:-1].encode()}
    for shift in range(3):
        # without the digits that depend on what stands around it
        for code in (base64.standard_b64encode, base64.urlsafe_b64encode):
            digits = code(b"\0" * shift + raw).rstrip(b"=")
            found.add(digits[(8 * shift + 5) // 6:len(digits) - 1])
    return found


class Hunt:
    """Looks for secrets in what can be seen."""

    def __init__(self, canaries: dict[str, str]) -> None:
        self._forms = {name: forms(secret) for name, secret in canaries.items()}
        self.seen: dict[str, int] = {}
        self.caught: list[str] = []

    def add(self, name: str, secret: str) -> None:
        self._forms[name] = forms(secret)

    def look(self, place: str, text: str | bytes) -> None:
        data = text.encode(errors="replace") if isinstance(text, str) else text
        self.seen[place] = self.seen.get(place, 0) + len(data)
        for name, spellings in self._forms.items():
            for spelling in spellings:
                at = data.find(spelling)
                if at >= 0:
                    self.caught.append(f"{name} in {place}: …{data[max(0, at - 80):at + len(spelling) + 20]!r}…")


def test_the_hunt_finds_every_spelling():
    secret = "canary-" + secrets.token_hex(8) + "/+ü"
    for spelled in (secret, urllib.parse.quote(f"user:{secret}@x", safe=""), base64.b64encode(f"user:{secret}".encode()).decode(),
                    base64.urlsafe_b64encode(f"ab{secret}cd".encode()).decode(), f"x{secret}".encode().hex(), json.dumps({"a": secret})):
        hunt = Hunt({"it": secret})
        hunt.look("here", f"before {spelled} behind")
        assert hunt.caught, spelled
    hunt.look("there", "nothing of the kind")
    assert len(hunt.caught) >= 1 and all("in here" in line for line in hunt.caught)


class Echo:
    """An upstream that tells everybody what it was sent: in HTTP errors, in JSON-RPC errors, in results; and an OAuth server that does."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                told = f"you sent {dict(self.headers)} {body.decode(errors='replace')}"
                if not self.path.startswith("/mcp"):
                    return self.answer(401 if "token" in self.path else 500, {"error": told, "error_description": told})
                message = json.loads(body)
                method, result = message.get("method"), None
                if "id" not in message:
                    return self.answer(202, None)
                if method == "initialize":
                    result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "echo", "version": "1"}}
                elif method == "tools/list":
                    result = {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in ("http", "rpc", "tool", "garbage")]}
                elif method == "tools/call" and message["params"]["name"] == "http":
                    return self.answer(500, {"error": told})
                elif method == "tools/call" and message["params"]["name"] == "garbage":
                    return self.answer(200, told)
                elif method == "tools/call" and message["params"]["name"] == "tool":
                    result = {"content": [{"type": "text", "text": told}], "isError": True}
                if result is None:
                    return self.answer(200, {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32050, "message": told}})
                return self.answer(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})

            def do_GET(self) -> None:
                self.answer(405, {"error": f"you sent {dict(self.headers)}"})

            do_DELETE = do_GET

            def answer(self, status: int, content: Any) -> None:
                body = b"" if content is None else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Aviary:
    """A node that holds a canary wherever a secret belongs."""

    def __init__(self, directory: Path) -> None:
        names = ("redis", "env", "file", "process", "client", "collector", "query", "cookie", "key", "meta", "argument", "wrong", "login")
        # short of all that is spelled otherwise when encoded, so that each form is one of `forms`
        self.canaries = {name: f"canary{secrets.token_hex(12)}" for name in names}
        self.directory, self.redis, self.light, self.echo = directory, RedisServer(directory), LightUpstream(directory), Echo()
        self.operators, self.collector = Operators(directory), Collector()
        self.redis.client.execute_command("ACL", "SETUSER", "node", "on", ">" + self.canaries["redis"], "~*", "&*", "+@all")
        self.toxic = Toxic(directory, self.redis.port)
        (directory / "secret").write_text(self.canaries["file"])
        (directory / "headers").write_text(f"Authorization: Bearer {self.canaries['collector']}\n")
        dead = f"http://127.0.0.1:{free_port()}/mcp"
        secret_headers = {"Authorization": "Bearer ${env:UP_SECRET}", "X-Api-Key": f"${{file:{directory / 'secret'}}}"}
        self.cell = Cell(directory, self.redis, [tenant("acme", {
            "light": self.light.url, "echo": {"url": self.echo.url, "headers": secret_headers},
            "dead": {"url": dead, "headers": secret_headers},
            "barred": {"url": self.echo.url, "oauth": {"token_url": f"http://127.0.0.1:{self.echo.port}/token", "client_id": "us", "client_secret": "${env:CLIENT_SECRET}"}},
            "missing": {"url": self.echo.url, "headers": {"Authorization": "Bearer ${env:NOT_SET}"}},
            "local": {"command": [LIGHT, "--stdio", "--name", "local"], "environment": {"PROCESS_SECRET": "${env:PROCESS_SECRET}"}},
            "talking": {"command": ["sh", "-c", "echo \"my secret is $PROCESS_SECRET\" >&2; sleep 1; exit 1"], "environment": {"PROCESS_SECRET": "${env:PROCESS_SECRET}"}},
        }, naming="always", budgets={"team": {"limit": 100_000}, "none": {"limit": 0}}, default_budget="team")])
        keys = json.loads(self.cell.keys.read_text())
        self.canaries |= {"root key": keys["keys"][0]["secret_hex"], "root text": f"canary{secrets.token_hex(12)}", **{f"admin token of {name}": token for name, token in self.operators.tokens.items()}}
        keys["keys"].append({"id": "second", "tenant": "acme", "secret": self.canaries["root text"]})
        self.cell.keys.write_text(json.dumps(keys))
        self.url = f"redis://node:{self.canaries['redis']}@127.0.0.1:{self.toxic.port}"
        self.settings = {
            "SATGATE_REDIS_URL": self.url, **self.operators.settings, "SATGATE_LOG_LEVEL": "trace", "SATGATE_SSE_TOKEN_IN_QUERY": "true",
            "SATGATE_TRACING_OTLP_ENDPOINT": self.collector.url, "SATGATE_TRACING_HEADERS_FILE": str(directory / "headers"), "UP_SECRET": self.canaries["env"],
            "CLIENT_SECRET": self.canaries["client"], "PROCESS_SECRET": self.canaries["process"]}
        self.node: Node = self.cell.node("aviary", **self.settings)
        self.hunt = Hunt(self.canaries)

    def mint(self, *arguments: str) -> str:
        """A token that is a canary, and so is its signature."""
        token = self.cell.mint("acme", *arguments)
        self.hunt.add(f"a token {' '.join(arguments)}", token)
        self.hunt.add("a signature", base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[-32:].hex())
        return token

    def command(self, *words: str, place: str = "") -> None:
        result = subprocess.run([BINARY, *words], env={**clean_environment(), **self.cell.environment, **self.settings, "SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "true"},
                                capture_output=True, text=True, timeout=60)
        self.hunt.look(f"satgate {place or ' '.join(words)}", result.stdout + result.stderr)

    def stop(self) -> None:
        for part in (self.node, self.toxic, self.light, self.echo, self.collector, self.redis):
            part.stop()


@pytest.fixture(scope="module")
def aviary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aviary]:
    aviary = Aviary(tmp_path_factory.mktemp("aviary"))
    yield aviary
    aviary.stop()


async def _calls(aviary: Aviary) -> None:
    """Traffic of all kinds; what the gateway itself says to agents is looked through, not what upstreams say."""
    node, canaries, hunt = aviary.node, aviary.canaries, aviary.hunt
    token = aviary.mint()
    extra = {"Cookie": f"session={canaries['cookie']}", "Idempotency-Key": canaries["key"]}
    async with Agent(token) as agent, Stateless(token) as other:
        await agent.open(node)
        for tool in ("light__echo", "echo__http", "echo__rpc", "echo__tool", "echo__garbage", "dead__x", "barred__x", "missing__x", "local__echo", "light__nothing"):
            for number, ask in enumerate((agent, other)):
                meta = {"token": token, "io.satgate/idempotencyKey": f"{canaries['meta']}-{tool}-{number}"}
                arguments = {"text": canaries["argument"], "password": canaries["argument"]}
                params = {"name": tool, "arguments": arguments, "_meta": meta}
                reply = await agent.ask(node, "tools/call", params) if ask is agent else await other.ask(node, "tools/call", {"name": tool, "arguments": arguments}, meta)
                if reply.code not in (None, -32050):
                    hunt.look("errors that agents get", reply.raw)
        keyed = {"jsonrpc": "2.0", "id": 99, "method": "tools/call", "params": {"name": "light__echo", "arguments": {"text": "x"}}}
        for body in (keyed, {**keyed, "id": 98}, {**keyed, "id": 97, "params": {"name": "light__echo", "arguments": {"text": "other"}}}):
            hunt.look("errors that agents get", (await agent.request("POST", node.mcp, json.dumps(body).encode(), agent.headers(**extra))).raw)
        await agent.close(node)
        hunt.look("errors that agents get", (await agent.call(node, "light__echo", text="x")).raw)
    for wrong in (canaries["wrong"], token[:-4] + "AAAA", token + canaries["wrong"], attenuate(token, f"colour = {canaries['wrong']}"), canaries["login"]):
        async with Agent(wrong) as agent, Stateless(wrong) as other:
            hunt.look("errors that agents get", (await agent.ask(node, "initialize", {})).raw)
            hunt.look("errors that agents get", (await other.call(node, "light__echo", text="x")).raw)
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        for path in (f"/sse?token={canaries['query']}", f"/message?sessionId={canaries['query']}&key={canaries['query']}", f"/{canaries['query']}", f"/mcp?token={canaries['query']}"):
            for method in ("GET", "POST", "BREW"):
                hunt.look("errors that agents get", (await client.request(method, node.base + path, content=b"{" + canaries["wrong"].encode())).content)
        # the stream's first event is not looked through: it names the key that stands for the token
        async with client.stream("GET", f"{node.sse}?token={urllib.parse.quote(token, safe='')}") as response:
            assert response.status_code == 200
    async with Stream(token, node) as stream:
        await stream.open()
        await stream.call(node, "light__echo", text=canaries["argument"])
    limited = aviary.mint("--budget", "none")
    async with Agent(limited) as agent:
        await agent.open(node)
        hunt.look("errors that agents get", (await agent.call(node, "light__echo", text=canaries["argument"])).raw)


async def _operators(aviary: Aviary) -> None:
    """All that operators can ask for, and wrong things too."""
    hunt, canaries, node = aviary.hunt, aviary.canaries, aviary.node
    paths = ["me", "nodes", "tenants", "tenants/acme", "tenants/acme/budgets", "tenants/acme/audit", "tenants/acme/tokens", "tenants/acme/revocations", "upstreams",
             "sessions", "activity", "events?limit=1000", "log-level", "openapi.json", f"{canaries['wrong']}"]
    with aviary.operators.api(node) as api:
        for path in paths:
            hunt.look(f"GET {path.split('?')[0]}", api.get(path).content)
        hunt.look("POST revocations", api.post("tenants/acme/revocations", json={"token": aviary.mint()}).content)
        hunt.look("POST revocations", api.post("tenants/acme/revocations", json={"token": canaries["wrong"]}).content)
        bad = tenant("acme", {"x": {"url": "http://x", "headers": {"Authorization": canaries["wrong"]}}})
        hunt.look("PUT tenants", api.put("tenants/acme", json=bad).content)
        minted = api.post("tenants/acme/tokens", json={"label": "shown", "expiresIn": 600})
        assert minted.status_code == 201
        hunt.add("a token of the API", minted.json()["token"])
    async with httpx.AsyncClient(trust_env=False, timeout=10, base_url=node.admin) as client:
        for answer in (await client.post("/api/v1/login", json={"token": canaries["login"]}), await client.get("/api/v1/me", headers={"Authorization": f"Bearer {canaries['login']}"}),
                       await client.get("/api/v1/me", headers={"Cookie": f"satgate={canaries['cookie']}"}), await client.get(f"/api/v1/events?token={canaries['query']}")):
            hunt.look("the operators' port", answer.content)
        good = await client.post("/api/v1/login", json={"token": aviary.operators.tokens["admin"]})
        assert good.status_code == 204
        hunt.look("Set-Cookie", good.headers["set-cookie"])
        hunt.look("metrics", (await client.get("/metrics")).content)
        hunt.look("readiness", (await client.get("/readyz?verbose")).content)


def _commands(aviary: Aviary) -> None:
    for words in (["doctor"], ["doctor", "--json"], ["doctor", "--acl"], ["tenant", "get", "acme"], ["upstreams", "list", "--json"], ["upstreams", "test", "acme", "--within", "3s"],
                  ["sessions", "list"], ["nodes"], ["events"], ["budget", "list", "--tenant", "acme"]):
        aviary.command(*words)
    token = aviary.mint()
    aviary.command("token", "verify", "--root-key-hex", aviary.canaries["root key"], "--token", token, place="token verify")
    aviary.command("token", "revoke", "--token", token, place="token revoke")
    aviary.command("token", "revoke", "--token", aviary.canaries["wrong"], place="token revoke")
    for name, text in {"keys": f"keys:\n - {{id: a, tenant: acme, secret_hex: {aviary.canaries['root text']}}}", "tenants": f"tenants:\n - name: acme\n   upstreams: [{{name: x, url: 'http://x', headers: {{X-Api-Key: {aviary.canaries['file']}}}}}]",
                       "yaml": f"keys: [\n {aviary.canaries['root text']}: {{"}.items():
        file = aviary.directory / f"bad-{name}.yaml"
        file.write_text(text)
        if name == "tenants":
            aviary.command("tenant", "apply", "-f", str(file), place="tenant apply of a bad file")
        else:
            for command in (["doctor"], ["serve"]):
                result = subprocess.run([BINARY, *command], env={**clean_environment(), **aviary.cell.environment, **aviary.settings, "SATGATE_KEYS_FILE": str(file)}, capture_output=True, text=True, timeout=60)
                assert result.returncode
                aviary.hunt.look(f"satgate {command[0]} with a bad file", result.stdout + result.stderr)


@pytest.mark.limit(240)
async def test_no_canary_gets_out(aviary):
    hunt, published = aviary.hunt, bytearray()
    pubsub = aviary.redis.client.pubsub()
    pubsub.psubscribe("satgate:events:*")
    await _calls(aviary)
    await _operators(aviary)
    await asyncio.to_thread(_commands, aviary)
    # Redis goes, and comes back
    aviary.toxic.be(blackhole=1, reset=1)
    async with Agent(aviary.mint(), timeout=20) as agent:
        reply = await agent.ask(aviary.node, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}})
        hunt.look("errors that agents get", reply.raw)
        with aviary.operators.api(aviary.node) as api:
            hunt.look("the API without Redis", api.get("tenants").content)
    aviary.command("doctor", place="doctor without Redis")
    aviary.toxic.be()
    await soon("the node is ready again", lambda: httpx.get(f"{aviary.node.admin}/readyz", trust_env=False).status_code == 200, within=30)
    # a password that Redis does not take
    aviary.redis.client.execute_command("ACL", "SETUSER", "node", "resetpass")
    aviary.command("doctor", place="doctor without the password")
    aviary.redis.client.execute_command("ACL", "SETUSER", "node", ">" + aviary.canaries["redis"])
    aviary.node.stop()
    while (message := pubsub.get_message(timeout=0.2)) is not None:
        published += repr(message.get("data")).encode()
    hunt.look("events as published", bytes(published))
    for key in aviary.redis.client.scan_iter(count=1000):
        if key.endswith((":ledger", ":audit")):
            hunt.look("events as kept", json.dumps(aviary.redis.client.xrange(key)))
    hunt.look("the log", aviary.node.process.log.read_bytes())
    hunt.look("standard output", aviary.node.process.printed())
    for body in aviary.collector.bodies:
        hunt.look("spans", body)
    for place in ("the log", "spans", "metrics", "events as kept", "events as published", "errors that agents get", "satgate doctor", "GET events", "GET tenants/acme"):
        assert hunt.seen.get(place, 0) > 100, (place, hunt.seen)
    log = aviary.node.process.log.read_text()
    assert '"level":"debug"' in log and "my secret is [redacted]" in log
    assert not hunt.caught, "\n".join(hunt.caught[:20]) + f"\n{len(hunt.caught)} in all"
