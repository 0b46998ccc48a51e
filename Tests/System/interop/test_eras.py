"""Official clients before light upstreams that speak one era only, or both: the node finds out which."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from testbed.node import Cell, tenant
from testbed.redis_server import RedisServer
from testbed.sdk import Refused, connect
from testbed.upstream import LightUpstream

REVISIONS = {"handshake": "2025-11-25", "modern": "2026-07-28", "both": "2026-07-28"}


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    directory = tmp_path_factory.mktemp("eras")
    redis = RedisServer(directory)
    upstreams = {era: LightUpstream(directory, f"light-{era}", era=era, page_size=3) for era in REVISIONS}
    cell = Cell(directory, redis, [
        tenant(era, {"light": upstream.url}, budgets={"team": {"limit": 1000}}, default_budget="team") for era, upstream in upstreams.items()])
    node = cell.node("node")
    yield cell, node, upstreams
    assert node.stop() == 0
    for upstream in upstreams.values():
        upstream.stop()
    redis.stop()


@pytest.mark.parametrize("era", REVISIONS)
async def test_an_upstream_of_any_era_serves_every_agent(cell, era, path):
    cell, node, upstreams = cell
    upstream = upstreams[era]
    steps = []

    async def progress(done, total, message):
        steps.append((done, total))

    async with connect(f"{node.base}/{path}", cell.mint(era)) as agent:
        tools = await agent.tools()
        assert {"ping", "echo", "fail", "progress", "structured", "big"} <= {tool["name"] for tool in tools}
        assert (await agent.call("echo", {"text": "héllo \u2028 ✓"}))["content"][0]["text"] == "héllo \u2028 ✓"
        assert (await agent.call("progress", {"steps": 3, "delayMs": 1}, progress))["content"][0]["text"] == "done"
        assert steps == [(1, 3), (2, 3), (3, 3)]
        assert (await agent.call("structured"))["structuredContent"] == {"temperature": 21.5, "conditions": ["dry", "calm"]}
        assert len((await agent.call("big", {"n": 900_000}))["content"][0]["text"]) == 900_000
        assert (await agent.call("fail"))["isError"]
        with pytest.raises(Refused) as refused:
            await agent.call("protocol_error", {"code": -32050})
        assert refused.value.code == -32050
    assert REVISIONS[era] in upstream.stats()["versions"]
    stats = upstream.stats()
    assert (stats["initializes"] > 0, stats["sessionsOpened"] > 0) == (era == "handshake", era == "handshake")
