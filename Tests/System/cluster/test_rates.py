"""Rate limits hold over all nodes, for agents of both eras, and what they refuse leaves no trace in the books."""
from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbed.agent import Agent
from testbed.books import MICROS, Books
from testbed.node import Cell, Node, attenuate, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.shelf import Shelf
from testbed.stateless import Stateless
from testbed.topologies import any_redis
from testbed.upstream import LightUpstream

# so slow that nothing comes back while a test runs
NEVER = "1/day"


@dataclass
class Pair:
    redis: RedisServer
    upstream: LightUpstream
    cell: Cell
    a: Node
    b: Node

    @property
    def nodes(self) -> tuple[Node, Node]:
        return (self.a, self.b)

    def traces(self, name: str) -> dict[str, Any]:
        """All that a call may leave in the tenant's keys, beside its event."""
        client, prefix = self.redis.client, f"satgate:{{{name}}}:"
        found: dict[str, Any] = {"ledger": client.xlen(f"{prefix}ledger"), "holds": client.zcard(f"{prefix}holds")}
        for key in client.scan_iter(match=f"{prefix}*", count=1000):
            kind = key.removeprefix(prefix).split(":")[0]
            if kind in ("hold", "call"):
                found[key] = True
            elif kind == "account":
                found[key] = client.hgetall(key)
            elif kind == "rate":
                found[key] = client.get(key)
        return found


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("rates")
    redis = any_redis(directory)
    upstream = LightUpstream(directory)
    shelf = Shelf()
    shelf.answers["prompts/get"] = lambda _: {"messages": []}

    def limited(name: str, limits: dict[str, Any], **document: Any) -> dict[str, Any]:
        return tenant(name, {"light": upstream.url, "shelf": shelf.url}, tariff={"default": 2, "tools": {"fail": 0}},
                      budgets={"team": {"limit": 1000}}, default_budget="team", rate_limits=limits, **document)
    cell = Cell(directory, redis, [
        limited("tokens", {"token": {"limit": NEVER, "burst": 5}}),
        limited("tools", {"tools": {"ec*": {"limit": NEVER, "burst": 3}, "*": {"limit": NEVER, "burst": 2}}}),
        limited("all", {"tenant": {"limit": NEVER, "burst": 4}, "token": {"limit": "1000/s"}}),
        limited("soon", {"token": {"limit": "1/s"}})])
    a, b = (cell.node(name, SATGATE_LOOPS="2") for name in "ab")
    yield Pair(redis, upstream, cell, a, b)
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    upstream.stop()
    shelf.stop()
    redis.stop()


async def test_a_token_with_all_that_is_made_of_it_has_one_limit_over_both_nodes(pair):
    root = pair.cell.mint("tokens")
    child = attenuate(root, "label = child", "budget_limit = 100")
    books = Books(pair.redis, "tokens")
    async with Agent(root) as agent, Stateless(child) as modern:
        await agent.open(pair.a)
        ran = pair.upstream.calls("echo")
        calls = [agent.call(pair.nodes[number % 2], "echo", text="x") for number in range(5)]
        calls += [modern.call(pair.nodes[number % 2], "echo", text="x") for number in range(5)]
        replies = await asyncio.gather(*calls)
        served = [reply for reply in replies if reply.result]
        assert len(served) == 5 and pair.upstream.calls("echo") - ran == 5
        assert all(reply.label == "rate_limited" for reply in replies if not reply.result)
        await soon("the books are quiet", lambda: not books.holds())

        before = pair.traces("tokens")
        refused = [await agent.call(pair.b, "echo", text="x"), await modern.call(pair.a, "echo", text="x")]
        assert [reply.code for reply in refused] == [-32004, -31004] and pair.upstream.calls("echo") - ran == 5
        for reply in refused:
            wait = reply.message["error"]["data"]["retry_after_seconds"]
            assert 86_000 < wait <= 86_400 and reply.headers["retry-after"] == str(wait)
        assert pair.traces("tokens") == before, "a refusal costs and records nothing"
    events = await soon("each refusal has its event", lambda: (found := books.events("rate_limited", "audit")) and len(found) == 7 and found)
    assert all(event["data"]["enforced"] and event["data"]["tool"] == "echo" for event in events)
    # another root has a limit of its own
    async with Stateless(pair.cell.mint("tokens")) as other:
        assert (await other.call(pair.a, "echo", text="y")).text == "y"


async def test_what_costs_nothing_counts_too(pair):
    async with Stateless(pair.cell.mint("tokens")) as agent:
        replies = []
        for number in range(3):
            replies.append(await agent.ask(pair.nodes[number % 2], "prompts/get", {"name": "p"}))
            replies.append(await agent.call(pair.nodes[number % 2], "fail"))
        assert all(reply.result for reply in replies[:5]), [reply.raw for reply in replies]
        assert replies[5].label == "rate_limited"
        # what the gateway answers by itself does not
        assert (await agent.call(pair.a, "ping")).result
        assert (await agent.ask(pair.b, "tools/list")).result


async def test_each_tool_has_a_limit_of_its_own_for_all_agents_together(pair):
    agents = [Stateless(pair.cell.mint("tools")) for _ in range(2)]

    async def calls(tool: str, **arguments: Any) -> int:
        """How many of six are served, by agents and nodes in turn, under both of the tool's names."""
        names = [tool, f"light__{tool}"]
        replies = [await agents[number % 2].call(pair.nodes[number // 2 % 2], names[number // 3], **arguments) for number in range(6)]
        assert all(reply.label == "rate_limited" for reply in replies if not reply.result), [reply.raw for reply in replies]
        return sum(1 for reply in replies if reply.result)
    assert await calls("echo", text="x") == 3, "the longest prefix"
    assert await calls("slow", ms=0) == 2, "the star, for this tool"
    assert await calls("structured") == 2, "and for that one"
    assert (await agents[0].ask(pair.a, "prompts/get", {"name": "p"})).result, "no tool"
    for agent in agents:
        await agent.http.aclose()


async def test_the_tenant_has_one_limit_for_all_its_tokens(pair):
    replies = []
    for number in range(6):
        async with Agent(pair.cell.mint("all")) as agent:
            await agent.open(pair.nodes[number % 2])
            replies.append(await agent.call(pair.nodes[number % 2], "echo", text="x"))
    assert [bool(reply.result) for reply in replies] == [True] * 4 + [False] * 2
    assert Books(pair.redis, "all").quiet("team").spent == 8 * MICROS


async def test_who_waits_as_long_as_told_is_served_again(pair):
    async with Stateless(pair.cell.mint("soon")) as agent:
        replies = await asyncio.gather(*(agent.call(pair.nodes[number % 2], "echo", text="x") for number in range(6)))
        refused = [reply for reply in replies if not reply.result]
        assert refused and all(reply.message["error"]["data"]["retry_after_seconds"] == 1 for reply in refused)
        await asyncio.sleep(1)
        assert (await agent.call(pair.b, "echo", text="y")).text == "y"
