"""What an agent has read of a call's answer, and how it goes on reading after a loss."""
from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from .agent import Agent
from .node import Node


@dataclass
class Heard:
    """What an agent has read of an answer, over however many connections."""
    last: str = ""
    ids: list[str] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    retries: list[str] = field(default_factory=list)
    primed: int = 0

    @property
    def steps(self) -> list[int]:
        return [message["params"]["progress"] for message in self.messages if "method" in message]

    @property
    def answer(self) -> dict[str, Any] | None:
        return next((message for message in self.messages if "id" in message), None)

    async def read(self, response: httpx.Response) -> AsyncIterator[None]:
        """Takes the events in one by one."""
        fields: dict[str, str] = {}
        async for line in response.aiter_lines():
            if line.startswith(":"):
                continue
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
                continue
            if not fields:
                continue
            self.last = fields.get("id", self.last)
            if "retry" in fields:
                self.retries.append(fields["retry"])
            if fields.get("data"):
                self.ids.append(fields.get("id", ""))
                self.messages.append(json.loads(fields["data"]))
            else:
                self.primed += 1
            fields = {}
            yield

    async def call(self, agent: Agent, node: Node, steps: int, pause: int, until: int) -> None:
        """Begins the call and leaves after `until` messages, or at the end."""
        body = {"jsonrpc": "2.0", "id": "the call", "method": "tools/call", "params": {
            "name": "progress", "arguments": {"steps": steps, "delayMs": pause}, "_meta": {"progressToken": "p"}}}
        async with agent._http.stream("POST", node.mcp, content=json.dumps(body), headers=agent.headers()) as response:
            assert response.status_code == 200
            async for _ in self.read(response):
                if len(self.messages) >= until:
                    return

    async def resume(self, agent: Agent, node: Node, until: int = 1 << 30) -> None:
        """Goes on behind the last event."""
        headers = agent.headers(**{"Accept": "text/event-stream", "Last-Event-ID": self.last})
        async with agent._http.stream("GET", node.mcp, headers=headers) as response:
            assert response.status_code == 200, response.status_code
            async for _ in self.read(response):
                if len(self.messages) >= until:
                    return

    def check(self, steps: int) -> None:
        """Every event once, in order, and the answer."""
        assert self.steps == list(range(1, steps + 1)), self.steps
        assert self.answer is not None and self.answer is self.messages[-1]
        assert self.answer["id"] == "the call" and self.answer["result"]["content"][0]["text"] == "done"
        stream = self.ids[0].rpartition("-")[0]
        assert self.ids == [f"{stream}-{number}" for number in range(1, steps + 2)]
