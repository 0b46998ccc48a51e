"""A transparent tenant shows its only upstream as that is; any other what the gateway passes through of whatever there may be."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.agent import Agent
from testbed.node import Cell, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.stateless import Stateless
from testbed.upstream import EverythingServer, LightUpstream

FIXED = {"tools", "prompts", "resources", "completions"}


@pytest.fixture(scope="module")
def glass(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    directory = tmp_path_factory.mktemp("glass")
    redis = RedisServer(directory)
    whole, light = EverythingServer(2, "t", directory), LightUpstream(directory)
    everything = {"url": whole.url, "headers": {"Authorization": "Bearer ${env:UP_TOKEN}"}}
    cell = Cell(directory, redis, [
        tenant("clear", {"everything": everything}, naming="never", unbudgeted="allow"),
        tenant("plain", {"light": light.url}, naming="never", unbudgeted="allow"),
        tenant("opaque", {"light": light.url}, unbudgeted="allow"),
        tenant("double", {"light": light.url, "everything": everything}, naming="never", unbudgeted="allow"),
        tenant("dead", {"light": "http://127.0.0.1:9/mcp"}, naming="never", unbudgeted="allow")])
    node = cell.node("node", UP_TOKEN="t")
    yield cell, node
    assert node.stop() == 0
    for part in (whole, light, redis):
        part.stop()


async def introduced(glass: Any, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an agent with and one without a handshake are told, once the upstreams' tools are known."""
    cell, node = glass
    async with Agent(cell.mint(name)) as agent, Stateless(cell.mint(name)) as stateless:
        await agent.open(node)

        async def listed() -> bool:
            return name == "dead" or len((await agent.ask(node, "tools/list")).result["tools"]) > 1
        await soon("its tools are listed", listed)
        agent.session = None
        begun = await agent.ask(node, "initialize", {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})
        found = await stateless.ask(node, "server/discover")
        return begun.result, found.result


async def test_what_a_transparent_upstream_has_is_what_agents_are_told(glass):
    for told in await introduced(glass, "clear"):
        assert FIXED <= set(told["capabilities"])
        assert told["instructions"] == "everything"
        assert told["capabilities"]["tools"] == {"listChanged": True}
    for told in await introduced(glass, "plain"):
        assert set(told["capabilities"]) == {"tools"} and "instructions" not in told


async def test_all_other_tenants_and_one_not_known_yet_show_what_is_fixed(glass):
    for name in ("opaque", "double", "dead"):
        for told in await introduced(glass, name):
            assert FIXED <= set(told["capabilities"]) and "instructions" not in told, name


async def test_names_and_addresses_stay_as_they_are(glass):
    cell, node = glass
    async with Agent(cell.mint("clear")) as agent:
        await agent.open(node)
        names = [tool["name"] for tool in (await agent.ask(node, "tools/list")).result["tools"]]
        assert names[0] == "ping" and "echo" in names and not any("__" in name for name in names)
        content = (await agent.call(node, "mixed")).result["content"]
        assert content[3]["resource"]["uri"] == "test://static/1" and content[4]["uri"] == "test://static/2"
        read = await agent.ask(node, "resources/read", {"uri": "test://static/1"})
        assert read.result["contents"][0]["uri"] == "test://static/1"
        assert json.dumps(read.result).count("everything+") == 0
