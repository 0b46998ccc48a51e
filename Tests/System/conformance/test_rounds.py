"""What the specification of 2026-07-28 asks of a server that needs more than one round, through a transparent tenant."""
from __future__ import annotations

import json
from typing import Any

import pytest

from testbed.agent import Reply, _message
from testbed.stateless import Stateless, headers, message

CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
ABLE = {CAPABILITIES: {"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}}}
ANSWER = {"action": "accept", "content": {"name": "Zoë"}}


async def ask(agent: Stateless, node: Any, tool: str, number: int, meta: dict[str, Any] = ABLE, **more: Any) -> Reply:
    """One round: a call of the tool, with what is to be sent back."""
    request = message("tools/call", {"name": tool, "arguments": {}, **more}, number, meta)
    response = await agent.http.post(node.mcp, content=json.dumps(request).encode(), headers=headers(request))
    return Reply(response.status_code, response.headers, _message(response), response.content)


def asked(reply: Reply) -> tuple[str, str]:
    """The key of the one question, and the state."""
    assert reply.status == 200 and reply.result["resultType"] == "input_required", reply.raw
    [key] = reply.result["inputRequests"]
    return key, reply.result["requestState"]


@pytest.mark.parametrize("tool, ability", [("ask_user", "elicitation"), ("ask_model", "sampling"), ("ask_roots", "roots")])
async def test_what_needs_an_ability_that_is_not_declared_is_refused_with_its_name(modern, tool, ability):
    async with Stateless(modern.token()) as agent:
        reply = await ask(agent, modern.a, tool, 1, meta={})
        assert (reply.status, reply.code) == (400, -32021), reply.raw
        assert ability in reply.message["error"]["data"]["requiredCapabilities"]


async def test_the_last_round_is_answered_at_another_node_than_the_first(modern):
    async with Stateless(modern.token()) as agent:
        ran = modern.upstream.calls("ask_user")
        key, state = asked(await ask(agent, modern.a, "ask_user", 1))
        reply = await ask(agent, modern.b, "ask_user", 2, inputResponses={key: ANSWER}, requestState=state)
        assert reply.text == "accept:" + json.dumps({"name": "Zoë"}) and reply.result["resultType"] == "complete"
        assert modern.upstream.calls("ask_user") == ran + 1


async def test_a_state_that_is_not_as_it_was_given_is_refused(modern):
    async with Stateless(modern.token()) as agent, Stateless(modern.token()) as thief:
        key, state = asked(await ask(agent, modern.a, "ask_user", 1))
        middle = len(state) // 2
        forged = state[:middle] + ("A" if state[middle] != "A" else "B") + state[middle + 1:]
        answers = {key: ANSWER}
        for who, tool, each in ((agent, "ask_user", forged), (agent, "ask_user", "round1"), (agent, "ask_user", ""), (agent, "ask_user", state[:-8]),
                                (thief, "ask_user", state), (agent, "ask_twice", state)):
            reply = await ask(who, modern.b, tool, 2, inputResponses=answers, requestState=each)
            assert reply.code == -32602, (tool, reply.raw)
        # none of that has used it up; once it is used it is
        assert (await ask(agent, modern.b, "ask_user", 3, inputResponses=answers, requestState=state)).text
        again = await ask(agent, modern.a, "ask_user", 4, inputResponses=answers, requestState=state)
        assert again.code == -32602, again.raw


@pytest.mark.parametrize("answers", [[], "x", {"user": 1}, {"user": []}], ids=json.dumps)
async def test_answers_that_are_none_are_refused(modern, answers):
    async with Stateless(modern.token()) as agent:
        _, state = asked(await ask(agent, modern.a, "ask_user", 1))
        reply = await ask(agent, modern.b, "ask_user", 2, inputResponses=answers, requestState=state)
        assert (reply.status, reply.code) == (400, -32602), reply.raw


async def test_answers_too_many_or_too_few_are_the_upstreams_matter(modern):
    async with Stateless(modern.token()) as agent:
        key, state = asked(await ask(agent, modern.a, "ask_user", 1))
        again, later = asked(await ask(agent, modern.b, "ask_user", 2, inputResponses={}, requestState=state))
        assert again == key
        reply = await ask(agent, modern.a, "ask_user", 3, inputResponses={key: ANSWER, "more": ANSWER}, requestState=later)
        assert reply.text == "accept:" + json.dumps({"name": "Zoë"})
