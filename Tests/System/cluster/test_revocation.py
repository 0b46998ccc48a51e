"""Revoking tokens: on every node, at once, with all that is made of them."""
from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbed.agent import Agent, Listener, Stream
from testbed.books import Books
from testbed.node import Cell, Node, attenuate, run, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.stateless import Stateless, Subscription
from testbed.topologies import any_redis
from testbed.upstream import LightUpstream

# seconds that a message may take, and a lost one
TOLD, LOST = 1.0, 5.0


@dataclass
class Pair:
    redis: RedisServer
    cell: Cell
    a: Node
    b: Node
    books: Books

    def revoke(self, *arguments: str) -> tuple[int, str]:
        result = run("token", "revoke", *arguments, env=self.cell.environment)
        return result.returncode, result.stdout + result.stderr

    def revoke_silently(self, token: str) -> None:
        """As if the message to the nodes were lost."""
        seconds, micros = self.redis.client.time()
        self.redis.client.zadd("satgate:{acme}:revoked", {identity(token): seconds * 1000 + micros // 1000})


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("revocation")
    redis = any_redis(directory)
    upstream = LightUpstream(directory)
    cell = Cell(directory, redis, [tenant("acme", {"light": upstream.url}, budgets={"team": {"limit": 1000}}, default_budget="team")])
    a, b = (cell.node(name, SATGATE_LOOPS="2") for name in "ab")
    yield Pair(redis, cell, a, b, Books(redis))
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    upstream.stop()
    redis.stop()


def identity(token: str) -> str:
    result = run("token", "inspect", "--json", "--token", token)
    return json.loads(result.stdout)["id"]


async def refused(agent: Agent | Stateless, node: Node, method: str, **params: Any) -> bool:
    reply = await agent.ask(node, method, params or None)
    if reply.status == 401:
        assert reply.headers["www-authenticate"].startswith("Bearer") and b"code" in reply.raw
    return reply.status == 401


async def test_what_is_revoked_is_refused_everywhere_and_what_it_was_made_of_goes_on(pair):
    parent = pair.cell.mint()
    middle = attenuate(parent, "label = middle")
    leaf = attenuate(middle, "scope = echo,slow")
    async with Agent(parent) as above, Agent(middle) as agent, Agent(leaf) as below, Stateless(leaf) as modern:
        for one, node in ((above, pair.a), (agent, pair.a), (below, pair.b)):
            await one.open(node)
            assert (await one.call(pair.b, "echo", text="x")).text == "x"
        assert not await refused(modern, pair.a, "tools/list") and not await refused(modern, pair.b, "tools/list")
        status, text = pair.revoke("--token", middle)
        begun = time.monotonic()
        assert (status, text) == (0, f"{identity(middle)} revoked\n")
        for one, node in ((agent, pair.a), (agent, pair.b), (below, pair.a), (below, pair.b), (modern, pair.a), (modern, pair.b)):
            for method, params in (("ping", {}), ("tools/list", {}), ("tools/call", {"name": "echo", "arguments": {"text": "x"}})):
                if method != "ping" or one is not modern:
                    await soon(f"{method} is refused", lambda: refused(one, node, method, **params), within=TOLD, every=0.01)
        assert time.monotonic() - begun < TOLD
        notified = await agent.post(pair.b, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        opened = await agent.ask(pair.b, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})
        assert notified.status == opened.status == (await agent.close(pair.b)).status == 401
        assert await refused(modern, pair.a, "server/discover")
        assert (await above.call(pair.a, "echo", text="still")).text == "still"
    assert pair.revoke("--token", middle) == (0, f"{identity(middle)} was revoked before\n")
    events = [event for event in pair.books.events("token_revoked", "audit") if event["tokenId"] == identity(middle)]
    assert len(events) == 1 and events[0]["data"]["source"] == "cli"
    assert any(event["data"]["error"] == "revoked" for event in pair.books.events("auth_failure", "audit"))


async def streams(stack: Any, pair: Pair, token: str) -> list[Any]:
    """One open stream of each kind, over both nodes; each has `closed`."""
    agent, modern = await stack.enter_async_context(Agent(token)), await stack.enter_async_context(Stateless(token))
    await agent.open(pair.a)
    old = await stack.enter_async_context(Stream(token, pair.a))
    await old.open()
    old.closed = asyncio.Event()
    old._reader.add_done_callback(lambda _: old.closed.set())
    return [
        await stack.enter_async_context(Listener(agent, pair.b)), old,
        await stack.enter_async_context(Subscription(modern, pair.a, "a", toolsListChanged=True)),
        await stack.enter_async_context(Subscription(modern, pair.b, "b", toolsListChanged=True))]


async def close(opened: list[Any], within: float) -> None:
    await asyncio.wait_for(asyncio.gather(*(stream.closed.wait() for stream in opened)), within)


async def test_open_streams_of_a_revoked_token_close_and_others_stay(pair):
    from contextlib import AsyncExitStack
    parent = pair.cell.mint()
    child = attenuate(parent, "label = child")
    async with AsyncExitStack() as stack:
        kept, ending = await streams(stack, pair, parent), await streams(stack, pair, child)
        assert pair.revoke("--token", child)[0] == 0
        await close(ending, TOLD)
        assert ending[2].messages[-1]["id"] == "a" and ending[2].messages[-1]["result"], "a subscription ends with its result"
        assert not any(stream.closed.is_set() for stream in kept)
        assert pair.revoke("--token", parent)[0] == 0
        await close(kept, TOLD)


async def test_where_the_message_is_lost_all_the_same_happens_within_seconds(pair):
    from contextlib import AsyncExitStack
    token = pair.cell.mint()
    async with AsyncExitStack() as stack:
        opened = await streams(stack, pair, token)
        agent = await stack.enter_async_context(Agent(token))
        await agent.open(pair.a)
        assert not await refused(agent, pair.b, "ping")
        pair.revoke_silently(token)
        assert (await agent.call(pair.a, "echo", text="x")).status == 401, "the ledger asks Redis at each call"
        begun = time.monotonic()
        await close(opened, LOST)
        for node in (pair.a, pair.b):
            await soon("it is refused", lambda: refused(agent, node, "ping"), within=LOST - time.monotonic() + begun)


async def test_a_node_that_never_saw_the_tenant_knows_what_was_revoked_before(pair):
    token = pair.cell.mint()
    assert pair.revoke("--token", token)[0] == 0
    late = pair.cell.node("late")
    async with Stateless(token) as agent:
        assert await refused(agent, late, "tools/list")
    assert late.stop() == 0


async def test_a_node_whose_bus_was_cut_catches_up(pair):
    token = pair.cell.mint()
    async with Agent(token) as agent:
        await agent.open(pair.a)
        pair.redis.client.client_kill_filter(_type="pubsub")
        pair.revoke_silently(token)
        await soon("it is refused", lambda: refused(agent, pair.a, "ping"), within=LOST)


async def test_a_call_in_flight_finishes_and_is_settled(pair):
    token = pair.cell.mint()
    before = pair.books.quiet("team").spent
    async with Agent(token) as agent, Stateless(token) as modern:
        await agent.open(pair.a)
        running = [asyncio.create_task(agent.call(pair.a, "slow", ms=1500)), asyncio.create_task(modern.call(pair.b, "slow", ms=1500))]
        await soon("both are held", lambda: pair.books.balance("team").held == 2_000_000, within=15, every=0.01)
        assert pair.revoke("--token", token)[0] == 0
        assert all(reply.result for reply in await asyncio.gather(*running))
    assert pair.books.quiet("team").spent - before == 2_000_000


def test_the_command_takes_a_token_from_standard_input_or_an_id_and_says_what_is_wrong(pair):
    token = pair.cell.mint()
    told = json.loads(pair.revoke("--token", token, "--json")[1])
    assert told == {"outcome": "revoked", "tenant": "acme", "token": identity(token)}
    digits = hashlib.sha256(b"some other token").hexdigest()
    assert pair.revoke("--id", digits, "--tenant", "acme") == (0, f"{digits} revoked\n")
    assert pair.redis.client.zscore("satgate:{acme}:revoked:ends", digits) == float("inf"), "when it ends nobody knows"
    assert pair.revoke("--id", digits, "--tenant", "nobody")[0] == 1
    for wrong in ([], ["--id", "ab", "--tenant", "acme"], ["--id", digits], ["--token", token, "--id", digits], ["--token", token, "--expires", "5"]):
        assert pair.revoke(*wrong)[0] == 64, wrong
    away = run("token", "revoke", "--token", token, env={**pair.cell.environment, "SATGATE_REDIS_URL": "redis://127.0.0.1:1"})
    assert away.returncode == 69
    long = run("token", "mint", "--keys", str(pair.cell.keys), "--expires", "91d")
    assert long.returncode == 64 and "90d" in long.stderr
