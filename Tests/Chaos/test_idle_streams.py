"""What open streams cost a node on which nothing happens, and how soon all of them are told of a change."""
from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.agent import BOTH, REVISION
from testbed.node import Cell, Node, tenant
from testbed.redis_server import RedisServer
from testbed.stateless import headers, message
from testbed.upstream import LightUpstream

LIMIT = 20.0  # KiB of memory for a stream with its connection and session, above the idle node; what the kernel keeps of a socket is not in it
OPENING = 64  # connections that are being opened at once
SOURCES = [f"127.0.0.{number}" for number in range(2, 8)]
EACH = 4  # subscriptions of one agent


class Held(asyncio.Protocol):
    """One connection: what its stream brings is counted, not kept."""

    def __init__(self) -> None:
        self.begun: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.comments = self.changes = 0
        self.is_open = True
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.comments += data.count(b": keepalive")
        self.changes += data.count(b"tools/list_changed")
        if not self.begun.done():
            self._head += data
            if b"\r\n\r\n" in self._head:
                self.begun.set_result(self._head)
                self._head = b""

    def connection_lost(self, _: Exception | None) -> None:
        self.is_open = False
        if not self.begun.done() and not self.transport.is_closing():
            self.begun.set_exception(ConnectionError("closed before an answer"))


class Crowd:
    """Agents that open streams at one node, each kind as often as the others."""

    def __init__(self, node: Node, token: str) -> None:
        self.node, self.token = node, token
        self.streams: list[Held] = []
        self._sources = itertools.cycle(SOURCES)
        self._gate = asyncio.Semaphore(OPENING)

    async def open(self, count: int) -> None:
        first = len(self.streams)
        await asyncio.gather(*(self._open(number) for number in range(first, first + count)))

    def close(self) -> None:
        for stream in self.streams:
            stream.transport.abort()

    async def _open(self, number: int) -> None:
        async with self._gate:
            stream = await self._connect()
            await [self._get, self._sse, self._listen][number % 3](stream, number)
            self.streams.append(stream)

    async def _connect(self) -> Held:
        _, held = await asyncio.get_running_loop().create_connection(Held, "127.0.0.1", self.node.port, local_addr=(next(self._sources), 0))
        return held

    async def _send(self, held: Held, method: str, path: str, fields: dict[str, str], body: bytes = b"") -> bytes:
        fields = {"Host": f"127.0.0.1:{self.node.port}", "Authorization": f"Bearer {self.token}", "User-Agent": "python-httpx/0.28", **fields}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        held.begun = asyncio.get_running_loop().create_future()
        held.transport.write(f"{method} {path} HTTP/1.1\r\n{lines}{length}\r\n".encode() + body)
        head = await asyncio.wait_for(held.begun, 60)
        assert head.startswith(b"HTTP/1.1 200"), head
        return head

    async def _get(self, held: Held, number: int) -> None:
        # as clients do: the session's requests go over another connection
        other = await self._connect()
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": "idle", "version": str(number)}}}).encode()
        head = await self._send(other, "POST", "/mcp", {"Content-Type": "application/json", "Accept": BOTH}, body)
        other.transport.abort()
        session = head.lower().split(b"mcp-session-id: ")[1].split(b"\r\n")[0].decode()
        await self._send(held, "GET", "/mcp", {"Accept": "text/event-stream", "Mcp-Session-Id": session, "MCP-Protocol-Version": REVISION})

    async def _sse(self, held: Held, number: int) -> None:
        await self._send(held, "GET", "/sse", {"Accept": "text/event-stream"})

    async def _listen(self, held: Held, number: int) -> None:
        request = message("subscriptions/listen", {"notifications": {"toolsListChanged": True}}, number, {
            "io.modelcontextprotocol/clientInfo": {"name": "idle", "version": str(number // 3 // EACH)}})
        await self._send(held, "POST", "/mcp", headers(request), json.dumps(request).encode())


@pytest.mark.limit(300)
async def test_what_idle_streams_cost_a_node(tmp_path: Path, short: bool, files: None) -> None:
    count = 1000 if short else 9000
    redis = RedisServer(tmp_path)
    upstream = LightUpstream(tmp_path, tools=["echo", "fail"])
    cell = Cell(tmp_path, redis, [tenant("acme", {"light": upstream.url}, unbudgeted="allow")])
    node = cell.node("node", SATGATE_SSE_KEEPALIVE="2000" if short else "15000", SATGATE_REDIS_TIMEOUT="20000")
    crowd = Crowd(node, cell.mint())
    try:
        await asyncio.sleep(0.5)
        idle, files_before = node.process.resident(), node.process.descriptors()
        begun = time.monotonic()
        await crowd.open(count)
        opened = time.monotonic() - begun
        at_once = node.process.resident()
        await _until(lambda: all(stream.comments >= 2 for stream in crowd.streams), 90, "every stream is kept alive")
        held = node.process.resident()
        each = (held - idle) * 1024 / count
        print(f"\n{count} streams opened in {opened:.1f} s; the node {idle:.1f} MiB before, {at_once:.1f} with them, {held:.1f} later:"
              f" {each:.1f} KiB each")
        assert all(stream.is_open for stream in crowd.streams)
        begun = time.monotonic()
        upstream.show("echo")
        # those of HTTP+SSE are told nothing before their handshake
        told = count - count // 3
        await _until(lambda: sum(stream.changes for stream in crowd.streams) >= told, 20, "they are told")
        print(f"{told} of them told of a change after {time.monotonic() - begun:.2f} s")
        await asyncio.sleep(0.3)
        assert max(stream.changes for stream in crowd.streams) == 1 and sum(stream.changes for stream in crowd.streams) == told
        assert each <= LIMIT, f"{each:.1f} KiB for each stream"
        crowd.close()
        await _until(lambda: node.process.descriptors() <= files_before + 8, 30, "their connections are closed")
        crowd = Crowd(node, cell.mint())
        await crowd.open(count)
        again = node.process.resident()
        print(f"as many once more, when those are closed: {again:.1f} MiB")
        assert again - held < (held - idle) / 2, "what closed streams took is not taken again"
    finally:
        crowd.close()
        status = node.stop()
        upstream.stop()
        redis.stop()
    assert status == 0, "a node ends with 0 after SIGTERM"


async def _until(condition: Callable[[], bool], within: float, what: str) -> None:
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, what
        await asyncio.sleep(0.02)
