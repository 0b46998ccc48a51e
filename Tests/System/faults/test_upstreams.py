"""Upstreams that are slow, dead, or die: who pays, and who is not bothered."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from testbed.agent import Agent
from testbed.books import MICROS, Books
from testbed.node import Cell, Node, tenant
from testbed.process import free_port, soon
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream


@dataclass
class Field:
    cell: Cell
    node: Node
    sound: LightUpstream
    mortal: LightUpstream
    books: Books


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    """A tenant with a sound upstream, one that tests kill, and one that was never there; all tools by their prefixed names."""
    redis, sound, mortal = RedisServer(tmp_path), LightUpstream(tmp_path, "sound"), LightUpstream(tmp_path, "mortal")
    cell = Cell(tmp_path, redis, [tenant(
        "acme", {"absent": {"url": f"http://127.0.0.1:{free_port()}/mcp"}, "sound": {"url": sound.url, "timeout": "30s"},
                 "mortal": {"url": mortal.url, "timeout": "1s"}},
        naming="always", tariff={"default": 1}, budgets={"team": {"limit": 100}}, default_budget="team")])
    node = cell.node("node")
    yield Field(cell, node, sound, mortal, Books(redis))
    node.stop()
    for upstream in (sound, mortal):
        upstream.stop()
    redis.stop()


async def test_a_dead_upstream_neither_hides_nor_delays_the_others(field):
    began = time.monotonic()
    async with Agent(field.cell.mint()) as agent:
        await agent.open(field.node)
        listed = (await agent.ask(field.node, "tools/list")).result["tools"]
        assert time.monotonic() - began < 4
        names = {tool["name"] for tool in listed}
        assert {"ping", "sound__echo", "mortal__echo"} <= names
        assert not [name for name in names if name.startswith("absent")]
        assert (await agent.call(field.node, "sound__echo", text="here")).text == "here"


async def test_a_call_past_its_upstreams_timeout_is_answered_and_charged(field):
    async with Agent(field.cell.mint()) as agent:
        await agent.open(field.node)
        began = time.monotonic()
        reply = await agent.call(field.node, "mortal__park")
        assert (reply.status, reply.code, reply.label) == (200, -32003, "upstream_timeout"), reply.raw
        assert 0.9 < time.monotonic() - began < 2.5
        assert field.books.quiet("team").spent == 1 * MICROS
        assert (await agent.call(field.node, "mortal__echo", text="next")).text == "next"


async def test_an_upstream_that_dies_under_a_call_is_charged_and_then_free(field):
    async with Agent(field.cell.mint()) as agent:
        await agent.open(field.node)
        call = asyncio.create_task(agent.call(field.node, "mortal__slow", ms=900))
        await soon("the call runs", lambda: field.mortal.calls("slow") == 1)
        field.mortal.process.kill()
        reply = await call
        assert (reply.status, reply.code, reply.label) == (200, -32002, "upstream_error"), reply.raw
        assert field.books.quiet("team").spent == 1 * MICROS
        for _ in range(3):
            # nothing listens there any more: provably not run
            reply = await agent.call(field.node, "mortal__echo", text="anyone?")
            assert reply.code in (-32002, -32602), reply.raw
        assert field.books.quiet("team").spent == 1 * MICROS
        assert (await agent.call(field.node, "sound__echo", text="here")).text == "here"
        assert field.books.quiet("team").spent == 2 * MICROS


async def test_an_agent_that_goes_away_pays_for_what_it_started(field):
    async with Agent(field.cell.mint()) as agent:
        await agent.open(field.node)
        call = asyncio.create_task(agent.call(field.node, "sound__slow", ms=500))
        await soon("the call runs", lambda: field.sound.calls("slow") == 1)
        call.cancel()
    await soon("the call is charged", lambda: field.books.spent("team") == 1)
    assert field.books.quiet("team").spent == 1 * MICROS


async def test_what_the_upstream_refused_unread_is_free(field):
    async with Agent(field.cell.mint()) as agent:
        await agent.open(field.node)
        for code in (-32700, -32600, -32601, -32602):
            assert (await agent.call(field.node, "sound__protocol_error", code=code)).code == code
        assert field.books.quiet("team").spent == 0
        assert (await agent.call(field.node, "sound__protocol_error", code=-32603)).code == -32603
        assert field.books.quiet("team").spent == 1 * MICROS
