"""A dashboard that only adds up what the ledger says was spent knows what the accounts have spent."""
from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from testbed.agent import Agent
from testbed.books import MICROS, Books
from testbed.cluster import Cluster
from testbed.node import run, tenant
from testbed.process import ROOT, soon
from testbed.upstream import LightUpstream

LEASE = 2000
BUDGETS = {"team": {"limit": 60, "window": "day"}, "lab": {"limit": 500}}


@pytest.fixture
def books(tmp_path: Path) -> Iterator[tuple[Cluster, LightUpstream, Books]]:
    upstream = LightUpstream(tmp_path)
    cluster = Cluster(tmp_path, 2, ["acme"], SATGATE_HOLD_LEASE=str(LEASE))
    cluster.apply(document(upstream, BUDGETS))
    yield cluster, upstream, Books(cluster.redis)
    cluster.stop()
    upstream.stop()


def document(upstream: LightUpstream, budgets: dict) -> dict:
    return tenant("acme", {"light": upstream.url}, budgets=budgets, cap={"limit": 5000, "window": "day"},
                  tariff={"default": 1, "tools": {"slow": 0.125, "park": 2, "echo": 0.000125}})


def adder() -> str:
    """The Python text between the README's `adder` markers, ten lines at most."""
    found = re.search(r"<!-- adder -->\s*```python\n(.*?)```\s*<!-- /adder -->", (ROOT / "README.md").read_text(), re.S)
    assert found, "no adder between its markers in README.md"
    assert len([line for line in found[1].splitlines() if line.strip()]) <= 10
    return found[1]


def added_up(cluster: Cluster) -> dict[str, int]:
    """What the README's example makes of the ledger, in millionths of a credit."""
    result = subprocess.run([sys.executable, "-c", adder(), cluster.redis.url, "acme"], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return {name: int(Decimal(spent) * MICROS) for name, spent in (line.split() for line in result.stdout.splitlines())}


def accounts(cluster: Cluster, books: Books) -> dict[str, dict[str, str]]:
    start = f"{books.prefix}account:"
    keys = cluster.redis.client.scan_iter(match=f"{start}*", count=1000)
    return {key.removeprefix(start): cluster.redis.client.hgetall(key) for key in keys}


def spent(cluster: Cluster, books: Books) -> dict[str, int]:
    return {name: int(account["spent"]) for name, account in accounts(cluster, books).items()}


def audit(cluster: Cluster) -> str:
    result = run("budget", "audit", "--all", "--tenant", "acme", env=cluster.cell.environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


async def spend(cluster: Cluster, tokens: list[str], calls: int) -> None:
    """Calls of all agents at all nodes; some are refused."""
    async def work(agent: Agent, number: int) -> None:
        for _ in range(calls):
            node = random.choice(cluster.nodes)
            match random.randrange(4):
                case 0: await agent.call(node, "slow", ms=random.randrange(200))
                case 1: await agent.call(node, "echo", text="x")
                case 2: await agent.call(node, "fail")
                case _: await agent.call(node, "slow", ms=1)

    agents = [Agent(token) for token in tokens]
    for agent in agents:
        await agent.open(cluster.nodes[0])
    await asyncio.gather(*(work(agent, number) for number, agent in enumerate(agents)))
    for agent in agents:
        await agent.__aexit__()


async def test_what_is_added_up_is_what_the_accounts_have_spent(books):
    cluster, upstream, book = books
    redis = cluster.redis.client
    tokens = [cluster.cell.mint("acme", "--budget", budget, *cap) for budget in ("team", "lab")
              for cap in ((), ("--budget-limit", "40"), ("--budget-limit", "3"))]
    for budget, limit in (("team", 60), ("_tenant", 5000)):
        made = run("budget", "set", budget, str(limit), "--tenant", "acme", env=cluster.cell.environment)
        assert made.returncode == 0, made.stderr
    # their first window ends soon, not at midnight
    end = cluster.redis.now() + 6000
    for account in ("team", "_tenant"):
        redis.hset(f"{book.prefix}account:{account}", "window", end)
    async with Agent(tokens[0]) as parked:
        await parked.open(cluster.nodes[0])
        waiting = [asyncio.create_task(parked.call(cluster.nodes[0], "park")) for _ in range(5)]
        await soon("calls wait at the upstream", lambda: upstream.calls("park") == 5)
        await spend(cluster, tokens, 12)
        before = spent(cluster, book)
        assert before["team"] > 0 and added_up(cluster) == before
        upstream.release()
        await asyncio.gather(*waiting)

        # the holds of a node that stalls are given back, and charged late in the next window
        waiting = [asyncio.create_task(parked.call(cluster.nodes[0], "park")) for _ in range(5)]
        await soon("calls wait at the upstream again", lambda: upstream.calls("park") == 10)
        cluster.nodes[0].process.freeze()
        await soon("their holds lapse", lambda: sum(event["data"]["amount"] for event in book.events("hold_lapsed")) >= 10, within=LEASE / 1000 + 5)
        await soon("the window is over", lambda: cluster.redis.now() > end, within=10)
        upstream.release()
        cluster.nodes[0].process.thaw()
        await asyncio.gather(*waiting)
    await soon("all five are charged late", lambda: len(book.events("late_settle")) == 5)
    await spend(cluster, tokens, 6)

    after = spent(cluster, book)
    assert {event["data"]["accounts"][0]["account"] for event in book.events("window_reset")} == {"team", "_tenant"}
    assert added_up(cluster) == after
    assert after["team"] < sum(micros(event) for event in book.events("budget_spend") if named(event, "team")), "a window was left behind"
    assert len(after) == 7, "the tenant's, two budgets, four caps"
    assert "no difference" in audit(cluster)


def micros(event: dict) -> int:
    return round(event["data"]["cost"] * MICROS)


def named(event: dict, account: str) -> bool:
    return any(books["account"] == account for books in event["data"]["accounts"])


async def test_a_changed_document_and_an_operators_hand_leave_the_sums_right(books):
    cluster, upstream, book = books
    tokens = [cluster.cell.mint("acme", "--budget", "lab") for _ in range(3)]
    trading = asyncio.create_task(spend(cluster, tokens, 60))
    await soon("they call", lambda: "lab" in accounts(cluster, book))

    def change(limit: float) -> None:
        cluster.apply(document(upstream, {**BUDGETS, "lab": {"limit": limit}}))
        topped = run("budget", "top-up", "lab", "1", "--tenant", "acme", env=cluster.cell.environment)
        assert topped.returncode == 0, topped.stderr
        audit(cluster)
    for limit in (400, 300, 0.5, 450):
        await asyncio.to_thread(change, limit)
    assert not trading.done(), "the audits were made while calls went on"
    await trading
    assert json.loads(run("budget", "get", "lab", "--json", "--tenant", "acme", env=cluster.cell.environment).stdout)["limit"] == 451
    assert added_up(cluster) == spent(cluster, book)
    audit(cluster)
