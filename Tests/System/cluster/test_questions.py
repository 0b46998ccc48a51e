"""What an upstream asks in the middle of a call reaches the agent, and the answer the call, whichever nodes they come by."""
from __future__ import annotations

import asyncio
import json
import queue
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from testbed.agent import Agent, Stream
from testbed.interviewer import Call, Interviewer
from testbed.books import Books
from testbed.heard import Heard
from testbed.node import Cell, Node, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.topologies import any_redis

ABLE = {"elicitation": {}, "sampling": {}, "roots": {}}
FORM = {"message": "é?", "requestedSchema": {"type": "object", "properties": {}}, "unknown": [1, {"x": None}]}
OURS = re.compile(r"[0-9a-f]{16}\.[0-9a-f]{16}")


@dataclass
class World:
    redis: RedisServer
    asker: Interviewer
    modern: Interviewer
    cell: Cell
    a: Node
    b: Node

    @asynccontextmanager
    async def agent(self, token: str | None = None) -> AsyncIterator[Agent]:
        """An agent that can be asked, with a session."""
        async with Agent(token or self.cell.mint()) as agent:
            reply = await agent.ask(self.a, "initialize", {
                "protocolVersion": "2025-11-25", "capabilities": ABLE, "clientInfo": {"name": "asked", "version": "1"}})
            agent.session = reply.headers["mcp-session-id"]
            await agent.post(self.a, {"jsonrpc": "2.0", "method": "notifications/initialized"})
            yield agent

    async def called(self, asker: Interviewer | None = None) -> Call:
        """The next call that reaches the upstream."""
        return await asyncio.to_thread((asker or self.asker).calls.get, timeout=10)

    async def heard(self) -> dict[str, Any]:
        """What it is told next."""
        return await asyncio.to_thread(self.asker.heard.get, timeout=10)

    async def hears_nothing(self, agent: Agent) -> None:
        """Nothing that was sent before has reached it: what is sent now comes first."""
        call = asyncio.create_task(Asked(agent).call(self.a, number="marker"))
        marked = await self.called()
        marked.say("roots/list", number="marker")
        while True:
            try:
                assert self.asker.heard.get_nowait() is None, "it has heard something"
            except queue.Empty:
                break
        marked.finish("")
        await call


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("questions")
    redis = any_redis(directory)
    asker, modern = Interviewer(), Interviewer(modern=True)
    cell = Cell(directory, redis, [
        tenant("acme", {"asker": asker.url}, budgets={"team": {"limit": 1000}}, default_budget="team"),
        tenant("beta", {"modern": {"url": modern.url, "timeout": "3s"}}, budgets={"team": {"limit": 1000}}, default_budget="team")])
    a, b = (cell.node(name, SATGATE_LOOPS="2") for name in "ab")
    yield World(redis, asker, modern, cell, a, b)
    asker.stop()
    modern.stop()
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    redis.stop()


@pytest.fixture(autouse=True)
def forgetful(world: World) -> None:
    """What an earlier test left is not taken for what this one does."""
    for kept in (world.asker.calls, world.asker.heard, world.modern.calls):
        while not kept.empty():
            kept.get_nowait()


class Asked(Heard):
    """An agent's call, its messages as they come."""

    def __init__(self, agent: Agent) -> None:
        super().__init__()
        self.agent = agent
        self.status = 0
        self.kind = ""

    async def call(self, node: Node, number: Any = "the call", until: int = 1 << 30) -> None:
        """Calls, and reads to the end or to that many messages."""
        body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "ask", "arguments": {}}}
        async with self.agent._http.stream("POST", node.mcp, content=json.dumps(body), headers=self.agent.headers()) as response:
            self.status, self.kind = response.status_code, response.headers.get("content-type", "")
            async for _ in self.read(response):
                if len(self.messages) >= until:
                    return

    async def next(self, method: str, count: int = 1) -> list[dict[str, Any]]:
        """So many messages of the method, once they are there."""
        await soon(f"{count} of {method}", lambda: len(self.of(method)) >= count)
        return self.of(method)

    def of(self, method: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message.get("method") == method]

    @property
    def results(self) -> list[Any]:
        return [message["id"] for message in self.messages if "method" not in message]


def answer(question: dict[str, Any], result: Any = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": question["id"], "result": result if result is not None else {"action": "accept", "content": {"name": "Zoë"}}}


@pytest.mark.parametrize("number", [7, "7", "a\"b"], ids=["a number", "a string", "an odd string"])
async def test_a_question_is_answered_at_the_other_node_under_the_id_it_came_with(world, number):
    async with world.agent() as agent:
        asked = Asked(agent)
        call = asyncio.create_task(asked.call(world.a))
        upstream = await world.called()
        upstream.say("elicitation/create", {**FORM, "_meta": {"k": 1, "io.satgate/upstream": "forged", "io.satgate/x": 1}}, number)
        [question] = await asked.next("elicitation/create")
        assert OURS.fullmatch(question["id"])
        assert question["params"] == {**FORM, "_meta": {"k": 1, "io.satgate/upstream": "asker"}}
        result = {"action": "accept", "content": {"n": 1.0}, "unknown": None, "_meta": {"io.satgate/x": 1, "k": 2}}
        assert (await agent.post(world.b, answer(question, result))).status == 202
        heard = await world.heard()
        assert heard == {"jsonrpc": "2.0", "id": number, "result": {**result, "_meta": {"k": 2}}} and type(heard["id"]) is type(number)
        upstream.finish("done")
        await call
        assert asked.messages[-1]["result"]["content"][0]["text"] == "done" and asked.results == ["the call"]


async def test_several_questions_are_open_at_once_and_an_error_passes_as_one(world):
    async with world.agent() as agent:
        asked = Asked(agent)
        call = asyncio.create_task(asked.call(world.b))
        upstream = await world.called()
        for number in range(5):
            upstream.say("roots/list", None, number)
        questions = await asked.next("roots/list", 5)
        assert len({question["id"] for question in questions}) == 5
        for number in (3, 0, 4, 1):
            await agent.post(world.a if number % 2 else world.b, answer(questions[number], {"roots": [{"uri": f"file:///{number}"}]}))
        error = {"code": -1, "message": "the user said no", "data": {"x": 1}}
        await agent.post(world.a, {"jsonrpc": "2.0", "id": questions[2]["id"], "error": error})
        heard = {message["id"]: message for message in [await world.heard() for _ in range(5)]}
        assert heard.pop(2)["error"] == error
        assert {number: message["result"]["roots"][0]["uri"] for number, message in heard.items()} == {n: f"file:///{n}" for n in (0, 1, 3, 4)}
        upstream.finish("done")
        await call


async def test_what_the_agent_did_not_say_it_can_is_not_asked(world):
    async with Agent(world.cell.mint()) as agent:
        await agent.open(world.a)
        call = asyncio.create_task(agent.call(world.a, "ask"))
        upstream = await world.called()
        upstream.say("elicitation/create", FORM, 1)
        assert (await world.heard())["error"]["code"] == -32601
        upstream.finish("done")
        assert (await call).text == "done"
        assert world.asker.declared[-1] == {}


async def test_an_answer_counts_once_and_only_from_the_session_that_was_asked(world):
    token = world.cell.mint()
    async with world.agent(token) as agent, world.agent(token) as sibling, world.agent() as stranger:
        asked = Asked(agent)
        call = asyncio.create_task(asked.call(world.a))
        upstream = await world.called()
        upstream.say("elicitation/create", FORM, 1)
        [question] = await asked.next("elicitation/create")
        for other in (sibling, stranger):
            for node in (world.a, world.b):
                assert (await other.post(node, answer(question))).status == 202
        for wrong in ({**question, "id": 1}, {**question, "id": "0" * 16 + "." + "0" * 16, }):
            assert (await agent.post(world.a, answer(wrong))).status in (202, 404)
        await world.hears_nothing(stranger)
        for node in (world.a, world.b, world.a):
            assert (await agent.post(node, answer(question))).status == 202
        assert (await world.heard())["id"] == 1
        await world.hears_nothing(agent)
        upstream.finish("done")
        await call


async def test_a_question_comes_again_on_the_stream_that_goes_on_elsewhere(world):
    async with world.agent() as agent:
        asked = Asked(agent)
        upstream = asyncio.create_task(world.called())
        call = asyncio.create_task(asked.call(world.a, until=1))
        (await upstream).say("sampling/createMessage", {"messages": [], "maxTokens": 1}, 1)
        await call
        upstream.result().say("sampling/createMessage", {"messages": [], "maxTokens": 2}, 2)
        resumed = asyncio.create_task(asked.resume(agent, world.b))
        first, second = await asked.next("sampling/createMessage", 2)
        assert second["params"]["maxTokens"] == 2
        await agent.post(world.b, answer(first, {"text": 1}))
        await agent.post(world.b, answer(second, {"text": 2}))
        heard = sorted([(await world.heard())["id"], (await world.heard())["id"]])
        assert heard == [1, 2]
        upstream.result().finish("done")
        await resumed
        assert asked.messages[-1]["result"]["content"][0]["text"] == "done" and len(asked.of("sampling/createMessage")) == 2


async def test_the_agent_learns_that_a_question_is_not_open_any_more(world):
    async with world.agent() as agent:
        asked = Asked(agent)
        call = asyncio.create_task(asked.call(world.a))
        upstream = await world.called()
        for number in ("withdrawn", "left"):
            upstream.say("elicitation/create", FORM, number)
        withdrawn, left = await asked.next("elicitation/create", 2)
        upstream.say("notifications/cancelled", {"requestId": "unknown"})
        upstream.say("notifications/cancelled", {"requestId": "withdrawn", "reason": "found it"})
        [note] = await asked.next("notifications/cancelled")
        assert note["params"] == {"requestId": withdrawn["id"], "reason": "found it"}
        upstream.finish("done")
        await call
        assert [each["params"]["requestId"] for each in asked.of("notifications/cancelled")] == [withdrawn["id"], left["id"]]
        assert "result" in asked.messages[-1]
        for question in (withdrawn, left):
            assert (await agent.post(world.b, answer(question))).status == 202
        await world.hears_nothing(agent)


async def test_the_agent_learns_that_what_it_was_sent_away_for_is_done(world):
    async with world.agent() as agent:
        asked = Asked(agent)
        call = asyncio.create_task(asked.call(world.a))
        upstream = await world.called()
        upstream.say("notifications/elicitation/complete", {"elicitationId": "e", "unknown": 1})
        [note] = await asked.next("notifications/elicitation/complete")
        assert note["params"] == {"elicitationId": "e", "unknown": 1}
        upstream.finish("done")
        await call


async def test_progress_of_an_answer_reaches_the_upstream_under_its_own_token(world):
    async with world.agent() as agent:
        asked = Asked(agent)
        call = asyncio.create_task(asked.call(world.a))
        upstream = await world.called()
        upstream.say("sampling/createMessage", {"messages": [], "maxTokens": 1, "_meta": {"progressToken": 5}}, 1)
        [question] = await asked.next("sampling/createMessage")
        token = question["params"]["_meta"]["progressToken"]
        assert token == question["id"]
        for node, step in ((world.b, 1), (world.a, 2)):
            note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": token, "progress": step, "message": "é"}}
            assert (await agent.post(node, note)).status == 202
            assert (await world.heard())["params"] == {"progressToken": 5, "progress": step, "message": "é"}
        await agent.post(world.b, answer(question, {"text": 1}))
        assert (await world.heard())["result"] == {"text": 1}
        upstream.finish("done")
        await call


async def test_an_answer_to_a_node_that_is_gone_is_told_to_be_lost(world):
    node = world.cell.node("mortal")
    async with world.agent() as agent:
        asked = Asked(agent)
        call = asyncio.create_task(asked.call(node))
        upstream = await world.called()
        upstream.say("elicitation/create", FORM, 1)
        [question] = await asked.next("elicitation/create")
        node.kill()
        with pytest.raises(httpx.HTTPError):
            await call
        lost = await agent.post(world.b, answer(question))
        assert (lost.status, lost.code, lost.label) == (404, -32603, "node_lost")
        upstream.finish("done")


async def test_a_question_on_the_stream_of_http_and_sse_is_answered_at_any_node(world):
    async with Stream(world.cell.mint(), world.a) as agent:
        await agent.ask(world.b, "initialize", {"protocolVersion": "2024-11-05", "capabilities": ABLE, "clientInfo": {"name": "asked", "version": "1"}})
        await agent.post(world.b, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        for runs, answers in ((world.a, world.b), (world.b, world.a), (world.b, world.b)):
            call = asyncio.create_task(agent.call(runs, "ask"))
            upstream = await world.called()
            upstream.say("elicitation/create", FORM, 1)
            await soon("the question", lambda: agent.stray)
            question = agent.stray.pop()
            assert question["method"] == "elicitation/create" and question["params"]["_meta"] == {"io.satgate/upstream": "asker"}
            assert await agent.post(answers, answer(question)) == 202
            assert (await world.heard())["result"] == answer(question)["result"]
            upstream.finish("done")
            assert (await call)["result"]["content"][0]["text"] == "done"


# An upstream without a handshake asks by its answer


def wanting(**questions: Any) -> dict[str, Any]:
    return {"resultType": "input_required", "inputRequests": questions, "requestState": "st\u00e4te \u2028"}


ELICIT = {"method": "elicitation/create", "params": FORM}
SAMPLE = {"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}}


async def test_what_an_answer_asks_for_is_asked_at_once_and_the_call_is_sent_again_with_it(world):
    books = Books(world.redis, "beta")
    spent = books.spent("team")
    async with world.agent(world.cell.mint("beta")) as agent:
        asked = Asked(agent)
        call = asyncio.create_task(asked.call(world.a))
        first = await world.called(world.modern)
        first.end(wanting(**{"the form": ELICIT, "model": SAMPLE, "r": {"method": "roots/list"}}))
        for method in ("elicitation/create", "sampling/createMessage", "roots/list"):
            [question] = await asked.next(method)
            assert OURS.fullmatch(question["id"]) and question["params"]["_meta"] == {"io.satgate/upstream": "modern"}
            await agent.post(world.b if method != "roots/list" else world.a, answer(question, {"to": method, "n": 1.0}))
        second = await world.called(world.modern)
        assert second.request["id"] != first.request["id"]
        sent = second.request["params"]
        assert sent["requestState"] == "st\u00e4te \u2028"
        assert sent["inputResponses"] == {
            "the form": {"to": "elicitation/create", "n": 1.0}, "model": {"to": "sampling/createMessage", "n": 1.0}, "r": {"to": "roots/list", "n": 1.0}}
        assert {name: sent[name] for name in ("name", "arguments")} == {"name": "ask", "arguments": {}}
        second.end({"resultType": "input_required", "requestState": "only this"})
        third = await world.called(world.modern)
        assert third.request["params"]["requestState"] == "only this" and "inputResponses" not in third.request["params"]
        third.end({"resultType": "complete", "content": [{"type": "text", "text": "done"}]})
        await call
        assert asked.messages[-1] == {"jsonrpc": "2.0", "id": "the call", "result": {"content": [{"type": "text", "text": "done"}]}}
        assert asked.of("notifications/cancelled") == [] and books.spent("team") == spent + 1


@pytest.mark.parametrize("how", ["refuses", "is silent", "cannot"])
async def test_an_upstream_that_does_not_get_what_it_asks_for_is_a_failure_that_costs_nothing(world, how):
    books = Books(world.redis, "beta")
    spent = books.spent("team")
    async with world.agent(world.cell.mint("beta")) as agent:
        asked = Asked(agent)
        call = asyncio.create_task(asked.call(world.a))
        first = await world.called(world.modern)
        first.end(wanting(one=ELICIT, two={"method": "tasks/list"} if how == "cannot" else SAMPLE))
        if how == "refuses":
            [question] = await asked.next("elicitation/create")
            await agent.post(world.b, {"jsonrpc": "2.0", "id": question["id"], "error": {"code": -1, "message": "no"}})
        await call
        left = {"refuses": ["sampling/createMessage"], "is silent": ["elicitation/create", "sampling/createMessage"], "cannot": []}[how]
        assert [each["params"]["requestId"] for each in asked.of("notifications/cancelled")] == [asked.of(method)[0]["id"] for method in left]
        if how == "cannot":
            assert asked.messages == [] and asked.kind == "application/json"
        else:
            error = asked.messages[-1]["error"]
            assert (error["code"], error["data"]["error"]) == (-32002, "upstream_error") and "input" in error["message"]
        assert books.spent("team") == spent and books.balance("team").held == 0
        assert world.modern.calls.empty()


async def test_an_upstream_that_never_has_enough_is_given_up_at_no_cost(world):
    books = Books(world.redis, "beta")
    spent = books.spent("team")
    async with world.agent(world.cell.mint("beta")) as agent:
        call = asyncio.create_task(agent.ask(world.b, "tools/call", {"name": "ask"}))
        for _ in range(11):
            (await world.called(world.modern)).end({"resultType": "input_required", "requestState": "more"})
        reply = await call
        assert (reply.code, reply.label) == (-32002, "upstream_error") and world.modern.calls.empty()
        assert books.spent("team") == spent and books.balance("team").held == 0


# Cancelling


def cancelled(number: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number, "reason": "enough"}}


@pytest.mark.parametrize("begun", [True, False], ids=["behind an event", "before any event"])
@pytest.mark.parametrize("other", [False, True], ids=["at its node", "at the other node"])
async def test_a_cancelled_call_is_cancelled_upstream_paid_for_and_not_answered(world, begun, other):
    books = Books(world.redis)
    spent, left = books.spent("team"), books.calls()
    async with world.agent() as agent:
        asked = Asked(agent)
        call = asyncio.create_task(asked.call(world.a, number="1"))
        upstream = await world.called()
        if begun:
            upstream.say("roots/list", None, 1)
            await asked.next("roots/list")
        # the number is another id than the string
        for wrong in (1, "2"):
            await agent.post(world.a, cancelled(wrong))
            await agent.post(world.b, cancelled(wrong))
        assert (await agent.post(world.b if other else world.a, cancelled("1"))).status == 202
        note = await world.heard()
        assert (note["method"], note["params"]["requestId"]) == ("notifications/cancelled", upstream.request["id"])
        await asyncio.wait_for(call, 10)
        assert asked.status == 200 and asked.kind.startswith("text/event-stream") and asked.results == []
        await soon("the call is paid", lambda: books.spent("team") == spent + 1)
        # a node that was killed may have left one
        assert books.calls() <= left
        if begun:
            resumed = Heard(last=asked.last)
            await asyncio.wait_for(resumed.resume(agent, world.b), 10)
            assert resumed.messages == []
        # its id may be used again
        again = asyncio.create_task(agent.ask(world.a, "tools/call", {"name": "ask"}, number="1"))
        (await world.called()).finish("again")
        assert (await again).text == "again"
        upstream.finish("too late")


async def test_of_a_batch_one_call_is_cancelled_without_the_others(world):
    async with Agent(world.cell.mint()) as agent:
        reply = await agent.ask(world.a, "initialize", {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "b", "version": "1"}})
        headers = agent.headers(**{"Mcp-Session-Id": reply.headers["mcp-session-id"], "MCP-Protocol-Version": "2025-03-26"})
        batch = [{"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "ask", "arguments": {"n": number}}} for number in (1, 2)]
        posted = asyncio.create_task(agent.request("POST", world.a.mcp, json.dumps(batch).encode(), headers))
        calls = {call.request["params"]["arguments"]["n"]: call for call in [await world.called(), await world.called()]}
        stopped = await agent.request("POST", world.b.mcp, json.dumps([cancelled(1)]).encode(), headers)
        assert stopped.status == 202
        assert (await world.heard())["params"]["requestId"] == calls[1].request["id"]
        calls[2].finish("done")
        answers = json.loads((await posted).raw)
        assert [each["id"] for each in answers] == [2] and answers[0]["result"]["content"][0]["text"] == "done"
        calls[1].finish("too late")


async def test_another_session_cancels_nothing(world):
    token = world.cell.mint()
    async with world.agent(token) as agent, world.agent(token) as other:
        asked = Asked(agent)
        call = asyncio.create_task(agent.ask(world.a, "tools/call", {"name": "ask"}, number=1))
        upstream = await world.called()
        for node in (world.a, world.b):
            await other.post(node, cancelled(1))
        await world.hears_nothing(other)
        upstream.finish("done")
        assert (await call).text == "done" and asked.messages == []


async def test_an_id_is_used_by_one_call_at_a_time_in_its_session_where_a_number_is_no_string(world):
    async with world.agent() as agent, world.agent() as other:
        running = [asyncio.create_task(each.ask(world.a, "tools/call", {"name": "ask"}, number=number))
                   for each, number in ((agent, 1), (agent, "1"), (other, 1))]
        calls = [await world.called() for _ in running]
        refused = await agent.ask(world.a, "tools/call", {"name": "ask"}, number=1)
        assert (refused.status, refused.code) == (400, -32600) and refused.message["id"] == 1
        for call in calls:
            call.finish("done")
        assert [reply.text for reply in await asyncio.gather(*running)] == ["done"] * 3


async def test_over_http_and_sse_a_call_is_cancelled_by_a_message_or_with_the_stream(world):
    async with Stream(world.cell.mint(), world.a) as agent:
        await agent.open()
        calls = []
        for node, number in ((world.a, 1), (world.b, 2), (world.b, 3)):
            assert await agent.post(node, {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "ask"}}) == 202
            calls.append(await world.called())
        for node, number in ((world.b, 1), (world.a, 2)):
            assert await agent.post(node, cancelled(number)) == 202
            note = await world.heard()
            assert (note["method"], note["params"]["requestId"]) == ("notifications/cancelled", calls[number - 1].request["id"])
        agent._reader.cancel()
        note = await world.heard()
        assert (note["method"], note["params"]["requestId"]) == ("notifications/cancelled", calls[2].request["id"])
        assert agent.stray == []
        for call in calls:
            call.finish("too late")
