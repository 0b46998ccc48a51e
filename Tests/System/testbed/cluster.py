"""Nodes over one Redis whose tenants are applied with the command line."""
from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from .agent import Agent, Reply
from .node import Cell, Node, run
from .process import soon
from .redis_server import RedisServer
from .topologies import Topology


class Cluster:
    """`size` nodes that know their tenants from Redis alone; `settings` as the node's environment."""

    def __init__(self, directory: Path, size: int, tenants: list[str], redis: RedisServer | Topology | None = None, **settings: str) -> None:
        """`redis`: one that runs already, and is ended with the nodes."""
        self.directory = directory
        self.redis = redis or RedisServer(directory)
        self.cell = Cell(directory, self.redis, [{"name": name} for name in tenants], stated=False)
        self._settings = {"SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "true", **settings}
        self.nodes = [self.start(f"node-{number}") for number in range(size)]

    def start(self, name: str, **more: str) -> Node:
        """One more node, with more settings perhaps."""
        return self.cell.node(name, **{**self._settings, **more})

    def apply(self, *tenants: dict[str, Any]) -> None:
        """`satgate tenant apply` of these documents; returns when the command ended well."""
        file = self.directory / "applied.yaml"
        file.write_text(json.dumps({"tenants": tenants}, indent=1))
        result = run("tenant", "apply", "-f", str(file), env=self.cell.environment)
        assert result.returncode == 0, result.stdout + result.stderr

    def stop(self) -> None:
        for node in self.nodes:
            node.process.thaw()
        statuses = [node.stop() for node in self.nodes]
        self.redis.stop()
        assert not any(statuses), f"nodes end with 0 after SIGTERM: {statuses}"


class Watchers:
    """An agent at each node, to compare what the nodes show."""

    def __init__(self, cluster: Cluster, token: str) -> None:
        self._nodes = cluster.nodes
        self._agents = [Agent(token) for _ in cluster.nodes]

    async def __aenter__(self) -> Watchers:
        await asyncio.gather(*(self._open(agent, node) for agent, node in zip(self._agents, self._nodes)))
        return self

    @staticmethod
    async def _open(agent: Agent, node: Node) -> None:
        """Opens a session; a tenant that has just been applied is known at every node within a second."""
        end = time.monotonic() + 2
        while True:
            try:
                await agent.open(node)
                return
            except AssertionError:
                if time.monotonic() > end:
                    raise
                await asyncio.sleep(0.005)

    async def __aexit__(self, *_: Any) -> None:
        await asyncio.gather(*(agent.__aexit__() for agent in self._agents))

    async def lists(self) -> list[bytes]:
        """Each node's `tools/list`: the bytes of the result, pages joined."""
        return await asyncio.gather(*(self._list(agent, node) for agent, node in zip(self._agents, self._nodes)))

    async def names(self) -> list[list[str]]:
        """The tools that each node shows, without the node's own."""
        return [names(listed) for listed in await self.lists()]

    async def _list(self, agent: Agent, node: Node) -> bytes:
        pages, cursor = [], None
        while True:
            reply: Reply = await agent.ask(node, "tools/list", {"cursor": cursor} if cursor else {})
            assert reply.result, reply.raw
            pages.append(json.dumps(reply.result["tools"]).encode())
            cursor = reply.result.get("nextCursor")
            if not cursor:
                return b"\n".join(pages)

    async def agree(self, wanted: list[str], within: float) -> None:
        """Waits until all nodes show the same list, which is the wanted one."""
        async def look() -> bool:
            lists = await self.lists()
            return len(set(lists)) == 1 and names(lists[0]) == sorted(wanted)
        await soon(f"all nodes show {sorted(wanted)}", look, within)


def names(listed: bytes) -> list[str]:
    """The tools of a list, sorted, without the built-in one."""
    return sorted(tool["name"] for page in listed.split(b"\n") for tool in json.loads(page) if tool["name"] != "ping")
