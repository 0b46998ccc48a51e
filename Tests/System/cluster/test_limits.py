"""What one token and one session may hold at once, and what is said where that is too much."""
from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from testbed.agent import Agent, Stream
from testbed.node import Cell, Node, tenant
from testbed.process import soon
from testbed.stateless import Stateless
from testbed.topologies import any_redis
from testbed.upstream import LightUpstream


@dataclass
class Tight:
    upstream: LightUpstream
    cell: Cell
    a: Node
    b: Node


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tight]:
    directory = tmp_path_factory.mktemp("tight")
    redis = any_redis(directory)
    upstream = LightUpstream(directory)
    cell = Cell(directory, redis, [tenant("acme", {"light": upstream.url}, unbudgeted="allow")])
    a, b = (cell.node(name, SATGATE_LIMITS_SESSIONS="3", SATGATE_LIMITS_RESUMPTIONS="2") for name in "ab")
    yield Tight(upstream, cell, a, b)
    assert (a.stop(), b.stop()) == (0, 0)
    upstream.stop()
    redis.stop()


BEGIN = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


async def test_a_token_has_no_more_sessions_than_it_may_at_all_nodes_together(tight):
    token = tight.cell.mint()
    agents = [Agent(token) for _ in range(3)]
    for number, agent in enumerate(agents):
        await agent.open((tight.a, tight.b)[number % 2])
    async with Agent(token) as late, Agent(tight.cell.mint()) as other, Stateless(token) as stateless:
        for node in (tight.a, tight.b):
            refused = await late.ask(node, "initialize", BEGIN)
            assert (refused.status, refused.label, refused.message["id"]) == (429, "too_many_sessions", 1 if node is tight.a else 2)
            assert "mcp-session-id" not in refused.headers
        async with late._http.stream("GET", tight.a.sse, headers={"Accept": "text/event-stream"}) as response:
            assert response.status_code == 429
        call = await stateless.ask(tight.b, "tools/call", {"name": "echo", "arguments": {"text": "x"}})
        assert (call.status, call.label) == (429, "too_many_sessions")
        assert await other.open(tight.a), "another token has its own"
        assert (await agents[0].call(tight.b, "echo", text="goes on")).text == "goes on"
        assert (await agents[0].close(tight.b)).status == 204
        assert await late.open(tight.a), "one has ended"
        assert (await late.ask(tight.a, "ping")).status == 200
    for agent in agents:
        await agent.__aexit__()


async def test_a_session_goes_on_reading_no_more_answers_at_once_than_it_may(tight):
    async with Agent(tight.cell.mint()) as agent:
        await agent.open(tight.a)
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "progress", "arguments": {"steps": 100, "delayMs": 50}, "_meta": {"progressToken": "p"}}})
        async with agent._http.stream("POST", tight.a.mcp, content=body, headers=agent.headers()) as response:
            place = ""
            async for line in response.aiter_lines():
                if line.startswith("id: "):
                    place = line[4:]
                    if not place.endswith("-0"):
                        break
        resume = agent.headers(Accept="text/event-stream", **{"Last-Event-ID": place})

        async def reader(opened: asyncio.Event) -> int:
            async with agent._http.stream("GET", tight.b.mcp, headers=resume) as response:
                opened.set()
                async for _ in response.aiter_lines():
                    pass
                return response.status_code
        # the newest reader is the only one: the older ends as soon as it is told
        opened = [asyncio.Event(), asyncio.Event()]
        older = asyncio.create_task(reader(opened[0]))
        await asyncio.wait_for(opened[0].wait(), 10)
        newer = asyncio.create_task(reader(opened[1]))
        assert await asyncio.wait_for(older, 10) == 200
        newer.cancel()
        await asyncio.gather(newer, return_exceptions=True)


async def test_more_readers_than_a_session_may_have_are_refused_and_may_come_again(tight):
    async with Agent(tight.cell.mint()) as agent:
        await agent.open(tight.a)
        places: list[str] = []
        for number in range(3):
            body = json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {
                "name": "progress", "arguments": {"steps": 120, "delayMs": 50}, "_meta": {"progressToken": "p"}}})
            async with agent._http.stream("POST", tight.a.mcp, content=body, headers=agent.headers()) as response:
                async for line in response.aiter_lines():
                    if line.startswith("id: ") and not line.endswith("-0"):
                        places.append(line[4:])
                        break

        def headers(place: str) -> dict[str, str]:
            return agent.headers(Accept="text/event-stream", **{"Last-Event-ID": place})
        async with agent._http.stream("GET", tight.b.mcp, headers=headers(places[0])) as one, \
                agent._http.stream("GET", tight.b.mcp, headers=headers(places[1])) as two:
            assert (one.status_code, two.status_code) == (200, 200)
            refused = await agent.request("GET", tight.b.mcp, headers=headers(places[2]))
            assert (refused.status, refused.label) == (429, "too_many_streams")
            async with agent._http.stream("GET", tight.a.mcp, headers=headers(places[2])) as other:
                assert other.status_code == 200, "each node counts its own"

        async def again() -> bool:
            async with agent._http.stream("GET", tight.b.mcp, headers=headers(places[2])) as response:
                return response.status_code == 200
        await soon("a place is free again", again)


async def test_what_is_resumed_elsewhere_comes_as_it_is_made(tight):
    """Polling alone would bring the events in six heaps at most, half a second and more apart."""
    async with Agent(tight.cell.mint()) as agent:
        await agent.open(tight.a)
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "progress", "arguments": {"steps": 30, "delayMs": 100}, "_meta": {"progressToken": "p"}}})
        place = ""
        async with agent._http.stream("POST", tight.a.mcp, content=body, headers=agent.headers()) as response:
            async for line in response.aiter_lines():
                if line.startswith("id: ") and not line.endswith("-0"):
                    place = line[4:]
                    break
        headers = agent.headers(Accept="text/event-stream", **{"Last-Event-ID": place})
        arrivals: list[float] = []
        async with agent._http.stream("GET", tight.b.mcp, headers=headers, timeout=httpx.Timeout(20)) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    arrivals.append(time.monotonic())
        pauses = sum(later - earlier > 0.03 for earlier, later in zip(arrivals, arrivals[1:]))
        assert len(arrivals) == 30, len(arrivals)
        assert pauses >= 12, f"{pauses} pauses between 30 events: they came in heaps"
