"""The feed of events: what a WebSocket is sent, and what is kept."""
from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from testbed.agent import Agent
from testbed.feed import Watcher
from testbed.process import soon


def kept(site, tenant="acme"):
    """All events of the tenant that are kept, in order of their numbers."""
    entries = []
    for stream in ("ledger", "audit"):
        entries += [json.loads(fields["event"]) for _, fields in site.redis.client.xrange(f"satgate:{{{tenant}}}:{stream}")]
    return sorted(entries, key=lambda event: event["seq"])


async def calls(site, count, node=None, tenant="acme"):
    async with Agent(site.cell.mint(tenant)) as agent:
        await agent.open(node or site.a)
        for number in range(count):
            assert (await agent.call(node or site.a, "echo", text=str(number))).text == str(number)
        await agent.close(node or site.a)


async def test_what_happens_is_sent_as_it_was_published_in_order_and_once(site):
    async with Watcher(site.operators, site.a) as here, Watcher(site.operators, site.b, tenant="acme", type="tool_call,budget_spend") as there:
        first = kept(site)[-1]["seq"]
        await calls(site, 5)
        await soon("all came", lambda: here.kinds().count("tool_call") == 5 and there.kinds().count("tool_call") == 5
                   and "session_close" in here.kinds())
        mine = [event for event in here.events if event.get("tenantId") == "acme" and "seq" in event]
        assert mine == [event for event in kept(site) if event["seq"] > first], "whole, as they are kept"
        assert set(there.kinds()) == {"tool_call", "budget_spend"}
        assert there.numbers() == [event["seq"] for event in mine if event["type"] in ("tool_call", "budget_spend")]


async def test_a_cursor_goes_on_where_it_was_at_another_node(site):
    async with Watcher(site.operators, site.a, tenant="acme") as watcher:
        await calls(site, 2)
        await soon("some came", lambda: watcher.kinds().count("tool_call") == 2)
        await watcher.close()
        await calls(site, 3)
        await watcher.open(site.b, watcher.cursor)
        await calls(site, 1)
        await soon("the rest came", lambda: watcher.kinds().count("tool_call") == 6 and watcher.kinds().count("session_close") == 3)
        first = watcher.numbers()[0]
        assert watcher.numbers() == list(range(first, first + len(watcher.numbers()))), "each once, in order"
        assert "gap" not in watcher.kinds()


async def test_an_empty_cursor_begins_at_the_beginning(site):
    await calls(site, 1)
    async with Watcher(site.operators, site.b, after="", tenant="acme") as watcher:
        await soon("everything came", lambda: len(watcher.events) >= len(kept(site)))
        assert watcher.events == kept(site)


async def test_a_cursor_of_other_books_or_of_the_future_gives_one_gap(site):
    await calls(site, 1)
    events = kept(site)
    for cursor in ("acme@0123456789abcdef-3", f"acme@{events[-1]['epoch']}-999999", ):
        async with Watcher(site.operators, site.a, after=cursor, tenant="acme") as watcher:
            await soon("the gap came", lambda: watcher.events)
            assert watcher.events[0]["type"] == "gap" and watcher.events[0]["data"]["from"] is None, watcher.events[0]
            await calls(site, 1)
            await soon("and what happens after it", lambda: watcher.numbers()[-1:] == [kept(site)[-1]["seq"]] and "session_close" in watcher.kinds())
            assert watcher.kinds().count("gap") == 1


async def test_what_was_trimmed_gives_one_gap(site):
    """On a tenant of its own."""
    keys = [f"satgate:{{trimmed}}:{name}" for name in ("ledger", "audit")]
    for seq in range(1, 41):
        event = {"type": "x", "timestamp": "2026-01-01T00:00:00.000Z", "tenantId": "trimmed", "seq": seq, "epoch": "e", "data": {}}
        site.redis.client.xadd(keys[seq % 2], {"event": json.dumps(event, separators=(",", ":"))}, id=f"{seq}-0")
    site.redis.client.xtrim(keys[0], maxlen=5, approximate=False)
    async with Watcher(site.operators, site.a, after="trimmed@e-11", tenant="trimmed") as watcher:
        await soon("the last came", lambda: watcher.numbers("trimmed")[-1:] == [40])
        assert [event["data"] for event in watcher.events if event["type"] == "gap"] == [{"from": 12, "to": 31}]
        assert watcher.numbers("trimmed") == [*range(13, 32, 2), *range(32, 41)]


@pytest.mark.parametrize("query", ["after=acme", "after=acme@x", "tenant=No%20Name", "type=X", "what=1"])
async def test_a_bad_question_is_refused_before_the_upgrade(site, query):
    url = f"{site.a.admin}/api/v1/events?{query}".replace("http:", "ws:")
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, additional_headers=site.operators.headers("reader"), proxy=None)
    assert refused.value.response.status_code == 400
    assert json.loads(refused.value.response.body)["code"] == "invalid"
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{site.a.admin}/api/v1/events".replace("http:", "ws:"), proxy=None)
    assert refused.value.response.status_code == 401


async def test_the_history_is_read_in_pages(site):
    await calls(site, 3)
    await calls(site, 2, tenant="other")
    seen, after, pages = [], "", 0
    while True:
        page = site.operators.get(site.a, "events", after=after, limit=7, tenant="acme,other")
        assert len(page["items"]) <= 7
        seen += page["items"]
        after, pages = page["next"], pages + 1
        if not page["hasMore"]:
            break
    for tenant in ("acme", "other"):
        assert [event for event in seen if event["tenantId"] == tenant] == kept(site, tenant)
    newest = site.operators.get(site.b, "events", last=5, tenant="acme")
    assert newest["items"] == kept(site)[-5:] and newest["hasMore"]
    spends = site.operators.get(site.b, "events", last=2, tenant="acme", type="budget_spend")
    assert spends["items"] == [event for event in kept(site) if event["type"] == "budget_spend"][-2:]
    async with Watcher(site.operators, site.a, after=newest["next"], tenant="acme") as watcher:
        await calls(site, 1)
        await soon("what is new came", lambda: "session_close" in watcher.kinds())
        assert watcher.numbers()[0] == newest["items"][-1]["seq"] + 1


async def test_a_feed_ends_with_the_token_it_came_with(site):
    old = dict(site.operators.tokens)
    async with Watcher(site.operators, site.a) as watcher:
        site.operators.tokens["reader"] = "x" * 32
        site.operators.write()
        await soon("it is closed", lambda: watcher.closed)
        assert watcher.closed.rcvd.code == 4401
    site.operators.tokens = old
    site.operators.write()

    async def accepted():
        return site.operators.api(site.a, "reader").get("me").status_code == 200
    await soon("the old token is accepted again", accepted)


async def test_a_node_that_stops_says_so(site):
    node = site.cell.node("stopping", **site.operators.settings)
    async with Watcher(site.operators, node) as watcher:
        assert await asyncio.to_thread(node.stop) == 0
        await soon("it is closed", lambda: watcher.closed)
        assert watcher.closed.rcvd.code == 1001


async def test_what_a_subscription_loses_is_read_from_the_streams(site):
    """Kept without being published, and published while nobody could hear: a bell that is lost is no event that is lost."""
    async with Watcher(site.operators, site.a, tenant="acme") as watcher:
        head, stream = "satgate:{acme}:ledger:head", "satgate:{acme}:audit"
        epoch = site.redis.client.hget(head, "epoch")

        def silently():
            seq = site.redis.client.hincrby(head, "seq", 1)
            event = {"type": "silent", "timestamp": "2026-01-01T00:00:00.000Z", "tenantId": "acme", "seq": seq, "epoch": epoch, "data": {}}
            site.redis.client.xadd(stream, {"event": json.dumps(event, separators=(",", ":"))}, id=f"{seq}-0")
        silently()
        await soon("it was looked for", lambda: watcher.kinds().count("silent") == 1)
        silently()
        await calls(site, 1)
        await soon("the next showed that it was missing", lambda: watcher.kinds().count("silent") == 2)
        site.redis.client.client_kill_filter(_type="pubsub")
        silently()
        await calls(site, 2)
        await soon("all came", lambda: watcher.kinds().count("silent") == 3 and watcher.kinds().count("tool_call") == 3
                   and watcher.kinds().count("session_close") == 2)
        first = watcher.numbers()[0]
        assert watcher.numbers() == list(range(first, first + len(watcher.numbers()))) and "gap" not in watcher.kinds()
