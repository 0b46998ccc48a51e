"""Nodes that are killed at random while agents call, each call under its idempotency key until it has a definitive answer."""
from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from bank import ECHO, LEASE, LEAST_LOOKS, MIXED, reap
from official import Official
from testbed.light_agent import outcomes

REMEMBERED = 20_000  # milliseconds
# What stays without an expiry: accounts, the tenant, its streams and lists; upstream sessions, which are closed when their agents' expire.
LASTING = ("account:team", "account:_tenant", "tenant", "ledger", "ledger:head", "audit", "catalogue", "sessions", "holds", "dialogues",
           "dialogues:count")


def figures(house, samples, tally, sampler, began) -> str:
    return (f"{tally}; {outcomes(samples)}; {sampler.rate:.0f} looks/s at the books, {len(samples) / (time.monotonic() - began):.0f} calls/s")


def test_no_call_is_lost_or_paid_twice_while_nodes_are_killed(bank, count, full):
    """B1, and B13 on the same run."""
    calls, kills = count(200_000, 20_000), count(10, 3)
    seed = random.randrange(10**6)
    house = bank(SATGATE_LEDGER_REMEMBERED=str(REMEMBERED))
    with house.watched() as sampler:
        agent, began = house.agent("b1", calls, MIXED), time.monotonic()
        official = Official(house, calls // 20, ECHO)
        official.start()
        reap(house, agent, kills, seed)
        samples = agent.finish(within=3000)
        samples += official.finish()
        house.close_books()
    tally = house.tally(samples)
    print(f"\nB1 (seed {seed}, {kills} kills): {figures(house, samples, tally, sampler, began)}")
    assert {sample.outcome for sample in samples} == {"result", "tool_error"}, outcomes(samples)
    assert not full or sampler.rate >= LEAST_LOOKS, sampler.rate
    forgotten(house, calls)


def forgotten(house, calls) -> None:
    """B13: after the idempotency window nothing is left of the calls, and what is left expires, save what is the tenant's."""
    client, prefix, most = house.redis.client, house.books.prefix, house.redis.client.dbsize()
    end = time.monotonic() + (REMEMBERED + LEASE) / 1000 + 10
    kinds = Counter()
    while time.monotonic() < end:
        kinds = Counter(key[len(prefix):].split(":")[0] for key in client.scan_iter(match=f"{prefix}*", count=5000))
        if not kinds["hold"] and not kinds["call"]:
            break
        time.sleep(0.5)
    assert not kinds["hold"] and not kinds["call"], kinds
    lasting = [key for key in client.scan_iter(count=5000) if client.pttl(key) == -1]
    strange = [key for key in lasting if key.startswith(prefix) and key[len(prefix):] not in LASTING and not key[len(prefix):].startswith("dialogue:")]
    print(f"B13: {most} keys at the end of {calls} calls, {client.dbsize()} after the idempotency window, {len(lasting)} of them without an expiry;"
          f" the tenant's: {dict(kinds.most_common())}")
    assert not strange and len(lasting) < 200, (strange, len(lasting))


@pytest.mark.long
def test_a_budget_that_does_not_suffice_is_never_overspent(bank, count, full):
    """B2: nodes are killed while a budget runs out that covers half of the calls."""
    calls, kills = count(50_000, 2_000), count(5, 1)
    cost = sum(kind.cost for kind in MIXED) / len(MIXED)
    seed = random.randrange(10**6)
    house = bank(limit=int(calls * cost / 2))
    with house.watched() as sampler:
        agent, began = house.agent("b2", calls, MIXED), time.monotonic()
        reap(house, agent, kills, seed)
        samples = agent.finish(within=3000)
        house.close_books()
    tally = house.tally(samples)
    left = house.books.balance("team").available
    print(f"\nB2 (seed {seed}, {kills} kills): {figures(house, samples, tally, sampler, began)}; left {left / 1e6:g} of {house.limit}")
    assert {sample.outcome for sample in samples} <= {"result", "tool_error", "insufficient_budget", "budget_exhausted"}, outcomes(samples)
    dearest = max(kind.cost for kind in MIXED)
    assert left < dearest * 1_000_000, f"{left} left, the dearest call costs {dearest}"
    assert not full or sampler.rate >= LEAST_LOOKS, sampler.rate
