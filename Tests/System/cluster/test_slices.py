"""Nodes that take slices of budgets: what agents, operators and the other node see of it."""
from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from testbed.agent import Agent
from testbed.books import Books, Sampler
from testbed.node import Cell, Node, run, tenant
from testbed.process import eventually, soon
from testbed.prometheus import page, samples
from testbed.redis_server import RedisServer
from testbed.stateless import Stateless
from testbed.topologies import any_redis
from testbed.upstream import EverythingServer, LightUpstream

LEASE = 3000
ABLE = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}, "url": {}}}}
# one budget for each test
BUDGETS = {"usual": 100_000, "stateless": 100_000, "scarce": 400, "wanted": 10_000, "kept": 10_000, "strict": {"limit": 10_000, "lease": False},
           "lowered": 10_000, "given": 10_000, "killed": 10_000, "drained": 10_000}


@dataclass
class Bank:
    redis: RedisServer
    cell: Cell
    asker: EverythingServer
    books: Books
    nodes: dict[str, Node]

    @property
    def a(self) -> Node:
        return self.nodes["a"]

    @property
    def b(self) -> Node:
        return self.nodes["b"]

    def token(self, budget: str) -> str:
        return self.cell.mint("acme", "--budget", budget)

    def slices(self, account: str) -> dict[str, int]:
        """The open slices of the account, each with what is left of it."""
        return {hold: int(fields["amount"]) for hold, fields in self.books.slices().items() if account in fields["accounts"].split()}


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    directory = tmp_path_factory.mktemp("slices")
    redis = any_redis(directory)
    light, asker = LightUpstream(directory), EverythingServer(2, "t", directory)
    cell = Cell(directory, redis, [tenant(
        "acme", {"light": light.url, "asker": {"url": asker.url, "headers": {"Authorization": "Bearer ${env:UP_TOKEN}"}}},
        naming="always", tariff={"default": 1, "tools": {"light__fail": 5}},
        budgets={name: each if isinstance(each, dict) else {"limit": each, "lease": True} for name, each in BUDGETS.items()})])
    settings = {"SATGATE_HOLD_LEASE": str(LEASE), "UP_TOKEN": "t"}
    bank = Bank(redis, cell, asker, Books(redis), {name: cell.node(name, **settings) for name in "ab"})
    yield bank
    assert (bank.a.stop(), bank.b.stop()) == (0, 0)
    light.stop()
    asker.stop()
    redis.stop()


@asynccontextmanager
async def agents(bank: Bank, budget: str, node: Node, count: int = 4, stateless: bool = False) -> AsyncIterator[list[Any]]:
    """Agents of one token, which have been here for a while."""
    token = bank.token(budget)
    found: list[Any] = [Stateless(token) if stateless else Agent(token) for _ in range(count)]
    if not stateless:
        await asyncio.gather(*(agent.open(node) for agent in found))
    yield found
    await asyncio.gather(*(agent.__aexit__() for agent in found))


async def hurry(agents: list[Any], node: Node, calls: int, tool: str = "light__echo") -> list[Any]:
    """So many calls one after the other of each agent; the answers."""
    async def make(agent: Any) -> list[Any]:
        return [await agent.call(node, tool, text="x") for _ in range(calls)]
    return list(itertools.chain(*await asyncio.gather(*(make(agent) for agent in agents))))


async def holding(bank: Bank, budget: str, node: Node, agents: list[Any]) -> int:
    """Calls until the node has a slice; how many were made."""
    made = 0
    for _ in range(50):
        assert all(reply.result for reply in await hurry(agents, node, 5))
        made += 5 * len(agents)
        if sum(bank.slices(budget).values()) > 0:
            return made
    raise AssertionError("no slice")


def reserved(node: Node) -> float:
    """Calls that the node has reserved by itself."""
    return samples(page(node)).get('satgate_reservations_total{way="slice"}', 0)


@pytest.mark.parametrize("kind", ["usual", "stateless"])
async def test_most_calls_are_reserved_without_redis_and_each_is_charged(bank, kind):
    before = reserved(bank.a)
    with Sampler(bank.books, kind, hard=True):
        async with agents(bank, kind, bank.a, stateless=kind == "stateless") as crowd:
            replies = await hurry(crowd, bank.a, 50)
    assert len(replies) == 200 and all(reply.result for reply in replies)
    assert reserved(bank.a) - before > 100
    balance = bank.books.quiet(kind)
    balance.check()
    assert balance.spent == 200_000_000
    assert len([event for event in bank.books.events("budget_spend") if event["budgetId"] == kind]) == 200
    shown = samples(page(bank.a))
    assert shown['satgate_slices_total{outcome="taken"}'] >= 1 and "satgate_slice_credits" in shown


async def test_an_account_that_does_not_allow_it_is_reserved_from_by_redis_alone(bank):
    before = reserved(bank.a)
    async with agents(bank, "strict", bank.a) as crowd:
        assert all(reply.result for reply in await hurry(crowd, bank.a, 30))
    assert reserved(bank.a) == before and bank.books.quiet("strict").spent == 120_000_000


async def test_a_small_budget_is_spent_to_the_last_credit_and_no_further(bank):
    before = reserved(bank.a) + reserved(bank.b)
    with Sampler(bank.books, "scarce", hard=True):
        async with agents(bank, "scarce", bank.a) as here, agents(bank, "scarce", bank.b) as there:
            replies = sum(await asyncio.gather(hurry(here, bank.a, 60), hurry(there, bank.b, 60)), [])
            bank.books.quiet("scarce")
            replies += await hurry(here, bank.a, 5)
    paid = [reply for reply in replies if reply.result]
    assert len(paid) == 400 and bank.books.quiet("scarce").spent == 400_000_000
    assert reserved(bank.a) + reserved(bank.b) - before > 100
    assert {reply.label for reply in replies if not reply.result} <= {"budget_exhausted", "insufficient_budget"}


@asynccontextmanager
async def wanting(bank: Bank, budget: str) -> AsyncIterator[Agent]:
    """An agent of the second node, for whom the account has one credit less than five but for what the first has in a slice."""
    async with agents(bank, budget, bank.a) as rich, agents(bank, budget, bank.b, count=1) as poor:
        await holding(bank, budget, bank.a, rich)
        balance, free = bank.books.balance(budget), sum(bank.slices(budget).values())
        assert free >= 1_000_000, "there is something to be had"
        bank.redis.client.hincrby(f"{bank.books.prefix}account:{budget}", "spent", balance.available - 4_000_000)
        yield poor[0]


async def test_a_call_that_lacks_credit_has_the_other_node_give_its_slice_back(bank):
    async with wanting(bank, "wanted") as poor:
        reply = await poor.call(bank.b, "light__fail", text="x")
    assert reply.result, reply.raw
    assert not [event for event in bank.books.events("budget_error", "audit") if event.get("budgetId") == "wanted"]


async def test_a_delegation_that_lacks_credit_has_the_other_node_give_its_slice_back(bank):
    async with wanting(bank, "given") as poor:
        reply = await poor.ask(bank.b, "satgate/delegate", {"budget": 5})
    assert reply.result, reply.raw


async def test_a_call_that_waits_for_its_agent_outlives_its_node_and_the_slice(bank):
    async with agents(bank, "kept", bank.a, stateless=True) as crowd:
        made = await holding(bank, "kept", bank.a, crowd)
        agent = crowd[0]
        asked: Any = None
        for _ in range(20):
            await hurry(crowd, bank.a, 3)
            made += 3 * len(crowd)
            before = reserved(bank.a)
            asked = (await agent.ask(bank.a, "tools/call", {"name": "asker__ask_twice", "arguments": {}}, ABLE)).result
            made += 1
            if reserved(bank.a) > before:
                break
        else:
            raise AssertionError("never reserved from a slice")
        assert asked["resultType"] == "input_required"
        bank.a.kill()
        eventually("the slices have lapsed", lambda: not bank.slices("kept"), within=10)
        assert bank.books.balance("kept").held == 1_000_000 * len(bank.books.holds()), "only calls that wait are held"
        while asked["resultType"] == "input_required":
            given = {key: {"action": "accept", "content": {"name": "Zoë"}} for key in asked["inputRequests"]}
            params = {"name": "asker__ask_twice", "arguments": {}, "requestState": asked["requestState"], "inputResponses": given}
            reply = await agent.ask(bank.b, "tools/call", params, ABLE)
            assert reply.result, reply.raw
            asked = reply.result
        spent = [event for event in bank.books.events("budget_spend") if event["budgetId"] == "kept"]
        assert len([event for event in spent if event["data"]["tool"] == "asker__ask_twice"]) == 1
    bank.a.start()


async def test_a_lowered_limit_takes_slices_back(bank):
    async with agents(bank, "lowered", bank.a) as crowd:
        await holding(bank, "lowered", bank.a, crowd)
        spent = bank.books.balance("lowered").spent
        changed = run("budget", "set", "lowered", str(spent // 1_000_000), "--tenant", "acme", env=bank.cell.environment)
        assert changed.returncode == 0, changed.stderr
        await soon("nothing is held", lambda: bank.books.balance("lowered").held == 0, within=0.8)
        assert {reply.label for reply in await hurry(crowd, bank.a, 2)} == {"budget_exhausted"}
    assert bank.books.quiet("lowered").spent == spent


async def test_what_a_killed_node_had_lapses_and_what_it_charged_stays(bank):
    async with agents(bank, "killed", bank.a) as crowd:
        made = await holding(bank, "killed", bank.a, crowd)
        bank.a.kill()
    assert sum(bank.slices("killed").values()) > 0
    balance = bank.books.quiet("killed", within=LEASE / 1000 + 5)
    assert balance.spent == made * 1_000_000
    lapsed = [event for event in bank.books.events("hold_lapsed") if event["budgetId"] == "killed"]
    assert lapsed and all(event["data"]["slice"] for event in lapsed)
    bank.a.start()


async def test_a_node_that_stops_gives_back_what_it_has(bank):
    async with agents(bank, "drained", bank.a) as crowd:
        made = await holding(bank, "drained", bank.a, crowd)
        begun = time.monotonic()
        assert bank.a.stop() == 0
        assert bank.books.balance("drained").held == 0 and time.monotonic() - begun < 5
    assert bank.books.balance("drained").spent == made * 1_000_000
    assert not [event for event in bank.books.events("hold_lapsed") if event["budgetId"] == "drained"]
    bank.a.start()
