"""Batches of 2025-03-26: several messages in one POST, each request governed by itself."""
from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from testbed.agent import BOTH, Agent, events
from testbed.process import soon

BATCHED = "2025-03-26"


class Batcher(Agent):
    """An agent of a given revision that posts bodies as they are."""

    def __init__(self, token: str, revision: str = BATCHED) -> None:
        super().__init__(token)
        self._revision = revision

    def headers(self, **extra: str) -> dict[str, str]:
        session = {"Mcp-Session-Id": self.session} if self.session else {}
        return {"Content-Type": "application/json", "Accept": BOTH, **session, **extra}

    async def open(self, node: Any) -> str:
        self.session = None
        reply = await self.ask(node, "initialize", {
            "protocolVersion": self._revision, "capabilities": {}, "clientInfo": {"name": "system-test", "version": "1"}})
        self.session = reply.headers["mcp-session-id"]
        return self.session

    async def send(self, node: Any, batch: Any, **headers: str) -> httpx.Response:
        body = batch if isinstance(batch, bytes) else json.dumps(batch).encode()
        return await self._http.post(node.mcp, content=body, headers=self.headers(**headers))


def call(number: Any, tool: str, meta: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments, **({"_meta": meta} if meta else {})}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


NOTE = {"jsonrpc": "2.0", "method": "notifications/anything"}


@pytest.fixture
def token(cluster) -> str:
    return cluster.cell.mint("acme", "--budget", "streamed")


async def test_all_requests_of_a_batch_run_at_once_and_are_answered_in_one_array(cluster, token):
    async with Batcher(token) as agent:
        await agent.open(cluster.a)
        began = time.monotonic()
        calls = [call(number, "slow", ms=800) for number in range(6)]
        reply = await agent.send(cluster.b, [NOTE, *calls, {"jsonrpc": "2.0", "id": "p", "method": "ping"}, {"jsonrpc": "2.0", "id": 5, "result": {}}])
        assert time.monotonic() - began < 4, "one after the other they would take 4.8 s"
        assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
        answers = reply.json()
        assert sorted(str(answer["id"]) for answer in answers) == ["0", "1", "2", "3", "4", "5", "p"]
        assert all("result" in answer for answer in answers)


async def test_what_is_refused_in_a_batch_is_an_answer_of_its_own(cluster):
    async with Batcher(cluster.cell.mint("acme", "--budget", "batched", "--scope", "echo,protocol_error")) as agent:
        await agent.open(cluster.a)
        reply = await agent.send(cluster.a, [
            call(1, "echo", text="one"), call("1", "slow", ms=1), call(2, "nothing"), 7, {"jsonrpc": "2.0", "id": 3, "method": "no/such"},
            {"jsonrpc": "2.0", "id": 4, "method": "initialize", "params": {"protocolVersion": BATCHED, "capabilities": {}, "clientInfo": {}}}])
        assert reply.status_code == 200
        answers = {json.dumps(answer["id"]): answer for answer in reply.json()}
        assert answers["1"]["result"]["content"][0]["text"] == "one"
        assert answers['"1"']["error"]["code"] == -32001
        assert answers["2"]["error"]["code"] == -32602
        assert answers["3"]["error"]["code"] == -32601
        assert answers["4"]["error"]["code"] == answers["null"]["error"]["code"] == -32600
        assert len(answers) == 6


async def test_progress_turns_the_answers_into_events_of_one_stream(cluster, token):
    async with Batcher(token) as agent:
        await agent.open(cluster.a)
        reply = await agent.send(cluster.a, [
            call("long", "progress", {"progressToken": "l"}, steps=8, delayMs=40), call("short", "progress", {"progressToken": "s"}, steps=2, delayMs=5),
            call("echo", "echo", text="x")])
        assert reply.headers["content-type"] == "text/event-stream"
        messages = [json.loads(data) for _, data in events(reply.text)]
        assert [m["params"]["progress"] for m in messages if m.get("params", {}).get("progressToken") == "l"] == list(range(1, 9))
        assert [m["params"]["progress"] for m in messages if m.get("params", {}).get("progressToken") == "s"] == [1, 2]
        assert {m["id"] for m in messages[:-1] if "id" in m} == {"short", "echo"} and messages[-1]["id"] == "long"


async def test_a_batch_goes_on_at_another_node_and_what_a_dead_one_left_open_is_told_for_each(cluster, token):
    mortal = cluster.cell.node("mortal")
    async with Batcher(token) as agent:
        await agent.open(mortal)
        body = json.dumps([call("quick", "progress", {"progressToken": "q"}, steps=1), call("a", "progress", {"progressToken": "a"}, steps=2000, delayMs=20),
                           call("b", "park")])
        heard: list[tuple[str, Any]] = []

        async def read(response: httpx.Response, enough: Any) -> None:
            fields: dict[str, str] = {}
            async for line in response.aiter_lines():
                name, _, value = line.partition(":")
                if line and name:
                    fields[name] = value.removeprefix(" ")
                elif fields:
                    if fields.get("data"):
                        heard.append((fields.get("id", ""), json.loads(fields["data"])))
                    fields = {}
                    if enough():
                        return

        def answered() -> list[Any]:
            return [message["id"] for _, message in heard if "id" in message]
        async with agent._http.stream("POST", mortal.mcp, content=body, headers=agent.headers()) as response:
            await read(response, lambda: "quick" in answered() and len(heard) > 4)
        keys = lambda: list(cluster.redis.client.scan_iter(match=f"satgate:{{acme}}:outbox:{agent.session}:*:state"))
        last = int(heard[-1][0].rpartition("-")[2])
        await soon("the batch goes on without its agent", lambda: keys() and int(cluster.redis.client.hget(keys()[0], "last")) > last + 3)
        mortal.kill()
        headers = agent.headers(Accept="text/event-stream", **{"Last-Event-ID": heard[-1][0]})
        async with agent._http.stream("GET", cluster.b.mcp, headers=headers, timeout=20) as response:
            assert response.status_code == 200
            await read(response, lambda: False)
        numbers = [int(place.rpartition("-")[2]) for place, _ in heard if place]
        assert numbers == list(range(1, len(numbers) + 1)), numbers
        assert sorted(answered()) == ["a", "b", "quick"]
        lost = [message for _, message in heard if "error" in message]
        assert {m["id"] for m in lost} == {"a", "b"}
        assert all(m["error"]["data"]["error"] == "node_lost" for m in lost)
    cluster.upstream.release()


async def test_a_batch_that_asks_for_nothing_has_no_body(cluster, token):
    async with Batcher(token) as agent:
        await agent.open(cluster.a)
        reply = await agent.send(cluster.b, [NOTE, NOTE])
        assert (reply.status_code, reply.content) == (202, b"")
        reply = await agent.send(cluster.b, [{"jsonrpc": "2.0", "id": 1, "result": {}}, {"jsonrpc": "2.0", "id": 2, "error": {"code": 1, "message": "no"}}])
        assert (reply.status_code, reply.content) == (202, b"")


async def test_bodies_that_are_no_batch_are_refused_whole(cluster, token):
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with Batcher(token) as agent:
        await agent.open(cluster.a)
        for body, code in ((b"[]", -32600), (b"[ ]", -32600), (b"[", -32700), (b"[1,]", -32700), ([ping] * 65, -32600)):
            reply = await agent.send(cluster.a, body)
            assert (reply.status_code, reply.json()["error"]["code"]) == (400, code), body
        assert "64" in reply.json()["error"]["message"]
        assert (await agent.send(cluster.a, [ping] * 64)).status_code == 200
        agent.session = "0" * 32
        assert (await agent.send(cluster.a, [ping])).status_code == 404
        agent.session = None
        assert (await agent.send(cluster.a, [ping])).status_code == 400


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-06-18", "2025-11-25"])
async def test_other_revisions_have_no_batches(cluster, token, revision):
    async with Batcher(token, revision) as agent:
        await agent.open(cluster.a)
        for headers in ({}, {"MCP-Protocol-Version": revision}, {"MCP-Protocol-Version": BATCHED}):
            reply = await agent.send(cluster.a, [{"jsonrpc": "2.0", "id": 1, "method": "ping"}], **headers)
            assert (reply.status_code, reply.json()["error"]["code"]) == (400, -32600), headers
