"""Nodes that die or stall with calls in flight."""
from __future__ import annotations

import asyncio
from collections import Counter

from testbed.agent import Agent
from testbed.books import MICROS, Sampler
from testbed.process import soon

LEASE = 2000


async def parked(cell, agent, count):
    """`count` calls through node A that wait at the upstream."""
    await agent.open(cell.a)
    calls = [asyncio.create_task(agent.call(cell.a, "park")) for _ in range(count)]
    await soon("all calls parked at the upstream", lambda: cell.upstream.calls("park") == count)
    assert len(cell.books.holds()) == count
    return calls


async def test_the_holds_of_a_killed_node_lapse_once_and_within_their_lease(start):
    cell = start(limit=100, tools={"park": 2}, SATGATE_HOLD_LEASE=str(LEASE))
    with Sampler(cell.books, "team"):
        async with Agent(cell.cell.mint()) as agent:
            calls = await parked(cell, agent, 20)
            assert cell.books.balance("team").held == 40 * MICROS
            cell.a.kill()
            leases = cell.books.holds()
            assert len(leases) == 20
            await asyncio.gather(*calls, return_exceptions=True)
        assert max(leases.values()) <= cell.redis.now() + LEASE

        late: dict[str, int] = {}

        def lapsed():
            open_holds, now = cell.books.holds(), cell.redis.now()
            late.update({call: now - leases[call] for call in open_holds})
            return not open_holds
        await soon("every hold lapsed", lapsed, within=LEASE / 1000 + 3)
    assert max(late.values()) <= 1000, f"a hold outlived its lease by {max(late.values())} ms"
    balance = cell.books.balance("team")
    assert (balance.held, balance.spent, balance.available) == (0, 0, 100 * MICROS)
    events = cell.books.events("hold_lapsed")
    assert len(events) == 20
    assert len({event["seq"] for event in events}) == len({str(event["data"]) for event in events}) == 20, "each is its own"
    # and the survivor goes on
    async with Agent(cell.cell.mint()) as agent:
        await agent.open(cell.b)
        assert (await agent.call(cell.b, "echo", text="alive")).text == "alive"
    assert cell.books.quiet("team").spent == 1 * MICROS
    assert len(cell.books.events("hold_lapsed")) == 20


async def test_a_stalled_node_settles_late_what_is_still_there(start):
    cell = start(limit=10, tools={"park": 2, "echo": 2}, SATGATE_HOLD_LEASE=str(LEASE))
    with Sampler(cell.books, "team"):
        async with Agent(cell.cell.mint()) as agent, Agent(cell.cell.mint()) as other:
            calls = await parked(cell, agent, 5)
            assert cell.books.balance("team").available == 0
            cell.a.process.freeze()
            await soon("the other node gave the holds back", lambda: not cell.books.holds(), within=LEASE / 1000 + 3)
            assert cell.books.balance("team").available == 10 * MICROS
            await other.open(cell.b)
            for number in range(3):
                assert (await other.call(cell.b, "echo", text=str(number))).text == str(number)
            cell.upstream.release()
            cell.a.process.thaw()
            replies = await asyncio.gather(*calls)
            # the work was done: every answer is delivered
            assert all(reply.status == 200 and reply.result for reply in replies), [reply.raw for reply in replies]
            await soon("all five settled late", lambda: len(cell.books.events("late_settle")) == 5)
    balance = cell.books.quiet("team")
    assert (balance.spent, balance.available, balance.over) == (10 * MICROS, 0, 0)
    late = [event["data"] for event in cell.books.events("late_settle")]
    assert Counter((entry["cost"], entry["charged"], entry["writtenOff"]) for entry in late) == {(2, 2, 0): 2, (2, 0, 2): 3}
    assert len(cell.books.events("hold_lapsed")) == 5
    assert len(cell.books.events("budget_spend")) == 3, "a late settle is not a second budget_spend"


async def test_a_node_told_to_end_finishes_its_calls_first(start):
    cell = start(limit=10)
    async with Agent(cell.cell.mint()) as agent:
        await agent.open(cell.a)
        call = asyncio.create_task(agent.call(cell.a, "slow", ms=1500))
        await soon("the call is at the upstream", lambda: cell.upstream.calls("slow") == 1)
        ended = asyncio.create_task(asyncio.to_thread(cell.a.process.stop, 20))
        reply = await call
        assert reply.result and not reply.result.get("isError"), reply.raw
        assert await ended == 0
        assert cell.books.quiet("team").spent == 1 * MICROS
        assert (await agent.call(cell.b, "echo", text="the session lives on")).text == "the session lives on"
