"""An agent that can show its token only in the URL of `/sse`: where the operator lets it, a key of its stream stands for it from then on."""
from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from testbed.agent import Stream
from testbed.node import Cell, Node, tenant
from testbed.redis_server import RedisServer
from testbed.topologies import any_redis
from testbed.upstream import LightUpstream


@dataclass
class Doors:
    redis: RedisServer
    cell: Cell
    a: Node
    b: Node
    strict: Node


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    directory = tmp_path_factory.mktemp("doors")
    redis = any_redis(directory)
    upstream = LightUpstream(directory)
    cell = Cell(directory, redis, [tenant(name, {"light": upstream.url}, budgets={"team": {"limit": 100}}, default_budget="team")
                                   for name in ("acme", "other")])
    loose = {"SATGATE_SSE_TOKEN_IN_QUERY": "true", "SATGATE_LOG_LEVEL": "trace"}
    nodes = [cell.node("a", **loose), cell.node("b", **loose), cell.node("strict", SATGATE_LOG_LEVEL="trace")]
    yield Doors(redis, cell, *nodes)
    assert [node.stop() for node in nodes] == [0, 0, 0]
    upstream.stop()
    redis.stop()


class URLStream(Stream):
    """HTTP+SSE whose token is in the URL and nowhere else."""

    def __init__(self, token: str, node: Node) -> None:
        super().__init__("-", node)
        del self._http.headers["Authorization"]
        self._node = type("Address", (), {"sse": f"{node.sse}?token={quote(token, safe='')}", "base": node.base})


def altered(path: str, **changed: str) -> str:
    """The endpoint with other values in its query."""
    parts = urlsplit(path)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    return parts.path + "?" + "&".join(f"{key}={value}" for key, value in {**query, **changed}.items() if value)


def flipped(digits: str) -> str:
    return ("1" if digits[0] != "1" else "2") + digits[1:]


async def test_a_key_of_the_stream_stands_for_the_token_at_any_node_and_neither_is_written_anywhere(doors):
    token = doors.cell.mint("acme", "--scope", "echo,slow")
    async with URLStream(token, doors.a) as agent:
        await asyncio.wait_for(agent.ask(doors.b, "initialize", {
            "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}), 10)
        for node in (doors.a, doors.b):
            assert (await agent.call(node, "echo", text="by key"))["result"]["content"][0]["text"] == "by key"
            assert (await agent.call(node, "fail"))["error"]["data"]["error"] == "scope"
        key = parse_qs(urlsplit(agent.path).query)["key"][0]
        assert len(key) == 32 and int(key, 16) > 0 and token not in agent.path
        refused = await agent._http.post(doors.b.base + altered(agent.path, key=flipped(key)), json={})
        assert refused.status_code == 401
        session = doors.redis.client.hgetall(f"satgate:{{acme}}:session:{parse_qs(urlsplit(agent.path).query)['sessionId'][0]}")
        assert not any(secret.encode() in part if isinstance(part, bytes) else secret in part
                       for secret in (key, token) for pair in session.items() for part in pair)
    for node in (doors.a, doors.b):
        printed = node.process.printed()
        assert "listening on" in printed
        for secret in (token, quote(token, safe=""), token[:40], key):
            assert secret not in printed, "a secret in the log"


async def test_a_key_opens_only_its_own_stream_and_no_longer_than_that_lives(doors):
    token = doors.cell.mint("acme")
    async with URLStream(token, doors.a) as agent, URLStream(token, doors.a) as other, Stream(doors.cell.mint("acme"), doors.a) as proved:
        query = parse_qs(urlsplit(agent.path).query)
        another = parse_qs(urlsplit(other.path).query)
        assert query["key"] != another["key"] and "key" not in proved.path
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        attempts = {
            "the key of another stream": altered(agent.path, key=another["key"][0]),
            "no key": altered(agent.path, key=""), "a short key": altered(agent.path, key="0" * 31),
            "an upper-case key": altered(agent.path, key=query["key"][0].upper() if query["key"][0].upper() != query["key"][0] else "F" * 32),
            "another tenant": altered(agent.path, tenant="other"), "no tenant": altered(agent.path, tenant=""),
            "a tenant that forges a key": altered(agent.path, tenant="acme}:session:{x"),
            "the key twice": f"{agent.path}&key={query['key'][0]}",
            "a session without a key": f"{proved.path}&tenant=acme&key={query['key'][0]}",
            "an unknown session": altered(agent.path, sessionId="0" * 32),
        }
        for name, path in attempts.items():
            for node in (doors.a, doors.b):
                answer = await agent._http.post(node.base + path, json=ping)
                assert answer.status_code == 401, name
                assert "www-authenticate" in answer.headers
        assert (await agent._http.post(doors.b.base + agent.path, json=ping)).status_code == 202
        path = agent.path
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(100):
            if (await http.post(doors.b.base + path, json=ping)).status_code == 401:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the key outlives its stream")


async def test_the_token_behind_a_key_is_judged_at_each_message(doors):
    short = doors.cell.mint("acme")
    async with URLStream(short, doors.a) as agent:
        key = f"satgate:{{acme}}:session:{parse_qs(urlsplit(agent.path).query)['sessionId'][0]}"
        kept = json.loads(doors.redis.client.hget(key, "pass"))
        doors.redis.client.hset(key, "pass", json.dumps({**kept, "expires": "1"}))
        answer = await agent._http.post(doors.b.base + agent.path, json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
        assert answer.status_code == 401, "b has not seen the session before"


async def test_where_the_operator_does_not_let_it_a_token_in_a_url_is_none(doors):
    token = doors.cell.mint("acme")
    async with httpx.AsyncClient(trust_env=False) as http, URLStream(token, doors.a) as agent:
        assert (await http.get(f"{doors.strict.sse}?token={quote(token, safe='')}")).status_code == 401
        assert (await http.post(doors.strict.base + agent.path, json={"jsonrpc": "2.0", "id": 1, "method": "ping"})).status_code == 401
        for wrong in ("", "x", quote(token[:-2], safe=""), "%zz", quote(token, safe="") + "&token=" + quote(token, safe="")):
            assert (await http.get(f"{doors.a.sse}?token={wrong}")).status_code == 401, wrong
        assert (await http.post(f"{doors.a.mcp}?token={quote(token, safe='')}", json={})).status_code == 401, "only /sse"
    assert token[:40] not in doors.strict.process.printed()
