"""What a server asks of a client, and of the person before it, during a call: from every server to every client."""
from __future__ import annotations

import asyncio
import json

import pytest

from testbed.client import KINDS, Person, of
from testbed.sdk import Refused

ELICITING = [kind for kind in KINDS if kind.since("2025-06-18")]
LINKING = [kind for kind in KINDS if kind.since("2025-11-25")]


async def refused_or_failed(agent, tool) -> None:
    """The server learns at once that nobody can be asked, and says so in its way."""
    try:
        answer = await asyncio.wait_for(agent.ask(tool), 10)
        assert answer["isError"]
    except Refused as refused:
        assert refused.code in (-32603, -32021, -32601, -32600, 0, -32602), refused


async def test_a_model_is_asked(pairing):
    person = Person()
    async with pairing.join(person) as agent:
        answer = await agent.ask("ask_model", {"prompt": "What is 2+2?"})
        assert answer["content"][0]["text"] == "a-model:four"
        [question] = person.questions
        assert question["messages"][0]["content"]["text"] == "What is 2+2?" and question["maxTokens"] == 50


# the 1.x server asks for them on another stream than the call's
@pytest.mark.parametrize("server", ["upstream2"])
async def test_roots_are_asked_for(pairing):
    person = Person()
    async with pairing.join(person) as agent:
        answer = await agent.ask("ask_roots")
        assert answer["content"][0]["text"] == "file:///home/zoe,file:///srv"
        assert len(person.questions) == 1


@of(ELICITING)
async def test_a_person_is_asked_by_a_form(pairing):
    person = Person()
    async with pairing.join(person) as agent:
        before = pairing.upstream.calls("ask_user")
        answer = await agent.ask("ask_user", {"message": "Who?"})
        assert answer["content"][0]["text"] == 'accept:' + json.dumps({"name": "Zoë"})
        [question] = person.questions
        assert question["message"].endswith("Who?") and question["requestedSchema"]["required"] == ["name"]
        assert pairing.upstream.calls("ask_user") == before + 1


@of(ELICITING)
@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_a_person_may_say_no(pairing, action):
    async with pairing.join(Person(answer={"action": action})) as agent:
        assert (await agent.ask("ask_user"))["content"][0]["text"].startswith(f"{action}:")


@of(ELICITING)
async def test_a_person_is_asked_twice_in_one_call(pairing):
    person = Person()
    async with pairing.join(person) as agent:
        answer = await agent.ask("ask_twice")
        assert answer["content"][0]["text"] == " ".join([json.dumps({"name": "Zoë"})] * 2)
        assert [question["message"].rpartition(" ")[2] for question in person.questions] == ["first?", "second?"]


@of(LINKING)
async def test_a_person_is_asked_to_follow_a_link(pairing):
    person = Person()
    async with pairing.join(person) as agent:
        answer = await agent.ask("ask_url")
        assert answer["content"][0]["text"] == "accept"
        [question] = person.questions
        assert (question["mode"], question["url"]) == ("url", "https://example.com/sign-in")


@of([kind for kind in KINDS if kind not in ELICITING])
@pytest.mark.parametrize("tool", ["ask_user", "ask_twice", "ask_url"])
async def test_a_revision_without_elicitation_is_not_asked(pairing, tool):
    person = Person()
    async with pairing.join(person) as agent:
        await refused_or_failed(agent, tool)
        assert not person.questions


# the 1.x server asks for roots on another stream than the call's, and of clients that have none: only its own time-out ends that
@pytest.mark.parametrize("server, tool", [(server, tool) for server in ("upstream2", "upstream1")
                                          for tool in ("ask_user", "ask_twice", "ask_url", "ask_model", "ask_roots")
                                          if (server, tool) != ("upstream1", "ask_roots")])
async def test_a_client_that_can_do_nothing_is_not_asked(pairing, tool):
    person = Person(able=())
    async with pairing.join(person) as agent:
        await refused_or_failed(agent, tool)
        assert not person.questions
        # and the session goes on
        assert (await agent.call("echo", {"text": "still here"}))["content"][0]["text"] == "still here"


@of(ELICITING)
async def test_ten_calls_at_once_each_have_their_own_answers(pairing):
    class Crowd(Person):
        async def elicit(self, context, params):
            self.answer = {"action": "accept", "content": {"name": params.message.rpartition(" ")[2]}}
            return await super().elicit(context, params)
    person = Crowd()
    async with pairing.join(person) as agent:
        answers = await asyncio.gather(*(agent.ask("ask_user", {"message": f"number {number}"}) for number in range(10)))
        assert [answer["content"][0]["text"] for answer in answers] == ["accept:" + json.dumps({"name": str(number)}) for number in range(10)]
        assert len(person.questions) == 10
