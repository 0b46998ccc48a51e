"""Agents without a session that are asked: each of their requests at another node, one call and one charge for all of them."""
from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed.asker import Asker
from testbed.balancer import Balancer
from testbed.books import Books
from testbed.client import KINDS, Person, join
from testbed.node import Cell, Node, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.stateless import Stateless, headers, message
from testbed.topologies import any_redis
from testbed.upstream import EverythingServer

ABLE = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}}}
NAMED = {"action": "accept", "content": {"name": "Zoë"}}
# the modern server asks in its answers, the legacy one while it works
ERAS = ["modern", "legacy"]


@dataclass
class Field:
    """Two nodes; a tenant before each of the official servers."""
    redis: RedisServer
    cell: Cell
    a: Node
    b: Node
    servers: dict[str, EverythingServer]
    balancer: Balancer

    def books(self, era: str) -> Books:
        return Books(self.redis, era)

    def agent(self, era: str) -> Stateless:
        return Stateless(self.cell.mint(era))

    def node(self, number: int) -> Node:
        """Now the one, now the other."""
        return (self.a, self.b)[number % 2]


@asynccontextmanager
async def one_charge(field: Field, era: str, price: int = 1) -> AsyncIterator[None]:
    """What happens inside is one call and is charged once."""
    books = field.books(era)
    before, told = books.spent("team"), len(books.events("tool_call", "audit"))
    yield
    assert books.quiet("team").spent == int((before + price) * 1_000_000)
    assert len(books.events("tool_call", "audit")) == told + 1


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    directory = tmp_path_factory.mktemp("rounds")
    redis = any_redis(directory)
    servers = {"modern": EverythingServer(2, "t", directory), "legacy": EverythingServer(1, "t", directory)}
    cell = Cell(directory, redis, [
        tenant(era, {"everything": {"url": server.url, "headers": {"Authorization": "Bearer ${env:UP_TOKEN}"}, "timeout": "20s"}},
               tariff={"default": 1, "tools": {"ask_twice": 3}}, budgets={"team": {"limit": 1000}}, default_budget="team")
        for era, server in servers.items()] + [
        tenant("terms", {"everything": {"url": servers["modern"].url, "headers": {"Authorization": "Bearer ${env:UP_TOKEN}"}}},
               budgets={"team": {"limit": 2, "window": "month", "mode": "soft"}}, default_budget="team", rate_limits={"token": {"limit": "1/day", "burst": 2}})])
    settings = {"UP_TOKEN": "t", "SATGATE_LOOPS": "2", "SATGATE_HOLD_LEASE": "2000"}
    a, b = cell.node("a", **settings), cell.node("b", **settings)
    balancer = Balancer(directory, [a, b])
    yield Field(redis, cell, a, b, servers, balancer)
    balancer.stop()
    assert (a.stop(), b.stop()) == (0, 0)
    for server in servers.values():
        server.stop()
    redis.stop()


async def send(agent: Stateless, node: Node, tool: str, asked: dict[str, Any] | None = None, given: Any = None, arguments: Any = None,
               able: Any = ABLE, **meta: Any) -> Any:
    """A call, or, with what was `asked`, its next round, with what is `given` to each question."""
    params: dict[str, Any] = {"name": tool, "arguments": arguments or {}}
    if asked is not None:
        params |= {"requestState": asked["requestState"], "inputResponses": {key: given or NAMED for key in asked.get("inputRequests", {})}}
    return await agent.ask(node, "tools/call", params, {**able, **meta})


def question(reply: Any) -> dict[str, Any]:
    assert reply.status == 200 and reply.result, reply.raw
    result = reply.result
    assert result["resultType"] == "input_required", result
    assert not {"ttlMs", "cacheScope"} & result.keys()
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "satgate"
    return result


async def test_a_call_of_several_rounds_counts_once_and_is_charged_to_the_window_in_which_it_ends(field):
    books = field.books("terms")
    account = f"{books.prefix}account:team"
    # the second call of two that the token may make finds nothing left, in a mode that lets it pass
    async with field.agent("terms") as agent:
        assert (await send(agent, field.b, "echo", arguments={"text": "x"})).result
        field.redis.client.hset(account, "spent", 2_000_000)
        asked = question(await send(agent, field.a, "ask_twice"))
        assert books.balance("team").held == 1_000_000
        seconds, _ = field.redis.client.time()
        field.redis.client.hset(account, "window", (seconds - 1) * 1000)
        again = question(await send(agent, field.b, "ask_twice", asked))
        done = (await send(agent, field.a, "ask_twice", again)).result
        assert done["resultType"] == "complete" and done["_meta"]["io.satgate/warning"] == "budget_exhausted"
        balance = books.quiet("team")
        balance.check()
        assert (balance.spent, balance.over) == (1_000_000, 0) and len(books.events("window_reset")) == 1
        assert int(field.redis.client.hget(account, "window")) > (seconds + 1) * 1000
        assert (await send(agent, field.a, "echo", arguments={"text": "x"})).label == "rate_limited"


@pytest.mark.parametrize("era", ERAS)
async def test_each_round_is_answered_at_the_other_node_and_the_call_is_charged_once(field, era):
    async with field.agent(era) as agent, one_charge(field, era, 3):
        asked = question(await send(agent, field.a, "ask_twice"))
        [first] = asked["inputRequests"].values()
        assert first["method"] == "elicitation/create" and first["params"]["message"] == "first?"
        assert first["params"]["_meta"] == {"io.satgate/upstream": "everything"}
        again = question(await send(agent, field.b, "ask_twice", asked))
        [second] = again["inputRequests"].values()
        assert second["params"]["message"] == "second?" and again["requestState"] != asked["requestState"]
        done = await send(agent, field.a, "ask_twice", again)
        assert done.result["resultType"] == "complete"
        assert done.text == '{"name": "Zo\\u00eb"} {"name": "Zo\\u00eb"}'


@pytest.mark.parametrize("era", ERAS)
async def test_a_state_is_good_once_for_one_agent_and_one_request(field, era):
    async with field.agent(era) as agent, field.agent(era) as stranger, one_charge(field, era):
        asked = question(await send(agent, field.a, "ask_user", arguments={"message": "who?"}))
        state = asked["requestState"]
        for text in (state[:-1], state + "A", state[:40] + ("A" if state[40] != "A" else "B") + state[41:], "", "round1"):
            refused = await send(agent, field.b, "ask_user", {**asked, "requestState": text}, arguments={"message": "who?"})
            assert (refused.status, refused.code, refused.label) == (400, -32602, "state_invalid"), text
        refused = await send(stranger, field.b, "ask_user", asked, arguments={"message": "who?"})
        assert (refused.code, refused.label) == (-32602, "state_invalid")
        for tool, arguments in (("ask_user", {"message": "else?"}), ("ask_user", {}), ("ask_twice", {"message": "who?"})):
            refused = await send(agent, field.b, tool, asked, arguments=arguments)
            assert (refused.code, refused.label) == (-32602, "state_mismatch")
        takers = await asyncio.gather(*(
            send(agent, field.node(number), "ask_user", asked, arguments={"message": "who?"}) for number in range(6)))
        [done] = [reply for reply in takers if reply.result]
        assert done.text == 'accept:{"name": "Zo\\u00eb"}'
        late = await send(agent, field.a, "ask_user", asked, arguments={"message": "who?"})
        for reply in [*(reply for reply in takers if not reply.result), late]:
            assert (reply.status, reply.code, reply.label) == (400, -32602, "state_used")


@pytest.mark.parametrize("era", ERAS)
async def test_an_agent_is_asked_only_what_it_says_it_can_be_asked(field, era):
    before = field.books(era).spent("team")
    async with field.agent(era) as agent:
        refused = await send(agent, field.a, "ask_user", able={"io.modelcontextprotocol/clientCapabilities": {"sampling": {}}})
        if era == "modern":
            assert (refused.status, refused.code) == (400, -32021)
            assert "elicitation" in refused.message["error"]["data"]["requiredCapabilities"]
            assert field.books(era).spent("team") == before, "it did not run"
        else:
            assert (refused.result or {}).get("resultType") != "input_required", "what it declines the server makes of it what it will"


@pytest.mark.parametrize("era", ERAS)
async def test_an_answer_left_out_is_asked_for_again(field, era):
    async with field.agent(era) as agent, one_charge(field, era):
        asked = question(await send(agent, field.a, "ask_user"))
        again = question(await send(agent, field.b, "ask_user", {"requestState": asked["requestState"]}))
        assert again["requestState"] != asked["requestState"]
        assert (await send(agent, field.a, "ask_user", again)).text.startswith("accept:")


async def test_a_call_waits_in_redis_alone_and_what_is_forgotten_there_has_expired(field):
    async with field.agent("modern") as agent:
        asked = question(await send(agent, field.a, "ask_user"))
        books = field.books("modern")
        [call] = books.holds()
        ends = books.holds()[call]
        life = field.redis.client.pttl(f"{books.prefix}parked:{call}")
        now = int(field.redis.client.time()[0]) * 1000
        assert 590_000 < life <= 600_000 and 590_000 < ends - now <= 601_000
        field.redis.client.delete(f"{books.prefix}parked:{call}")
        refused = await send(agent, field.b, "ask_user", asked)
        assert (refused.code, refused.label) == (-32602, "state_expired")
        field.redis.client.zadd(f"{books.prefix}holds", {call: 1})
        assert books.quiet("team").held == 0
        [lapsed] = [event["data"] for event in books.events("hold_lapsed") if event["data"]["call"] == call]
        assert lapsed["awaitedRound"] == 1 and lapsed["tool"] == "ask_user"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.modern], ids=lambda kind: kind.name)
@pytest.mark.parametrize("era", ERAS)
async def test_the_sdk_is_asked_whatever_node_its_requests_reach(field, era, kind):
    person = Person()
    async with join(kind, field.balancer.base, field.cell.mint(era), person) as agent:
        async with one_charge(field, era):
            assert (await agent.ask("ask_user", {"message": "who?"}))["content"][0]["text"] == 'accept:{"name": "Zo\\u00eb"}'
        async with one_charge(field, era, 3):
            assert "Zo" in (await agent.ask("ask_twice"))["content"][0]["text"]
        async with one_charge(field, era):
            assert (await agent.ask("ask_model", {"prompt": "2+2?"}))["content"][0]["text"] == "a-model:four"
        if era == "modern":
            async with one_charge(field, era):
                assert "file:///home/zoe" in (await agent.ask("ask_roots"))["content"][0]["text"]
        assert [asked.get("message") for asked in person.questions][:3] == ["who?", "first?", "second?"]
        assert agent.faults() == []


@pytest.mark.parametrize("era", ERAS)
async def test_a_node_that_dies_between_two_rounds(field, era):
    """What waits in Redis goes on at another node; what was with the node is lost with it, which the agent learns soon, and costs nothing."""
    doomed = field.cell.node("doomed", UP_TOKEN="t", SATGATE_HOLD_LEASE="2000")
    books = field.books(era)
    before = books.quiet("team").spent if books.balance("team") else 0
    async with field.agent(era) as agent:
        asked = question(await send(agent, doomed, "ask_user"))
        doomed.kill()
        async with asyncio.timeout(10):
            reply = await send(agent, field.b, "ask_user", asked)
        if era == "modern":
            assert reply.text.startswith("accept:")
            assert books.quiet("team").spent == before + 1_000_000
        else:
            assert (reply.status, reply.code, reply.label) == (200, -32603, "node_lost")
            assert books.quiet("team", 15).spent == before


@dataclass
class Asked:
    """Two nodes before an upstream that asks while it works."""
    asker: Asker
    cell: Cell
    a: Node
    b: Node
    books: Books


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    redis, asker = any_redis(tmp_path), Asker()
    cell = Cell(tmp_path, redis, [
        tenant(name, {"asker": {"url": asker.url, "timeout": timeout}}, budgets={"team": {"limit": 10}}, default_budget="team")
        for name, timeout in (("acme", "20s"), ("brisk", "1s"))])
    a, b = (cell.node(name, SATGATE_HOLD_LEASE="2000") for name in "ab")
    yield Asked(asker, cell, a, b, Books(redis))
    asker.stop()
    assert (a.stop(), b.stop()) == (0, 0)
    redis.stop()


def spent(asked: Asked) -> int:
    return asked.books.quiet("team").spent // 1_000_000


async def test_progress_between_two_rounds_goes_to_the_request_at_hand_under_its_own_token(asked):
    async with Stateless(asked.cell.mint()) as agent:
        reply = question(await send(agent, asked.a, "ask", progressToken="first"))
        again = {**reply, "inputResponses": {}}
        request = message("tools/call", {"name": "ask", "arguments": {}, "requestState": again["requestState"],
                                         "inputResponses": {key: NAMED for key in reply["inputRequests"]}}, 77, {**ABLE, "progressToken": "second"})
        heard = []
        async with agent.http.stream("POST", asked.b.mcp, content=json.dumps(request).encode(), headers=headers(request)) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    heard.append(json.loads(line[6:]))
                    if len(heard) == 3:
                        asked.asker.finish.set()
        *progress, last = heard
        assert len(progress) >= 3 and {told["params"]["progressToken"] for told in progress} == {"second"}
        assert [told["params"]["progress"] for told in progress] == sorted({told["params"]["progress"] for told in progress})
        assert last["id"] == 77 and last["result"]["content"][0]["text"] == "asked"
        assert [answer["result"] for answer in asked.asker.answers()] == [NAMED]
        assert spent(asked) == 1


async def test_of_questions_asked_at_once_each_has_its_round(asked):
    asked.asker.finish.set()
    async with Stateless(asked.cell.mint()) as agent:
        arguments = {"names": ["one", "two", "three"]}
        reply = question(await send(agent, asked.a, "ask", arguments=arguments))
        for number, name in enumerate(arguments["names"]):
            [told] = reply["inputRequests"].values()
            assert told["params"]["message"] == name
            following = await send(agent, (asked.b, asked.a)[number % 2], "ask", reply, arguments=arguments)
            reply = question(following) if number < 2 else following
        assert reply.text == "asked"
        assert sorted(answer["id"] for answer in asked.asker.answers()) == ["one", "three", "two"] and spent(asked) == 1


async def test_an_agent_may_think_longer_than_its_upstream_may_work(asked):
    asked.asker.finish.set()
    async with Stateless(asked.cell.mint("brisk")) as agent:
        reply = question(await send(agent, asked.a, "ask"))
        await asyncio.sleep(1.5)
        assert (await send(agent, asked.b, "ask", reply)).text == "asked"


@pytest.mark.parametrize("other", [False, True], ids=["same node", "other node"])
async def test_an_agent_that_leaves_during_a_later_round_has_its_call_cancelled_and_charged(asked, other):
    async with Stateless(asked.cell.mint()) as agent:
        reply = question(await send(agent, asked.a, "ask"))
        call = asyncio.create_task(send(agent, asked.b if other else asked.a, "ask", reply))
        await soon("its answer is upstream", lambda: bool(asked.asker.answers()))
        assert not asked.asker.cancelled.is_set()
        call.cancel()
        await soon("the upstream is told", asked.asker.cancelled.is_set)
        assert spent(asked) == 1
        late = await send(agent, asked.b, "ask", reply)
        assert (late.code, late.label) == (-32602, "state_used")


async def test_an_agent_that_never_comes_back_has_its_call_cancelled_and_charged(asked):
    hasty = asked.cell.node("hasty", SATGATE_INPUT_WAIT="500")
    async with Stateless(asked.cell.mint()) as agent:
        reply = question(await send(agent, hasty, "ask"))
        await soon("the upstream is told", asked.asker.cancelled.is_set)
        assert spent(asked) == 1
        late = await send(agent, asked.b, "ask", reply)
        assert (late.code, late.label) == (-32602, "state_expired")
    assert hasty.stop() == 0


async def test_a_page_to_visit_is_asked_for_and_the_call_made_again(asked):
    async with Stateless(asked.cell.mint()) as agent:
        reply = question(await send(agent, asked.a, "visit"))
        [told] = reply["inputRequests"].values()
        assert told["method"] == "elicitation/create" and told["params"]["url"] == "https://login.example/" and told["params"]["mode"] == "url"
        assert (await send(agent, asked.b, "visit", reply, {"action": "accept"})).text == "visited"
        calls = [heard["params"] for heard in asked.asker.heard if heard.get("method") == "tools/call"]
        assert len(calls) == 2 and not {"requestState", "inputResponses"} & (calls[0].keys() | calls[1].keys())
        assert spent(asked) == 1


async def test_a_page_is_not_asked_of_an_agent_without_a_browser(asked):
    async with Stateless(asked.cell.mint()) as agent:
        refused = await send(agent, asked.a, "visit", able={"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}}})
        assert refused.code == -32603


async def test_a_node_that_stops_lets_go_of_calls_that_wait(asked):
    leaving = asked.cell.node("leaving")
    async with Stateless(asked.cell.mint()) as agent:
        question(await send(agent, leaving, "ask"))
        assert await asyncio.to_thread(leaving.stop) == 0
        await soon("the upstream is told", asked.asker.cancelled.is_set)
        assert spent(asked) == 0
