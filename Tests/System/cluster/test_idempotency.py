"""Calls that their agents name by a key: made once, told again at any node, whatever happens in between."""
from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from testbed.agent import BOTH, Agent, Reply, Stream
from testbed.asker import Asker
from testbed.books import Books
from testbed.client import KINDS, Person, join
from testbed.node import Cell, Node, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.stateless import Stateless, headers, message
from testbed.topologies import any_redis
from testbed.upstream import EverythingServer, LightUpstream

KEY = "io.satgate/idempotencyKey"
ABLE = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}, "url": {}}}}
NAMED = {"action": "accept", "content": {"name": "Zoë"}}


@dataclass
class Field:
    """Three nodes, whose leases are of 2 s, and several tenants before one light upstream."""
    redis: RedisServer
    cell: Cell
    nodes: list[Node]
    upstream: LightUpstream

    def books(self, name: str = "acme") -> Books:
        return Books(self.redis, name)

    def node(self, name: str, **settings: str) -> Node:
        """One more, to be lost."""
        return self.cell.node(name, **{"SATGATE_HOLD_LEASE": "2000", "UP_TOKEN": "t", **settings})

    def records(self, name: str = "acme") -> list[str]:
        """The keys of the records of a tenant's calls."""
        return list(self.redis.client.scan_iter(match=f"satgate:{{{name}}}:call:*", count=1000))


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    directory = tmp_path_factory.mktemp("idempotency")
    redis, upstream = any_redis(directory), LightUpstream(directory)
    terms: dict[str, Any] = {
        "tariff": {"default": 1, "tools": {"echo": 2, "fail": 0.25}}, "budgets": {"team": {"limit": 1000}}, "default_budget": "team"}
    light = {"url": upstream.url, "timeout": "20s"}
    cell = Cell(directory, redis, [
        tenant("acme", {"light": light}, **terms), tenant("trusting", {"light": {**light, "trust_hints": True}}, **terms),
        tenant("hasty", {"light": {**light, "timeout": "500ms"}}, **terms),
        tenant("lenient", {"light": light}, **{**terms, "budgets": {"team": {"limit": 1}}}, mode="soft")])
    nodes = [cell.node(name, SATGATE_HOLD_LEASE="2000") for name in "abc"]
    yield Field(redis, cell, nodes, upstream)
    upstream.release()
    assert [node.stop() for node in nodes] == [0, 0, 0]
    upstream.stop()
    redis.stop()


@dataclass
class Spending:
    """What a test costs and makes run, from here on."""
    books: Books
    upstream: LightUpstream | None
    tool: str = ""

    def __post_init__(self) -> None:
        self._spent = self.books.quiet("team").spent if self.books.balance("team") else 0
        self._told = len(self.books.events("tool_call", "audit"))
        self._ran = self.upstream.calls(self.tool) if self.upstream else 0

    def check(self, price: float, runs: int) -> None:
        assert Decimal(self.books.quiet("team").spent - self._spent) / 1_000_000 == Decimal(str(price))
        assert self.upstream is None or self.upstream.calls(self.tool) - self._ran == runs

    @property
    def outcomes(self) -> list[str]:
        """How the calls went, as the events tell."""
        return [event["data"]["outcome"] for event in self.books.events("tool_call", "audit")[self._told:]]


def fresh() -> str:
    return os.urandom(8).hex()


async def call(agent: Agent | Stateless, node: Node, key: str, tool: str, **arguments: Any) -> Reply:
    """A call under a key."""
    params: dict[str, Any] = {"name": tool, "arguments": arguments}
    if isinstance(agent, Stateless):
        return await agent.ask(node, "tools/call", params, {KEY: key})
    return await agent.ask(node, "tools/call", {**params, "_meta": {KEY: key}})


def bare(reply: Reply) -> bytes:
    """The bytes of the answer but for its id."""
    assert reply.message, reply.raw
    return re.sub(rf'"id": ?{json.dumps(reply.message["id"])}'.encode(), b'"id":?', reply.raw, count=1)


async def opened(field: Field, token: str, node: int = 0) -> Agent:
    agent = Agent(token)
    await agent.open(field.nodes[node])
    return agent


@pytest.mark.parametrize("tool, arguments, price, outcome", [
    ("echo", {"text": "Zoë \u2028"}, 2, "ok"), ("structured", {}, 1, "ok"), ("fail", {}, 0.25, "tool_error"),
    ("protocol_error", {"code": -32050}, 1, "upstream_error")])
async def test_a_retry_at_another_node_is_told_the_same_bytes_and_costs_nothing(field, tool, arguments, price, outcome):
    token, key = field.cell.mint(), fresh()
    spending = Spending(field.books(), field.upstream, tool)
    async with await opened(field, token) as agent, await opened(field, token, 1) as again, Stateless(token) as stateless:
        first = await call(agent, field.nodes[0], key, tool, **arguments)
        replies = [await call(agent, field.nodes[1], key, tool, **arguments), await call(again, field.nodes[2], key, tool, **arguments)]
        assert {bare(reply) for reply in replies} == {bare(first)} and {reply.status for reply in replies} == {first.status}
        # another revision of the protocol under the same token: the same answer in its own words
        modern = await call(stateless, field.nodes[1], key, tool, **arguments)
        more = await call(stateless, field.nodes[2], key, tool, **arguments)
        assert bare(modern) == bare(more)
        if first.result:
            assert modern.result["content"] == first.result["content"] and modern.result["resultType"] == "complete"
        else:
            assert modern.code == first.code
    spending.check(price, 1)
    await soon("each is told of", lambda: spending.outcomes == [outcome, "replayed", "replayed", "replayed", "replayed"])
    assert [event["data"]["cost"] for event in field.books().events("tool_call", "audit")[-4:]] == [0, 0, 0, 0]


async def test_a_retry_is_told_the_warning_of_the_call(field):
    spending = Spending(field.books("lenient"), field.upstream, "echo")
    token, key = field.cell.mint("lenient"), fresh()
    async with await opened(field, token) as agent, Stateless(token) as stateless:
        first = await call(agent, field.nodes[0], key, "echo", text="dear")
        assert "io.satgate/warning" in first.result["_meta"]
        assert bare(await call(agent, field.nodes[1], key, "echo", text="dear")) == bare(first)
        modern = await call(stateless, field.nodes[2], key, "echo", text="dear")
        assert modern.result["_meta"]["io.satgate/warning"] == first.result["_meta"]["io.satgate/warning"]
    spending.check(2, 1)


async def test_what_is_too_large_to_keep_is_not_made_again(field):
    spending = Spending(field.books(), field.upstream, "big")
    async with await opened(field, field.cell.mint()) as agent:
        key = fresh()
        assert len((await call(agent, field.nodes[0], key, "big", n=300_000)).text) == 300_000
        for node in field.nodes:
            reply = await call(agent, node, key, "big", n=300_000)
            assert (reply.code, reply.label) == (-32603, "result_not_kept")
            assert reply.message["error"]["data"]["charged_credits"] == 1
        key = fresh()
        assert len((await call(agent, field.nodes[0], key, "big", n=250_000)).text) == 250_000
        assert len((await call(agent, field.nodes[1], key, "big", n=250_000)).text) == 250_000
    spending.check(2, 2)


async def test_a_key_stands_for_one_call_however_that_is_spelled(field):
    spending = Spending(field.books(), field.upstream, "echo")
    async with await opened(field, field.cell.mint()) as agent:
        key = fresh()
        assert (await call(agent, field.nodes[0], key, "echo", text="é", more={"b": 1, "a": [0.5]})).text == "é"
        body = ('{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"_meta":{"%s":"%s","x":1}, "name":"echo",'
                ' "arguments":{"more":{"a":[5e-1],"b":1.0},"text":"\\u00e9"}}}' % (KEY, key))
        again = await agent.request("POST", field.nodes[1].mcp, body.encode(), agent.headers())
        assert again.message["id"] == 77 and again.text == "é"
        for tool, arguments in (("echo", {"text": "e"}), ("echo", {"text": "é"}), ("fail", {})):
            refused = await call(agent, field.nodes[2], key, tool, **arguments)
            assert (refused.code, refused.label) == (-32602, "idempotency_conflict")
    spending.check(2, 1)


async def test_the_header_is_as_good_and_what_is_no_key_is_refused(field):
    token = field.cell.mint()
    spending = Spending(field.books(), field.upstream, "echo")
    async with await opened(field, token) as agent, Stateless(token) as stateless:
        key, params = fresh(), {"name": "echo", "arguments": {"text": "x"}}

        async def send(node: int, number: int, header: str | None, **meta: Any) -> Reply:
            body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {**params, "_meta": meta}}
            more = {} if header is None else {"Idempotency-Key": header}
            return await agent.request("POST", field.nodes[node].mcp, json.dumps(body).encode(), agent.headers(**more))

        first = await send(0, 1, key)
        assert first.text == "x"
        replies = [await send(1, 2, None, **{KEY: key}), await send(2, 3, key, **{KEY: key})]
        assert {bare(reply) for reply in replies} == {bare(first)}
        assert (await stateless.ask(field.nodes[2], "tools/call", params, **{"Idempotency-Key": key})).text == "x"
        for header, meta in ((fresh(), {KEY: key}), ("", {}), ("k" * 256, {}), (None, {KEY: ""}), (None, {KEY: "a\tb"}), (None, {KEY: 5})):
            assert (await send(0, 9, header, **meta)).code == -32602, (header, meta)
    spending.check(2, 1)


async def test_the_key_of_another_agent_is_another_call(field):
    spending = Spending(field.books(), field.upstream, "echo")
    key = fresh()
    async with await opened(field, field.cell.mint()) as one, await opened(field, field.cell.mint()) as other:
        assert (await call(one, field.nodes[0], key, "echo", text="mine")).text == "mine"
        assert (await call(other, field.nodes[0], key, "echo", text="theirs")).text == "theirs"
        assert (await call(one, field.nodes[1], key, "echo", text="mine")).text == "mine"
    spending.check(4, 2)


async def test_duplicates_at_once_make_one_call(field):
    spending = Spending(field.books(), field.upstream, "slow")
    token, key = field.cell.mint(), fresh()
    async with await opened(field, token) as agent:
        replies = await asyncio.gather(*(call(agent, field.nodes[number % 3], key, "slow", ms=300) for number in range(40)))
    assert {bare(reply) for reply in replies} == {bare(replies[0])} and replies[0].text == "slept"
    spending.check(1, 1)
    await soon("each is told of", lambda: sorted(spending.outcomes) == ["ok"] + 39 * ["replayed"])


async def waiting(field: Field, nodes: int = 1, name: str = "acme") -> str:
    """The record for which that many nodes wait."""
    found: list[str] = []

    def look() -> bool:
        found[:] = [record for record in field.records(name) if field.redis.client.hget(record, "state") == "running"
                    and len((field.redis.client.hget(record, "waiters") or "").split()) == nodes]
        return len(found) == 1
    await soon("a retry waits", look)
    return found[0]


async def test_who_waits_is_told_at_once(field):
    """By asking twice a second alone a retry would learn of the end a quarter of a second late, on the average."""
    spending = Spending(field.books(), field.upstream, "park")
    waits = []
    async with await opened(field, field.cell.mint()) as agent, await opened(field, field.cell.mint()) as other:
        for _ in range(6):
            key = fresh()
            first = asyncio.create_task(call(agent, field.nodes[0], key, "park"))
            await soon("it runs", lambda: field.upstream.stats()["inflight"] == 1)
            second = asyncio.create_task(call(agent, field.nodes[1], key, "park"))
            await waiting(field)
            field.upstream.release()
            reply = await first
            began = time.monotonic()
            assert bare(await second) == bare(reply)
            waits.append(time.monotonic() - began)
    assert sum(waits) / len(waits) < 0.15, waits
    spending.check(6, 6)


async def test_who_is_not_told_asks(field):
    spending = Spending(field.books(), field.upstream, "park")
    async with await opened(field, field.cell.mint()) as agent:
        key = fresh()
        first = asyncio.create_task(call(agent, field.nodes[0], key, "park"))
        await soon("it runs", lambda: field.upstream.stats()["inflight"] == 1)
        second = asyncio.create_task(call(agent, field.nodes[1], key, "park"))
        record = await waiting(field)
        # as often as the retry notes itself anew
        while not first.done():
            field.redis.client.hset(record, "waiters", "0000000000000000")
            field.upstream.release()
            await asyncio.sleep(0.01)
        assert bare(await asyncio.wait_for(second, 5)) == bare(await first)
    spending.check(1, 1)


async def test_a_call_in_flight_at_a_node_that_dies_runs_again_after_its_lease(field):
    spending = Spending(field.books(), field.upstream, "park")
    doomed, token, key = field.node("doomed-1"), field.cell.mint(), fresh()
    async with await opened(field, token) as agent:
        lost = asyncio.create_task(call(agent, doomed, key, "park"))
        await soon("it runs", lambda: field.upstream.stats()["inflight"] == 1)
        doomed.kill()
        with pytest.raises(Exception):
            await lost
        again = asyncio.create_task(call(agent, field.nodes[1], key, "park"))
        await soon("it runs again", lambda: field.upstream.calls("park") - spending._ran == 2)
        field.upstream.release()
        assert (await again).text == "released"
        assert bare(await call(agent, field.nodes[2], key, "park")) == bare(await again)
    spending.check(1, 2)


async def test_a_call_whose_node_dies_between_the_books_and_the_reply_is_told_by_another(field):
    spending = Spending(field.books(), field.upstream, "echo")
    doomed, key = field.node("doomed-2", SATGATE_FAULT_PARK="settle"), fresh()
    async with await opened(field, field.cell.mint()) as agent:
        lost = asyncio.create_task(call(agent, doomed, key, "echo", text="kept"))
        await soon("it is settled", lambda: "parked at a fault point" in doomed.process.tail())
        doomed.kill()
        with pytest.raises(Exception):
            await lost
        assert (await call(agent, field.nodes[1], key, "echo", text="kept")).text == "kept"
    spending.check(2, 1)


async def test_a_silent_node_loses_its_call_at_once_only_where_its_tool_may_run_twice(field):
    """The node comes back with an answer: that goes to its agent, and costs nothing."""
    doomed = field.node("doomed-3", SATGATE_HOLD_LEASE="15000")
    key = fresh()
    tokens = {name: field.cell.mint(name) for name in ("trusting", "acme", "hasty")}
    spendings = {name: Spending(field.books(name), None) for name in tokens}
    before = field.upstream.calls("park")
    async with await opened(field, tokens["trusting"]) as trusting, await opened(field, tokens["acme"]) as acme, \
            await opened(field, tokens["hasty"]) as hasty:
        firsts = [asyncio.create_task(call(agent, doomed, key, "park")) for agent in (trusting, acme, hasty)]
        await soon("they run", lambda: field.upstream.stats()["inflight"] == 3)
        doomed.process.freeze()
        try:
            frozen = time.monotonic()
            again = asyncio.create_task(call(trusting, field.nodes[1], key, "park"))
            waits = asyncio.create_task(call(acme, field.nodes[1], key, "park"))
            late = await call(hasty, field.nodes[2], key, "park")
            assert (late.status, late.code, late.label) == (200, -32003, "in_progress")
            await soon("it is taken over", lambda: field.upstream.calls("park") - before == 4)
            assert 2 < time.monotonic() - frozen < 12
            # of these two the acme one still runs at its node only
            assert not waits.done()
            field.upstream.release()
            assert (await again).text == "released"
        finally:
            doomed.process.thaw()
        assert (await firsts[0]).text == "released" and (await firsts[1]).text == "released"
        assert bare(await waits) == bare(await firsts[1])
        assert (await firsts[2]).label in ("upstream_timeout", None)
    for name in ("trusting", "acme"):
        spendings[name].check(1, 0)
    superseded = [event["data"] for event in field.books("trusting").events("tool_call", "audit") if event["data"].get("superseded")]
    assert len(superseded) == 1 and superseded[0]["cost"] == 0
    assert doomed.stop() == 0


async def test_a_timeout_is_told_again(field):
    spending = Spending(field.books("hasty"), field.upstream, "slow")
    async with await opened(field, field.cell.mint("hasty")) as agent:
        key = fresh()
        first = await call(agent, field.nodes[0], key, "slow", ms=5000)
        assert first.label == "upstream_timeout"
        assert bare(await call(agent, field.nodes[1], key, "slow", ms=5000)) == bare(first)
    spending.check(1, 1)


async def test_an_upstream_that_failed_is_not_asked_again_and_one_that_was_never_reached_is(tmp_path, field):
    upstream = LightUpstream(tmp_path, "moody")
    cell = Cell(tmp_path, field.redis, [tenant("moody", {"moody": upstream.url}, budgets={"team": {"limit": 9}}, default_budget="team")])
    nodes = [cell.node(name) for name in ("moody-a", "moody-b")]
    spending = Spending(field.books("moody"), upstream, "echo")
    async with Agent(cell.mint("moody")) as agent:
        await agent.open(nodes[0])
        assert (await agent.call(nodes[0], "echo", text="warm")).text == "warm"
        upstream.behave(garbage=True)
        key = fresh()
        broken = await call(agent, nodes[0], key, "echo", text="x")
        upstream.behave()
        assert broken.label == "upstream_error"
        assert bare(await call(agent, nodes[1], key, "echo", text="x")) == bare(broken)
        spending.check(2, 1)
        upstream.kill()
        key = fresh()
        unsent = await call(agent, nodes[0], key, "echo", text="y")
        assert unsent.label == "upstream_error"
        upstream.start()

        async def runs() -> bool:
            return (reply := await call(agent, nodes[1], key, "echo", text="y")).result is not None and reply.text == "y"
        await soon("it runs", runs)
        assert (await call(agent, nodes[0], key, "echo", text="y")).text == "y"
    assert upstream.calls("echo") == 1
    assert spending.books.spent("team") == 3
    assert [node.stop() for node in nodes] == [0, 0]
    upstream.stop()


async def test_a_cancelled_call_is_told_to_be_cancelled(field):
    spending = Spending(field.books(), field.upstream, "park")
    async with await opened(field, field.cell.mint()) as agent:
        key = fresh()
        params = {"name": "park", "arguments": {}, "_meta": {KEY: key}}
        first = asyncio.create_task(agent.post(field.nodes[0], {"jsonrpc": "2.0", "id": "c", "method": "tools/call", "params": params}))
        await soon("it runs", lambda: field.upstream.stats()["inflight"] == 1)
        await agent.post(field.nodes[1], {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "c"}})
        assert (await first).message is None
        again = await call(agent, field.nodes[2], key, "park")
        assert (again.code, again.label) == (-32002, "cancelled")
    field.upstream.release()
    spending.check(1, 1)


async def test_a_lost_connection_does_not_cancel_a_call_with_a_key(field):
    spending = Spending(field.books(), field.upstream, "park")
    token, key = field.cell.mint(), fresh()
    cancelled = field.upstream.stats()["cancelled"]
    async with Stateless(token) as agent:
        lost = asyncio.create_task(call(agent, field.nodes[0], key, "park"))
        await soon("it runs", lambda: field.upstream.stats()["inflight"] == 1)
        lost.cancel()
        await asyncio.gather(lost, return_exceptions=True)
    async with Stateless(token) as agent:
        # who waits for it and goes leaves nothing behind
        idle = asyncio.create_task(call(agent, field.nodes[1], key, "park"))
        await waiting(field)
        idle.cancel()
        await asyncio.gather(idle, return_exceptions=True)
        again = asyncio.create_task(call(agent, field.nodes[2], key, "park"))
        await waiting(field, 2)
        field.upstream.release()
        assert (await again).text == "released"
    assert field.upstream.stats()["cancelled"] == cancelled
    spending.check(1, 1)
    await soon("they are told of", lambda: spending.outcomes == ["ok", "replayed"])


async def test_in_a_batch_each_message_has_its_own_key(field):
    spending = Spending(field.books(), field.upstream, "echo")
    async with Agent(field.cell.mint()) as agent:
        plain = {"Content-Type": "application/json", "Accept": BOTH}
        start = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}
        reply = await agent.request("POST", field.nodes[0].mcp, json.dumps(start).encode(), plain)
        plain["Mcp-Session-Id"] = reply.headers["mcp-session-id"]
        key = fresh()

        def one(number: int, text: str, **meta: str) -> dict[str, Any]:
            return {"jsonrpc": "2.0", "id": number, "method": "tools/call",
                    "params": {"name": "echo", "arguments": {"text": text}, "_meta": meta}}

        async def send(node: int, *batch: dict[str, Any]) -> dict[int, dict[str, Any]]:
            response = await agent._http.post(field.nodes[node].mcp, content=json.dumps(batch).encode(),
                                              headers={**plain, "Idempotency-Key": "all"})
            return {answer["id"]: answer for answer in response.json()}

        answers = await send(1, one(1, "x", **{KEY: key}), one(2, "x", **{KEY: key}), one(3, "y", **{KEY: key}), one(4, "x"), one(5, "x"))
        assert [answers[number].get("result", {}).get("content", [{}])[0].get("text") for number in (1, 2, 4, 5)] == ["x"] * 4 or \
            answers[3].get("result"), "of two calls under one key whichever comes second is refused"
        conflicts = [answer for answer in answers.values() if "error" in answer]
        assert {answer["error"]["data"]["error"] for answer in conflicts} == {"idempotency_conflict"}
        again = await send(2, one(6, "x", **{KEY: key}), one(7, "y", **{KEY: key}))
        assert sorted("error" in answer for answer in again.values()) == [False, True]
    spending.check(6, 3)


async def test_over_the_oldest_transport(field):
    spending = Spending(field.books(), field.upstream, "echo")
    token, key = field.cell.mint(), fresh()
    params = {"name": "echo", "arguments": {"text": "x"}, "_meta": {KEY: key}}
    async with Stream(token, field.nodes[0]) as one, Stream(token, field.nodes[1]) as other, await opened(field, token) as agent:
        await one.open()
        await other.open()
        first = await one.ask(field.nodes[2], "tools/call", params)
        assert (await other.ask(field.nodes[0], "tools/call", params))["result"] == first["result"]
        assert (await call(agent, field.nodes[2], key, "echo", text="x")).result == first["result"]
    spending.check(2, 1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_the_sdk_gives_keys_in_its_meta(field, kind):
    spending = Spending(field.books(), field.upstream, "echo")
    token, key, found = field.cell.mint(), fresh(), []
    for node in field.nodes:
        async with join(kind, node.base, token, Person()) as agent:
            found.append((await agent.ask("echo", {"text": "x"}, meta={KEY: key}))["content"])
            assert agent.faults() == []
    assert found == [found[0]] * 3 and found[0][0]["text"] == "x"
    spending.check(2, 1)


# Rounds

@dataclass
class Asking:
    """Two nodes before an upstream that asks: `modern` in its answers, `legacy` while it works."""
    redis: RedisServer
    cell: Cell
    a: Node
    b: Node
    modern: EverythingServer
    asker: Asker

    def books(self, era: str) -> Books:
        return Books(self.redis, era)


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    directory = tmp_path_factory.mktemp("asking")
    redis, modern, asker = any_redis(directory), EverythingServer(2, "t", directory), Asker()
    asker.finish.set()
    terms: dict[str, Any] = {"tariff": {"default": 1}, "budgets": {"team": {"limit": 1000}}, "default_budget": "team"}
    cell = Cell(directory, redis, [
        tenant("modern", {"up": {"url": modern.url, "headers": {"Authorization": "Bearer ${env:UP_TOKEN}"}, "timeout": "20s"}}, **terms),
        tenant("legacy", {"up": {"url": asker.url, "timeout": "20s"}}, **terms)])
    a, b = (cell.node(name, SATGATE_HOLD_LEASE="2000", UP_TOKEN="t") for name in "ab")
    yield Asking(redis, cell, a, b, modern, asker)
    assert (a.stop(), b.stop()) == (0, 0)
    asker.stop()
    modern.stop()
    redis.stop()


TOOLS = {"modern": ("ask_twice", {}), "legacy": ("ask", {"names": ["one", "two"]})}


async def turn(agent: Stateless, node: Node, era: str, key: str | None, asked: dict[str, Any] | None = None) -> Reply:
    """One request of a call that asks twice."""
    tool, arguments = TOOLS[era]
    params: dict[str, Any] = {"name": tool, "arguments": arguments}
    if asked is not None:
        params |= {"requestState": asked["requestState"], "inputResponses": {name: NAMED for name in asked["inputRequests"]}}
    return await agent.ask(node, "tools/call", params, {**ABLE, **({KEY: key} if key else {})})


def question(reply: Reply) -> dict[str, Any]:
    assert reply.status == 200 and reply.result, reply.raw
    assert reply.result["resultType"] == "input_required", reply.result
    return reply.result


@pytest.mark.parametrize("era", TOOLS)
async def test_each_round_of_a_call_may_be_lost_and_asked_for_again(asking, era):
    books, token, key = asking.books(era), asking.cell.mint(era), fresh()
    spending = Spending(books, None)
    async with Stateless(token) as agent, Stateless(token) as other:
        first = await turn(agent, asking.a, era, key)
        asked = question(first)
        # the question is lost: the same one, by the other node, under the new id
        assert bare(await turn(other, asking.b, era, key)) == bare(first)
        second = await turn(agent, asking.b, era, key, asked)
        later = question(second)
        assert later["requestState"] != asked["requestState"]
        # the second question is lost: whether asked for from the beginning or by the round that brought it
        assert bare(await turn(other, asking.a, era, key, asked)) == bare(second)
        assert bare(await turn(other, asking.a, era, key)) == bare(second)
        refused = await turn(other, asking.a, era, None, asked)
        assert refused.label in ("state_used", None)
        refused = await turn(other, asking.a, era, fresh(), later)
        assert (refused.code, refused.label) == (-32602, "state_mismatch")
        done = await turn(agent, asking.a, era, key, later)
        assert done.result["resultType"] == "complete", done.raw
        # the answer is lost: whatever is asked again brings it
        for node in (asking.a, asking.b):
            for state in (None, asked, later):
                assert bare(await turn(other, node, era, key, state)) == bare(done)
    spending.check(1, 0)
    assert [outcome for outcome in spending.outcomes if outcome != "replayed"] == ["ok"]


async def test_a_retry_waits_for_the_round_that_runs(asking, era="legacy"):
    """At an upstream with a handshake: rounds of the other kind are over at once."""
    spending = Spending(asking.books(era), None)
    token, key = asking.cell.mint(era), fresh()
    asking.asker.finish.clear()
    try:
        async with Stateless(token) as agent:
            asked = question(await turn(agent, asking.a, era, key))
            asked = question(await turn(agent, asking.b, era, key, asked))
            answered = len(asking.asker.answers())
            last = asyncio.create_task(turn(agent, asking.b, era, key, asked))
            await soon("it goes on", lambda: len(asking.asker.answers()) > answered)
            again = [asyncio.create_task(turn(agent, node, era, key, state)) for node in (asking.a, asking.b) for state in (None, asked)]
            await asyncio.sleep(0.2)
            assert not any(task.done() for task in [last, *again])
            asking.asker.finish.set()
            assert {bare(reply) for reply in await asyncio.gather(*again)} == {bare(await last)}
    finally:
        asking.asker.finish.set()
    spending.check(1, 0)


async def test_an_agent_that_leaves_between_two_rounds_may_come_back_with_its_key_alone(asking):
    """Losing the connection while the call goes on does not stop it."""
    spending = Spending(asking.books("legacy"), None)
    token, key = asking.cell.mint("legacy"), fresh()
    asking.asker.finish.clear()
    asking.asker.cancelled.clear()
    try:
        async with Stateless(token) as agent:
            asked = question(await turn(agent, asking.a, "legacy", key))
            asked = question(await turn(agent, asking.b, "legacy", key, asked))
            answered = len(asking.asker.answers())
            last = asyncio.create_task(turn(agent, asking.b, "legacy", key, asked))
            await soon("it goes on", lambda: len(asking.asker.answers()) > answered)
            last.cancel()
            await asyncio.gather(last, return_exceptions=True)
        async with Stateless(token) as agent:
            again = asyncio.create_task(turn(agent, asking.b, "legacy", key))
            await asyncio.sleep(0.3)
            asking.asker.finish.set()
            assert (await again).text == "asked"
    finally:
        asking.asker.finish.set()
    assert not asking.asker.cancelled.is_set()
    spending.check(1, 0)


async def test_the_upstream_is_told_a_key_of_ours(asking):
    token, key = asking.cell.mint("legacy"), fresh()
    asking.asker.calls = 0
    heard = len(asking.asker.heard)
    async with Stateless(token) as agent:
        params: dict[str, Any] = {"name": "visit", "arguments": {}}
        asked = question(await agent.ask(asking.a, "tools/call", params, {**ABLE, KEY: key}))
        params |= {"requestState": asked["requestState"], "inputResponses": {name: {"action": "accept"} for name in asked["inputRequests"]}}
        assert (await agent.ask(asking.b, "tools/call", params, {**ABLE, KEY: key})).text == "visited"
        await agent.ask(asking.b, "tools/call", {"name": "visit", "arguments": {}}, ABLE)
    calls = [told["params"].get("_meta", {}) for told in asking.asker.heard[heard:] if told.get("method") == "tools/call"]
    first, second, unkeyed = calls
    assert first[KEY] == second[KEY] and re.fullmatch("[0-9a-f]{64}", first[KEY]) and KEY not in unkeyed
    assert key not in json.dumps(calls)


async def test_what_is_free_is_recorded_too(asking):
    token, key = asking.cell.mint("modern"), fresh()
    spending = Spending(asking.books("modern"), None)
    async with Stateless(token) as agent:
        listed = (await agent.ask(asking.a, "resources/list")).result["resources"]
        uri = listed[0]["uri"]
        first = await agent.ask(asking.a, "resources/read", {"uri": uri}, {KEY: key})
        assert bare(await agent.ask(asking.b, "resources/read", {"uri": uri}, {KEY: key})) == bare(first)
        refused = await agent.ask(asking.b, "resources/read", {"uri": uri + "x"}, {KEY: key})
        assert refused.label in ("idempotency_conflict", "unknown_resource")
    spending.check(0, 0)
    await soon("both are told of", lambda: spending.outcomes == ["ok", "replayed"])
