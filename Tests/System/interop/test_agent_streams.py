"""Clients of the official SDK hear through any node that the tools have changed, and go on with an answer at any other."""
from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from testbed.node import Cell, Node, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.sdk import connect
from testbed.upstream import LightUpstream

CHANGED = "notifications/tools/list_changed"


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Cell, LightUpstream, list[Node]]]:
    redis = RedisServer(tmp_path)
    upstream = LightUpstream(tmp_path, tools=["echo", "fail"])
    cell = Cell(tmp_path, redis, [tenant("acme", {"light": upstream.url}, unbudgeted="allow")])
    nodes = [cell.node(name) for name in "ab"]
    yield cell, upstream, nodes
    assert [node.stop() for node in nodes] == [0, 0], "a node ends with 0 after SIGTERM"
    upstream.stop()
    redis.stop()


async def test_clients_of_both_transports_at_both_nodes_hear_of_a_change_once_and_see_it(two):
    cell, upstream, nodes = two
    heard: list[list[str]] = []
    async with AsyncExitStack() as stack:
        clients = []
        for url in (url for node in nodes for url in (node.mcp, node.sse)):
            heard.append([])
            client = await stack.enter_async_context(connect(url, cell.mint(), mode="legacy", heard=heard[-1].append))
            assert client.initialized["capabilities"]["tools"]["listChanged"] is True
            assert [tool["name"] for tool in await client.tools()] == ["ping", "echo", "fail"]
            clients.append(client)

        # a GET is sent by the client in its own time
        async def listening():
            return len(cell.redis.client.keys("satgate:{acme}:session:*")) == 4 and sum(
                cell.redis.client.hexists(key, "fence") for key in cell.redis.client.keys("satgate:{acme}:session:*")) == 2
        await soon("their streams are open", listening)
        upstream.show("echo")

        async def told():
            return all(CHANGED in methods for methods in heard)
        await soon("all hear of it", told, within=4.0, every=0.01)
        for client in clients:
            assert [tool["name"] for tool in await client.tools()] == ["ping", "echo"]
        assert [methods.count(CHANGED) for methods in heard] == [1] * 4


async def test_the_sdk_goes_on_at_another_node_and_misses_nothing(two):
    cell, upstream, nodes = two
    upstream.show("progress")
    steps = []

    async def progress(now, total, message):
        steps.append(now)
    async with connect(nodes[0].mcp, cell.mint(), mode="legacy", cut=(6, nodes[1].port)) as client:
        answer = await asyncio.wait_for(client.call("progress", {"steps": 60, "delayMs": 40}, progress), 30)
    assert answer["content"][0]["text"] == "done"
    assert steps == list(range(1, 61))
    assert upstream.calls("progress") == 1
