"""What a server says unasked: log messages, changes; and what a client may take back."""
from __future__ import annotations

import asyncio

import pytest

from testbed.client import KINDS, Person, of
from testbed.process import soon

LEVELS = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]
HANDSHAKE = [kind for kind in KINDS if not kind.modern]
MODERN = [kind for kind in KINDS if kind.modern]


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
        await soon("the server has cancelled it", lambda: pairing.upstream.stats()["cancelled"].get("slow", 0) == before + 1, within=5)
        assert (await agent.call("echo", {"text": "next"}))["content"][0]["text"] == "next"


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


# the 1.x server tells only those who have called it
@pytest.mark.parametrize("server", ["upstream2"])
@of(HANDSHAKE)
async def test_a_session_hears_that_the_tools_have_changed(pairing):
    person = Person()
    async with pairing.join(person) as agent:
        more = await change(agent, lambda: person.heard("notifications/tools/list_changed"))

        async def listed():
            return ("extra" in {tool["name"] for tool in await agent.tools()}) == more
        await soon("the list is the new one", listed, within=2)


# the 1.x server tells only those who have called it
@pytest.mark.parametrize("server", ["upstream2"])
@of(MODERN)
async def test_who_listens_hears_that_the_tools_have_changed(pairing):
    async with pairing.join() as agent:
        async with agent._session.listen(tools_list_changed=True) as events:
            heard = asyncio.create_task(anext(aiter(events)))
            more = await change(agent, heard.done)

            async def listed():
                return ("extra" in {tool["name"] for tool in await agent.tools()}) == more
            await soon("the list is the new one", listed, within=2)
