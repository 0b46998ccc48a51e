"""Nodes whose wall clocks are wrong."""
from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime

import pytest

from bank import LEASE, MIXED, PARK
from test_gaps import freed, wait
from testbed.agent import Agent
from testbed.light_agent import Kind, outcomes
from testbed.process import BUILD
from testbed.stateless import Stateless

pytestmark = pytest.mark.long

LIBRARY = BUILD / "libWrongClock.so"
LONG = Kind("slow", 5, f'"ms":{LEASE + 1000}')


def shifted(seconds: int) -> dict[str, str]:
    """The environment of a node whose wall clock is off."""
    return {"LD_PRELOAD": str(LIBRARY), "WRONG_CLOCK": str(seconds)}


@pytest.mark.parametrize("shift", [300, 86_400])
def test_wrong_wall_clocks_change_no_lease_and_no_expiry(bank, count, shift):
    """B9: one node ahead, one behind, one right."""
    house = bank(nodes=[shifted(shift), shifted(-shift), {}])
    offsets = [clock(node) for node in house.nodes]
    with house.watched():
        samples = house.agent("b9", count(5_000, 500), MIXED).finish(within=600)
        # longer than a lease
        samples += house.agent("b9-long", 12, [LONG], connections=12).finish(within=60)
        lapsed = [event["nodeId"] for event in house.books.events("hold_lapsed")]
        assert house.books.quiet("team") and not lapsed, (lapsed, [node.process.log.read_text().splitlines()[0] for node in house.nodes])
        late = []
        for node in range(3):
            agent = house.agent(f"b9-park-{node}", 10, [PARK], connections=10, home=node, retries=False, patience=60)
            before = house.upstream.calls("park")
            wait(lambda: len(house.books.holds()) == 10, "10 calls parked")
            wait(lambda: house.upstream.calls("park") == before + 10, "10 calls at the upstream")
            house.nodes[node].kill()
            late.append(freed(house))
            assert {sample.outcome for sample in agent.finish(within=60)} <= {"lost: closed", "lost: reset"}
            house.nodes[node].start()
        house.close_books()
    house.upstream.release()
    tally = house.tally(samples)
    told = asyncio.run(expiry(house))
    print(f"\nB9 +-{shift} s (nodes off by {', '.join(f'{each:+.0f} s' for each in offsets)}): {tally}; {outcomes(samples)}; holds of killed nodes free"
          f" {late} ms after their leases; a token ended at {', '.join(f'{each:+.2f} s' for each in told)} of its expiry")
    assert all(sample.paid for sample in samples), outcomes(samples)
    assert all(-0.2 < each < 2 for each in told), told


def clock(node) -> float:
    """How far the node's wall clock is ahead of ours, as its log shows."""
    line = json.loads(node.process.log.read_text().splitlines()[0])
    return round(datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp() - time.time())


async def expiry(house) -> list[float]:
    """At each node: seconds between a token's expiry and the first time that it is refused."""
    ends = time.time() + 4
    token = house.cluster.cell.mint("acme", "--budget", "team", "--expires", str(int(ends * 1000)))
    async with Stateless(token) as agent:
        async def watch(node) -> float:
            assert (await agent.ask(node, "tools/list")).status == 200
            while (await agent.ask(node, "tools/list")).status == 200:
                assert time.time() < ends + 10, "the token does not end"
                await asyncio.sleep(0.02)
            return time.time() - ends
        return list(await asyncio.gather(*(watch(node) for node in house.nodes)))
