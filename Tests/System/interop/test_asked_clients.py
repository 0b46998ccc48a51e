"""The official servers ask the official clients: forms, links and completions of a model, in the middle of a call; and calls that are cancelled."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from testbed.books import Books
from testbed.client import KINDS, Agent, Kind, Person, join, of
from testbed.node import Cell, Node, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.sdk import GENERATION, Refused
from testbed.upstream import EverythingServer

UPSTREAM_TOKEN = "the-upstreams-own-credential"
# With a handshake: those of this SDK, and its newest over HTTP+SSE.
LEGACY = [kind for kind in KINDS if not kind.modern] + ([Kind("sse-legacy", "sse", "2025-11-25", "legacy")] if GENERATION == 2 else [])


def since(revision: str) -> list[Kind]:
    """Those of that revision or a later one."""
    return [kind for kind in LEGACY if kind.since(revision)]


@dataclass
class Meeting:
    """A client of a kind, a node, a server."""
    kind: Kind
    node: Node
    upstream: EverythingServer
    cell: Cell
    tenant: str
    books: Books

    @asynccontextmanager
    async def join(self, person: Person) -> AsyncIterator[Agent]:
        async with join(self.kind, self.node.base, self.cell.mint(self.tenant), person) as agent:
            yield agent
            assert not agent.faults()


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cell, Node, dict[str, EverythingServer], RedisServer]]:
    directory = tmp_path_factory.mktemp("questions")
    redis = RedisServer(directory)
    servers = {f"upstream{generation}": EverythingServer(generation, UPSTREAM_TOKEN, directory, more=True) for generation in (2, 1)}
    cell = Cell(directory, redis, [
        tenant(name, {"everything": {"url": server.url, "headers": {"Authorization": "Bearer ${env:UP_TOKEN}"}}},
               budgets={"team": {"limit": 1000}}, default_budget="team") for name, server in servers.items()])
    node = cell.node("node", UP_TOKEN=UPSTREAM_TOKEN)
    yield cell, node, servers, redis
    assert node.stop() == 0, "a node ends with 0 after SIGTERM"
    for each in [*servers.values(), redis]:
        each.stop()


@pytest.fixture(params=LEGACY, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture(params=["upstream2", "upstream1"])
def meeting(request: pytest.FixtureRequest, kind: Kind, hall: Any) -> Meeting:
    cell, node, servers, redis = hall
    return Meeting(kind, node, servers[request.param], cell, request.param, Books(redis, request.param))


def text(answer: dict[str, Any]) -> str:
    assert not answer["isError"], answer
    return answer["content"][0]["text"]


@of(since("2025-06-18"))
async def test_a_user_fills_in_a_form(meeting):
    person = Person()
    async with meeting.join(person) as agent:
        assert text(await agent.call("ask_user", {"message": "Wie heißt du?"})) == 'accept:{"name": "Zo\\u00eb"}'
        [question] = person.questions
        assert question["message"] == "Wie heißt du?" and question["requestedSchema"]["required"] == ["name"]
        assert question["_meta"]["io.satgate/upstream"] == "everything"


@of(since("2025-06-18"))
@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_a_user_may_decline(meeting, action):
    async with meeting.join(Person(answer={"action": action})) as agent:
        assert text(await agent.call("ask_user")) == f"{action}:null"


@of(since("2025-06-18"))
async def test_a_user_is_asked_twice_and_the_call_is_one(meeting):
    person = Person()
    async with meeting.join(person) as agent:
        spent = meeting.books.spent("team")
        assert text(await agent.call("ask_twice")) == '{"name": "Zo\\u00eb"} {"name": "Zo\\u00eb"}'
        assert [question["message"] for question in person.questions] == ["first?", "second?"]
        await soon("it is paid once", lambda: meeting.books.spent("team") == spent + 1)


@of(since("2025-11-25"))
async def test_a_user_follows_a_link(meeting):
    person = Person()
    async with meeting.join(person) as agent:
        assert text(await agent.call("ask_url")) == "accept"
        assert person.questions[0]["url"] == "https://example.com/sign-in" and person.questions[0]["mode"] == "url"


async def test_a_model_is_asked(meeting):
    person = Person()
    async with meeting.join(person) as agent:
        assert text(await agent.call("ask_model", {"prompt": "2+2=?"})) == "a-model:four"
        assert person.questions[0]["messages"][0]["content"]["text"] == "2+2=?"


# the other server's SDK asks for roots outside of the call
@pytest.mark.parametrize("meeting", ["upstream2"], indirect=True)
async def test_roots_are_told(meeting):
    async with meeting.join(Person()) as agent:
        assert text(await agent.call("ask_roots")) == "file:///home/zoe,file:///srv"


async def test_who_cannot_be_asked_is_not_and_what_fails_for_it_costs_nothing_where_nothing_ran(meeting):
    person = Person(able=())
    async with meeting.join(person) as agent:
        spent = meeting.books.spent("team")
        try:
            failed = (await agent.call("ask_user"))["isError"]
            refused = None
        except Refused as error:
            failed, refused = True, error
        assert failed and person.questions == []
        # 2.x is asked without a handshake, and says so before it does anything
        if meeting.tenant == "upstream2":
            assert refused is not None and meeting.books.spent("team") == spent


async def test_a_cancelled_call_is_cancelled_at_its_server(meeting):
    async with meeting.join(Person()) as agent:
        before = meeting.upstream.stats()["cancelled"].get("slow", 0)
        ran = meeting.upstream.calls("slow")
        call = asyncio.create_task(agent.call("slow", {"steps": 50, "delay": 0.1}))
        await soon("it runs", lambda: meeting.upstream.calls("slow") == ran + 1)
        await agent.give_up(call)
        await soon("it is cancelled", lambda: meeting.upstream.stats()["cancelled"].get("slow", 0) == before + 1)
        assert (await agent.call("echo", {"text": "next"}))["content"][0]["text"] == "next"
