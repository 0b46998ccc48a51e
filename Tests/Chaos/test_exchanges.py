"""Many sessions at once whose requests have the same ids, each request by a random one of three nodes: every answer finds its question."""
from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack

import pytest

from conftest import Field
from testbed.agent import Agent, Stream

SESSIONS = 25


async def converse(exchange, strangers, nodes, count: int, seed: int) -> None:
    """All sessions ask under the ids 1, "1", 2, "2", … at the same time; in each round both of a number, the slower one first."""
    chance = random.Random(seed)

    async def one(session: int, number: int | str, pause: int) -> None:
        said = f"session {session} request {number!r}"
        tool, arguments = ("slow", {"ms": pause, "text": said}) if pause else ("echo", {"text": said})
        message = await exchange(session, chance.choice(nodes), number, {"name": tool, "arguments": arguments})
        assert type(message["id"]) is type(number) and message["id"] == number, message
        if not pause:
            assert message["result"]["content"][0]["text"] == said, (said, message)

    begun = time.monotonic()
    for number in range(1, count // (2 * SESSIONS) + 1):
        pause = chance.choice([0, 0, 0, 20])
        await asyncio.gather(*(one(session, identifier, pause if identifier == number else 0)
                               for session in range(SESSIONS) for identifier in (number, str(number))))
    print(f"{count} exchanges in {time.monotonic() - begun:.1f} s")
    assert not strangers(), "messages that nobody waited for"


@pytest.mark.limit(600)
async def test_exchanges_by_legacy_sse_lose_and_swap_nothing(field: Field, short: bool):
    upstreams = field.serve(1, delay=0)
    cluster = field.cluster(3)
    cluster.apply(field.document(upstreams))
    token, prefix, chance = cluster.cell.mint(), "up0__", random.Random(1)
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(Stream(token, chance.choice(cluster.nodes))) for _ in range(SESSIONS)]
        await asyncio.gather(*(stream.open() for stream in streams))

        async def exchange(session, node, number, params):
            return await streams[session].ask(node, "tools/call", {**params, "name": prefix + params["name"]}, within=60, number=number)
        # the handshake had an id of its own
        for stream in streams:
            stream.stray.clear()
        await converse(exchange, lambda: [each for stream in streams for each in stream.stray], cluster.nodes, 1000 if short else 10_000, 2)
    assert sum(upstreams[0].stats()["calls"].values()) == (1000 if short else 10_000)


@pytest.mark.limit(600)
async def test_exchanges_by_streamable_http_lose_and_swap_nothing(field: Field, short: bool):
    upstreams = field.serve(1, delay=0)
    cluster = field.cluster(3)
    cluster.apply(field.document(upstreams))
    token, prefix, chance = cluster.cell.mint(), "up0__", random.Random(3)
    async with AsyncExitStack() as stack:
        agents = [await stack.enter_async_context(Agent(token, timeout=60)) for _ in range(SESSIONS)]
        await asyncio.gather(*(agent.open(chance.choice(cluster.nodes)) for agent in agents))

        async def exchange(session, node, number, params):
            reply = await agents[session].ask(node, "tools/call", {**params, "name": prefix + params["name"]}, number)
            assert reply.status == 200, (reply.status, reply.raw)
            return reply.message
        await converse(exchange, list, cluster.nodes, 1000 if short else 10_000, 4)
    assert sum(upstreams[0].stats()["calls"].values()) == (1000 if short else 10_000)
