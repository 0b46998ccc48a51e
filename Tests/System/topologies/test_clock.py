"""Servers of a cluster whose wall clocks differ: all nodes go by one of them, that of the owner of slot 0."""
from __future__ import annotations

from pathlib import Path

import pytest

from testbed.agent import Agent
from testbed.node import Cell, Node, run, tenant
from testbed.process import soon
from testbed.topologies import RedisCluster
from testbed.upstream import LightUpstream

AHEAD, LIFE = 600, 300  # seconds by which a server's clock is wrong, and that a token lives


async def status(token: str, node: Node) -> int:
    """With which the node answers that token's holder."""
    async with Agent(token) as agent:
        return (await agent.ask(node, "initialize", {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}})).status


@pytest.mark.parametrize("ahead, before, after", [({0: AHEAD}, 401, 200), ({3: AHEAD}, 200, 401), ({1: AHEAD, 2: AHEAD}, 200, 200)])
async def test_a_token_is_judged_by_the_clock_of_slot_zero_at_every_node_also_when_that_changes(
        tmp_path: Path, ahead: dict[int, int], before: int, after: int) -> None:
    redis, upstream = RedisCluster(tmp_path, ahead=ahead), LightUpstream(tmp_path)
    cell = Cell(tmp_path, redis, [tenant("acme", {"light": upstream.url})])
    nodes = [cell.node("a"), cell.node("b")]
    minted = run("token", "mint", "--keys", str(cell.keys), "--key", "key-acme", "--tenant", "acme", "--expires", f"{LIFE}s")
    token = minted.stdout.strip()
    assert minted.returncode == 0 and token, minted.stderr

    async def judged(expected: int) -> bool:
        """At every node alike; one that is just starting may have looked at another server's clock first."""
        return [await status(token, node) for node in nodes] == [expected] * 2
    try:
        assert redis.master_of("{3560}") == 0, "the owner of slot 0"
        await soon("all nodes go by the owner's clock", lambda: judged(before), within=15)
        redis.failover("{3560}")
        await soon("its replica has taken over", lambda: redis.master_of("{3560}") == 3, within=30)
        await soon("all nodes go by the new owner's clock", lambda: judged(after), within=30)
    finally:
        for node in nodes:
            node.stop()
        upstream.stop()
        redis.stop()
