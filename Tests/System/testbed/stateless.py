"""An agent of revision 2026-07-28 without an SDK: each request says all of itself."""
from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import httpx

from .agent import BOTH, Reply, _message, events
from .node import Node

REVISION = "2026-07-28"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
META = {
    "io.modelcontextprotocol/protocolVersion": REVISION, "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "system-test", "version": "1"}}


SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"


def message(method: str, params: dict[str, Any] | None = None, number: Any = 1, meta: dict[str, Any] | None = None) -> dict[str, Any]:
    """A request with its `_meta`."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": {**(params or {}), "_meta": {**META, **(meta or {})}}}


def headers(request: dict[str, Any]) -> dict[str, str]:
    """What has to be repeated of it."""
    own = {"Content-Type": "application/json", "Accept": BOTH, "MCP-Protocol-Version": REVISION, "Mcp-Method": request["method"]}
    if request["method"] in NAMED:
        own["Mcp-Name"] = request["params"][NAMED[request["method"]]]
    return own


class Stateless:
    """Sends requests to any node."""

    def __init__(self, token: str | None, timeout: float = 30.0) -> None:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.AsyncClient(headers=bearer, timeout=timeout, trust_env=False, verify=False)
        self._ids = itertools.count(1)

    async def __aenter__(self) -> Stateless:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.http.aclose()

    async def ask(self, node: Node, method: str, params: dict[str, Any] | None = None, meta: dict[str, Any] | None = None,
                  **extra: str) -> Reply:
        """A request under a fresh id; `extra` headers."""
        request = message(method, params, next(self._ids), meta)
        response = await self.http.post(node.mcp, content=json.dumps(request).encode(), headers={**headers(request), **extra})
        reply = Reply(response.status_code, response.headers, _message(response), response.content)
        if reply.message and reply.status == 200:
            assert reply.message["id"] == request["id"]
        return reply

    async def call(self, node: Node, tool: str, **arguments: Any) -> Reply:
        return await self.ask(node, "tools/call", {"name": tool, "arguments": arguments})


class Subscription:
    """A `subscriptions/listen` at one node: what is asked for, under which id."""

    def __init__(self, agent: Stateless, node: Node, identifier: Any = 1, **notifications: Any) -> None:
        self.comments = 0
        self.messages: list[dict[str, Any]] = []
        self.status = 0
        # the answer, where it is one JSON body
        self.refusal: dict[str, Any] | None = None
        self.headers = httpx.Headers()
        self.closed = asyncio.Event()
        self.acknowledged = asyncio.Event()
        self._agent, self._node = agent, node
        self._request = message("subscriptions/listen", {"notifications": notifications}, identifier)

    async def __aenter__(self) -> Subscription:
        self._reader = asyncio.create_task(self._read())
        done, _ = await asyncio.wait(
            [asyncio.create_task(event.wait()) for event in (self.acknowledged, self.closed)], timeout=10,
            return_when=asyncio.FIRST_COMPLETED)
        assert done, "no answer to subscriptions/listen"
        return self

    async def __aexit__(self, *_: Any) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    @property
    def stray(self) -> list[dict[str, Any]]:
        """What came behind the acknowledgment."""
        return self.messages[1:]

    async def _read(self) -> None:
        body = json.dumps(self._request).encode()
        try:
            async with self._agent.http.stream(
                "POST", self._node.mcp, content=body, headers=headers(self._request), timeout=httpx.Timeout(30, read=120)
            ) as response:
                self.status, self.headers = response.status_code, response.headers
                if not response.headers["content-type"].startswith("text/event-stream"):
                    self.refusal = json.loads(await response.aread())
                    return
                block: list[str] = []
                async for line in response.aiter_lines():
                    if line.startswith(":"):
                        self.comments += 1
                    elif line:
                        block.append(line)
                    elif block:
                        self.messages += [json.loads(data) for _, data in events("\n".join(block))]
                        self.acknowledged.set()
                        block = []
        finally:
            self.closed.set()
