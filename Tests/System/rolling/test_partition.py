"""Three nodes on hosts of their own behind haproxy, of which one is cut off from Redis for a while, and from nothing else."""
from __future__ import annotations

import asyncio
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from testbed.agent import Agent
from testbed.books import Books
from testbed.haproxy import Haproxy
from testbed.hosts import HostedNode, HostedRedis, Hosts, unusable
from testbed.light_agent import Kind, LightAgent, Plan, outcomes
from testbed.node import Cell, tenant
from testbed.process import soon
from testbed.tally import tally
from testbed.ticker import Ticker
from testbed.upstream import LightUpstream
from testbed.watchers import Listening, wrong

CUT = 10.0  # seconds
ECHO, SLOW, LONELY = Kind("echo", 2, '"text":"%"', echoes=True), Kind("slow", 5, '"ms":100'), "structured"
WHY = unusable()


def readiness(node: HostedNode) -> int:
    try:
        with urllib.request.urlopen(f"{node.admin}/readyz", timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.skipif(WHY is not None, reason=str(WHY))
@pytest.mark.limit(150)
async def test_a_node_that_is_cut_off_from_redis_forwards_nothing_unpaid_and_serves_its_streams_afterwards(tmp_path: Path):
    hosts = Hosts("redis", "a", "b", "c")
    try:
        redis = HostedRedis(tmp_path, hosts, "redis")
        upstream, ticker = LightUpstream(tmp_path, host="0.0.0.0"), Ticker(1.0, hosts.address)
        cell = Cell(tmp_path, redis, [  # type: ignore[arg-type]
            tenant("acme", {"light": {"url": f"http://{hosts.address}:{upstream.port}/mcp", "timeout": "20s"}},
                   tariff={"default": 1, "tools": {kind.tool: kind.cost for kind in (ECHO, SLOW)}},
                   budgets={"team": {"limit": 1_000_000}}, default_budget="team"),
            tenant("mill", {"ticker": ticker.url}, budgets={"team": {"limit": 1000}}, default_budget="team")])
        nodes = {name: HostedNode(hosts, name, cell, SATGATE_HOLD_LEASE="2000") for name in "abc"}
        haproxy = Haproxy(tmp_path, [(node.address, node.port, node.address, node.admin_port) for node in nodes.values()])
        await asyncio.to_thread(haproxy.wait, 0, 1, 2)

        # what their upstream says comes by way of a node that is not cut off, and goes to streams at all of them
        token = cell.mint("mill")
        listeners = [Listening(haproxy.base, token, number) for number in range(12)]
        for listener in listeners:
            await listener.open(nodes["b"].base, "hello")
        tasks = [asyncio.create_task(listener.run()) for listener in listeners]
        await soon("they listen", lambda: all(listener.connected for listener in listeners))
        for listener in listeners:
            await listener.call()
        await soon("numbers come", lambda: all(listener.numbers for listener in listeners))

        agent = LightAgent(tmp_path, Plan([haproxy.port], cell.mint(), 1500, [ECHO, ECHO, SLOW], "calls", connections=16, eras=("session", "stateless"),
                                          patience=25, pause=150))
        await soon("the load runs", lambda: agent.done > 100, within=30)
        async with Agent(cell.mint("acme")) as lonely:
            await lonely.open(nodes["a"])
            assert readiness(nodes["a"]) == 200
            hosts.cut("a", "redis")
            begun = time.monotonic()
            refused = await lonely.call(nodes["a"], LONELY)
            assert refused.status == 503 and refused.label == "store_unavailable", refused.raw
            await asyncio.to_thread(soonest, nodes["a"], 503, 15)
            assert (await lonely.call(nodes["a"], LONELY)).status == 503
            await asyncio.sleep(max(0.0, begun + CUT - time.monotonic()))
            hosts.heal("a", "redis")
            await asyncio.to_thread(soonest, nodes["a"], 200, 20)
            assert upstream.calls(LONELY) == 0, "what could not be paid for was not made"
        await asyncio.to_thread(haproxy.wait, 0, 1, 2)
        samples = await asyncio.to_thread(agent.finish, 100)

        # new streams and old ones are served again
        told = dict(ticker.told)
        await soon("what is told now is heard", lambda: all(listener.numbers[-1] > max(told.values()) for listener in listeners), within=30)
        ticker.runs = False
        await soon("all that was told is heard", lambda: sum(len(set(listener.numbers)) for listener in listeners) >= sum(ticker.told.values()), within=20)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for listener in listeners:
            assert listener.numbers == list(range(1, len(listener.numbers) + 1)), f"{listener.name}: {listener.numbers}"
        assert not wrong(listeners), wrong(listeners).most_common(3)

        books = Books(redis)  # type: ignore[arg-type]
        await asyncio.to_thread(books.quiet, "team", 20)
        print(f"\n{outcomes(samples)}; {sum(sample.attempts > 1 for sample in samples)} were tried again")
        print(await asyncio.to_thread(tally, books, ["team"], samples, upstream.runs()))
        haproxy.stop()
        for node in nodes.values():
            assert node.stop() == 0, node.process.tail()
        ticker.stop()
        upstream.stop()
        redis.stop()
    finally:
        hosts.stop()


def soonest(node: HostedNode, status: int, within: float) -> None:
    """Waits until the node's readiness has that status."""
    end = time.monotonic() + within
    while (found := readiness(node)) != status:
        assert time.monotonic() < end, f"not {status} within {within} s, but {found}"
        time.sleep(0.1)
