"""Redis out of reach under load.

What must hold for every call, with cost 1 each:
- an answer comes within the call's deadline: a result, or HTTP 503 with a JSON-RPC error;
- *paid*: what reached the upstream is what the account spent, call for call (no lease ends during the outage, so no hold can lapse
  under a call that runs);
- *delivered*: what reached the upstream was answered with its result, so nobody paid for an error.
"""
from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from testbed.agent import Agent
from testbed.books import MICROS, Sampler
from testbed.process import soon

TIMEOUT = 1.0
OUTAGE = 5.0


@dataclass
class Call:
    node: str
    started: float
    ended: float
    reply: object

    @property
    def served(self) -> bool:
        return self.reply.status == 200 and self.reply.result is not None


class Load:
    """Workers that call without pause, alternating between the nodes."""

    def __init__(self, cell, agent, workers=8) -> None:
        self.calls: list[Call] = []
        self._cell, self._agent, self._stop = cell, agent, False
        self._tasks: list[asyncio.Task[None]] = []
        self.more(workers)

    def more(self, workers) -> None:
        self._tasks += [asyncio.create_task(self._work(number)) for number in range(workers)]

    async def _work(self, number) -> None:
        while not self._stop:
            number += 1
            node = (self._cell.a, self._cell.b)[number % 2]
            started = time.monotonic()
            reply = await self._agent.call(node, "echo", text=f"{number}")
            self.calls.append(Call(node.process.name, started, time.monotonic(), reply))
            # an agent that was told to come back later does not hammer
            await asyncio.sleep(0.002 if reply.status == 200 else 0.05)

    def served(self, node=None, since=0.0) -> list[Call]:
        return [call for call in self.calls if call.served and call.started >= since and node in (None, call.node)]

    async def end(self) -> None:
        self._stop = True
        await asyncio.gather(*self._tasks)


async def outage(cell, load, begin, end):
    """Breaks Redis under load, mends it, and judges what the agents saw meanwhile."""
    await soon("the load runs", lambda: len(load.served("a")) > 20 and len(load.served("b")) > 20)
    begin()
    broken = time.monotonic()
    # those of before may all be waiting for their settlement
    load.more(8)
    await asyncio.sleep(OUTAGE)
    end()
    mended = time.monotonic()
    for node in ("a", "b"):
        await soon(f"node {node} serves again", lambda: load.served(node, since=mended), within=15)
        first = min(call.ended for call in load.served(node, since=mended))
        assert first - mended < 1.0, f"node {node} served again only {first - mended:.2f} s after Redis"
    await asyncio.sleep(0.5)
    await load.end()

    during = [call for call in load.calls if broken + 0.1 < call.started < mended - TIMEOUT - 0.5]
    assert len(during) >= 16, "the load stood still"
    for call in during:
        assert call.reply.status == 503, f"{call.reply.status} {call.reply.raw[:300]!r}"
        assert call.reply.code == -32603, call.reply.raw
        assert call.reply.label == "store_unavailable", call.reply.raw
        assert int(call.reply.headers["retry-after"]) >= 0
        assert call.ended - call.started < TIMEOUT + 0.5, f"a refusal took {call.ended - call.started:.2f} s"
    for call in load.calls:
        assert call.served or (call.reply.status, call.reply.code) == (503, -32603), f"{call.reply.status} {call.reply.raw[:300]!r}"
    assert not [call for call in load.calls if not call.served and call.started > mended + 1], "refused after the outage was over"


def settle_up(cell, load):
    """The books after the outage against what really ran."""
    balance = cell.books.quiet("team", within=20)
    balance.check()
    ran, served = cell.upstream.calls("echo"), len(load.served())
    assert balance.spent == ran * MICROS, f"{ran} calls reached the upstream, {balance.spent / MICROS} were paid"
    assert served == ran, f"{ran} calls reached the upstream, {served} answers were delivered"
    assert len(cell.books.events("budget_spend")) == ran
    assert not cell.books.events("late_settle")


async def test_frozen_for_five_seconds(start):
    cell = start(limit=1_000_000, SATGATE_REDIS_TIMEOUT=str(int(TIMEOUT * 1000)))
    async with Agent(cell.cell.mint()) as agent:
        await agent.open(cell.a)
        with Sampler(cell.books, "team"):
            load = Load(cell, agent)
            await outage(cell, load, cell.redis.process.freeze, cell.redis.process.thaw)
            settle_up(cell, load)


async def test_killed_and_restarted_from_its_append_only_file(start):
    cell = start(limit=1_000_000, durable=True, SATGATE_REDIS_TIMEOUT=str(int(TIMEOUT * 1000)))
    async with Agent(cell.cell.mint()) as agent:
        await agent.open(cell.a)
        with Sampler(cell.books, "team"):
            load = Load(cell, agent)
            await outage(cell, load, cell.redis.kill, cell.redis.start)
            settle_up(cell, load)


async def test_a_session_is_not_opened_on_trust_while_redis_is_frozen(start):
    cell = start(limit=10, SATGATE_REDIS_TIMEOUT=str(int(TIMEOUT * 1000)))
    async with Agent(cell.cell.mint(), timeout=10) as agent:
        cell.redis.process.freeze()
        reply = await agent.ask(cell.a, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})
        assert (reply.status, reply.code) == (503, -32603), reply.raw
        assert "mcp-session-id" not in reply.headers
        cell.redis.process.thaw()

        async def opens():
            try:
                return await agent.open(cell.a)
            except AssertionError:
                return None
        await soon("sessions open again", opens, within=15)
        assert (await agent.call(cell.b, "echo", text="back")).text == "back"
