"""What a server says unasked: log messages, changes; and what a client may take back."""
from __future__ import annotations

import asyncio

import pytest

from testbed.client import KINDS, Person, of
from testbed.process import soon

LEVELS = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]
HANDSHAKE = [kind for kind in KINDS if not kind.modern]
MODERN = [kind for kind in KINDS if kind.modern]


@of(HANDSHAKE)
@pytest.mark.parametrize("level", ["debug", "warning", "emergency"])
async def test_log_messages_come_from_the_level_that_the_session_has_set(pairing, level):
    person = Person()
    async with pairing.join(person) as agent:
        await agent.set_level(level)
        answer = await agent.ask("log", {"text": f"at {level}"})
        assert answer["content"][0]["text"] == "logged"
        wanted = LEVELS[LEVELS.index(level):]
        await soon("all are there", lambda: len(person.logs) >= len(wanted), within=15)
        assert [log["level"] for log in person.logs] == wanted
        assert {(log["data"], log["logger"]) for log in person.logs} == {(f"at {level}", "everything")}


@of(MODERN)
@pytest.mark.parametrize("level", ["debug", "warning", "emergency"])
async def test_log_messages_come_from_the_level_that_the_request_states(pairing, level):
    person = Person()
    async with pairing.join(person, log_level=level) as agent:
        await agent.ask("log", {"text": f"at {level}"})
        assert [log["level"] for log in person.logs] == LEVELS[LEVELS.index(level):]


@of(MODERN)
async def test_no_log_message_comes_to_a_request_that_states_no_level(pairing):
    person = Person()
    async with pairing.join(person) as agent:
        await agent.ask("log")
        await agent.ask("echo", {"text": "later"})
        assert not person.logs


async def test_a_call_that_is_given_up_ends_at_the_server(pairing):
    async with pairing.join() as agent:
        before = pairing.upstream.stats()["cancelled"].get("slow", 0)
        started = pairing.upstream.calls("slow")
        call = asyncio.create_task(agent.ask("slow", {"steps": 300, "delay": 0.1}))
        await soon("it runs", lambda: pairing.upstream.calls("slow") == started + 1)
        await agent.give_up(call)
        await soon("the server has cancelled it", lambda: pairing.upstream.stats()["cancelled"].get("slow", 0) == before + 1, within=15)
        assert (await agent.call("echo", {"text": "next"}))["content"][0]["text"] == "next"


@of(HANDSHAKE)
async def test_a_session_that_has_subscribed_hears_of_an_update_until_it_unsubscribes(pairing):
    person, updated = Person(), "notifications/resources/updated"
    async with pairing.join(person) as agent, pairing.join() as other:
        await agent.subscribe("test://static/1")
        await other.ask("touch", {"uri": "test://static/2"})
        await other.ask("touch", {"uri": "test://static/1"})
        await soon("it hears of it", lambda: person.heard(updated), within=15)
        assert [told["uri"] for told in person.heard(updated)] == ["test://static/1"]
        await agent.unsubscribe("test://static/1")
        await agent.subscribe("test://static/2")
        for uri in ("test://static/1", "test://static/2"):
            await other.ask("touch", {"uri": uri})
        await soon("it hears of the other", lambda: len(person.heard(updated)) > 1, within=15)
        assert [told["uri"] for told in person.heard(updated)] == ["test://static/1", "test://static/2"]


@of(MODERN)
async def test_who_listens_to_a_resource_hears_of_an_update(pairing):
    async with pairing.join() as agent, pairing.join() as other:
        async with agent._session.listen(resource_subscriptions=["test://static/1"]) as events:
            assert events.honored.resource_subscriptions == ["test://static/1"]
            await other.ask("touch", {"uri": "test://static/2"})
            await other.ask("touch", {"uri": "test://static/1"})
            event = await asyncio.wait_for(anext(aiter(events)), 5)
            assert event.uri == "test://static/1"


async def change(agent, heard) -> bool:
    """Has the tools changed until it is heard of, since a server may say it before anybody hears; whether there is one more then."""
    for _ in range(8):
        answer = await agent.ask("change_tools")
        try:
            await soon("it hears of it", heard, within=1)
            return answer["content"][0]["text"] == "extra on"
        except AssertionError:
            continue
    raise AssertionError("nothing is heard")


@of(HANDSHAKE)
async def test_a_session_hears_that_the_tools_have_changed(pairing):
    person = Person()
    async with pairing.join(person) as agent:
        more = await change(agent, lambda: person.heard("notifications/tools/list_changed"))

        async def listed():
            return ("extra" in {tool["name"] for tool in await agent.tools()}) == more
        await soon("the list is the new one", listed, within=15)


@of(MODERN)
async def test_who_listens_hears_that_the_tools_have_changed(pairing):
    async with pairing.join() as agent:
        async with agent._session.listen(tools_list_changed=True) as events:
            heard = asyncio.create_task(anext(aiter(events)))
            more = await change(agent, heard.done)

            async def listed():
                return ("extra" in {tool["name"] for tool in await agent.tools()}) == more
            await soon("the list is the new one", listed, within=15)
