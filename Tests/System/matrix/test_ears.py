"""What servers say outside of their answers reaches clients of every revision, through two nodes."""
from __future__ import annotations

from testbed.client import KINDS, Person, of
from testbed.process import soon

UPDATED = "notifications/resources/updated"
LEVELS = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]
ONE, TWO = "test://static/1", "test://static/2"


async def until(what, condition):
    async def come():
        return condition()
    await soon(what, come, within=10)


@of([kind for kind in KINDS if not kind.modern])
async def test_a_resource_that_a_client_subscribes_to_is_told_of_when_it_changes_until_it_unsubscribes(pairing):
    person = Person(able=())
    async with pairing.join(person) as agent:
        await agent.subscribe(ONE)
        for times in (1, 2):
            await agent.ask("touch", {"uri": TWO})
            await agent.ask("touch", {"uri": ONE})
            await until("it is told", lambda: len(person.heard(UPDATED)) >= times)
        assert [params["uri"] for params in person.heard(UPDATED)] == [ONE, ONE]
        await agent.unsubscribe(ONE)
        await agent.subscribe(TWO)
        await agent.ask("touch", {"uri": ONE})
        await agent.ask("touch", {"uri": TWO})
        await until("it is told", lambda: len(person.heard(UPDATED)) >= 3)
        assert [params["uri"] for params in person.heard(UPDATED)] == [ONE, ONE, TWO]


@of([kind for kind in KINDS if not kind.modern])
async def test_the_server_logs_what_a_client_wants_to_see(pairing):
    person = Person(able=())
    async with pairing.join(person) as agent:
        await agent.set_level("error")
        await agent.ask("log", {"text": "x"})
        await until("it is logged", lambda: len(person.logs) >= 4)
        assert [log["level"] for log in person.logs] == LEVELS[4:]
        # the server has one level for all
        await agent.set_level("info")


async def test_what_a_server_asks_outside_of_its_answers_is_put_to_its_user(pairing):
    person = Person()
    async with pairing.join(person) as agent:
        for _ in range(2):
            result = await agent.ask("ask_roots")
            assert result["content"][0]["text"] == "file:///home/zoe,file:///srv"
