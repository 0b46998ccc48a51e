"""Requests that no agent should send: each is refused as the specification says, and the node serves on."""
from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from testbed.agent import BOTH, REVISION, Agent
from testbed.node import Cell, Node, tenant
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
MODERN = {"MCP-Protocol-Version": "2026-07-28"}


@dataclass
class Gate:
    node: Node
    token: str
    other: str
    upstream: LightUpstream


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    directory = tmp_path_factory.mktemp("bad-requests")
    redis, upstream = RedisServer(directory), LightUpstream(directory)
    cell = Cell(directory, redis, [tenant("acme", {"light": upstream.url}, budgets={"team": {"limit": 1000}}, default_budget="team")])
    node = cell.node("node")
    yield Gate(node, cell.mint(), cell.mint(), upstream)
    node.stop()
    upstream.stop()
    redis.stop()


@dataclass
class Case:
    """A request and the answers that the specification allows. Headers set to None are left out."""
    name: str
    status: int | tuple[int, ...]
    method: str = "POST"
    path: str = "/mcp"
    body: Any = PING
    headers: dict[str, str | None] = field(default_factory=dict)
    session: bool = True
    code: int | None = None
    answer: dict[str, str] = field(default_factory=dict)


def call(arguments: str) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":' + arguments.encode() + b"}}"


CASES = [
    # 400: not a JSON-RPC message, or not one of this session
    Case("not JSON", 400, body=b"{", code=-32700),
    Case("an empty body", 400, body=b"", code=-32700),
    Case("text after the message", 400, body=PING + b"x", code=-32700),
    Case("invalid UTF-8", 400, body=b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', code=-32700),
    Case("a lone surrogate's bytes", 400, body=b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"\xed\xa0\x80"}}', code=-32700),
    Case("nested 100,000 deep", 400, body=call("[" * 100_000 + "]" * 100_000)),
    Case("a control character in a string", 400, body=b'{"jsonrpc":"2.0","id":1,"method":"pi\nng"}', code=-32700),
    Case("a batch", 400, body=b"[" + PING + b"]", code=-32600),
    Case("an empty batch", 400, body=b"[]", code=-32600),
    Case("a number", 400, body=b"1", code=-32600),
    Case("no jsonrpc", 400, body=b'{"id":1,"method":"ping"}', code=-32600),
    Case("another jsonrpc", 400, body=b'{"jsonrpc":"1.0","id":1,"method":"ping"}', code=-32600),
    Case("an id that is null", 400, body=b'{"jsonrpc":"2.0","id":null,"method":"ping"}', code=-32600),
    Case("an id that is an object", 400, body=b'{"jsonrpc":"2.0","id":{},"method":"ping"}', code=-32600),
    Case("an id that is a fraction", 400, body=b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', code=-32600),
    Case("neither method nor result", 400, body=b'{"jsonrpc":"2.0","id":1}', code=-32600),
    Case("the method twice", 400, body=b'{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping"}'),
    Case("no session", 400, session=False),
    Case("an unknown revision", 400, headers={"MCP-Protocol-Version": "1999-01-01"}),
    Case("GET without a session", 400, method="GET", body=None, session=False, headers={"Accept": "text/event-stream"}),
    Case("a probe for the stateless era", (400, 404), body=b'{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{}}', headers=MODERN, session=False),
    # 401: before anything else is told
    Case("no token", 401, headers={"Authorization": None}, answer={"www-authenticate": "Bearer"}),
    Case("another scheme", 401, headers={"Authorization": "Basic dXNlcjpwYXNz"}, answer={"www-authenticate": "Bearer"}),
    Case("no token after the scheme", 401, headers={"Authorization": "Bearer"}, answer={"www-authenticate": "Bearer"}),
    Case("a token of 100 kB", (400, 401, 431), headers={"Authorization": "Bearer " + "A" * 100_000}),
    Case("no token and an unknown session", 401, headers={"Authorization": None, "Mcp-Session-Id": "0" * 32}),
    Case("no token for a session's stream", 401, method="GET", body=None, headers={"Authorization": None, "Accept": "text/event-stream"}, answer={"www-authenticate": "Bearer"}),
    Case("no token for a stream", 401, method="GET", path="/sse", body=None, headers={"Authorization": None}, answer={"www-authenticate": "Bearer"}),
    Case("no token at /message", 401, path="/message?sessionId=" + "0" * 32, headers={"Authorization": None}),
    # 403
    Case("a foreign origin", 403, headers={"Origin": "https://evil.example"}),
    Case("a foreign host", (403, 421), headers={"Host": "evil.example"}),
    # 404
    Case("an unknown session", 404, headers={"Mcp-Session-Id": "0" * 32}),
    Case("a session id of another shape", 404, headers={"Mcp-Session-Id": "../{acme}:account:team"}),
    Case("DELETE of an unknown session", 404, method="DELETE", body=None, headers={"Mcp-Session-Id": "0" * 32}),
    Case("GET of an unknown session", 404, method="GET", body=None, headers={"Accept": "text/event-stream", "Mcp-Session-Id": "0" * 32}),
    Case("an unknown stream", 404, path="/message?sessionId=" + "0" * 32),
    Case("an unknown path", 404, path="/nowhere"),
    Case("OAuth metadata", 404, method="GET", path="/.well-known/oauth-protected-resource", body=None, headers={"Authorization": None}),
    # 405
    Case("PUT", 405, method="PUT", answer={"allow": "POST"}),
    Case("POST to /sse", 405, path="/sse", answer={"allow": "GET"}),
    Case("GET of /message", 405, method="GET", path="/message?sessionId=" + "0" * 32, body=None, answer={"allow": "POST"}),
    # 406, 413, 415
    Case("an agent that takes neither type", 406, headers={"Accept": "text/html"}),
    Case("GET that takes no stream", 406, method="GET", body=None, headers={"Accept": "application/json"}),
    Case("an agent that takes no stream", 406, headers={"Accept": "application/json"}),
    Case("5 MiB", 413, body=call('{"text":"' + "x" * (5 << 20) + '"}')),
    Case("a form", 415, headers={"Content-Type": "application/x-www-form-urlencoded"}),
    Case("no content type", 415, headers={"Content-Type": None}),
]


async def canary(gate: Gate, agent: Agent) -> None:
    answer = await agent.call(gate.node, "echo", text="canary")
    assert answer.text == "canary"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_a_bad_request_is_refused_and_the_node_serves_on(gate, case):
    async with Agent(gate.token) as agent, Agent(None) as bare:
        session = await agent.open(gate.node)
        headers = {"Authorization": f"Bearer {gate.token}", "Content-Type": "application/json", "Accept": BOTH, "MCP-Protocol-Version": REVISION,
                   **({"Mcp-Session-Id": session} if case.session else {}), **case.headers}
        reply = await bare.request(case.method, gate.node.base + case.path, case.body, {k: v for k, v in headers.items() if v is not None})
        assert reply.status in (case.status if isinstance(case.status, tuple) else (case.status,)), f"{reply.status} {reply.raw[:500]!r}"
        if case.code is not None:
            assert reply.code == case.code, reply.raw
        for name, text in case.answer.items():
            assert text in reply.headers[name], dict(reply.headers)
        assert gate.token.encode() not in reply.raw
        await canary(gate, agent)


async def test_anothers_session_is_as_unknown_as_none(gate):
    async with Agent(gate.token) as agent, Agent(gate.other) as thief:
        thief.session = await agent.open(gate.node)
        ping = json.loads(PING)
        stolen = await thief.post(gate.node, ping)
        thief.session = "0" * 32
        unknown = await thief.post(gate.node, ping)
        assert stolen.status == unknown.status == 404
        assert stolen.raw == unknown.raw
        await canary(gate, agent)


async def test_what_needs_no_answer_gets_202_and_no_body(gate):
    async with Agent(gate.token) as agent:
        await agent.open(gate.node)
        for message in ({"jsonrpc": "2.0", "method": "notifications/anything"}, {"jsonrpc": "2.0", "id": 7, "result": {}},
                        {"jsonrpc": "2.0", "id": 8, "error": {"code": -1, "message": "no"}}):
            reply = await agent.post(gate.node, message)
            assert (reply.status, reply.raw) == (202, b""), reply.raw
        await canary(gate, agent)


RAW = {
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n",
    "a request line without version": b"GET /mcp\r\n\r\n",
    "two framings of one body": b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "a negative length": b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
    "a chunk size that is no number": b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a header line of 1 MB": b"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "a huge length announced": b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %TOKEN%\r\nContent-Type: application/json\r\n"
                               b"Accept: application/json, text/event-stream\r\nContent-Length: 99999999999\r\n\r\n",
}


@pytest.mark.parametrize("name", RAW)
async def test_bytes_that_are_no_request_end_the_connection(gate, name):
    async with Agent(gate.token) as agent:
        await agent.open(gate.node)
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.node.port)
        try:
            writer.write(RAW[name].replace(b"%TOKEN%", gate.token.encode()))
            await writer.drain()
            answer = await asyncio.wait_for(reader.read(), 10)
        except ConnectionError:
            answer = b""
        finally:
            writer.close()
        assert not answer or answer.split(b" ", 2)[1] in (b"400", b"401", b"413", b"431"), answer[:300]
        await canary(gate, agent)


async def test_an_agent_that_goes_away_mid_body_costs_nothing(gate):
    async with Agent(gate.token) as agent:
        await agent.open(gate.node)
        before = gate.upstream.calls("echo")
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo", "arguments": {"text": "x" * 10_000}}}).encode()
        for cut in (0, 1, 100, len(body) - 1):
            _, writer = await asyncio.open_connection("127.0.0.1", gate.node.port)
            writer.write((f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{gate.node.port}\r\nAuthorization: Bearer {gate.token}\r\n"
                          f"Mcp-Session-Id: {agent.session}\r\nContent-Type: application/json\r\nAccept: {BOTH}\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n").encode() + body[:cut])
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        await canary(gate, agent)
        assert gate.upstream.calls("echo") == before + 1
