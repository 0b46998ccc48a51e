"""What agents of older revisions are shown of content that their revision does not have."""
from __future__ import annotations

import json
from typing import Any

import pytest

from testbed.agent import BOTH, Agent

KINDS = {
    "2024-11-05": ["text", "image", "text", "resource", "text"],
    "2025-03-26": ["text", "image", "audio", "resource", "text"],
    "2025-06-18": ["text", "image", "audio", "resource", "resource_link"],
    "2025-11-25": ["text", "image", "audio", "resource", "resource_link"],
}


async def opened(agent: Agent, node: Any, revision: str) -> None:
    """A session of that revision; what follows is sent in it."""
    plain = {"Content-Type": "application/json", "Accept": BOTH}
    reply = await agent.request("POST", node.mcp, json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}).encode(), plain)
    assert reply.result["protocolVersion"] == revision
    session = {"Mcp-Session-Id": reply.headers["mcp-session-id"], "MCP-Protocol-Version": revision}
    agent.headers = lambda **extra: {**plain, **session, **extra}


@pytest.mark.parametrize("revision", KINDS)
async def test_content_that_a_revision_does_not_have_is_told_in_text(bench, revision):
    async with Agent(bench.token()) as agent:
        await opened(agent, bench.node, revision)
        content = (await agent.call(bench.node, "mixed")).result["content"]
        assert [part["type"] for part in content] == KINDS[revision]
        assert content[0]["text"] == "héllo ✓ \u2028 end" and content[3]["resource"]["text"] == "one"
        if content[2]["type"] == "text":
            assert "audio/wav" in content[2]["text"]
        if content[4]["type"] == "text":
            assert content[4]["text"] == "two: test://static/2"
