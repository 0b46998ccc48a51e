"""The node that hears what a server says in an agent's session is lost, and so is the agent's connection."""
from __future__ import annotations

import json
from pathlib import Path

import httpx

from testbed.agent import Agent, Listener
from testbed.node import Cell, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.upstream import EverythingServer

ONE = "test://static/1"
UPDATED = {"method": "notifications/resources/updated", "params": {"uri": ONE}}


async def test_another_node_listens_when_the_one_that_did_is_lost_and_a_stream_goes_on_behind_its_last_message(tmp_path: Path):
    redis = RedisServer(tmp_path)
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
