"""What an agent built on the official SDK does with prompts, resources and completion: at one upstream, and at two that have the same."""
from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from testbed.agent import Agent
from testbed.node import Cell, tenant
from testbed.process import eventually
from testbed.redis_server import RedisServer
from testbed.sdk import Refused, connect
from testbed.stateless import Stateless
from testbed.upstream import EverythingServer

STATIC = [f"test://static/{name}" for name in (1, 2, 3, 4, 5, 6, 7, "bin")]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A tenant with both servers: `one` of SDK 2.x, then `two` of 1.x, which list in pages of four and ask for a prompt's price."""
    directory = tmp_path_factory.mktemp("features")
    redis = RedisServer(directory)
    servers = {"one": EverythingServer(2, "t", directory), "two": EverythingServer(1, "t", directory)}
    cell = Cell(directory, redis, [tenant(
        "acme", {name: {"url": server.url, "headers": {"Authorization": "Bearer ${env:UP_TOKEN}"}} for name, server in servers.items()},
        tariff={"default": 1, "tools": {"prompts/get": 3}}, budgets={"team": {"limit": 1000}}, default_budget="team")])
    node = cell.node("node", UP_TOKEN="t")
    yield cell, node
    assert node.stop() == 0
    for server in servers.values():
        server.stop()
    redis.stop()


async def refused(question) -> Refused:
    with pytest.raises(Refused) as caught:
        await question
    return caught.value


def not_found(agent) -> int:
    return -32602 if agent.modern else -32002


async def test_prompts_are_listed_and_filled_in(bench, path):
    async with connect(f"{bench.node.base}/{path}", bench.token()) as agent:
        assert [prompt["name"] for prompt in await agent.prompts()] == ["greet", "simple"]
        greet = (await agent.prompts())[0]
        assert [argument["name"] for argument in greet["arguments"]] == ["who", "style"]
        filled = await agent.prompt("greet", {"who": "Zoë", "style": "formal"})
        assert filled["messages"][0]["content"]["text"] == "Greet Zoë in a formal style"
        assert (await agent.prompt("everything__simple"))["messages"][0]["content"]["text"] == "a simple prompt"
        assert (await refused(agent.prompt("no such prompt"))).code == -32602


async def test_resources_and_templates_are_listed_and_read(bench, path):
    async with connect(f"{bench.node.base}/{path}", bench.token()) as agent:
        assert [resource["uri"] for resource in await agent.resources()] == STATIC
        assert [template["uriTemplate"] for template in await agent.templates()] == ["test://item/{id}"]
        [text] = await agent.read("test://static/3")
        assert (text["uri"], text["text"].split()[:2]) == ("test://static/3", ["content", "3"])
        [blob] = await agent.read("test://static/bin")
        assert base64.b64decode(blob["blob"]) == bytes(range(256))
        [item] = await agent.read("test://item/42")
        assert json.loads(item["text"]) == {"id": "42"}
        gone = await refused(agent.read("test://static/99"))
        assert gone.code == not_found(agent)


async def test_arguments_are_completed(bench, path):
    async with connect(f"{bench.node.base}/{path}", bench.token()) as agent:
        assert await agent.complete("prompt", "greet", "who", "par") == ["paris", "park", "party"]
        assert await agent.complete("resource", "test://item/{id}", "id", "o") == ["oslo"]
        assert (await refused(agent.complete("prompt", "no such prompt", "who", "p"))).code == -32602


async def test_these_requests_are_free_and_each_has_its_event(bench, path):
    before = bench.books.spent("team")
    async with connect(f"{bench.node.base}/{path}", bench.token("--budget-limit", "0")) as agent:
        await agent.prompt("simple")
        await agent.read("test://static/1")
        await agent.complete("prompt", "greet", "who", "p")
    assert bench.books.spent("team") == before
    wanted = {"prompts/get simple", "resources/read test://static/1", "completion/complete greet"}

    def told() -> bool:
        calls = [event["data"] for event in bench.books.events("tool_call", "audit")]
        return wanted <= {call["tool"] for call in calls if call["outcome"] == "ok" and call["upstream"] == "everything"}

    eventually("each has its event", told)


async def test_of_two_upstreams_with_the_same_both_are_reached(pair, path):
    cell, node = pair
    async with connect(f"{node.base}/{path}", cell.mint("acme")) as agent:
        assert [prompt["name"] for prompt in await agent.prompts()] == ["greet", "simple", "two__greet", "two__simple"]
        # only the 2.x server describes what it answers
        assert (await agent.prompt("simple")).get("description") == "simple"
        assert (await agent.prompt("two__simple")).get("description") is None
        uris = [resource["uri"] for resource in await agent.resources()]
        assert uris == STATIC + [f"two+{uri}" for uri in STATIC]
        assert [template["uriTemplate"] for template in await agent.templates()] == ["test://item/{id}", "two+test://item/{id}"]
        for uri in ("test://static/2", "two+test://static/2", "test://item/7", "two+test://item/7"):
            [content] = await agent.read(uri)
            assert content["uri"] == uri
        for template in ("test://item/{id}", "two+test://item/{id}"):
            assert await agent.complete("resource", template, "id", "pari") == ["paris"]
        assert await agent.complete("prompt", "two__greet", "who", "pari") == ["paris"]
        for uri in ("test://static/99", "two+test://nothing"):
            assert (await refused(agent.read(uri))).code == not_found(agent)


async def test_what_a_token_may_not_use_is_neither_listed_nor_answered(pair, path):
    cell, node = pair
    async with connect(f"{node.base}/{path}", cell.mint("acme", "--scope", "two:*")) as agent:
        assert [prompt["name"] for prompt in await agent.prompts()] == ["two__greet", "two__simple"]
        assert {uri["uri"].split("+")[0] for uri in await agent.resources()} == {"two"}
        assert (await agent.read("two+test://static/1"))[0]["uri"] == "two+test://static/1"
        for question in (agent.prompt("simple"), agent.read("test://static/1"), agent.complete("prompt", "greet", "who", "p")):
            assert (await refused(question)).data["error"] == "scope"
    async with connect(f"{node.base}/{path}", cell.mint("acme", "--scope", "greet")) as agent:
        assert [prompt["name"] for prompt in await agent.prompts()] == ["greet"]
        assert await agent.resources() == [] and await agent.templates() == []


async def test_a_prompt_may_have_a_price(pair, path):
    cell, node = pair
    async with connect(f"{node.base}/{path}", cell.mint("acme", "--budget-limit", "4")) as agent:
        await agent.prompt("simple")
        short = await refused(agent.prompt("two__greet", {"who": "x"}))
        assert short.data["error"] == "insufficient_budget" and short.data["remaining_credits"] == 1
        await agent.read("test://static/1")


async def test_a_level_of_log_messages_is_kept_in_the_session(bench):
    async with Agent(bench.token()) as agent:
        await agent.open(bench.node)
        kept = await agent.ask(bench.node, "logging/setLevel", {"level": "warning"})
        assert (kept.status, kept.result) == (200, {})
        session = bench.books.server.client.hgetall(f"{bench.books.prefix}session:{agent.session}")
        assert session["level"] == "warning"
        for level in ("loud", 3, None):
            assert (await agent.ask(bench.node, "logging/setLevel", {"level": level})).code == -32602


async def test_what_cannot_be_read_or_is_no_place_in_a_list_is_an_invalid_parameter(bench):
    async with Agent(bench.token()) as agent, Stateless(bench.token()) as stateless:
        await agent.open(bench.node)
        for method in ("prompts/list", "resources/list", "resources/templates/list"):
            for cursor in ("", "00", 7):
                assert (await agent.ask(bench.node, method, {"cursor": cursor})).code == -32602
            assert (await stateless.ask(bench.node, method, {"cursor": "x"})).status == 400
        for method, params in [
                ("prompts/get", {}), ("resources/read", {"uri": 1}), ("completion/complete", {"ref": {"type": "ref/tool", "name": "echo"}}),
                ("resources/read", {"uri": "test://static/1", "URI": "test://static/2"})]:
            assert (await agent.ask(bench.node, method, params)).code in (-32602, -32600)


async def test_without_a_handshake_each_answer_says_how_long_it_is_good(bench):
    async with Stateless(bench.token()) as agent:
        for method, params in [("prompts/list", {}), ("resources/list", {}), ("resources/templates/list", {}),
                               ("resources/read", {"uri": "test://static/1"})]:
            answer = (await agent.ask(bench.node, method, params)).result
            assert (answer["resultType"], answer["cacheScope"]) == ("complete", "private") and answer["ttlMs"] >= 0, method
            assert answer["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "satgate"
        filled = (await agent.ask(bench.node, "prompts/get", {"name": "simple"})).result
        assert filled["resultType"] == "complete" and "cacheScope" not in filled
        assert (await agent.ask(bench.node, "resources/read", {"uri": "test://static/99"})).code == -32602
        assert (await agent.ask(bench.node, "logging/setLevel", {"level": "info"})).status == 404
