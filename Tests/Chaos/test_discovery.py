"""A tenant is discovered once for the whole cluster, and only a tenant never seen before waits."""
from __future__ import annotations

import asyncio
import time

import pytest

from conftest import Field, title
from testbed.cluster import Watchers, names
from testbed.upstream import LightUpstream

DELAY = 0.2
DEADLINE = 3.0
# handshake: a probe for the stateless era, initialize, notifications/initialized, tools/list; modern: server/discover, tools/list
ROUND_TRIPS = {"handshake": 4, "modern": 2, "both": 2}


def bound(seconds: float, short: bool) -> float:
    """What may be added to it is 250 ms; more where others use the machine."""
    return seconds + (1.5 if short else 0.25)


def tools(upstreams: list[LightUpstream]) -> list[str]:
    return sorted(f"{title(upstream)}__{tool}" for upstream in upstreams for tool in ("echo", "fail"))


def discoveries(upstream: LightUpstream) -> dict[str, int]:
    stats = upstream.stats()
    return {key: stats[key] for key in ("initializes", "discovers", "lists", "sessionsOpened")}


async def timed(watchers: Watchers) -> tuple[float, list[list[str]]]:
    """The seconds until the last node has answered, and what each shows."""
    began = time.monotonic()
    lists = await watchers.lists()
    took = time.monotonic() - began
    assert len(set(lists)) == 1, f"the nodes show different lists: {[names(listed) for listed in lists]}"
    return took, [names(listed) for listed in lists]


@pytest.mark.parametrize("era", ROUND_TRIPS)
async def test_a_cold_cluster_discovers_each_upstream_once(field: Field, short: bool, era: str):
    field.serve(10, era=era, delay=int(1000 * DELAY), delay_all=True, tools=["echo", "fail"])
    cluster = field.cluster()
    token = cluster.cell.mint()
    cluster.apply(field.document(field.upstreams))
    applied = time.monotonic()
    async with Watchers(cluster, token) as watchers:
        took, shown = await timed(watchers)
        since = time.monotonic() - applied
        assert shown == [tools(field.upstreams)] * 3
        again, _ = await timed(watchers)
        print(f"\n{era}: the first list of a cold cluster came after {1000 * took:.0f} ms, {1000 * since:.0f} ms after the tenant was applied;"
              f" the next after {1000 * again:.0f} ms")
        assert took < bound(ROUND_TRIPS[era] * DELAY, short)
        assert again < bound(0, short), "known tenants do not wait"
        await asyncio.sleep(1)  # for a second discovery, if there is one
    for upstream in field.upstreams:
        counted = discoveries(upstream)
        assert counted["lists"] == 1, counted
        assert counted["initializes"] == counted["sessionsOpened"] == (1 if era == "handshake" else 0), counted
        assert counted["discovers"] == (0 if era == "handshake" else 1), counted


async def test_one_that_hangs_costs_its_deadline_once_and_hides_no_other(field: Field, short: bool):
    field.serve(10, delay=int(1000 * DELAY), delay_all=True, tools=["echo", "fail"])
    field.upstreams[4].behave(hang=True)
    sound = field.upstreams[:4] + field.upstreams[5:]
    cluster = field.cluster()
    token = cluster.cell.mint()
    cluster.apply(field.document(field.upstreams))
    async with Watchers(cluster, token) as watchers:
        took, shown = await timed(watchers)
        assert shown == [tools(sound)] * 3
        again, _ = await timed(watchers)
        # a node that joins finds what the others know
        cluster.nodes.append(cluster.start("late"))
        async with Watchers(cluster, token) as more:
            late, shown = await timed(more)
        assert shown == [tools(sound)] * 4
        print(f"\none of ten hangs: the first list came after {1000 * took:.0f} ms, the next after {1000 * again:.0f} ms,"
              f" with one more node after {1000 * late:.0f} ms")
        assert took < bound(DEADLINE, short)
        assert max(again, late) < bound(0, short), "only a tenant never discovered before waits"
        for upstream in sound:
            assert discoveries(upstream)["lists"] == 1, upstream.stats()
        field.upstreams[4].behave()
        await watchers.agree(tools(field.upstreams), within=35)
