"""Any node serves any agent: sessions, calls and books over two nodes."""
from __future__ import annotations

import asyncio
import json
import time
from decimal import Decimal

import pytest

from testbed.agent import Agent, Stream
from testbed.books import MICROS, Sampler
from testbed.node import attenuate
from testbed.process import soon
from testbed.sdk import connect

CALLS = 1000


async def spread(count, width, work):
    """Runs `work(number)` for 0..<count, `width` at a time."""
    numbers = iter(range(count))

    async def worker():
        for number in numbers:
            await work(number)
    await asyncio.gather(*(worker() for _ in range(width)))


async def test_a_session_opened_on_one_node_is_used_and_deleted_on_the_other(cluster):
    async with Agent(cluster.cell.mint("acme", "--budget", "mine")) as agent:
        await agent.open(cluster.a)
        assert (await agent.ask(cluster.a, "ping")).status == 200
        assert (await agent.call(cluster.b, "echo", text="from the other side")).text == "from the other side"
        deleted = time.monotonic()
        assert (await agent.close(cluster.b)).status in (200, 204)
        assert (await agent.ask(cluster.b, "ping")).status == 404

        async def gone():
            return (await agent.ask(cluster.a, "ping")).status == 404
        await soon("node A forgets the session", gone, within=1.0, every=0.01)
        assert (await agent.call(cluster.a, "echo", text="late")).status == 404
        assert time.monotonic() - deleted < 1.5


async def test_a_thousand_calls_alternating_between_the_nodes_cost_exactly_their_sum(cluster):
    ran = cluster.upstream.stats()["calls"]
    expected = Decimal(0)
    nodes = (cluster.a, cluster.b)
    async with Agent(cluster.cell.mint("acme", "--budget", "alternating")) as agent:
        await agent.open(cluster.a)

        async def one(number):
            nonlocal expected
            node = nodes[number % 2]
            if number % 10 == 3:
                reply = await agent.call(node, "fail")
                assert reply.status == 200 and reply.result["isError"], reply.raw
                expected += Decimal("0.25")
            elif number % 10 == 7:
                reply = await agent.call(node, "slow", ms=1)
                assert reply.status == 200 and reply.result, reply.raw
                expected += 1
            else:
                assert (await agent.call(node, "echo", text=f"number {number}")).text == f"number {number}"
                expected += 2
        with Sampler(cluster.books, "alternating", "_tenant"):
            await spread(CALLS, 20, one)
    cluster.books.quiet("alternating")
    assert cluster.books.spent("alternating") == expected == Decimal("1725")
    now = cluster.upstream.stats()["calls"]
    assert sum(now.values()) - sum(ran.values()) == CALLS


@pytest.mark.parametrize("kind", ["sse", "mcp"])
async def test_a_thousand_calls_of_the_sdk_spread_over_the_nodes_lose_and_swap_nothing(cluster, kind):
    """The SDK's own clients; only where each POST lands is decided here, as a load balancer would."""
    before = cluster.books.spent("streamed")
    ran = cluster.upstream.calls("echo")
    token = cluster.cell.mint("acme", "--budget", "streamed")
    async with connect(f"{cluster.a.base}/{kind}", token, ports=[cluster.a.port, cluster.b.port]) as agent:
        async def one(number):
            answer = await asyncio.wait_for(agent.call("echo", {"text": f"number {number}"}), 20)
            assert answer["content"][0]["text"] == f"number {number}"
        await spread(CALLS, 16, one)
    cluster.books.quiet("streamed")
    assert cluster.books.spent("streamed") - before == 2 * CALLS
    assert cluster.upstream.calls("echo") - ran == CALLS


async def test_an_offline_attenuated_token_spends_its_ancestors_cap_once(cluster):
    parent = cluster.cell.mint("acme", "--budget-limit", "10")
    children = [attenuate(parent, f"label = child {number}", *(["budget_limit = 10"] if number % 2 else [])) for number in range(10)]
    grandchild = parent
    for _ in range(4):
        grandchild = attenuate(grandchild, "label = deeper", "budget_limit = 10")
    ran = cluster.upstream.calls("slow")
    for number, token in enumerate(children):
        async with Agent(token) as agent:
            await agent.open((cluster.a, cluster.b)[number % 2])
            assert (await agent.call(cluster.a, "slow", ms=0)).result, number
    for token in (parent, grandchild, *children):
        async with Agent(token) as agent:
            await agent.open(cluster.b)
            refused = await agent.call(cluster.a, "slow", ms=0)
            assert (refused.code, refused.label) == (-32000, "budget_exhausted"), refused.raw
    assert cluster.upstream.calls("slow") - ran == 10
    assert [cap.spent for cap in cluster.books.caps() if cap.limit == 10 * MICROS].count(10 * MICROS) == 1


@pytest.mark.parametrize("caveat", ["budget_id = theirs", "tenant_id = other"])
async def test_anothers_budget_or_tenant_cannot_be_appended(cluster, caveat):
    before = cluster.books.spent("theirs")
    token = attenuate(cluster.cell.mint("acme", "--budget", "mine"), caveat)
    async with Agent(token) as agent:
        for node in (cluster.a, cluster.b):
            reply = await agent.ask(node, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})
            assert reply.status == 401, reply.raw
            assert reply.headers["www-authenticate"].startswith("Bearer")
    assert cluster.books.spent("theirs") == before == 0


async def test_two_hundred_concurrent_calls_at_a_balance_for_fifty(cluster):
    ran = cluster.upstream.calls("slow")
    async with Agent(cluster.cell.mint("acme", "--budget", "scarce")) as agent:
        await agent.open(cluster.a)
        with Sampler(cluster.books, "scarce", "_tenant") as sampler:
            replies = await asyncio.gather(
                *(agent.call((cluster.a, cluster.b)[number % 2], "slow", ms=300) for number in range(200)))
            cluster.books.quiet("scarce")
    ran = cluster.upstream.calls("slow") - ran
    served = [reply for reply in replies if reply.result]
    refused = [reply for reply in replies if reply.code == -32000 and reply.label in ("budget_exhausted", "insufficient_budget")]
    assert (len(served), len(refused), ran) == (50, 150, 50)
    balance = cluster.books.balance("scarce")
    assert (balance.spent, balance.held, balance.available) == (50 * MICROS, 0, 0)
    assert sampler.most_held > MICROS, "the calls were meant to overlap"


async def test_after_a_node_died_a_new_stream_on_the_other_goes_on_with_the_same_account(cluster):
    node = cluster.cell.node("mortal")
    token = cluster.cell.mint("acme", "--budget", "lost")
    async with Stream(token, node) as stream:
        await stream.open()
        for number in range(5):
            answer = await stream.call((node, cluster.b)[number % 2], "echo", text=f"before {number}")
            assert answer["result"]["content"][0]["text"] == f"before {number}"
        assert cluster.books.quiet("lost").spent == 10 * MICROS
        node.kill()
    async with Stream(token, cluster.b) as stream:
        await stream.open()
        for number in range(5):
            answer = await stream.call((cluster.a, cluster.b)[number % 2], "echo", text=f"after {number}")
            assert answer["result"]["content"][0]["text"] == f"after {number}"
        assert not stream.stray
    assert cluster.books.quiet("lost").spent == 20 * MICROS


async def test_an_open_stream_keeps_its_session_alive_and_ends_it(cluster):
    node = cluster.cell.node("lively", SATGATE_SSE_KEEPALIVE="200")
    feed = cluster.redis.client.pubsub(ignore_subscribe_messages=True)
    feed.subscribe("satgate:events:acme")
    told: list[str] = []

    def heard(kind):
        while message := feed.get_message():
            told.append(json.loads(message["data"])["type"])
        return kind in told
    async with Stream(cluster.cell.mint("acme", "--budget", "mine"), node) as stream:
        await stream.open()
        key = f"satgate:{{acme}}:session:{stream.path.partition('=')[2]}"
        assert 0 < cluster.redis.client.pttl(key) <= 45_000
        cluster.redis.client.pexpire(key, 5_000)
        await soon("the session's life is prolonged", lambda: cluster.redis.client.pttl(key) > 40_000, within=15)
        await soon("comments keep the stream alive", lambda: stream.comments >= 3, within=15)
        await soon("the keep-alive is published", lambda: heard("session_keepalive"), within=15)
        assert (await stream.call(cluster.b, "echo", text="still here"))["result"]["content"][0]["text"] == "still here"
    await soon("the session ends with its stream", lambda: heard("session_close") and not cluster.redis.client.exists(key), within=15)
    assert told.index("session_connect") < told.index("session_keepalive") < told.index("session_close")
    assert not [event for event in cluster.books.events("session_keepalive", "audit")], "a keep-alive is never stored"
    feed.close()
    assert node.stop() == 0
