"""Budgets whose spent is forgotten when a local day, week or month ends."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from testbed.agent import Agent
from testbed.books import MICROS, Books
from testbed.node import Cell, Node, run, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.topologies import any_redis
from testbed.upstream import LightUpstream

WINDOWS = {
    "day": ("day", "Pacific/Auckland"), "week": ("week", "America/New_York"), "month": ("month", "Asia/Kathmandu"), "plain": ("day", "UTC")}
BUDGETS = {name: {"limit": 3, "window": period, "zone": zone} for name, (period, zone) in WINDOWS.items()} | {
    "rolling": {"limit": 3, "window": "day"}, "held": {"limit": 3, "window": "month"}, "forever": {"limit": 3}}


@dataclass
class Pair:
    redis: RedisServer
    upstream: LightUpstream
    cell: Cell
    a: Node
    b: Node
    books: Books

    def window(self, account: str) -> int:
        return int(self.redis.client.hget(f"{self.books.prefix}account:{account}", "window") or 0)

    def end_window(self, account: str) -> None:
        """As if its window had ended a millisecond ago."""
        seconds, micros = self.redis.client.time()
        self.redis.client.hset(f"{self.books.prefix}account:{account}", "window", seconds * 1000 + micros // 1000 - 1)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("windows")
    redis = any_redis(directory)
    upstream = LightUpstream(directory)
    cell = Cell(directory, redis, [
        tenant("acme", {"light": upstream.url}, budgets=BUDGETS, cap={"limit": 1000, "window": "week", "zone": "Europe/Berlin"})])
    a, b = (cell.node(name) for name in "ab")
    yield Pair(redis, upstream, cell, a, b, Books(redis))
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    upstream.stop()
    redis.stop()


def end(period: str, zone: str, now: float) -> int:
    """When the window of that instant ends, unix milliseconds; none of these zones has changed its clocks at midnight of late."""
    today = datetime.fromtimestamp(now, ZoneInfo(zone)).date()
    following = {
        "day": today + timedelta(days=1), "week": today + timedelta(days=8 - today.isoweekday()),
        "month": date(today.year + today.month // 12, today.month % 12 + 1, 1)}[period]
    return int(datetime(following.year, following.month, following.day, tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize("budget", WINDOWS)
async def test_an_account_knows_when_its_window_ends_there(pair, budget):
    async with Agent(pair.cell.mint("acme", "--budget", budget)) as agent:
        await agent.open(pair.a)
        before = time.time()
        assert (await agent.call(pair.b, "echo", text="x")).result
        after = time.time()
    period, zone = WINDOWS[budget]
    assert pair.window(budget) in {end(period, zone, before), end(period, zone, after)}
    assert pair.window("_tenant") in {end("week", "Europe/Berlin", before), end("week", "Europe/Berlin", after)}
    spend = [event for event in pair.books.events("budget_spend") if event["budgetId"] == budget]
    assert [account.get("window") for event in spend for account in event["data"]["accounts"] if account.get("account") == budget
            or account.get("name") == budget] in ([pair.window(budget)], []), spend


async def test_with_the_next_window_the_whole_limit_is_there_again(pair):
    for budget, again in (("rolling", True), ("forever", False)):
        async with Agent(pair.cell.mint("acme", "--budget", budget)) as agent:
            await agent.open(pair.a)

            async def served() -> int:
                replies = [await agent.call((pair.a, pair.b)[number % 2], "echo", text="x") for number in range(5)]
                assert all(reply.label == "budget_exhausted" for reply in replies if not reply.result)
                return sum(1 for reply in replies if reply.result)
            assert await served() == 3
            pair.end_window(budget)
            assert await served() == (3 if again else 0)
        balance = pair.books.quiet(budget)
        balance.check()
        assert balance.spent == 3 * MICROS
        resets = [event for event in pair.books.events("window_reset") if event["budgetId"] == budget]
        assert len(resets) == (1 if again else 0)


async def test_a_call_is_charged_to_the_window_in_which_it_ends(pair):
    async with Agent(pair.cell.mint("acme", "--budget", "held")) as agent:
        await agent.open(pair.a)
        assert (await agent.call(pair.a, "echo", text="x")).result
        waiting = asyncio.create_task(agent.call(pair.a, "slow", ms=1500))
        await soon("it is held", lambda: pair.books.balance("held").held == MICROS)
        pair.end_window("held")
        # a call at the other node begins the new window
        assert (await agent.call(pair.b, "echo", text="x")).result
        balance = pair.books.balance("held")
        assert (balance.spent, balance.held) == (MICROS, MICROS), "what is held stays held, and what was spent is forgotten"
        assert (await waiting).result
    balance = pair.books.quiet("held")
    balance.check()
    assert balance.spent == 2 * MICROS


def test_a_document_with_a_zone_that_does_not_exist_is_refused_with_its_line(pair, tmp_path):
    file = tmp_path / "tenants.yaml"
    file.write_text("tenants:\n- name: acme\n  upstreams: []\n  budgets:\n    a:\n      limit: 1\n      window: day\n      zone: Europe/Atlantis\n")
    for command in ("apply", "diff"):
        result = run("tenant", command, "-f", str(file), env=pair.cell.environment)
        assert result.returncode == 1
        assert result.stderr == f"{file}:8: tenants[0].budgets.a.zone: the zone database has no Europe/Atlantis\n"
    result = run("tenant", "apply", "-f", str(file), env={**pair.cell.environment, "SATGATE_ZONES": str(tmp_path)})
    assert result.returncode == 1 and "the zone database has no" in result.stderr
