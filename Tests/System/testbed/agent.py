"""An agent without an SDK: every request says which node it goes to, every answer is kept as it came."""
from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx

from .node import Node

REVISION = "2025-11-25"
BOTH = "application/json, text/event-stream"


@dataclass
class Reply:
    """One HTTP answer and the JSON-RPC message in it, if any."""
    status: int
    headers: httpx.Headers
    message: dict[str, Any] | None
    raw: bytes

    @property
    def result(self) -> dict[str, Any] | None:
        return self.message.get("result") if self.message else None

    @property
    def code(self) -> int | None:
        return (self.message or {}).get("error", {}).get("code")

    @property
    def label(self) -> str | None:
        """What programs match: `error.data.error`."""
        return ((self.message or {}).get("error", {}).get("data") or {}).get("error")

    @property
    def text(self) -> str:
        """The first text of a tool's result."""
        assert self.status == 200 and self.result is not None, f"{self.status} {self.raw[:500]!r}"
        return self.result["content"][0]["text"]


def events(text: str) -> list[tuple[str, str]]:
    """(name, data) of the whole SSE text."""
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        name, data = "message", []
        for line in block.split("\n"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
        if any(data):
            found.append((name, "\n".join(data)))
    return found


def _message(response: httpx.Response) -> dict[str, Any] | None:
    kind = response.headers.get("content-type", "")
    if kind.startswith("application/json"):
        return json.loads(response.content)
    if kind.startswith("text/event-stream"):
        messages = [json.loads(data) for name, data in events(response.text) if name == "message"]
        return next((message for message in reversed(messages) if "id" in message), None)
    return None


class Agent:
    """Streamable HTTP by hand, over any node."""

    def __init__(self, token: str | None, timeout: float = 30.0) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # nodes speak plain HTTP, or TLS that tests of it look at; loading the authorities takes a fifth of a second
        self._http = httpx.AsyncClient(headers=headers, timeout=timeout, trust_env=False, verify=False,
                                       limits=httpx.Limits(max_connections=None, max_keepalive_connections=None))
        self._ids = itertools.count(1)
        self.session: str | None = None

    async def __aenter__(self) -> Agent:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self._http.aclose()

    async def request(self, method: str, url: str, content: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """One HTTP request with exactly these headers besides Authorization."""
        response = await self._http.request(method, url, content=content, headers=headers)
        return Reply(response.status_code, response.headers, _message(response), response.content)

    def headers(self, **extra: str) -> dict[str, str]:
        own = {"Content-Type": "application/json", "Accept": BOTH, "MCP-Protocol-Version": REVISION}
        if self.session:
            own["Mcp-Session-Id"] = self.session
        return {**own, **extra}

    async def post(self, node: Node, message: Any) -> Reply:
        return await self.request("POST", node.mcp, json.dumps(message).encode(), self.headers())

    async def ask(self, node: Node, method: str, params: dict[str, Any] | None = None, number: int | str | None = None) -> Reply:
        """A request under that id, or a fresh one."""
        number = next(self._ids) if number is None else number
        reply = await self.post(node, {"jsonrpc": "2.0", "id": number, "method": method, **({"params": params} if params is not None else {})})
        if reply.message and reply.status == 200:
            assert reply.message["id"] == number, f"asked {number!r}, answered {reply.message['id']!r}"
        return reply

    async def open(self, node: Node) -> str:
        """Opens a session at the node."""
        self.session = None
        reply = await self.ask(node, "initialize", {
            "protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": "system-test", "version": "1"}})
        assert reply.status == 200 and reply.result, f"{reply.status} {reply.raw[:500]!r}"
        self.session = reply.headers["mcp-session-id"]
        ready = await self.post(node, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert ready.status == 202, ready.status
        return self.session

    async def call(self, node: Node, tool: str, **arguments: Any) -> Reply:
        return await self.ask(node, "tools/call", {"name": tool, "arguments": arguments})

    async def close(self, node: Node) -> Reply:
        return await self.request("DELETE", node.mcp, headers=self.headers())


class Listener:
    """The stream that a GET of an agent's session opens at one node."""

    def __init__(self, agent: Agent, node: Node) -> None:
        self.comments = 0
        self.messages: list[dict[str, Any]] = []
        self.status = 0
        self.closed = asyncio.Event()
        self._agent, self._node = agent, node

    async def __aenter__(self) -> Listener:
        opened = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read(opened))
        self.status = await asyncio.wait_for(opened, 10)
        return self

    async def __aexit__(self, *_: Any) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self, opened: asyncio.Future[int]) -> None:
        headers = self._agent.headers(Accept="text/event-stream")
        try:
            async with self._agent._http.stream("GET", self._node.mcp, headers=headers, timeout=httpx.Timeout(30, read=120)) as response:
                opened.set_result(response.status_code)
                block: list[str] = []
                async for line in response.aiter_lines():
                    if line.startswith(":"):
                        self.comments += 1
                    elif line:
                        block.append(line)
                    else:
                        self.messages += [json.loads(data) for _, data in events("\n".join(block))]
                        block = []
        except httpx.HTTPError as error:
            if not opened.done():
                opened.set_exception(error)
        finally:
            self.closed.set()


class Stream:
    """HTTP+SSE (2024-11-05) by hand: the stream at one node, POSTs to any."""

    def __init__(self, token: str, node: Node) -> None:
        self._http = httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=httpx.Timeout(30, read=120), trust_env=False,
                                       verify=False)
        self._node = node
        self._ids = itertools.count(1)
        self._waiting: dict[int | str, asyncio.Future[dict[str, Any]]] = {}
        self._endpoint: asyncio.Future[str] | None = None
        self.stray: list[Any] = []
        self.comments = 0

    async def __aenter__(self) -> Stream:
        self._endpoint = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read())
        self.path = await asyncio.wait_for(self._endpoint, 10)
        return self

    async def __aexit__(self, *_: Any) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._http.aclose()

    async def _events(self) -> AsyncIterator[tuple[str, str]]:
        async with self._http.stream("GET", self._node.sse, headers={"Accept": "text/event-stream"}) as response:
            assert response.status_code == 200, response.status_code
            block: list[str] = []
            async for line in response.aiter_lines():
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    block.append(line)
                else:
                    for event in events("\n".join(block)):
                        yield event
                    block = []

    async def _read(self) -> None:
        try:
            async for name, data in self._events():
                if name == "endpoint":
                    self._endpoint.set_result(data)
                    continue
                message = json.loads(data)
                waiter = self._waiting.pop(message.get("id"), None)
                if waiter:
                    waiter.set_result(message)
                else:
                    self.stray.append(message)
        except Exception as error:
            for waiter in [self._endpoint, *self._waiting.values()]:
                if not waiter.done():
                    waiter.set_exception(ConnectionError(f"stream lost: {error!r}"))

    async def post(self, node: Node, message: Any) -> int:
        """Sends the message by the node; the status."""
        response = await self._http.post(f"{node.base}{self.path}", json=message)
        return response.status_code

    async def ask(self, node: Node, method: str, params: dict[str, Any] | None = None, within: float = 30.0,
                  number: int | str | None = None) -> dict[str, Any]:
        """A request by the node, under that id or a fresh one; the message that the stream brought for it."""
        number = next(self._ids) if number is None else number
        waiter = self._waiting[number] = asyncio.get_running_loop().create_future()
        status = await self.post(node, {"jsonrpc": "2.0", "id": number, "method": method, **({"params": params} if params is not None else {})})
        assert status == 202, status
        return await asyncio.wait_for(waiter, within)

    async def open(self) -> dict[str, Any]:
        answer = await self.ask(self._node, "initialize", {
            "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "system-test", "version": "1"}})
        assert await self.post(self._node, {"jsonrpc": "2.0", "method": "notifications/initialized"}) == 202
        return answer["result"]

    async def call(self, node: Node, tool: str, **arguments: Any) -> dict[str, Any]:
        return await self.ask(node, "tools/call", {"name": tool, "arguments": arguments})
