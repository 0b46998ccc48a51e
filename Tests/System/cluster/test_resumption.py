"""A call's answer goes on at another node when the connection, or the node, was lost."""
from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from testbed.agent import Agent
from testbed.heard import Heard
from testbed.node import Cell, Node, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.topologies import any_redis
from testbed.upstream import LightUpstream


@dataclass
class Wire:
    redis: RedisServer
    upstream: LightUpstream
    cell: Cell
    a: Node
    b: Node


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    directory = tmp_path_factory.mktemp("resumption")
    redis = any_redis(directory)
    upstream = LightUpstream(directory)
    cell = Cell(directory, redis, [tenant("acme", {"light": upstream.url}, budgets={"team": {"limit": 1000}}, default_budget="team")])
    a, b = (cell.node(name, SATGATE_LOOPS="2") for name in "ab")
    yield Wire(redis, upstream, cell, a, b)
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    upstream.stop()
    redis.stop()


async def test_a_stream_begins_with_a_place_to_go_on_from(wire):
    async with Agent(wire.cell.mint()) as agent:
        await agent.open(wire.a)
        heard = Heard()
        await heard.call(agent, wire.a, 3, 1, 1 << 30)
        heard.check(3)
        assert heard.primed == 1 and heard.retries == ["1000"]


async def test_an_older_client_is_sent_no_event_without_data(wire):
    async with Agent(wire.cell.mint()) as agent:
        reply = await agent.request("POST", wire.a.mcp, json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}).encode(),
            {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"})
        session = {"Mcp-Session-Id": reply.headers["mcp-session-id"], "MCP-Protocol-Version": "2025-06-18"}
        agent.headers = lambda **extra: {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **session, **extra}
        heard = Heard()
        await heard.call(agent, wire.a, 20, 5, 4)
        await heard.resume(agent, wire.b)
        heard.check(20)
        assert heard.primed == 0 and heard.retries == []


@pytest.mark.parametrize("other", [False, True], ids=["at the same node", "at the other node"])
async def test_a_lost_connection_is_no_cancel_and_the_answer_comes_on_the_next(wire, other):
    async with Agent(wire.cell.mint()) as agent:
        await agent.open(wire.a)
        ran = wire.upstream.calls("progress")
        heard = Heard()
        await heard.call(agent, wire.a, 40, 20, 5)
        # once while it runs, once more, and to the end
        await heard.resume(agent, wire.b if other else wire.a, 12)
        await heard.resume(agent, wire.a, 20)
        await heard.resume(agent, wire.b if other else wire.a)
        heard.check(40)
        assert wire.upstream.calls("progress") == ran + 1
        # after its end from any place
        again = Heard(last=heard.ids[30])
        await again.resume(agent, wire.b)
        assert again.ids == heard.ids[31:] and again.messages == heard.messages[31:]
        nothing = Heard(last=heard.ids[-1])
        await nothing.resume(agent, wire.b)
        assert nothing.messages == []


async def test_after_the_death_of_the_calls_node_what_it_kept_comes_once_and_then_that_it_is_lost(wire):
    node = wire.cell.node("mortal")
    async with Agent(wire.cell.mint()) as agent:
        await agent.open(node)
        heard = Heard()
        session = agent.session
        await heard.call(agent, node, 1000, 20, 5)

        async def went_on():
            kept = list(wire.redis.client.scan_iter(match=f"satgate:{{acme}}:outbox:{session}:*:state"))
            return bool(kept) and int(wire.redis.client.hget(kept[0], "last")) >= 15
        await soon("the call goes on without its agent", went_on)
        node.kill()
        await asyncio.wait_for(heard.resume(agent, wire.b), 15)
        answer = heard.messages[-1]
        assert (answer["id"], answer["error"]["code"], answer["error"]["data"]["error"]) == ("the call", -32603, "node_lost")
        assert len(heard.steps) >= 15 and heard.steps == list(range(1, len(heard.steps) + 1))


async def test_what_was_missed_beyond_what_is_kept_ends_the_answer_with_a_reason(wire):
    async with Agent(wire.cell.mint()) as agent:
        await agent.open(wire.a)
        heard = Heard()
        await heard.call(agent, wire.a, 1100, 0, 1 << 30)
        late = Heard(last=heard.ids[2])
        await late.resume(agent, wire.b)
        assert [message["error"]["data"]["error"] for message in late.messages] == ["replay_expired"]
        assert late.messages[0]["id"] == "the call" and late.messages[0]["error"]["code"] == -32603


async def test_a_place_of_another_session_or_of_no_stream_is_refused(wire):
    async with Agent(wire.cell.mint()) as agent, Agent(wire.cell.mint()) as other:
        await agent.open(wire.a)
        await other.open(wire.a)
        heard = Heard()
        await heard.call(agent, wire.a, 3, 1, 1 << 30)
        for wrong in ("0", "-1", str(1 << 64), "a;b", "0" * 16 + "-1", heard.last + "0" * 20, "*-1"):
            reply = await agent.request("GET", wire.b.mcp, headers=agent.headers(**{"Accept": "text/event-stream", "Last-Event-ID": wrong}))
            assert reply.status == 400, wrong
        reply = await other.request("GET", wire.a.mcp, headers=other.headers(**{"Accept": "text/event-stream", "Last-Event-ID": heard.ids[0]}))
        assert reply.status == 400


async def test_an_answer_without_progress_keeps_nothing(wire):
    async with Agent(wire.cell.mint()) as agent:
        session = await agent.open(wire.a)
        assert (await agent.call(wire.a, "echo", text="plain")).text == "plain"
        assert list(wire.redis.client.scan_iter(match=f"satgate:{{acme}}:outbox:{session}:*")) == []
