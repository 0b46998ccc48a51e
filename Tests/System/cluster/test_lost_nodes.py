"""A client that reads 200 steps of progress loses its node to kill -9 halfway, and has each step exactly once from others."""
from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.agent import Agent
from testbed.cluster import Cluster
from testbed.heard import Heard
from testbed.node import tenant
from testbed.process import soon
from testbed.upstream import LightUpstream

STEPS = 200


@pytest.fixture
def three(tmp_path: Path) -> Iterator[tuple[Cluster, LightUpstream]]:
    upstream = LightUpstream(tmp_path)
    cluster = Cluster(tmp_path, 3, ["acme"])
    cluster.apply(tenant("acme", {"light": upstream.url}, unbudgeted="allow"))
    yield cluster, upstream
    cluster.stop()
    upstream.stop()


def kept(cluster: Cluster, session: str) -> int:
    """How many of the answer's events are kept."""
    found = list(cluster.redis.client.scan_iter(match=f"satgate:{{acme}}:outbox:{session}:*:state"))
    return int(cluster.redis.client.hget(found[0], "last") or 0) if found else 0


def lose(cluster: Cluster, number: int) -> None:
    cluster.nodes[number].kill()


async def test_the_call_having_been_answered(three):
    cluster, upstream = three
    async with Agent(cluster.cell.mint()) as agent:
        session = await agent.open(cluster.nodes[0])
        heard = Heard()
        await heard.call(agent, cluster.nodes[0], STEPS, 2, STEPS // 2)
        await soon("the call is answered", lambda: kept(cluster, session) >= STEPS + 1)
        lose(cluster, 0)
        await asyncio.wait_for(heard.resume(agent, cluster.nodes[1]), 15)
        heard.check(STEPS)
        assert upstream.calls("progress") == 1
    cluster.nodes.pop(0)


async def test_the_call_running_at_another_node_than_the_one_that_is_lost(three):
    cluster, upstream = three
    async with Agent(cluster.cell.mint()) as agent:
        await agent.open(cluster.nodes[0])
        heard = Heard()
        # the connection to the node that runs the call is lost first, then the node that delivered it after that
        await heard.call(agent, cluster.nodes[0], STEPS, 20, 20)
        reading = asyncio.create_task(heard.resume(agent, cluster.nodes[1]))
        await soon("half of it is delivered", lambda: len(heard.steps) >= STEPS // 2, within=15)
        assert heard.answer is None
        lose(cluster, 1)
        with pytest.raises(Exception):
            await asyncio.wait_for(reading, 10)
        assert heard.answer is None
        await asyncio.wait_for(heard.resume(agent, cluster.nodes[2]), 15)
        heard.check(STEPS)
        assert upstream.calls("progress") == 1
    cluster.nodes.pop(1)
