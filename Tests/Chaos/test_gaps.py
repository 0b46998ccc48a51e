"""Nodes that are killed in each gap of a call's life, where a fault point holds their calls."""
from __future__ import annotations

import time
from collections import Counter

import pytest

from bank import ECHO, LEASE, PROGRESS
from testbed.light_agent import outcomes

PARKED = 20
# How often a call runs upstream whose first node dies there.
RUNS = {"reserve": 1, "forward": 2, "answer": 2, "settle": 1, "reply": 1}


@pytest.mark.parametrize("gap", RUNS)
def test_a_node_that_dies_between_two_steps_of_a_call(bank, count, gap):
    """B4: its calls have their answers from other nodes, are paid once, and what it held is free a second after the lease at the latest."""
    house = bank()
    node, samples, latest = house.nodes[0], [], 0
    node.stop()
    with house.watched():
        for number in range(count(10, 1)):
            node.start(SATGATE_FAULT_PARK=gap)
            before = parked(node)
            # of a call with progress the first bytes have left before the reply does
            agent = house.agent(f"b4-{gap}-{number}", PARKED, [PROGRESS if gap == "reply" else ECHO], connections=PARKED, home=0, patience=30)
            wait(lambda: parked(node) - before == PARKED, f"{PARKED} calls parked at {gap}")
            node.kill()
            latest = max(latest, freed(house))
            samples += agent.finish(within=120)
        node.start()
        house.close_books()
    tally = house.tally(samples)
    runs = house.upstream.runs()
    ran = Counter(runs.get(sample.call, 0) for sample in samples)
    print(f"\nB4 {gap}: {outcomes(samples)}; {tally}; a hold was free {latest} ms after the end of its lease at the latest; ran {dict(ran)}")
    assert {sample.outcome for sample in samples} == {"result"}, outcomes(samples)
    assert set(ran) == {RUNS[gap]}, ran


def parked(node) -> int:
    return node.process.log.read_text(errors="replace").count("parked at a fault point")


def wait(condition, what: str, within: float = 60) -> None:
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"not within {within} s: {what}"
        time.sleep(0.02)


def freed(house) -> int:
    """Waits until the holds are gone that are open now; milliseconds by which the slowest outlived its lease."""
    leases, late = house.books.holds(), 0
    while still := leases.keys() & house.books.holds().keys():
        late = max(late, *(house.redis.now() - leases[call] for call in still))
        assert late < 1000, f"{len(still)} holds are open {late} ms after their leases ended"
        time.sleep(0.02)
    assert max(leases.values(), default=0) <= house.redis.now() + LEASE
    return late
