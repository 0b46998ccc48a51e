"""Agents without a handshake: what they must say, how they are refused, and what becomes of a call whose agent goes away."""
from __future__ import annotations

import asyncio
import base64
import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed.agent import Agent
from testbed.books import Books
from testbed.node import Cell, Node, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.stateless import Stateless, headers, message
from testbed.upstream import LightUpstream

VERSION = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"


@dataclass
class Field:
    """One node; behind tenant `handshake` an upstream with sessions, behind tenant `modern` one without."""
    node: Node
    cell: Cell
    redis: RedisServer
    upstreams: dict[str, LightUpstream]

    def books(self, era: str) -> Books:
        return Books(self.redis, era)


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    directory = tmp_path_factory.mktemp("stateless")
    redis = RedisServer(directory)
    upstreams = {era: LightUpstream(directory, f"light-{era}", era=era) for era in ("handshake", "modern")}
    cell = Cell(directory, redis, [
        tenant(era, {"light": {"url": upstream.url, "timeout": "20s"}}, budgets={"team": {"limit": 1000}}, default_budget="team")
        for era, upstream in upstreams.items()])
    node = cell.node("node")
    yield Field(node, cell, redis, upstreams)
    assert node.stop() == 0
    for upstream in upstreams.values():
        upstream.stop()
    redis.stop()


async def send(node: Node, token: str | None, lines: list[tuple[str, str]], body: bytes, method: str = "POST") -> tuple[int, dict[str, str], Any]:
    """One request byte for byte; status, headers, message."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    try:
        lines = [("Host", f"127.0.0.1:{node.port}"), *([("Authorization", f"Bearer {token}")] if token else []), *lines,
                 ("Content-Length", str(len(body))), ("Connection", "close")]
        writer.write(f"{method} /mcp HTTP/1.1\r\n".encode() + b"".join(f"{name}: {value}\r\n".encode() for name, value in lines) + b"\r\n" + body)
        await writer.drain()
        raw = await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
    head, _, content = raw.partition(b"\r\n\r\n")
    status, *fields = head.decode().split("\r\n")
    return (int(status.split(" ")[1]), {name.lower(): value for name, value in (line.split(": ", 1) for line in fields)},
            json.loads(content) if content else None)


CALL = message("tools/call", {"name": "echo", "arguments": {"text": "hello"}})
LIST = message("tools/list")


def meta(request: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The request with other members in `_meta`; None takes one out."""
    request = copy.deepcopy(request)
    for key, value in changes.items():
        key = {"version": VERSION, "capabilities": CAPABILITIES, "info": "io.modelcontextprotocol/clientInfo"}[key]
        if value is None:
            del request["params"]["_meta"][key]
        else:
            request["params"]["_meta"][key] = value
    return request


@dataclass
class Case:
    """A request, what is changed in its headers (None takes one out, a list repeats one), and the refusal."""
    name: str
    status: int
    code: int
    request: Any
    changes: dict[str, Any]


BASE64 = "=?base64?" + base64.b64encode(b"echo").decode() + "?="
LADDER = [
    Case("no _meta", 400, -32602, {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}, {}),
    Case("no params", 400, -32602, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {}),
    Case("_meta that is no object", 400, -32602, {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": []}}, {}),
    Case("no version in _meta", 400, -32602, meta(LIST, version=None), {}),
    Case("a version that is a number", 400, -32602, meta(LIST, version=20260728), {}),
    Case("no capabilities", 400, -32602, meta(LIST, capabilities=None), {}),
    Case("capabilities that are no object", 400, -32602, meta(LIST, capabilities=[]), {}),
    Case("clientInfo that is no object", 400, -32602, meta(LIST, info="me"), {}),
    Case("no _meta comes before a wrong header", 400, -32602, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"Mcp-Method": "x"}),
    Case("no version header", 400, -32020, LIST, {"MCP-Protocol-Version": None}),
    Case("another version in the header", 400, -32020, LIST, {"MCP-Protocol-Version": "2099-01-01"}),
    Case("the version header twice", 400, -32020, LIST, {"MCP-Protocol-Version": ["2026-07-28", "2026-07-28"]}),
    Case("no method header", 400, -32020, LIST, {"Mcp-Method": None}),
    Case("another method in the header", 400, -32020, CALL, {"Mcp-Method": "tools/list"}),
    Case("the method in other letters", 400, -32020, LIST, {"Mcp-Method": "Tools/List"}),
    Case("the method header twice", 400, -32020, LIST, {"Mcp-Method": ["tools/list", "tools/list"]}),
    Case("no name header", 400, -32020, CALL, {"Mcp-Name": None}),
    Case("another name in the header", 400, -32020, CALL, {"Mcp-Name": "ping"}),
    Case("the name header twice", 400, -32020, CALL, {"Mcp-Name": ["echo", "ping"]}),
    Case("a name that is no base64", 400, -32020, CALL, {"Mcp-Name": "=?base64?ec?="}),
    Case("a wrong header comes before a wrong version", 400, -32020, meta(LIST, version="2099-01-01"), {}),
    Case("a version nobody knows", 400, -32022, meta(LIST, version="2099-01-01"), {"MCP-Protocol-Version": "2099-01-01"}),
    Case("a wrong version comes before a wrong method", 400, -32022, meta(message("x/y"), version="2099-01-01"), {"MCP-Protocol-Version": "2099-01-01"}),
    Case("an unknown method", 404, -32601, message("x/y"), {}),
    Case("initialize", 404, -32601, message("initialize", {"protocolVersion": "2026-07-28", "capabilities": {}}), {}),
    Case("initialize of an unknown version", 400, -32602, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "x"}}, {}),
    Case("ping", 404, -32601, message("ping"), {}),
    Case("what sessions had", 404, -32601, message("logging/setLevel", {"level": "debug"}), {}),
    Case("an unknown tool", 400, -32602, message("tools/call", {"name": "nobody"}), {}),
    Case("a call without a name", 400, -32602, message("tools/call", {}), {}),
    Case("arguments that are a list", 400, -32602, message("tools/call", {"name": "echo", "arguments": []}), {}),
    Case("a cursor nobody gave", 400, -32602, message("tools/list", {"cursor": "abc"}), {}),
    Case("a batch", 400, -32600, [LIST], {}),
    Case("a response", 400, -32600, {"jsonrpc": "2.0", "id": 1, "result": {}}, {}),
    Case("no JSON", 400, -32700, None, {}),
]


@pytest.mark.parametrize("case", LADDER, ids=[case.name for case in LADDER])
async def test_a_request_that_does_not_say_what_it_must_is_refused_for_the_first_reason(field, case):
    one = case.request if isinstance(case.request, dict) else LIST
    try:
        own = headers(one)
    except KeyError:
        own = headers({"method": one.get("method", "tools/list"), "params": {"name": ""}})
        own = {key: value for key, value in own.items() if key != "Mcp-Name"}
    lines = [(name, value) for name, values in {**own, **case.changes}.items() if values is not None
             for value in (values if isinstance(values, list) else [values])]
    body = b"{" if case.request is None else json.dumps(case.request).encode()
    ran = field.upstreams["handshake"].stats()["calls"]
    status, fields, answer = await send(field.node, field.cell.mint("handshake"), lines, body)
    assert (status, answer["error"]["code"]) == (case.status, case.code), answer
    if case.code == -32022:
        assert answer["error"]["data"]["supported"][0] == "2026-07-28" and answer["error"]["data"]["requested"] == "2099-01-01"
    assert "mcp-session-id" not in fields
    assert field.upstreams["handshake"].stats()["calls"] == ran


@pytest.mark.parametrize("era", ["handshake", "modern"])
async def test_what_sessions_and_streams_had_is_neither_looked_at_nor_answered(field, era):
    async with Stateless(field.cell.mint(era)) as agent:
        for extra in ({"Mcp-Session-Id": "0" * 32}, {"Last-Event-ID": "x-1"}, {"Mcp-Name": BASE64}, {"X-Unknown": "y", "Mcp-Param-Unknown": "z"}):
            reply = await agent.ask(field.node, "tools/call", {"name": "echo", "arguments": {"text": "hello"}}, **extra)
            assert reply.text == "hello" and reply.result["resultType"] == "complete"
            assert reply.result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "satgate"
            assert "mcp-session-id" not in reply.headers


async def test_only_posts_are_served_and_the_token_is_judged_first(field):
    own = list(headers(LIST).items())
    token = field.cell.mint("modern")
    for method in ("GET", "DELETE", "PUT"):
        status, fields, _ = await send(field.node, token, own, b"", method)
        assert (status, fields["allow"]) == (405, "POST")
        assert (await send(field.node, None, own, b"", method))[0] == 401
    status, fields, answer = await send(field.node, None, [("MCP-Protocol-Version", "2099-01-01"), *own[:2]], b"{")
    assert status == 401 and fields["www-authenticate"] == "Bearer"


async def test_a_notification_is_accepted_and_means_nothing(field):
    body = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}'
    for version, wanted in (("2026-07-28", 202), ("2099-01-01", 400)):
        lines = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"), ("MCP-Protocol-Version", version)]
        status, _, answer = await send(field.node, field.cell.mint("modern"), lines, body)
        assert status == wanted and (answer is None) == (wanted == 202)


async def test_the_built_in_ping_and_discovery_need_no_upstream(field):
    async with Stateless(field.cell.mint("modern", "--budget-limit", "0")) as agent:
        assert (await agent.call(field.node, "ping")).text == "pong"
        found = (await agent.ask(field.node, "server/discover")).result
    assert found["capabilities"]["tools"] == {"listChanged": True} and found["ttlMs"] >= 0


async def test_one_agents_calls_share_a_session_with_the_upstream_and_anothers_do_not(field):
    upstream = field.upstreams["handshake"]
    token = field.cell.mint("handshake")
    async with Stateless(token) as agent:
        await agent.call(field.node, "echo", text="first")
        opened = upstream.stats()["sessionsOpened"]
        for _ in range(5):
            await agent.call(field.node, "echo", text="again")
        assert upstream.stats()["sessionsOpened"] == opened
        other = message("tools/call", {"name": "echo", "arguments": {}}, meta={CAPABILITIES: {"roots": {}}})
        await agent.http.post(field.node.mcp, json=other, headers=headers(other))
        assert upstream.stats()["sessionsOpened"] == opened + 1
    async with Stateless(field.cell.mint("handshake")) as stranger:
        await stranger.call(field.node, "echo", text="mine")
    assert upstream.stats()["sessionsOpened"] == opened + 2


async def test_a_presence_is_seen_for_five_minutes_and_is_nobodys_session(field):
    token = field.cell.mint("modern")
    before = set(field.redis.client.scan_iter(match="satgate:{modern}:session:*"))
    async with Stateless(token) as agent:
        await agent.call(field.node, "echo", text="here")
        await agent.call(field.node, "echo", text="here")
    mine = set(field.redis.client.scan_iter(match="satgate:{modern}:session:*")) - before
    assert len(mine) == 1
    key = mine.pop()
    assert 0 < field.redis.client.pttl(key) <= 300_000
    assert field.redis.client.hgetall(key)["client"] == "system-test 1"
    async with Agent(token) as thief:
        thief.session = key.rsplit(":", 1)[1]
        assert (await thief.ask(field.node, "tools/list")).status == 404
        assert (await thief.close(field.node)).status == 404
    assert field.redis.client.exists(key)


async def leave(field: Field, era: str, token: str, begin: Callable[[asyncio.StreamWriter, bytes], Any]) -> None:
    """Calls `park`, and goes away once it runs."""
    upstream = field.upstreams[era]
    running = upstream.stats()["inflight"]
    _, writer = await asyncio.open_connection("127.0.0.1", field.node.port)
    begin(writer, f"Host: 127.0.0.1:{field.node.port}\r\nAuthorization: Bearer {token}\r\n".encode())
    await writer.drain()
    await soon("the call runs", lambda: _true(upstream.stats()["inflight"] == running + 1), within=10)
    writer.close()
    await writer.wait_closed()


async def _true(value: bool) -> bool:
    return value


@pytest.mark.parametrize("era", ["handshake", "modern"])
async def test_a_call_whose_agent_goes_away_is_cancelled_and_charged(field, era):
    upstream, books = field.upstreams[era], field.books(era)
    async with Stateless(field.cell.mint(era)) as agent:
        assert (await agent.call(field.node, "echo", text="warm")).text == "warm"
    before, seen, running = books.spent("team"), upstream.stats(), upstream.stats()["inflight"]
    request = message("tools/call", {"name": "park"})
    body = json.dumps(request).encode()

    def begin(writer: asyncio.StreamWriter, own: bytes) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers(request).items()).encode()
        writer.write(b"POST /mcp HTTP/1.1\r\n" + own + lines + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    await leave(field, era, field.cell.mint(era), begin)
    await soon("the upstream is rid of it", lambda: _true(
        upstream.stats()["inflight"] == running or upstream.stats()["cancelled"] > seen["cancelled"]), within=15)
    await soon("it is charged", lambda: _true(books.spent("team") == before + 1), within=15)
    assert not books.holds()
    outcomes = [event["data"].get("outcome") for event in books.events("tool_call", "audit")]
    assert outcomes[-1] == "abandoned", outcomes[-3:]
    upstream.release()
    async with Stateless(field.cell.mint(era)) as agent:
        assert (await agent.call(field.node, "echo", text="after")).text == "after"


async def test_a_call_in_a_session_goes_on_when_its_agent_goes_away(field):
    upstream, books = field.upstreams["handshake"], field.books("handshake")
    token = field.cell.mint("handshake")
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "park"}}).encode()
    async with Agent(token) as agent:
        await agent.open(field.node)
        before, cancelled = books.spent("team"), upstream.stats()["cancelled"]

        def begin(writer: asyncio.StreamWriter, own: bytes) -> None:
            writer.write(b"POST /mcp HTTP/1.1\r\n" + own + f"Mcp-Session-Id: {agent.session}\r\nContent-Type: application/json\r\n"
                         f"Accept: application/json, text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

        await leave(field, "handshake", token, begin)
        assert (await agent.call(field.node, "echo", text="still here")).text == "still here"
        assert len(books.holds()) == 1
        upstream.release()
        await soon("it is charged", lambda: _true(books.spent("team") == before + 2), within=15)
        assert upstream.stats()["cancelled"] == cancelled


async def test_without_redis_lists_are_served_and_calls_are_not(tmp_path: Path):
    redis, upstream = RedisServer(tmp_path), LightUpstream(tmp_path)
    cell = Cell(tmp_path, redis, [tenant("acme", {"light": upstream.url}, budgets={"team": {"limit": 10}}, default_budget="team")])
    node = cell.node("node")
    async with Stateless(cell.mint()) as agent:
        assert (await agent.call(node, "echo", text="warm")).text == "warm"
        redis.stop()
        reply = await agent.call(node, "echo", text="broke")
        assert (reply.status, reply.code, reply.label) == (503, -32603, "store_unavailable")
        assert reply.headers["retry-after"]
        assert (await agent.ask(node, "tools/list")).status == 200
        assert (await agent.ask(node, "server/discover")).status == 200
    node.stop()
    upstream.stop()
