"""An agent of revision 2026-07-28 without an SDK: each request says all of itself."""
from __future__ import annotations

import itertools
import json
from typing import Any

import httpx

from .agent import BOTH, Reply, _message
from .node import Node

REVISION = "2026-07-28"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
META = {
    "io.modelcontextprotocol/protocolVersion": REVISION, "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "system-test", "version": "1"}}


def message(method: str, params: dict[str, Any] | None = None, number: int = 1, meta: dict[str, Any] | None = None) -> dict[str, Any]:
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

    async def ask(self, node: Node, method: str, params: dict[str, Any] | None = None, **extra: str) -> Reply:
        """A request under a fresh id; `extra` headers."""
        request = message(method, params, next(self._ids))
        response = await self.http.post(node.mcp, content=json.dumps(request).encode(), headers={**headers(request), **extra})
        reply = Reply(response.status_code, response.headers, _message(response), response.content)
        if reply.message and reply.status == 200:
            assert reply.message["id"] == request["id"]
        return reply

    async def call(self, node: Node, tool: str, **arguments: Any) -> Reply:
        return await self.ask(node, "tools/call", {"name": tool, "arguments": arguments})
