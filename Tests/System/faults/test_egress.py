"""Where a node lets its upstreams be: only the node's own operator opens networks."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from testbed.agent import Agent
from testbed.books import Books
from testbed.node import Cell, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream

CANARY = "canary-7d20b4c1"


@dataclass
class Field:
    cell: Cell
    light: LightUpstream
    books: Books

    def down(self) -> dict[str, str]:
        """The last reason told for each upstream that is down."""
        return {event["data"]["upstream"]: event["data"]["reason"] for event in self.books.events("upstream_down", "audit")}


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    """A tenant with a sound upstream on loopback, and others at addresses that nobody should reach."""
    redis, light = RedisServer(tmp_path), LightUpstream(tmp_path)
    cell = Cell(tmp_path, redis, [tenant(
        "acme", {"light": {"url": light.url, "headers": {"X-Key": "${env:UP_KEY}"}}, "metadata": "http://169.254.169.254/mcp",
                 "spelled": f"http://2852039166:{light.port}/mcp", "neighbour": f"http://127.0.0.2:{light.port}/mcp"},
        tariff={"default": 1}, budgets={"team": {"limit": 100}}, default_budget="team")])
    yield Field(cell, light, Books(redis))
    light.stop()
    redis.stop()


async def test_a_node_reaches_no_private_network_unless_its_operator_says_so(field):
    node = field.cell.node("closed", SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS="false", UP_KEY=CANARY)
    refused = dict.fromkeys(("light", "metadata", "spelled", "neighbour"), "address not allowed")

    async def told():
        return field.down() == refused
    await soon("every upstream is refused", told)
    async with Agent(field.cell.mint()) as agent:
        await agent.open(node)
        assert [tool["name"] for tool in (await agent.ask(node, "tools/list")).result["tools"]] == ["ping"]
    log = node.process.tail(10_000)
    assert "address not allowed" in log and "169.254" not in log and "2852039166" not in log
    node.stop()


async def test_a_network_that_the_operator_names_is_open_and_nothing_beside_it(field):
    node = field.cell.node(
        "narrow", SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS="false", SATGATE_UPSTREAMS_ALLOW_NETWORKS="127.0.0.1, fd00:1::/32", UP_KEY=CANARY)
    async with Agent(field.cell.mint()) as agent:
        await agent.open(node)
        assert (await agent.call(node, "echo", text="here")).text == "here"

    async def told():
        return field.down() == dict.fromkeys(("metadata", "spelled", "neighbour"), "address not allowed")
    await soon("the others are refused", told)
    assert CANARY not in node.process.tail(10_000)
    node.stop()


async def test_private_networks_never_include_metadata(field):
    node = field.cell.node("open", UP_KEY=CANARY)

    async def told():
        return field.down() == {
            "metadata": "address not allowed", "spelled": "address not allowed", "neighbour": "connection refused"}
    await soon("metadata is refused", told)
    node.stop()


async def test_a_missing_secret_holds_up_only_its_own_upstream(field):
    node = field.cell.node("poor")

    async def told():
        return field.down().get("light") == "credentials not available"
    await soon("the upstream is down", told)
    async with Agent(field.cell.mint()) as agent:
        await agent.open(node)
        assert (await agent.call(node, "ping")).status == 200
    node.stop()
