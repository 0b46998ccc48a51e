"""The node that hears what a server says in an agent's session is lost, and so is the agent's connection."""
from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from testbed.agent import Agent, Listener
from testbed.node import Cell, tenant
from testbed.process import soon
from testbed.stateless import Stateless, Subscription
from testbed.topologies import any_redis
from testbed.upstream import EverythingServer

ONE = "test://static/1"
UPDATED = {"method": "notifications/resources/updated", "params": {"uri": ONE}}


async def test_another_node_listens_when_the_one_that_did_is_lost_and_a_stream_goes_on_behind_its_last_message(tmp_path: Path):
    redis = any_redis(tmp_path)
    upstream = EverythingServer(1, "secret", tmp_path)
    cell = Cell(tmp_path, redis, [
        tenant("acme", {"one": {"url": upstream.url, "headers": {"Authorization": "Bearer ${env:UP_TOKEN}"}}}, unbudgeted="allow")])
    a, b = (cell.node(name, UP_TOKEN="secret") for name in "ab")
    async with Agent(cell.mint()) as agent:
        await agent.open(a)
        async with Listener(agent, b) as listener:
            def told():
                return [message for message in listener.messages if message["method"] == UPDATED["method"]]

            async def times(number):
                async def come():
                    return len(told()) >= number
                await soon("it is told", come, within=10)
            assert (await agent.ask(a, "resources/subscribe", {"uri": ONE})).result == {}
            assert (await agent.call(a, "touch", uri=ONE)).text == "touched"
            await times(1)
            a.kill()

            async def heard():
                assert (await agent.call(b, "touch", uri=ONE)).text == "touched"
                return len(told()) >= 2
            await soon("the other node hears of it", heard, within=20, every=0.2)
            for message in told():
                assert {key: message[key] for key in UPDATED} == UPDATED
        headers = agent.headers(Accept="text/event-stream", **{"Last-Event-ID": f"{agent.session[:16]}-1"})
        async with agent._http.stream("GET", b.mcp, headers=headers, timeout=httpx.Timeout(30)) as response:
            assert response.status_code == 200
            place = None
            async for line in response.aiter_lines():
                if line.startswith("id:"):
                    place = line.removeprefix("id:").strip()
                if line.startswith("data:") and UPDATED["method"] in line:
                    assert json.loads(line.removeprefix("data:"))["params"]["uri"] == ONE
                    break
            assert place == f"{agent.session[:16]}-2"
        assert (await agent.ask(b, "resources/unsubscribe", {"uri": ONE})).result == {}
    assert b.stop() == 0
    upstream.stop()
    redis.stop()


async def test_resources_are_watched_for_a_session_by_one_node_at_a_time_wherever_it_asks(tmp_path: Path):
    redis = any_redis(tmp_path)
    upstream = EverythingServer(2, "secret", tmp_path)
    cell = Cell(tmp_path, redis, [
        tenant("acme", {"one": {"url": upstream.url, "headers": {"Authorization": "Bearer ${env:UP_TOKEN}"}}}, unbudgeted="allow")])
    a, b = (cell.node(name, UP_TOKEN="secret", SATGATE_SSE_KEEPALIVE="200") for name in "ab")
    two = "test://static/2"
    async with Agent(cell.mint()) as agent:
        await agent.open(a)
        async with Listener(agent, b) as listener:
            def told(uri):
                return [message for message in listener.messages
                        if message["method"] == UPDATED["method"] and message["params"]["uri"] == uri]

            async def times(uri, number):
                async def come():
                    return len(told(uri)) >= number
                await soon(f"{uri} is told", come, within=10)

            async def touch(uri):
                assert (await agent.call(b, "touch", uri=uri)).text == "touched"
            assert (await agent.ask(a, "resources/subscribe", {"uri": ONE})).result == {}
            assert (await agent.ask(b, "resources/subscribe", {"uri": ONE})).result == {}, "from now on the other node watches it"
            assert (await agent.ask(a, "resources/subscribe", {"uri": two})).result == {}
            await touch(ONE)
            await times(ONE, 1)
            await touch(two)
            await times(two, 1)
            assert len(told(ONE)) == 1, "two nodes tell of it"
            assert (await agent.ask(a, "resources/unsubscribe", {"uri": ONE})).result == {}
            await touch(ONE)
            await touch(two)
            await times(two, 2)
            assert len(told(ONE)) == 1, "nobody wants to know of it any more"
            a.kill()

            async def heard():
                await touch(two)
                return len(told(two)) >= 3
            await soon("the node that holds the stream watches in the place of the lost one", heard, within=20, every=0.2)
    assert b.stop() == 0
    upstream.stop()
    redis.stop()


@pytest.mark.parametrize("generation", [1, 2])
async def test_an_agent_without_a_session_is_told_on_its_stream_of_the_resources_that_it_names(tmp_path: Path, generation: int):
    redis = any_redis(tmp_path)
    upstream = EverythingServer(generation, "secret", tmp_path)
    cell = Cell(tmp_path, redis, [
        tenant("acme", {"one": {"url": upstream.url, "headers": {"Authorization": "Bearer ${env:UP_TOKEN}"}}}, unbudgeted="allow")])
    a, b = (cell.node(name, UP_TOKEN="secret") for name in "ab")
    async with Stateless(cell.mint()) as agent:
        assert (await agent.call(b, "echo", text="x")).text == "x"
        async with Subscription(agent, a, resourceSubscriptions=[ONE, "test://static/2"]) as one, Subscription(
                agent, b, resourceSubscriptions=["test://static/2"]) as two:
            assert one.messages[0]["params"]["notifications"] == {"resourceSubscriptions": [ONE, "test://static/2"]}
            for uri in (ONE, "test://static/3", "test://static/2"):
                assert (await agent.call(b, "touch", uri=uri)).text == "touched"

            async def come():
                return len(one.stray) >= 2 and len(two.stray) >= 1
            await soon("they are told", come, within=10)
            assert sorted(message["params"]["uri"] for message in one.stray) == [ONE, "test://static/2"]
            assert [message["params"]["uri"] for message in two.stray] == ["test://static/2"]
            assert {message["method"] for message in one.stray} == {UPDATED["method"]}
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    upstream.stop()
    redis.stop()
