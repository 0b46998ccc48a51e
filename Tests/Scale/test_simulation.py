"""Nodes that talk through one real Redis, by their own code: everything arrives once, where it is to, and Redis does what the plan of
k8s/SCALING.md counts with."""
from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

import arithmetic
from arithmetic import Cost
from resp import Connection, Meter, told_between
from simulation import Simulation
from testbed.redis_server import RedisServer
from testbed.topologies import RedisCluster

DELIVERY = 300  # bytes
CONTROL = len("cancel tenant-1 " + arithmetic.SESSION + " 100")
FACTS = 105  # bytes, about
TOLERANCE = 0.06  # by which Redis may have sent or been sent more or less than the arithmetic says

pytestmark = pytest.mark.usefixtures("files")  # the simulation and Redis inherit them


def near(what: str, measured: float, expected: float) -> None:
    """Prints both; fails where they are too far apart."""
    print(f"  {what}: {measured:,.0f}, by the arithmetic {expected:,.0f} ({measured / expected - 1:+.1%})")
    assert abs(measured - expected) <= TOLERANCE * expected, f"{what}: {measured:.0f} instead of {expected:.0f}"


def by_the_clock(what: str, measured: float, expected: float) -> None:
    """A busy machine makes what goes by the clock rarer, never more frequent."""
    print(f"  {what}: {measured:,.0f}, by the clock {expected:,.0f} ({measured / expected - 1:+.1%})")
    assert 0.5 * expected <= measured <= 1.1 * expected + 2, f"{what}: {measured:.0f} instead of {expected:.0f}"


def all_arrived(told: dict[str, Any], nodes: int, dashboards: int) -> None:
    counts = told["counts"]
    assert not counts["errors"], counts
    assert (counts["refused"], counts["astray"], counts["doubled"], counts["reconnections"]) == (0, 0, 0, 0), counts
    assert counts["delivered"] == counts["deliveries"] > 0, counts
    assert counts["controlled"] == counts["controls"] * nodes > 0, counts
    assert counts["watched"] == counts["events"] * dashboards > 0, counts


def test_what_nodes_make_one_redis_do(tmp_path: Path, short: bool, many: int) -> None:
    nodes, dashboards, seconds = (50, 2, 4) if short else (many, 4, 30)
    redis = RedisServer(tmp_path)
    with Simulation(tmp_path, redis=redis.url, nodes=nodes, dashboards=dashboards, seconds=seconds, size=DELIVERY,
                    subscriptions=1, deliveries=200, controls=10 if short else 2, events=100) as simulation:
        # The list of nodes has been told to all, so what follows is the steady state.
        meter, begun = Meter(Connection(redis.port)), time.monotonic()
        told = simulation.play()
        did, passed = meter.since(), time.monotonic() - begun
    redis.stop()
    counts = told["counts"]
    print(f"\n{nodes} nodes at one Redis, {passed:.1f} s: {counts['deliveries']} deliveries (p50 {told['p50']:.1f} ms, p99 {told['p99']:.1f} ms), "
          f"{counts['controls']} control messages, {counts['events']} events to {dashboards} dashboards")
    all_arrived(told, nodes, dashboards)
    probes = did["publish"] - counts["deliveries"] - counts["controls"] - counts["events"]
    by_the_clock("heartbeats", counts["beats"], nodes * passed / arithmetic.BEAT)
    by_the_clock("facts", counts["facts"], nodes * passed / arithmetic.BEAT)
    by_the_clock("probes", probes, (nodes + dashboards) * passed / arithmetic.PROBE)
    if passed > 2 * arithmetic.LOOK:
        by_the_clock("looks at the clock", did["role"], nodes * passed / arithmetic.LOOK)
    cost = expected(counts, nodes, dashboards, probes, did)
    near("bytes that Redis was sent", did["in"], cost.received)
    near("bytes that Redis sent", did["out"] - meter.reply, cost.sent)


def expected(counts: dict[str, Any], nodes: int, dashboards: int, probes: float, did: dict[str, float]) -> Cost:
    """What Redis should have done for that which was counted."""
    size = round(counts["watchedBytes"] / counts["watched"])
    return (arithmetic.delivery(DELIVERY).times(counts["deliveries"]) + arithmetic.control(CONTROL, nodes).times(counts["controls"])
            + arithmetic.event(size, dashboards).times(counts["events"]) + arithmetic.batch().times(did["evalsha"] - counts["beats"])
            + arithmetic.beat().times(counts["beats"]) + arithmetic.facts(FACTS).times(counts["facts"]) + arithmetic.probe().times(probes)
            + arithmetic.look().times(did["role"]) + arithmetic.taught().times(did.get("eval", 0)))


def test_what_nodes_make_a_cluster_do(tmp_path: Path, short: bool, many: int) -> None:
    nodes, dashboards, seconds = (30, 2, 4) if short else (many, 4, 30)
    cluster = RedisCluster(tmp_path, node_timeout=30_000)  # nobody is taken for dead on a busy machine
    masters = [Connection(each.port) for each in cluster.servers[:3]]
    links = [Connection(each.port) for each in cluster.servers]
    with Simulation(tmp_path, redis=cluster.url, nodes=nodes, dashboards=dashboards, seconds=seconds, size=DELIVERY,
                    subscriptions=2, deliveries=200, controls=10 if short else 2, events=100) as simulation:
        meters, begun = [Meter(each) for each in masters], time.monotonic()
        between = told_between(links, "publish"), told_between(links, "publishshard")
        told = simulation.play()
        classic, sharded = (told_between(links, kind) - before for kind, before in zip(("publish", "publishshard"), between))
        each, passed = [meter.since() for meter in meters], time.monotonic() - begun
    cluster.stop()
    did = {name: sum(one.get(name, 0) for one in each) for name in {name for one in each for name in one}}
    counts = told["counts"]
    print(f"\n{nodes} nodes at a cluster, {passed:.1f} s: {counts['deliveries']} deliveries (p50 {told['p50']:.1f} ms, p99 {told['p99']:.1f} ms), "
          f"{counts['controls']} control messages, {counts['events']} events to {dashboards} dashboards")
    all_arrived(told, nodes, dashboards)
    by_the_clock("heartbeats", counts["beats"], nodes * passed / arithmetic.BEAT)
    by_the_clock("probes of what is sharded", did["spublish"] - counts["deliveries"], nodes * passed / arithmetic.PROBE)
    # The other subscription proves itself without a message: that would be told to every server.
    assert did["publish"] == counts["controls"] + counts["events"], did
    near("messages between servers of what was published", classic, arithmetic.bus(counts["controls"] + counts["events"], len(cluster.servers)))
    near("the same of what was published to a shard", sharded, arithmetic.sharded_bus(did["spublish"], replicas=1))
