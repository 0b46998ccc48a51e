"""`satgate/delegate` and `satgate/budget`: agents give parts of their budgets to tokens of their own making."""
from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbed.agent import Agent, Reply, Stream
from testbed.books import MICROS, Books, Sampler
from testbed.node import Cell, Node, attenuate, run, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.stateless import Stateless
from testbed.topologies import any_redis
from testbed.upstream import LightUpstream

# what ending a delegation may take: a look each second, and what a busy machine adds
ENDS = 15.0


@dataclass
class Pair:
    redis: RedisServer
    upstream: LightUpstream
    cell: Cell
    a: Node
    b: Node
    books: Books

    def token(self, limit: int = 100, *arguments: str) -> str:
        """A token with a cap of its own."""
        return self.cell.mint("acme", "--budget-limit", str(limit), *arguments)

    def account(self, name: str) -> dict[str, int]:
        fields = self.redis.client.hgetall(f"satgate:{{acme}}:account:{name}")
        return {key: int(fields.get(key, 0)) / MICROS for key in ("limit", "held", "spent", "delegated", "over", "drained")}

    def adds_up(self) -> None:
        """The identity of all accounts."""
        for key in self.redis.client.scan_iter("satgate:{acme}:account:*"):
            books = self.account(key.partition(":account:")[2])
            free = max(0, books["limit"] - books["held"] - books["spent"] - books["delegated"])
            assert round(books["limit"] + books["over"] - free - books["held"] - books["spent"] - books["delegated"], 6) == 0, (key, books)

    def told(self, kind: str, budget: str) -> list[dict[str, Any]]:
        return [event["data"] for event in self.books.events(kind) if event["data"].get("childBudgetId") == budget]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("delegation")
    redis = any_redis(directory)
    upstream = LightUpstream(directory)
    cell = Cell(directory, redis, [
        tenant("acme", {"light": upstream.url}, budgets={"team": {"limit": 100}, "many": {"limit": 10}}),
        tenant("free", {"light": upstream.url}, unbudgeted="allow")])
    a, b = (cell.node(name, SATGATE_LOOPS="2", SATGATE_HOLD_LEASE="2000") for name in "ab")
    yield Pair(redis, upstream, cell, a, b, Books(redis))
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    upstream.stop()
    redis.stop()


async def delegate(agent: Agent | Stateless, node: Node, **params: Any) -> Reply:
    return await agent.ask(node, "satgate/delegate", params)


async def made(token: str, node: Node, **params: Any) -> dict[str, Any]:
    async with Stateless(token) as agent:
        reply = await delegate(agent, node, **params)
        assert reply.result, reply.raw
        return reply.result


def identity(token: str) -> str:
    return json.loads(run("token", "inspect", "--json", "--token", token).stdout)["id"]


async def returned(pair: Pair, child: dict[str, Any]) -> dict[str, Any]:
    await soon("the rest goes back", lambda: pair.told("delegation_return", child["budgetId"]), within=ENDS)
    [event] = pair.told("delegation_return", child["budgetId"])
    return event


async def test_a_child_spends_what_it_was_given_and_no_more_over_every_transport(pair):
    parent = pair.token(20, "--scope", "echo,slow", "--label", "boss")
    async with Agent(parent) as agent, Stateless(parent) as modern, Stream(parent, pair.a) as old:
        await agent.open(pair.a)
        await old.open()
        replies = [
            (await delegate(agent, pair.b, budget=3, scope="echo", label="one", expiresIn="1h")).result,
            (await delegate(modern, pair.a, budget="3", scope=["echo"], label="two", expiresIn=3600)).result,
            (await old.ask(pair.b, "satgate/delegate", {"budget": 3.0, "scope": "echo", "label": "three"}))["result"]]
        assert [reply["parentRemaining"] for reply in replies] == [17, 14, 11]
        assert "resultType" not in replies[0] and replies[1]["resultType"] == "complete"
        for reply in replies:
            assert reply["budget"] == 3 and reply["budgetId"].startswith("del-") and reply["tokenId"] == identity(reply["token"])
            claims = run("token", "inspect", "--token", reply["token"]).stdout
            assert "scope = echo,slow" in claims and "budget_limit" not in claims and identity(parent) in claims
            async with Agent(reply["token"]) as child, Stateless(reply["token"]) as same:
                await child.open(pair.b)
                assert (await child.call(pair.a, "slow", ms=1)).label == "scope"
                for node in (pair.a, pair.b):
                    assert (await child.call(node, "echo", text="x")).text == "x"
                assert (await same.call(pair.a, "echo", text="x")).result
                refused = await child.call(pair.b, "echo", text="x")
                assert (refused.code, refused.label) == (-32000, "budget_exhausted")
                told = (await same.ask(pair.b, "satgate/budget")).result
                assert (told["tokenId"], told["budgetId"], told["remaining"]) == (reply["tokenId"], reply["budgetId"], 0)
        told = (await agent.ask(pair.b, "satgate/budget")).result
        assert told["remaining"] == 11 and told["tokenId"] == identity(parent) and told["accounts"][0]["delegated"] == 9
    pair.adds_up()


async def test_more_than_the_parent_has_is_refused_and_costs_nothing(pair):
    parent = pair.token(10)
    async with Agent(parent) as agent, Stateless(parent) as modern:
        await agent.open(pair.a)
        for one, code in ((agent, -32000), (modern, -31000)):
            reply = await delegate(one, pair.b, budget=10.000001)
            assert (reply.code, reply.label) == (code, "insufficient_budget"), reply.raw
            assert reply.message["error"]["data"]["remaining_credits"] == 10
        assert (await delegate(agent, pair.a, budget=10)).result["parentRemaining"] == 0
        assert (await delegate(agent, pair.a, budget=1)).label == "budget_exhausted"
        assert (await agent.call(pair.a, "echo", text="x")).label == "budget_exhausted"
        for wrong in ({}, {"budget": 0}, {"budget": -1}, {"budget": 1, "expiresIn": "x"}, {"budget": 1, "scope": ""}):
            assert (await delegate(agent, pair.a, **wrong)).code == -32602
    leaf = attenuate(pair.token(10), "delegation_depth = 1", "delegation_budget = 2", "scope = echo")
    async with Stateless(leaf) as agent:
        assert (await delegate(agent, pair.a, budget=3)).label == "delegation_budget"
        assert (await delegate(agent, pair.a, budget=1, scope="*")).label == "delegation_scope"
        child = (await delegate(agent, pair.a, budget=1)).result["token"]
    async with Stateless(attenuate(child, "delegation_depth = 5")) as agent:
        assert (await delegate(agent, pair.b, budget=1)).label == "delegation_depth"
    async with Stateless(pair.cell.mint("free")) as agent:
        assert (await delegate(agent, pair.a, budget=1)).label == "unbudgeted"
        assert (await agent.ask(pair.a, "satgate/budget")).result["remaining"] == -1
    async with Agent(None) as nobody:
        assert (await delegate(nobody, pair.a, budget=1)).status in (400, 401)
    pair.adds_up()


async def test_many_at_once_never_give_away_more_than_there_is(pair):
    token = pair.cell.mint("acme", "--budget", "many")
    async with Stateless(token) as agent:
        with Sampler(pair.books, "many"):
            replies = await asyncio.gather(*(delegate(agent, (pair.a, pair.b)[number % 2], budget=1) for number in range(40)))
    assert sum(1 for reply in replies if reply.result) == 10
    assert {reply.label for reply in replies if not reply.result} <= {"budget_exhausted", "insufficient_budget"}
    assert pair.account("many")["delegated"] == 10


async def test_a_repeat_under_a_key_carves_once_and_answers_the_same_token_from_any_node(pair):
    parent = pair.token(50)
    other = pair.token(50)
    key = {"io.satgate/idempotencyKey": uuid.uuid4().hex}
    async with Stateless(parent) as agent, Stateless(other) as stranger:
        async def once(node: Node, who: Stateless = agent, **params: Any) -> Reply:
            return await who.ask(node, "satgate/delegate", {"budget": 5, "expiresIn": "1h", **params}, meta=key)
        replies = await asyncio.gather(*(once((pair.a, pair.b)[number % 2]) for number in range(8)))
        assert len({reply.result["token"] for reply in replies}) == 1 and {reply.result["parentRemaining"] for reply in replies} == {45}
        assert (await agent.ask(pair.a, "satgate/budget")).result["remaining"] == 45
        named = {"Idempotency-Key": key["io.satgate/idempotencyKey"]}
        again = await agent.ask(pair.b, "satgate/delegate", {"budget": 5, "expiresIn": "1h"}, **named)
        assert again.result["token"] == replies[0].result["token"], "the header says the same as _meta"
        conflict = await once(pair.b, budget=6)
        assert (conflict.code, conflict.label) == (-32602, "idempotency_conflict")
        assert (await once(pair.a, stranger)).result["token"] != replies[0].result["token"], "a key is its token's alone"
        async with Stateless(replies[0].result["token"]) as child:
            assert (await child.call(pair.b, "echo", text="x")).result


async def test_at_the_end_of_a_child_its_rest_goes_back(pair):
    parent = pair.cell.mint("acme", "--budget", "team")
    before = pair.account("team")["delegated"]
    child = await made(parent, pair.a, budget=5, expiresIn=4)
    async with Stateless(child["token"]) as agent:
        for node in (pair.a, pair.b):
            assert (await agent.call(node, "echo", text="x")).result
        grandchild = await made(child["token"], pair.b, budget=2)
        event = await returned(pair, child)
        assert (event["amount"], event["used"], event["reason"]) == (3, 2, "expired")
        assert pair.told("delegation_return", grandchild["budgetId"])[0]["amount"] == 2
        assert (await agent.call(pair.a, "echo", text="late")).status == 401
    assert pair.account("team")["delegated"] - before == 2 and pair.account("team")["drained"] == 2
    assert pair.account(child["budgetId"])["limit"] == pair.account(child["budgetId"])["spent"] == 2
    pair.adds_up()


async def test_revoking_ends_all_that_was_made_of_a_token_and_gives_it_back(pair):
    parent = pair.token(40)
    child = await made(parent, pair.a, budget=20)
    grandchild = await made(attenuate(child["token"], "label = narrower"), pair.b, budget=10)
    sibling = await made(parent, pair.b, budget=5)
    async with Stateless(grandchild["token"]) as below, Stateless(sibling["token"]) as beside, Stateless(parent) as above:
        assert (await below.call(pair.a, "echo", text="x")).result
        running = asyncio.create_task(below.call(pair.b, "slow", ms=2500))
        await soon("it runs", lambda: pair.account(grandchild["budgetId"])["held"] == 1, within=15, every=0.01)
        assert run("token", "revoke", "--token", child["token"], env=pair.cell.environment).returncode == 0
        for node in (pair.a, pair.b):
            async def refused(node: Node = node) -> bool:
                return (await below.ask(node, "tools/list")).status == 401
            await soon("the grandchild is refused", refused, within=15, every=0.01)
        assert (await running).result, "a call in flight finishes"
        assert (await returned(pair, grandchild))["amount"] == 8
        event = await returned(pair, child)
        assert (event["amount"], event["used"], event["reason"]) == (18, 2, "revoked")
        assert (await beside.call(pair.a, "echo", text="x")).result
        assert (await above.ask(pair.a, "satgate/budget")).result["remaining"] == 33
        assert (await delegate(above, pair.b, budget=33)).result
    assert len(pair.told("delegation_return", child["budgetId"])) == 1
    pair.adds_up()


async def test_of_a_revoked_token_nothing_is_delegated_though_no_node_was_told(pair):
    parent = pair.token(40)
    async with Stateless(parent) as agent:
        assert (await agent.ask(pair.a, "satgate/budget")).result["remaining"] == 40
        pair.redis.client.zadd("satgate:{acme}:revoked", {identity(parent): int(time.time() * 1000)})
        reply = await delegate(agent, pair.a, budget=1)
        assert reply.status in (400, 401) and not reply.result, reply.raw


async def test_a_node_that_dies_between_the_carve_and_its_answer_leaves_one_child_for_the_repeat(pair):
    parent = pair.token(50)
    (own, key) = (identity(parent), uuid.uuid4().hex)
    for round in range(5):
        mortal = pair.cell.node(f"mortal-{round}")
        async with Stateless(parent) as agent:
            def carved() -> int:
                return sum(1 for event in pair.books.events("delegation") if event["tokenId"] == own)
            before = carved()
            mine = {"io.satgate/idempotencyKey": f"{key}-{round}"}
            asked = asyncio.create_task(agent.ask(mortal, "satgate/delegate", {"budget": 2}, meta=mine))
            if round % 2:
                await soon("it is carved", lambda: carved() > before, within=15, every=0.001)
            mortal.kill()
            first = await asyncio.gather(asked, return_exceptions=True)
            again = await agent.ask(pair.b, "satgate/delegate", {"budget": 2}, meta=mine)
            assert again.result and carved() == before + 1
            if isinstance(first[0], Reply) and first[0].result:
                assert first[0].result["token"] == again.result["token"]
            async with Stateless(again.result["token"]) as child:
                assert (await child.call(pair.a, "echo", text="x")).result
    async with Stateless(parent) as agent:
        assert (await agent.ask(pair.a, "satgate/budget")).result["remaining"] == 40
    pair.adds_up()
