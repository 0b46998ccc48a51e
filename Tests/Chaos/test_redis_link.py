"""A bad line between the nodes and Redis."""
from __future__ import annotations

import time

import pytest

from bank import ECHO, MIXED
from testbed.light_agent import outcomes

pytestmark = pytest.mark.long

DEADLINE = 1.0  # seconds that a node waits for Redis
SLACK = 0.1


def test_delays_resets_and_silence_bill_nothing_twice(bank, count):
    """B10."""
    house = bank(toxic=True, document={}, SATGATE_REDIS_TIMEOUT=str(int(DEADLINE * 1000)))
    each, samples = count(5_000, 500), []
    with house.watched() as sampler:
        samples += house.agent("b10-quiet", each, MIXED).finish(within=600)
        quiet = house.toxic.be()["most"]
        for name, toxics in (("latency", {"latency": 0.1}), ("resets", {"reset": 0.01})):
            house.toxic.be(**toxics)
            samples += (found := house.agent(f"b10-{name}", each, MIXED, deadline=300).finish(within=900))
            counts = house.toxic.be()
            print(f"\nB10 {name} {toxics}: {outcomes(found)}, {sum(sample.attempts > 1 for sample in found)} retried; proxy {counts}")
        samples += (refused := blackhole(house, each))
        most = house.toxic.be()["most"]
        settle(house)
    tally = house.tally(samples)
    times = sorted(sample.ended - sample.began for sample in refused if "503" in sample.outcome)
    p99 = times[int(0.99 * len(times))]
    print(f"B10 blackhole 5 s: {outcomes(refused)}; refused within {1000 * p99:.0f} ms (p99 of {len(times)});"
          f" at most {most} connections, quiet {quiet}; in all {tally}; {sampler.rate:.0f} looks/s")
    assert {sample.outcome for sample in samples if sample not in refused} == {"result", "tool_error"}, outcomes(samples)
    assert p99 <= DEADLINE + SLACK, p99
    assert most <= quiet + 6, "the nodes open connections without end"


def blackhole(house, calls: int) -> list:
    """Nothing passes for 5 s while calls are made that are not tried again."""
    agent = house.agent("b10-blackhole", calls, [ECHO], retries=False, patience=30, pause=20)
    agent.reach(calls // 10, within=300)
    house.toxic.be(blackhole=1)
    time.sleep(5)
    house.toxic.be()
    return agent.finish(within=600)


def settle(house) -> None:
    """What was settled late by then has been; nothing is held any more."""
    house.books.quiet("team", within=30)
    house.close_books()
