"""Redis that is killed under load and comes back from its append-only file."""
from __future__ import annotations

import random
import shutil
import time
from datetime import datetime

import pytest

from bank import MIXED, restart_redis
from testbed.light_agent import outcomes
from testbed.tally import read

pytestmark = pytest.mark.long


def test_with_every_write_synced_nothing_acknowledged_is_lost(bank, count):
    """B5, `appendfsync always`."""
    calls, kills = count(20_000, 1_000), count(5, 1)
    chance = random.Random(seed := random.randrange(10**6))
    house = bank(durable=True)
    with house.watched() as sampler:
        agent = house.agent("b5", calls, MIXED)
        restart_redis(house, agent, kills, chance)
        samples = agent.finish(within=1500)
        time.sleep(1)
        house.close_books()
    tally = house.tally(samples)
    print(f"\nB5 always (seed {seed}, {kills} kills of Redis): {tally}; {outcomes(samples)}; 0 acknowledged calls lost; {sampler.rate:.0f} looks/s")
    assert {sample.outcome for sample in samples} == {"result", "tool_error"}, outcomes(samples)


def test_a_second_of_writes_lost_is_bounded_and_told(bank, count):
    """B5, `appendfsync everysec`, as a restart from what the file held a second before the kill."""
    rounds, worst = count(10, 1), 0.0
    for number in range(rounds):
        house = bank(durable=True, sync="everysec")
        agent = house.agent("b5", 4_000, MIXED, deadline=20)
        agent.reach(1_000, within=300)
        copy = house.directory / "copy"
        shutil.copytree(house.redis.log, copy)
        time.sleep(1)
        house.redis.kill()
        killed, wall = time.monotonic(), time.time()
        shutil.rmtree(house.redis.log)
        copy.rename(house.redis.log)
        house.redis.start()
        samples = agent.finish(within=300)
        acknowledged = [sample for sample in house.first + samples if sample.paid and sample.ended < killed]
        kept = survivors(house.books, wall)
        lost = len(acknowledged) - kept
        recent = sum(sample.ended > killed - 2 for sample in acknowledged)
        told = read(house.books).rollbacks
        worst = max(worst, lost / max(1, recent))
        print(f"\nB5 everysec {number + 1}/{rounds}: {len(acknowledged)} calls acknowledged before the kill, {recent} of them in its last 2 s;"
              f" {max(0, lost)} lost; ledger_rollback seen {told} times; then {outcomes([each for each in samples if each.ended > killed])}")
        assert lost <= recent, f"{lost} lost, of the last 2 s are {recent}"
        assert told, "the nodes did not see that the ledger went back"
        for account in house.accounts:
            house.books.balance(account).check()


def survivors(books, wall: float) -> int:
    """Calls charged before the kill that the ledger still knows."""
    charged = (event for event in books.entries() if event["type"] in ("budget_spend", "late_settle"))
    return sum(datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")).timestamp() < wall for event in charged)
