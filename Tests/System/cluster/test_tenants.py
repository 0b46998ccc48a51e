"""Tenants come and go while two nodes run."""
from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed.agent import Agent
from testbed.books import Books
from testbed.node import Cell, Node, run, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.topologies import any_redis
from testbed.upstream import LightUpstream

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
# what a change may take until it is in force on every node, on a machine that is busy
SOON = 4.0


class ConfigMap:
    """A directory as the kubelet mounts a ConfigMap: the file is a link through `..data`, and that is swapped."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        self._number = 0
        self.file = directory / "tenants.yaml"

    def put(self, text: str) -> None:
        self._number += 1
        version = self.directory / f"..{self._number}"
        version.mkdir()
        (version / "tenants.yaml").write_text(text)
        new = self.directory / "..data_tmp"
        new.symlink_to(version.name)
        os.rename(new, self.directory / "..data")
        if not self.file.is_symlink():
            self.file.symlink_to("..data/tenants.yaml")
        old = self.directory / f"..{self._number - 1}"
        if old.exists():
            (old / "tenants.yaml").unlink()
            old.rmdir()


@dataclass
class World:
    redis: RedisServer
    upstream: LightUpstream
    map: ConfigMap
    cell: Cell
    a: Node
    b: Node

    @property
    def nodes(self) -> tuple[Node, Node]:
        return (self.a, self.b)

    def put(self, *tenants: dict[str, Any]) -> None:
        self.map.put(json.dumps({"tenants": tenants}, indent=1))

    def satgate(self, *arguments: str) -> str:
        result = run("tenant", *arguments, env={"SATGATE_REDIS_URL": self.redis.url})
        assert result.returncode == 0, result.stderr
        return result.stdout

    def apply(self, *tenants: dict[str, Any]) -> None:
        file = self.cell.directory / "applied.yaml"
        file.write_text(json.dumps({"tenants": tenants}))
        self.satgate("apply", "-f", str(file))

    def of_nobody(self, kind: str) -> list[dict[str, Any]]:
        entries = [json.loads(fields["event"]) for _, fields in self.redis.client.xrange("satgate:audit")]
        return [event for event in entries if event["type"] == kind]


def acme(price: int, upstream: LightUpstream) -> dict[str, Any]:
    return tenant("acme", {"light": upstream.url}, tariff={"default": price}, budgets={"team": {"limit": 1000}}, default_budget="team")


def plain(name: str, **document: Any) -> dict[str, Any]:
    return tenant(name, {}, **document)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    redis = any_redis(tmp_path)
    upstream = LightUpstream(tmp_path)
    mounted = ConfigMap(tmp_path / "mounted")
    cell = Cell(tmp_path, redis, [acme(1, upstream), plain("late"), plain("other")])
    mounted.put(json.dumps({"tenants": [acme(1, upstream)]}))
    a, b = (cell.node(name, SATGATE_TENANTS_FILE=str(mounted.file)) for name in "ab")
    yield World(redis, upstream, mounted, cell, a, b)
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    upstream.stop()
    redis.stop()


async def statuses(world: World, agent: Agent) -> list[int]:
    return [(await agent.ask(node, "initialize", HELLO)).status for node in world.nodes]


async def becomes(world: World, agent: Agent, status: int) -> float:
    """Waits until both nodes answer so; how long that took, seconds."""
    begun = time.monotonic()

    async def same():
        return await statuses(world, agent) == [status, status]
    await soon(f"both nodes answer {status}", same, within=SOON, every=0.01)
    return time.monotonic() - begun


async def price(world: World, agent: Agent, node: Node) -> int:
    """What a call by the node costs now, in credits."""
    books = Books(world.redis)
    before = books.spent("team")
    assert (await agent.call(node, "echo", text="x")).text == "x"
    books.quiet("team")
    return int(books.spent("team") - before)


async def costs(world: World, agent: Agent, wanted: int) -> None:
    for node in world.nodes:
        async def right(node=node):
            return await price(world, agent, node) == wanted
        await soon(f"a call costs {wanted}", right, within=SOON)


async def test_a_tenant_that_is_applied_is_served_at_once_and_one_that_is_deleted_is_not(world):
    async with Agent(world.cell.mint("late")) as agent:
        assert await statuses(world, agent) == [403, 403]
        world.apply(tenant("late", {"light": world.upstream.url}, unbudgeted="allow"))
        assert await becomes(world, agent, 200) < 1.0
        await agent.open(world.a)
        for node in world.nodes:
            async def works(node=node):
                reply = await agent.call(node, "echo", text="new")
                return reply.result and reply.text == "new"
            await soon("its upstream's tools work", works, within=SOON)
        world.satgate("delete", "late")
        assert await becomes(world, agent, 403) < 1.0
        assert (await agent.call(world.a, "ping")).status == 403
    async with Agent(world.cell.mint()) as agent:
        assert await statuses(world, agent) == [200, 200], "the others stay"


async def test_a_changed_tariff_counts_from_the_next_call_on_every_node(world):
    async with Agent(world.cell.mint()) as agent:
        await agent.open(world.a)
        await costs(world, agent, 1)
        world.apply(acme(3, world.upstream))
        await costs(world, agent, 3)


async def test_a_swapped_configmap_is_applied(world):
    async with Agent(world.cell.mint()) as agent, Agent(world.cell.mint("late")) as late, Agent(world.cell.mint("other")) as other:
        world.apply(plain("other"))
        await agent.open(world.a)
        world.put(acme(2, world.upstream), plain("late"))
        await becomes(world, late, 200)
        await costs(world, agent, 2)
        world.put(acme(2, world.upstream))
        await becomes(world, late, 403)
        assert await statuses(world, other) == [200, 200], "what an operator applied is not the file's to delete"
    assert [line.split()[0::3] for line in world.satgate("list").splitlines()] == [["acme", "file"], ["other", "apply"]]


async def test_bad_content_keeps_the_old_and_is_told_once_by_each_node(world):
    async with Agent(world.cell.mint()) as agent, Agent(world.cell.mint("late")) as late:
        for text in ("tenants:\n- name: acme\n  colour: 5ec7e7\n  upstreams: []\n", "tenants:\n- name: acme\n  upstreams: [", ""):
            before = len(world.of_nobody("config_rejected"))
            world.map.put(text)
            await soon("both nodes tell of it", lambda: len(world.of_nobody("config_rejected")) >= before + 2, within=SOON)
            assert await statuses(world, agent) == [200, 200]
        events = world.of_nobody("config_rejected")
        assert len(events) == 6 and len({event["nodeId"] for event in events}) == 2, events
        assert (events[0]["data"]["file"], events[0]["data"]["line"]) == ("tenants.yaml", 3)
        assert "colour" in events[0]["data"]["reason"]
        assert "5ec7e7" not in json.dumps(events) and "tenantId" not in events[0]
        world.put(acme(1, world.upstream), plain("late"))
        await becomes(world, late, 200)


async def test_a_starting_node_leaves_what_an_operator_applied(world):
    async with Agent(world.cell.mint()) as agent:
        world.apply(acme(4, world.upstream))
        await agent.open(world.a)
        await costs(world, agent, 4)
        third = world.cell.node("c", SATGATE_TENANTS_FILE=str(world.map.file))
        assert await price(world, agent, third) == 4
        assert "tenant kept" in third.process.tail()
        assert third.stop() == 0
        assert "version 2" in world.satgate("list")


async def test_a_node_without_a_file_serves_what_is_applied(world):
    node = Node("fileless", world.cell, {"SATGATE_TENANTS_FILE": ""})
    async with Agent(world.cell.mint()) as agent:
        assert (await agent.ask(node, "initialize", HELLO)).status == 200
    assert node.stop() == 0
