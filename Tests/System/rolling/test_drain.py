"""A node that is asked to stop: what becomes of those who are there."""
from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from testbed.agent import Agent, Stream
from testbed.books import Books
from testbed.node import Cell, Node, tenant
from testbed.process import Process, eventually, soon
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream


class Field:
    """A node to stay and one to stop, before a light upstream."""

    def __init__(self, directory: Path) -> None:
        self.redis = RedisServer(directory)
        self.upstream = LightUpstream(directory)
        self.cell = Cell(directory, self.redis, [
            tenant("acme", {"light": self.upstream.url}, budgets={"team": {"limit": 1000}}, default_budget="team")])
        self.books = Books(self.redis)
        self.stays = self.cell.node("stays")
        self.nodes = [self.stays]

    def node(self, announce: int, grace: int) -> Node:
        self.nodes.append(self.cell.node("stops", SATGATE_DRAIN_ANNOUNCE=str(announce), SATGATE_DRAIN_GRACE=str(grace)))
        return self.nodes[-1]


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    made = Field(tmp_path)
    yield made
    for node in made.nodes:
        node.process.stop()
    made.upstream.stop()
    made.redis.stop()


def readiness(admin: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{admin}/readyz?verbose", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def phases(node: Node) -> list[str]:
    """What its log says of the drain."""
    lines = [json.loads(line) for line in node.process.log.read_text().splitlines() if '"draining:' in line]
    return [line["message"].removeprefix("draining: ") for line in lines]


async def ended(node: Node, within: float) -> int:
    """The exit status, as soon as it has ended by itself."""
    await soon("the node has ended", lambda: not node.process.running, within)
    Process.live.remove(node.process)
    return node.process._child.returncode


class Events:
    """A stream of an agent, read block by block until it closes: each block as a mapping of its fields."""

    def __init__(self, agent: Agent, node: Node, **headers: str) -> None:
        self.blocks: list[dict[str, str]] = []
        self._agent, self._node, self._headers = agent, node, agent.headers(Accept="text/event-stream", **headers)
        self._opened = asyncio.Event()

    async def __aenter__(self) -> Events:
        self.task = asyncio.create_task(self._read())
        await asyncio.wait_for(self._opened.wait(), 15)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _read(self) -> None:
        block: dict[str, str] = {}
        async with self._agent._http.stream("GET", self._node.mcp, headers=self._headers, timeout=httpx.Timeout(30, read=60)) as response:
            assert response.status_code == 200, response.status_code
            self._opened.set()
            async for line in response.aiter_lines():
                if line and not line.startswith(":"):
                    name, _, value = line.partition(":")
                    block[name] = value.strip()
                elif block:
                    self.blocks.append(block)
                    block = {}


async def test_a_node_that_stops_is_not_ready_goes_on_for_a_while_and_ends_when_all_are_answered(field: Field):
    node = field.node(announce=3000, grace=30_000)
    token, admin = field.cell.mint(), node.admin
    async with Agent(token) as agent, Agent(token) as other, Stream(token, node) as older:
        await agent.open(node)
        await other.open(node)
        await older.open()
        async with Events(agent, node) as events:
            assert readiness(admin)[0] == 200
            call = asyncio.create_task(agent.call(node, "slow", ms=9000))
            # by way of the other node, which sends the answer to the stream at this one
            late = asyncio.create_task(older.call(field.stays, "slow", ms=8000))
            await soon("both run", lambda: field.upstream.stats()["inflight"] == 2)
            node.process.signal(signal.SIGTERM)
            status, text = await soon("it is not ready", lambda: found if (found := readiness(admin))[0] != 200 else None, within=2.5)
            assert status == 503 and "announcing" in text, text
            reply = await other.call(node, "echo", text="still")
            assert reply.text == "still" and reply.headers["connection"] == "close"

            def refused() -> bool:
                with contextlib.suppress(OSError), contextlib.closing(http.client.HTTPConnection("127.0.0.1", node.port, timeout=5)) as probe:
                    probe.connect()
                    return False
                return True
            await soon("nobody is let in any more", refused, within=15)
            await asyncio.wait_for(events.task, 15)
            last = events.blocks[-1]
            assert last["event"] == "reconnect" and last["data"] == "" and 200 <= int(last["retry"]) <= 1200, events.blocks
            assert not call.done() and not late.done(), "streams that go on elsewhere do not wait for calls"
            # what is said while the agent is between two streams it is told by the next
            async with Events(agent, field.stays, **{"Last-Event-ID": last["id"]}):
                pass
            assert (await call).text == "slept" and (await late)["result"]["content"][0]["text"] == "slept"
            assert await ended(node, within=20) == 0
            assert older._reader.done(), "its stream is closed, for it has no call left"
        assert (await agent.call(field.stays, "echo", text="x")).text == "x", "the session lives on"
    assert phases(node) == ["not ready, still accepting", "accepting no more, finishing what is under way", "done"]
    assert field.books.quiet("team").spent == 4_000_000


async def test_what_is_open_at_the_end_of_the_grace_is_cut_answered_and_written_in_the_books(field: Field):
    node = field.node(announce=0, grace=4000)
    token = field.cell.mint()
    async with Agent(token) as agent, Stream(token, node) as older:
        await agent.open(node)
        await older.open()
        call = asyncio.create_task(agent.call(node, "park"))
        late = asyncio.create_task(older.call(node, "park"))
        await soon("both run", lambda: field.upstream.stats()["inflight"] == 2)
        begun = time.monotonic()
        node.process.signal(signal.SIGTERM)
        reply, answer = await call, await late
        assert (reply.code, reply.label) == (-32002, "upstream_error") and answer["error"]["code"] == -32002, (reply.raw, answer)
        assert await ended(node, within=10) == 0
        assert 2.5 < time.monotonic() - begun < 8
    assert "cutting what is under way" in phases(node)
    assert field.books.quiet("team").spent == 2_000_000, "they may have run"


async def test_a_second_signal_hurries(field: Field):
    node = field.node(announce=60_000, grace=120_000)
    async with Agent(field.cell.mint()) as agent:
        await agent.open(node)
        call = asyncio.create_task(agent.call(node, "park"))
        await soon("it runs", lambda: field.upstream.stats()["inflight"] == 1)
        node.process.signal(signal.SIGTERM)
        await soon("it announces", lambda: phases(node) == ["not ready, still accepting"])
        node.process.signal(signal.SIGINT)
        assert (await call).code == -32002
        assert await ended(node, within=15) == 0
    assert phases(node)[-1] == "done"


async def test_a_request_that_is_being_sent_is_answered_and_idle_connections_are_closed(field: Field):
    node = field.node(announce=0, grace=20_000)
    async with Agent(field.cell.mint()) as agent:
        await agent.open(node)
        body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "big", "arguments": {"n": 12 << 20}}})
        head = agent.headers(Authorization=agent._http.headers["Authorization"])
        fresh, half, idle = (http.client.HTTPConnection("127.0.0.1", node.port, timeout=20) for _ in range(3))
        for each in (fresh, half, idle):
            each.connect()
        for each in (half, idle):
            each.request("POST", "/mcp", json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}), head)
            assert each.getresponse().read()
        half.putrequest("POST", "/mcp")
        for name, value in {**head, "Content-Length": str(len(body))}.items():
            half.putheader(name, value)
        half.endheaders(body[:20].encode())
        await asyncio.sleep(0.2)  # that the node has read it is not seen from outside
        node.process.signal(signal.SIGTERM)
        eventually("it finishes", lambda: len(phases(node)) == 2)
        # one that has just connected has its request answered too
        fresh.request("POST", "/mcp", json.dumps({"jsonrpc": "2.0", "id": 2, "method": "ping"}), head)
        assert (answer := fresh.getresponse()).status == 200 and answer.getheader("connection") == "close" and answer.read()
        assert idle.sock.recv(10) == b"", "it is closed"
        half.send(body[20:].encode())
        answer = half.getresponse()
        assert answer.status == 200 and answer.getheader("connection") == "close"
        assert len(json.loads(answer.read())["result"]["content"][0]["text"]) == 12 << 20, "it comes whole before the connection closes"
        for each in (fresh, half, idle):
            each.close()
        assert await ended(node, within=15) == 0
