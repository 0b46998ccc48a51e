"""Events that are kept and not published, as on a cluster where each PUBLISH goes to every server."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testbed.agent import Agent
from testbed.feed import Watcher
from testbed.node import Cell, tenant
from testbed.operators import Operators
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.topologies import RedisCluster
from testbed.upstream import LightUpstream

CALLS = 40


@pytest.mark.parametrize("start", [RedisServer, RedisCluster])
async def test_dashboards_see_every_event_once_and_in_order_though_none_is_published(tmp_path: Path, start: Callable[[Path], Any]) -> None:
    redis, upstream, operators = start(tmp_path), LightUpstream(tmp_path), Operators(tmp_path)
    document = tenant("acme", {"light": upstream.url}, tariff={"default": 1}, budgets={"team": {"limit": 1000}}, default_budget="team")
    cell = Cell(tmp_path, redis, [document])
    cell.environment.update({**operators.settings, "SATGATE_EVENTS_PUBLISH": "false"})
    a, b = cell.node("a"), cell.node("b")
    # A server of a cluster hears what is published at any.
    ear = (redis.servers[0].client(5) if isinstance(redis, RedisCluster) else redis.connect(5)).pubsub(ignore_subscribe_messages=True)
    ear.psubscribe("satgate:events:*")
    try:
        async with Agent(cell.mint("acme")) as agent, Watcher(operators, b, tenant="acme") as watcher:
            await agent.open(a)
            for number in range(CALLS):
                assert (await agent.call(a, "echo", text=str(number))).text == str(number)
            await soon("the other node's dashboard sees all calls", lambda: watcher.kinds().count("tool_call") >= CALLS, within=15)
            assert watcher.kinds().count("tool_call") == CALLS and watcher.kinds().count("budget_spend") == CALLS
            numbers = watcher.numbers()
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "each once, in order"
            # What begins between two looks at the streams is seen by one who goes on from a cursor, too.
            assert (await agent.call(b, "echo", text="more")).text == "more"
            await watcher.resume(a)
            await soon("it goes on where it was", lambda: watcher.kinds().count("tool_call") == CALLS + 1, within=15)
        heard = [message for _ in range(5) if (message := ear.get_message(timeout=0.1))]
        assert not heard, heard
    finally:
        a.stop(), b.stop()
        upstream.stop()
        redis.stop()

