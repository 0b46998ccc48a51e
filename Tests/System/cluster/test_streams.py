"""The streams on which agents are told of things outside any request."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from testbed.agent import Agent, Listener, Stream
from testbed.node import Cell, Node, run, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.topologies import any_redis
from testbed.upstream import LightUpstream

CHANGED = "notifications/tools/list_changed"
# what a change may take until agents hear of it, on a machine that is busy
SOON = 4.0


@dataclass
class Wire:
    redis: RedisServer
    upstream: LightUpstream
    cell: Cell
    a: Node
    b: Node


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    directory = tmp_path_factory.mktemp("streams")
    redis = any_redis(directory)
    upstream = LightUpstream(directory, tools=["echo", "fail", "slow"])
    cell = Cell(directory, redis, [tenant(name, {"light": upstream.url}, unbudgeted="allow") for name in ("acme", "other")])
    a, b = (cell.node(name, SATGATE_LOOPS="2", SATGATE_SSE_KEEPALIVE="200") for name in "ab")
    yield Wire(redis, upstream, cell, a, b)
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    upstream.stop()
    redis.stop()


async def told(listener, times: int = 1, methods: list[str] = [CHANGED]) -> None:
    """The stream has brought so many `list_changed`."""
    messages = listener.messages if isinstance(listener, Listener) else listener.stray

    async def come():
        return len(messages) >= times * len(methods)
    await soon("the stream tells of the change", come, within=SOON, every=0.01)
    assert [message["method"] for message in messages] == methods * times, messages


async def closes(listener: Listener) -> None:
    await asyncio.wait_for(listener.closed.wait(), SOON)


async def test_the_newest_stream_of_a_session_wins_whichever_node_it_is_at_and_makes_up_for_what_was_missed(wire):
    async with Agent(wire.cell.mint()) as agent, AsyncExitStack() as stack:
        await agent.open(wire.a)
        held = await stack.enter_async_context(Listener(agent, wire.a))
        for node in (wire.b, wire.b, wire.a, wire.b, wire.a):
            newer = await stack.enter_async_context(Listener(agent, node))
            assert newer.status == 200
            await closes(held)
            assert not newer.closed.is_set()
            await told(newer, methods=[f"notifications/{kind}/list_changed" for kind in ("tools", "prompts", "resources")])
            held = newer
        # two at once: one of them is left
        both = await asyncio.gather(*(stack.enter_async_context(Listener(agent, node)) for node in (wire.a, wire.b)))
        await closes(held)

        async def one_left():
            return sum(listener.closed.is_set() for listener in both) == 1
        await soon("one is left", one_left, within=SOON)


async def test_a_stream_ends_with_its_session_wherever_that_is_ended(wire):
    async with Agent(wire.cell.mint()) as agent:
        await agent.open(wire.a)
        async with Listener(agent, wire.a) as listener:
            assert listener.status == 200
            assert (await agent.close(wire.b)).status == 204
            await closes(listener)
        async with Listener(agent, wire.a) as listener:
            assert listener.status == 404


async def test_a_stream_ends_when_its_token_expires(wire):
    token = wire.cell.mint("acme", "--expires", "2s")
    async with Agent(token) as agent:
        begun = time.monotonic()
        await agent.open(wire.a)
        async with Listener(agent, wire.b) as listener:
            assert listener.status == 200
            await closes(listener)
        assert time.monotonic() - begun > 1


async def test_an_open_stream_keeps_its_session_alive_and_says_so(wire):
    async with Agent(wire.cell.mint()) as agent:
        session = await agent.open(wire.a)
        key = f"satgate:{{acme}}:session:{session}"
        feed = wire.redis.client.pubsub()
        feed.subscribe("satgate:events:acme")
        async with Listener(agent, wire.b) as listener:
            wire.redis.client.pexpire(key, 60_000)

            async def alive():
                return listener.comments >= 2 and wire.redis.client.pttl(key) > 60_000
            await soon("it is kept alive", alive, within=SOON)

            async def seen():
                message = feed.get_message(timeout=0.05)
                return bool(message) and b"session_keepalive" in _bytes(message["data"]) and session.encode() in _bytes(message["data"])
            await soon("it is told", seen, within=SOON, every=0.001)
        feed.close()


def _bytes(data) -> bytes:
    return data if isinstance(data, bytes) else str(data).encode()


async def test_each_stream_of_the_tenant_on_every_node_is_told_once_of_a_change_and_nobody_else(wire):
    async with AsyncExitStack() as stack:
        listeners = []
        for node in (wire.a, wire.b):
            agent = await stack.enter_async_context(Agent(wire.cell.mint()))
            await agent.open(wire.a)
            assert "echo" in [tool["name"] for tool in (await agent.ask(node, "tools/list")).result["tools"]]
            listeners.append(await stack.enter_async_context(Listener(agent, node)))
            stream = await stack.enter_async_context(Stream(wire.cell.mint(), node))
            assert (await stream.open())["capabilities"]["tools"] == {"listChanged": True}
            listeners.append(stream)
        silent = await stack.enter_async_context(Stream(wire.cell.mint(), wire.a))
        stranger = await stack.enter_async_context(Agent(wire.cell.mint("other")))
        await stranger.open(wire.a)
        elsewhere = await stack.enter_async_context(Listener(stranger, wire.a))
        # a price of one tenant
        file = wire.cell.directory / "applied.yaml"
        file.write_text(wire.cell.tenants.read_text().replace('"unbudgeted": "allow"', '"unbudgeted": "allow", "tariff": {"default": 7}', 1))
        applied = run("tenant", "apply", "-f", str(file), env={"SATGATE_REDIS_URL": wire.redis.url})
        assert applied.returncode == 0, applied.stderr
        for listener in listeners:
            await told(listener)
        # the tools of the upstream, which both tenants have
        wire.upstream.show("echo")
        for listener in listeners:
            await told(listener, 2)
        await told(elsewhere)
        listed = await agent.ask(wire.b, "tools/list")
        assert [tool["name"] for tool in listed.result["tools"]] == ["ping", "echo"]
        wire.upstream.show("echo", "fail", "slow")
        for listener in listeners:
            await told(listener, 3)
        await told(elsewhere, 2)
        assert silent.stray == [], "nothing before the handshake"
