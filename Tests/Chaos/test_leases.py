"""Calls that nodes reserve out of slices of the budgets, without asking Redis first: those without keys."""
from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from bank import ECHO, FAIL, SLOW, reap, restart_redis
from testbed.books import Sampler
from testbed.light_agent import outcomes
from testbed.tally import micros, read

KINDS = [ECHO, SLOW, ECHO, FAIL]


def judge(house, samples) -> dict:
    """Every account spent what its ledger says, no call was charged twice, and those that were answered were charged."""
    house.audit()
    ledger, runs = read(house.books), house.upstream.runs()
    told = sum(micros(sample.kind.cost) for sample in [*house.first, *samples] if sample.paid)
    unsure = sum(micros(sample.kind.cost) for sample in samples if sample.outcome.startswith("lost"))
    for account in house.accounts:
        balance = house.books.balance(account)
        balance.check()
        assert not balance.held and not balance.over, (account, balance)
        assert balance.spent == ledger.charged[account], (account, balance, ledger.charged)
        assert told - ledger.written_off <= balance.spent <= told + unsure, (account, balance.spent, told, unsure, ledger.written_off)
    twice = [call for call, charges in Counter(ledger.calls).items() if charges > 1]
    assert not twice, twice[:3]
    assert ledger.settled <= sum(runs.values()), (ledger.settled, sum(runs.values()))
    unrun = [sample.call for sample in samples if sample.paid and not runs.get(sample.call)]
    assert not unrun, unrun[:3]
    slices = [event for event in house.books.events("hold_lapsed") if event["data"].get("slice")]
    return {"spent": told / 1e6, "lapsed": ledger.lapsed, "slices lapsed": len(slices), "late": len(ledger.late)}


def test_no_call_is_paid_twice_or_not_at_all_while_nodes_with_slices_are_killed(bank, count):
    calls, kills = count(150_000, 8_000), count(8, 2)
    seed = random.randrange(10**6)
    house = bank(SATGATE_BUDGET_LEASES="true")
    with house.watched():
        agent = house.agent("leases", calls, KINDS, keyed=False, retries=False)
        reap(house, agent, kills, seed)
        samples = agent.finish(within=3000)
        house.close_books()
    found = judge(house, samples)
    print(f"\nleases (seed {seed}, {kills} kills): {outcomes(samples)}; {found}")
    assert found["slices lapsed"] > 0, "no killed node had a slice"


@pytest.mark.long
def test_nothing_acknowledged_is_lost_while_redis_is_killed(bank, count):
    """Nodes have slices that the server, back from its file, still knows or has let lapse."""
    calls, kills = count(40_000, 4_000), count(5, 2)
    chance = random.Random(seed := random.randrange(10**6))
    house = bank(durable=True, SATGATE_BUDGET_LEASES="true")
    with house.watched():
        agent = house.agent("restarts", calls, KINDS, keyed=False, retries=False, pause=20)
        restart_redis(house, agent, kills, chance)
        samples = agent.finish(within=1500)
        time.sleep(2)
        house.close_books()
    found = judge(house, samples)
    print(f"\nleases (seed {seed}, {kills} kills of Redis): {outcomes(samples)}; {found}")


def test_a_budget_that_runs_out_is_never_overspent_by_slices(bank, count):
    calls = count(40_000, 5_000)
    limit = int(calls * sum(kind.cost for kind in KINDS) / len(KINDS) / 2)
    house = bank(limit=limit, SATGATE_BUDGET_LEASES="true")
    with house.watched():
        samples = house.agent("short", calls, KINDS, keyed=False, retries=False).finish(within=3000)
        house.close_books()
    found = judge(house, samples)
    left = house.books.balance("team").available
    print(f"\nleases: {outcomes(samples)}; {found}; left {left / 1e6:g} of {limit}")
    seen = {sample.outcome for sample in samples}
    assert {"result", "tool_error"} < seen <= {"result", "tool_error", "insufficient_budget", "budget_exhausted"}, outcomes(samples)
    # What was left over of slices may have been missing to the last calls.
    assert left < 8 * micros(max(kind.cost for kind in KINDS)), left


def test_a_limit_that_is_lowered_calls_slices_back(bank, count):
    calls = count(20_000, 6_000)
    house = bank(limit=10_000_000, SATGATE_BUDGET_LEASES="true")
    # No account may pass its limit, but where that was lowered below what is spent.
    with Sampler(house.books, *house.accounts, pause=0.001):
        agent = house.agent("lowered", calls, KINDS, keyed=False, retries=False, pause=40)
        agent.reach(calls // 2, within=300)
        spent = house.books.balance("team").spent
        assert house._budget("set", "team", f"{spent / 2e6:.6f}").returncode == 0
        spent = house.books.balance("team").spent
        samples = agent.finish(within=3000)
        house.close_books()
    house.audit()
    team = house.books.balance("team")
    print(f"\nleases: {outcomes(samples)}; spent {team.spent / 1e6:g}, {spent / 1e6:g} when the limit was lowered")
    assert Counter(sample.outcome for sample in samples)["budget_exhausted"] > 0, outcomes(samples)
    # What was under way then, and what was reserved before the news came; a slice would be good for some thousand credits.
    assert team.spent < spent + micros(1_000), (team, spent)
