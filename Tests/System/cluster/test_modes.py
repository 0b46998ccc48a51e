"""observe, soft and hard: what an account does that has no credit left, switched while calls run."""
from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.agent import Agent, Reply
from testbed.books import MICROS, Books, Sampler
from testbed.cluster import Cluster
from testbed.node import tenant
from testbed.process import soon
from testbed.stateless import Stateless
from testbed.upstream import LightUpstream

# a change is in force on every node well within this
SOON = 8.0


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LightUpstream]:
    light = LightUpstream(tmp_path_factory.mktemp("upstream"))
    yield light
    light.stop()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    nodes = Cluster(tmp_path, 2, ["acme"], SATGATE_LOOPS="2")
    yield nodes
    nodes.stop()


def acme(upstream: LightUpstream, **document: Any) -> dict[str, Any]:
    return tenant("acme", {"light": upstream.url}, **document)


async def opened(agent: Agent, cluster: Cluster) -> Agent:
    async def known() -> bool:
        return all([(await agent.ask(node, "ping")).status != 403 for node in cluster.nodes])
    await soon("both nodes know the tenant", known, within=SOON)
    await agent.open(cluster.nodes[0])
    return agent


def warning(reply: Reply) -> str | None:
    return (reply.result or {}).get("_meta", {}).get("io.satgate/warning")


async def test_observe_reports_what_hard_refuses(cluster, upstream):
    cluster.apply(acme(upstream, mode="observe", tariff={"default": 3}, budgets={
        "strict": {"limit": 10, "mode": "hard"}, "watched": {"limit": 10}, "warned": {"limit": 10, "mode": "soft"}}))
    books = Books(cluster.redis)
    told: dict[str, list[Any]] = {}
    for name in ("strict", "watched", "warned"):
        async with Agent(cluster.cell.mint("acme", "--budget", name)) as agent:
            await opened(agent, cluster)
            told[name] = [await agent.call(cluster.nodes[number % 2], "echo", text="x") for number in range(8)]
    refused = [reply.label for reply in told["strict"]]
    assert refused == [None] * 3 + ["insufficient_budget"] * 5
    assert all(reply.text == "x" for name in ("watched", "warned") for reply in told[name])
    assert [warning(reply) for reply in told["watched"]] == [None] * 8
    assert [warning(reply) for reply in told["warned"]] == [None] * 3 + ["insufficient_budget"] + ["budget_exhausted"] * 4

    events = await soon("each has its event", lambda: len(found := would_be_refused(books)) == 15 and found)
    by_budget = {name: [event for event in events if event["budgetId"] == name] for name in told}
    assert [event["data"]["enforced"] for event in by_budget["strict"]] == [True] * 5
    for name in ("watched", "warned"):
        assert [event["data"]["enforced"] for event in by_budget[name]] == [False] * 5
        assert {event["data"]["cost"] for event in by_budget[name]} == {3}
        balance = books.quiet(name)
        balance.check()
        assert (balance.spent, balance.over, balance.available) == (24 * MICROS, 14 * MICROS, 0)
    assert books.quiet("strict").spent == 9 * MICROS


def would_be_refused(books: Books) -> list[dict[str, Any]]:
    """The events of refusals, made or not; that a budget is exhausted the ledger tells besides."""
    kinds = ("insufficient_budget", "budget_exhausted", "budget_error")
    return [event for kind in kinds for event in books.events(kind, "audit") if "enforced" in event["data"]]


@pytest.mark.parametrize("mode", ["observe", "soft", "hard"])
async def test_what_has_no_account_is_let_through_where_the_mode_is_not_hard(cluster, upstream, mode):
    cluster.apply(acme(upstream, mode=mode))
    books = Books(cluster.redis)
    for arguments, label in ((["--budget", "ghost"], "no_account"), ([], "unbudgeted")):
        async with Agent(cluster.cell.mint("acme", *arguments)) as agent, Stateless(cluster.cell.mint("acme", *arguments)) as modern:
            await opened(agent, cluster)
            for reply in (await agent.call(cluster.nodes[1], "echo", text="x"), await modern.call(cluster.nodes[0], "echo", text="x")):
                assert reply.label == (label if mode == "hard" else None)
                assert warning(reply) == (label if mode == "soft" else None)
    events = await soon("each has its event", lambda: len(found := would_be_refused(books)) == 4 and found)
    assert Counter(event["data"]["error"] for event in events) == {"no_account": 2, "unbudgeted": 2}
    assert {event["data"]["enforced"] for event in events} == {mode == "hard"}
    assert not books.holds() and books.balance("ghost") is None


async def test_the_mode_is_switched_under_load(cluster, upstream):
    def apply(mode: str) -> None:
        cluster.apply(acme(upstream, tariff={"default": 1}, budgets={"team": {"limit": 40}}, default_budget="team", mode=mode))
    apply("hard")
    books = Books(cluster.redis)
    ran = upstream.calls("slow")
    replies: list[Reply] = []
    agents = [await opened(Agent(cluster.cell.mint("acme")), cluster) for _ in range(3)]
    over = False

    async def work(agent: Agent, number: int) -> None:
        while not over:
            number += 1
            replies.append(await agent.call(cluster.nodes[number % 2], "slow", ms=5))

    async def becomes(mode: str, of: Any) -> None:
        """Applies the mode; from some moment on all that is answered is `of` it."""
        await asyncio.to_thread(apply, mode)

        async def settled() -> bool:
            seen = len(replies)
            await soon("more calls are made", lambda: len(replies) >= seen + 12, within=SOON)
            return all(of(reply) for reply in replies[-6:])
        await soon(f"all is {mode}", settled, within=SOON)

    tasks = [asyncio.create_task(work(agent, number)) for number, agent in enumerate(agents) for _ in range(2)]
    try:
        with Sampler(books, "team"):
            await soon("the budget is spent", lambda: any(reply.label for reply in replies), within=SOON)
            await becomes("observe", lambda reply: reply.result and warning(reply) is None)
            await becomes("soft", lambda reply: warning(reply) == "budget_exhausted")
            await becomes("hard", lambda reply: reply.label == "budget_exhausted")
            await becomes("soft", lambda reply: warning(reply) == "budget_exhausted")
            over = True
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*(agent.__aexit__() for agent in agents))
    served = sum(1 for reply in replies if reply.result)
    refused = sum(1 for reply in replies if reply.label in ("budget_exhausted", "insufficient_budget"))
    assert served + refused == len(replies), Counter(reply.label for reply in replies)
    balance = books.quiet("team")
    assert balance.spent == served * MICROS and balance.over == balance.spent - balance.limit
    assert upstream.calls("slow") - ran == served
    events = await soon("all events are there", lambda: (found := would_be_refused(books)) and len(found) >= served - 40 + refused and found)
    assert Counter(event["data"]["enforced"] for event in events) == {True: refused, False: served - 40}
