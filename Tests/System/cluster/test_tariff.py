"""What calls cost: prices by name and pattern, of upstreams of their own, and what an upstream says that a call has cost."""
from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from testbed.agent import Agent
from testbed.books import Books
from testbed.node import Cell, Node, tenant
from testbed.process import eventually
from testbed.shelf import Shelf
from testbed.stateless import Stateless
from testbed.topologies import any_redis

TOOLS = ["search", "deep_search", "deep_dive", "deeper", "other", "odd"]


@dataclass
class Pair:
    cell: Cell
    a: Node
    b: Node
    books: Books

    def spent(self) -> Decimal:
        eventually("nothing is held", lambda: not self.books.holds())
        return self.books.spent("team")


def shelf() -> Shelf:
    made = Shelf()
    made.put("tools", *({"name": name, "inputSchema": {"type": "object"}} for name in TOOLS))
    made.put("prompts", {"name": "hello"}, {"name": "deep"})
    made.answers["tools/call"] = lambda params: {
        "content": [{"type": "text", "text": "done"}], "isError": params["arguments"].get("fails", False), **params["arguments"].get("more", {})}
    made.answers["prompts/get"] = lambda _: {"messages": [], "_meta": {"io.satgate/cost": 0.5}}
    made.answers["resources/read"] = lambda params: {"contents": [{"uri": params["uri"], "text": "x"}]}
    return made


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("tariff")
    redis = any_redis(directory)
    shelves = [shelf() for _ in range(3)]
    shelves[1].put("resources", {"uri": "b://1", "name": "r"})
    shelves[2].put("resources", {"uri": "c://1", "name": "r"})
    cell = Cell(directory, redis, [tenant(
        "acme", {
            "first": {"url": shelves[0].url, "reports_cost": True},
            "second": {"url": shelves[1].url, "tariff": {"default": 7, "tools": {
                "deep_*": 6, "deep_dive": 0, "prompts/get": 3, "resources/read:b://*": 2}}},
            "third": {"url": shelves[2].url, "tariff": {"tools": {"odd": 0.125}}}},
        tariff={"default": 1, "tools": {
            "first__deep_search": 9, "first__deep_*": 5, "first__deep*": 4, "third__*": 11, "*": 1, "prompts/get:first__deep": 8,
            "prompts/get": 2, "resources/read:c:*": 13}},
        naming="always", budgets={"team": {"limit": 100_000}}, default_budget="team")])
    a, b = (cell.node(name) for name in "ab")
    yield Pair(cell, a, b, Books(redis))
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    for one in shelves:
        one.stop()
    redis.stop()


async def test_the_price_that_a_list_shows_is_the_price_of_a_call(pair):
    async with Agent(pair.cell.mint()) as agent:
        await agent.open(pair.a)
        tools = (await agent.ask(pair.b, "tools/list")).result["tools"]
        shown = {tool["name"]: Decimal(str(tool["_meta"]["io.satgate/cost"])) for tool in tools}
        assert shown == {"ping": 0, **{f"first__{name}": Decimal(1) for name in TOOLS},
                         **{f"second__{name}": Decimal(7) for name in TOOLS}, **{f"third__{name}": Decimal(11) for name in TOOLS},
                         "first__deep_search": 9, "first__deep_dive": 5, "first__deeper": 4,
                         "second__deep_search": 6, "second__deep_dive": 0, "third__odd": Decimal("0.125")}
        for number, (name, price) in enumerate(shown.items()):
            before = pair.spent()
            assert (await agent.call((pair.a, pair.b)[number % 2], name)).result
            assert pair.spent() - before == price, name


async def test_prompts_and_resources_have_prices_where_a_tariff_names_them(pair):
    async with Stateless(pair.cell.mint()) as agent:
        assert (await agent.call(pair.a, "first__other")).result
        prices: dict[tuple[str, str], Any] = {
            ("prompts/get", "first__deep"): 8, ("prompts/get", "first__hello"): 2, ("prompts/get", "second__deep"): 3,
            ("prompts/get", "third__hello"): 2, ("resources/read", "a://1"): 0, ("resources/read", "b://1"): 2, ("resources/read", "c://1"): 13}
        # the first of these upstreams says that each prompt has cost half a credit
        charged = {**prices, ("prompts/get", "first__deep"): Decimal("0.5"), ("prompts/get", "first__hello"): Decimal("0.5")}
        for (method, name), price in charged.items():
            before = pair.spent()
            reply = await agent.ask(pair.b, method, {"uri" if method == "resources/read" else "name": name})
            assert reply.result, reply.raw
            assert pair.spent() - before == price, (method, name)


@pytest.mark.parametrize("reported, charged", [
    ('0.25', "0.25"), ('"0.5"', "0.5"), ("0", "0"), ("1", "1"), ("7", "1"), ("-1", "1"), ("null", "1"), ('"free"', "1"),
    ("0.0000001", "1"), ("[0]", "1"), ("99999999999999999999", "1")])
async def test_an_upstream_may_say_what_a_call_has_cost(pair, reported, charged):
    async with Agent(pair.cell.mint()) as agent, Stateless(pair.cell.mint()) as modern:
        await agent.open(pair.a)
        assert (await agent.call(pair.a, "first__other")).result
        more = {"_meta": {"io.satgate/cost": json.loads(reported), "mine": 1}}
        for fails in (False, True):
            for number, caller in enumerate((agent, modern)):
                before = pair.spent()
                reply = await caller.call((pair.a, pair.b)[number], "first__search", more=more, fails=fails)
                assert reply.result["_meta"]["mine"] == 1 and "io.satgate/cost" not in reply.result["_meta"], reply.raw
                assert pair.spent() - before == Decimal(charged), reported
        # others are not asked
        before = pair.spent()
        assert (await agent.call(pair.b, "third__odd", more=more)).result
        assert pair.spent() - before == Decimal("0.125")
