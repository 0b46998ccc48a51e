"""Agents that hold streams through a balancer, and come back when one closes as clients do: every event and every gap is written down."""
from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

REVISIONS = ("2025-11-25", "2025-06-18")
CLIENT = {"name": "watcher", "version": "1"}


@dataclass
class Answer:
    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        return json.loads(self.body)


class Connection:
    """One HTTP/1.1 connection for one request."""

    def __init__(self, base: str, token: str) -> None:
        where = urlsplit(base)
        self._host, self._port, self._token = where.hostname, where.port, token

    async def begin(self, method: str, path: str, fields: dict[str, str], message: Any = None) -> Answer:
        """Sends the request and reads the head of the answer."""
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        body = json.dumps(message).encode() if message is not None else b""
        lines = {"Host": f"{self._host}:{self._port}", "Authorization": f"Bearer {self._token}", "Connection": "close", **fields}
        if body:
            lines |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        self._writer.write((f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n").encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        self._chunked = found.get("transfer-encoding") == "chunked"
        self._length = int(found["content-length"]) if "content-length" in found else None
        return Answer(int(head[0].split()[1]), found, b"")

    async def pieces(self):
        """The body as it comes."""
        if self._length is not None:
            yield await self._reader.readexactly(self._length)
        elif not self._chunked:
            while piece := await self._reader.read(65536):
                yield piece
        else:
            while size := int(await self._reader.readline() or b"0", 16):
                yield (await self._reader.readexactly(size + 2))[:-2]

    async def exchange(self, method: str, path: str, fields: dict[str, str], message: Any = None) -> Answer:
        try:
            answer = await self.begin(method, path, fields, message)
            answer.body = b"".join([piece async for piece in self.pieces()])
            return answer
        finally:
            self.close()

    async def blocks(self):
        """The blocks of a stream of events, each as a mapping of its fields."""
        rest = b""
        async for piece in self.pieces():
            *whole, rest = (rest + piece).split(b"\n\n")
            for block in whole:
                fields = dict(line.partition(":")[::2] for line in block.decode().split("\n") if line and not line.startswith(":"))
                if fields:
                    yield {name: value.removeprefix(" ") for name, value in fields.items()}

    def close(self) -> None:
        if hasattr(self, "_writer"):
            self._writer.close()


@dataclass
class Watch:
    """What one agent has seen."""
    #: seconds from the end of each stream to the beginning of the next
    gaps: list[float] = field(default_factory=list)
    #: what was asked to be waited before coming back
    retries: list[int] = field(default_factory=list)
    #: what went wrong
    wrong: list[str] = field(default_factory=list)
    connected: bool = False
    _ended: float = 0.0

    def opened(self) -> None:
        if self._ended:
            self.gaps.append(time.monotonic() - self._ended)
        self.connected = True

    def closed(self) -> None:
        self.connected, self._ended = False, time.monotonic()


class Listening(Watch):
    """An agent of Streamable HTTP with its own stream."""

    def __init__(self, base: str, token: str, number: int) -> None:
        super().__init__()
        self.base, self.token, self.name = base, token, f"listener-{number}"
        self.revision = REVISIONS[number % len(REVISIONS)]
        self.session = ""
        #: the numbers that the upstream sent, and the numbers in the ids of the events that brought them
        self.numbers: list[int] = []
        self.places: list[int] = []
        self._last: str | None = None

    def fields(self, **more: str) -> dict[str, str]:
        session = {"Mcp-Session-Id": self.session, "MCP-Protocol-Version": self.revision} if self.session else {}
        return {"Accept": "application/json, text/event-stream", **session, **more}

    async def ask(self, base: str, method: str, params: dict[str, Any]) -> Answer:
        return await Connection(base, self.token).exchange("POST", "/mcp", self.fields(), {"jsonrpc": "2.0", "id": 1, "method": method, "params": params})

    async def open(self, base: str, tool: str) -> None:
        """Opens the session and calls the tool by this node, which hears from then on what the upstream says in the session."""
        answer = await self.ask(base, "initialize", {"protocolVersion": self.revision, "capabilities": {}, "clientInfo": CLIENT})
        assert answer.status == 200, answer
        self.session = answer.fields["mcp-session-id"]
        ready = await Connection(base, self.token).exchange("POST", "/mcp", self.fields(), {"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert ready.status == 202, ready
        # who wants to see what servers log is told of it
        level = await self.ask(base, "logging/setLevel", {"level": "debug"})
        assert level.status == 200 and level.message["result"] == {}, level
        self._call = lambda: self.ask(base, "tools/call", {"name": tool, "arguments": {"text": self.name}})

    async def call(self) -> None:
        answer = await self._call()
        assert answer.status == 200 and "result" in answer.message, answer

    async def run(self) -> None:
        while True:
            connection = Connection(self.base, self.token)
            retry = 1000
            try:
                last = {"Last-Event-ID": self._last} if self._last else {}
                answer = await connection.begin("GET", "/mcp", self.fields(Accept="text/event-stream", **last))
                if answer.status != 200:
                    self.wrong.append(f"GET: {answer.status}")
                    await asyncio.sleep(0.2)
                    continue
                self.opened()
                async for block in connection.blocks():
                    retry = self._take(block, retry)
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                self.wrong.append(f"stream: {error!r}")
            finally:
                connection.close()
            self.closed()
            self.retries.append(retry)
            await asyncio.sleep(retry / 1000)

    def _take(self, block: dict[str, str], retry: int) -> int:
        self._last = block.get("id", self._last)
        if block.get("event", "message") == "message" and block.get("data"):
            message = json.loads(block["data"])
            if message["method"] == "notifications/message":
                self.numbers.append(message["params"]["data"])
                self.places.append(int(block["id"].rpartition("-")[2]))
        return int(block.get("retry", retry))


class Older(Watch):
    """An agent of HTTP+SSE, which calls a tool again and again where it is given one."""

    def __init__(self, base: str, token: str, number: int, tool: str | None, milliseconds: int, pause: float) -> None:
        super().__init__()
        self.base, self.token, self.name = base, token, f"older-{number}"
        self._tool, self._milliseconds, self._pause = tool, milliseconds, pause
        #: accepted requests, and the calls among them that were answered
        self.accepted = self.answered = 0
        #: posts that came when their session had just ended: made anew in the next
        self.late = 0
        self.stopping = False
        self._waiting: dict[int, asyncio.Future[dict[str, Any] | None]] = {}
        self._path: str | None = None
        self._ready = asyncio.Event()
        self._ids = itertools.count(1)

    async def run(self) -> None:
        caller = asyncio.create_task(self._calls()) if self._tool else None
        try:
            while True:
                await self._hold()
        finally:
            if caller:
                caller.cancel()

    async def _hold(self) -> None:
        connection = Connection(self.base, self.token)
        retry = 1000
        greeting: asyncio.Task[None] | None = None
        try:
            answer = await connection.begin("GET", "/sse", {"Accept": "text/event-stream"})
            if answer.status != 200:
                self.wrong.append(f"GET /sse: {answer.status}")
                return await asyncio.sleep(0.2)
            async for block in connection.blocks():
                retry = int(block.get("retry", retry))
                if block.get("event") == "endpoint":
                    self._path = block["data"]
                    self.opened()
                    greeting = asyncio.create_task(self._greet())
                elif block.get("event", "message") == "message":
                    message = json.loads(block["data"])
                    waiter = self._waiting.pop(message.get("id"), None)
                    if waiter:
                        waiter.set_result(message)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            self.wrong.append(f"stream: {error!r}")
        finally:
            connection.close()
        self._ready.clear()
        if greeting:
            greeting.cancel()
        self.closed()
        self.retries.append(retry)
        # nothing comes for them any more: those that were accepted have gone wrong
        for waiter in self._waiting.values():
            waiter.set_result(None)
        self._waiting.clear()
        await asyncio.sleep(retry / 1000)

    async def _greet(self) -> None:
        await self._ask("initialize", {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": CLIENT})
        if await self._post({"jsonrpc": "2.0", "method": "notifications/initialized"}) == 202:
            self._ready.set()

    async def _post(self, message: Any) -> int:
        return (await Connection(self.base, self.token).exchange("POST", self._path or "/", {}, message)).status

    async def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        """The answer; None where the session had ended before the request was accepted."""
        number = next(self._ids)
        waiter = self._waiting[number] = asyncio.get_running_loop().create_future()
        status = await self._post({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        if status == 404:
            self._waiting.pop(number, None)
            return None
        if status != 202:
            self._waiting.pop(number, None)
            self.wrong.append(f"POST: {status}")
            return None
        self.accepted += 1
        answer = await waiter
        if answer is None:
            self.wrong.append("an accepted request was not answered before the stream closed")
        return answer

    async def _calls(self) -> None:
        while True:
            await self._ready.wait()
            if self.stopping:
                return
            try:
                answer = await self._ask("tools/call", {"name": self._tool, "arguments": {"ms": self._milliseconds}})
            except (OSError, asyncio.IncompleteReadError) as error:
                self.wrong.append(f"POST: {error!r}")
                continue
            if answer is None:
                self.late += 1
                await asyncio.sleep(0.1)  # the stream is about to close
            elif "result" in answer:
                self.answered += 1
            else:
                self.wrong.append(f"answered {answer}")
            await asyncio.sleep(self._pause)


def wrong(watches: list[Watch]) -> Counter[str]:
    return Counter(each for watch in watches for each in watch.wrong)
