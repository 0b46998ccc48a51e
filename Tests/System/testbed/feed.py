"""A client of the feed of events, and what it must have been sent."""
from __future__ import annotations

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from .node import Node
from .operators import Operators


class Watcher:
    """One WebSocket at a node: keeps every event, and its cursor as the README tells clients to."""

    def __init__(self, operators: Operators, node: Node, after: str | None = None, name: str = "reader", **query: str) -> None:
        self._headers = operators.headers(name)
        self.query = dict(query)
        self.events: list[dict[str, Any]] = []
        self.positions: dict[str, str] = {}
        self.closed: ConnectionClosed | None = None
        self._node, self._after = node, after

    @property
    def cursor(self) -> str:
        return ",".join(self.positions.values())

    async def __aenter__(self) -> Watcher:
        await self.open(self._node, self._after)
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    async def open(self, node: Node, after: str | None = None) -> None:
        """Connects and waits for the greeting."""
        query = {**self.query, **({} if after is None else {"after": after})}
        url = f"{node.admin}/api/v1/events?".replace("http:", "ws:") + "&".join(f"{key}={value}" for key, value in query.items())
        self.socket: ClientConnection = await connect(
            url, additional_headers=self._headers, proxy=None, max_queue=None, compression=None, open_timeout=30)
        self.hello = json.loads(await asyncio.wait_for(self.socket.recv(), 30))
        assert self.hello["type"] == "hello", self.hello
        self.positions = {part.split("@")[0]: part for part in self.hello["cursor"].split(",") if part}
        self.closed = None
        self._reading = asyncio.create_task(self._read())

    async def resume(self, node: Node) -> None:
        """Connects to that node and goes on from the cursor."""
        await self.close()
        await self.open(node, self.cursor)

    async def close(self) -> None:
        await self.socket.close()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        try:
            while True:
                self._take(json.loads(await self.socket.recv()))
        except ConnectionClosed as closed:
            self.closed = closed

    def _take(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if event.get("seq") is not None:
            tenant = event.get("tenantId", "_")
            self.positions[tenant] = f"{tenant}@{event['epoch']}-{event['seq']}"

    def numbers(self, tenant: str = "acme") -> list[int]:
        """The numbers of the tenant's events, in the order in which they came."""
        return [event["seq"] for event in self.events if event.get("tenantId") == tenant and event.get("seq") is not None]

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]
