"""Redis comes back with older books than the nodes have seen: it is told of once, and refused until somebody says otherwise."""
from __future__ import annotations

import shutil

from testbed.agent import Agent
from testbed.books import MICROS
from testbed.node import run
from testbed.process import soon


async def spend(agent, node, calls) -> None:
    for number in range(calls):
        reply = await agent.call(node, "echo", text=str(number))
        assert reply.result is not None, f"{reply.status} {reply.raw[:300]!r}"


async def fall_back(cell, agent, later=3) -> None:
    """Both nodes see books of which Redis, killed and started from an older copy of its append-only file, knows nothing."""
    await agent.open(cell.a)
    await spend(agent, cell.a, 2)
    copy = cell.redis.log.with_name("older")
    shutil.copytree(cell.redis.log, copy)
    await spend(agent, cell.a, later)
    await spend(agent, cell.b, later)
    cell.redis.kill()
    shutil.rmtree(cell.redis.log)
    copy.rename(cell.redis.log)
    cell.redis.start()
    await soon("it is told of", lambda: cell.books.events("ledger_rollback"), within=10)


async def call(agent, node):
    """A call's answer, once the node reaches Redis again."""
    async def answer():
        reply = await agent.call(node, "echo", text="after")
        return reply if reply.status != 503 else None
    for _ in range(100):
        if reply := await answer():
            return reply
    raise AssertionError("the node does not reach Redis")


async def test_books_that_fell_back_are_told_of_once_and_refused_by_every_node(start):
    cell = start(limit=1_000, durable=True)
    async with Agent(cell.cell.mint(), timeout=30) as agent:
        await fall_back(cell, agent)
        for node in (cell.a, cell.b, cell.a):
            reply = await call(agent, node)
            assert reply.result is None and reply.label == "ledger_rollback", reply.raw
        ran = cell.upstream.calls("echo")
        assert ran == 8, "a refused call reached the upstream"
        events = cell.books.events("ledger_rollback")
        assert len(events) == 1, events
        data = events[0]["data"]
        assert data["policy"] == "refuse" and data["known"]["version"] > data["found"]["version"], data
        assert data["accounts"][0]["spent"] == 2 and events[0]["budgetId"] == "team", events
        assert cell.books.balance("team").spent == 2 * MICROS
        resumed = run("budget", "resume", "team", "--tenant", "acme", env=cell.cell.environment)
        assert resumed.returncode == 0, resumed.stderr
        for node in (cell.a, cell.b):
            assert (await call(agent, node)).text
        assert cell.books.quiet("team").spent == 4 * MICROS


async def test_nodes_that_are_to_resume_go_on_at_once(start):
    cell = start(limit=1_000, durable=True, SATGATE_LEDGER_ROLLBACK="resume")
    async with Agent(cell.cell.mint(), timeout=30) as agent:
        await fall_back(cell, agent)
        for node in (cell.a, cell.b):
            reply = await call(agent, node)
            assert reply.result is not None, reply.raw
        assert len(cell.books.events("ledger_rollback")) == 1
        assert cell.books.quiet("team").spent == 4 * MICROS


async def test_a_flushed_redis_whose_tenant_is_applied_again_charges_nobody_in_silence(start):
    cell = start(limit=1_000)
    async with Agent(cell.cell.mint(), timeout=30) as agent:
        await agent.open(cell.a)
        await spend(agent, cell.a, 2)
        cell.redis.client.flushall()
        assert run("tenant", "apply", "-f", str(cell.cell.tenants), env=cell.cell.environment).returncode == 0
        await agent.open(cell.a)
        reply = await call(agent, cell.a)
        assert reply.result is None and reply.label == "ledger_rollback", reply.raw
        events = cell.books.events("ledger_rollback")
        assert len(events) == 1 and events[0]["data"]["found"] is None, events
        resumed = run("budget", "resume", "team", "--tenant", "acme", env=cell.cell.environment)
        assert resumed.returncode == 0 and "anew" in resumed.stdout, resumed.stderr
        assert (await call(agent, cell.a)).text
        assert cell.books.quiet("team").spent == MICROS
