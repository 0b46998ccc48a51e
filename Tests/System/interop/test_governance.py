"""What an agent built on the official SDK may not do."""
from __future__ import annotations

import pytest

from testbed.agent import Agent, Stream
from testbed.process import soon
from testbed.sdk import GENERATION, Refused, connect
from testbed.stateless import Stateless

SESSION = "mcp" if GENERATION == 1 else "mcp#legacy"


def url(bench, path):
    return f"{bench.node.base}/{path}"


def number(agent, code):
    """Agents without a handshake get other numbers, for theirs mean something else there."""
    return {-32000: -31000, -32001: -31001}[code] if agent.modern else code


async def refusal(agent, tool, arguments=None) -> Refused:
    try:
        await agent.call(tool, arguments)
    except Refused as refused:
        return refused
    raise AssertionError(f"{tool} must be refused")


async def test_a_spent_budget_is_exhausted(bench, path):
    async with connect(url(bench, path), bench.token("--budget-limit", "4")) as agent:
        for text in ("one", "two"):
            assert (await agent.call("echo", {"text": text}))["content"][0]["text"] == text
        ran = bench.upstream.calls("echo")
        refused = await refusal(agent, "echo", {"text": "three"})
    assert refused.code == number(agent, -32000)
    assert refused.data["error"] == "budget_exhausted"
    assert (refused.data["tool"], refused.data["cost_credits"], refused.data["remaining_credits"]) == ("echo", 2, 0)
    assert refused.data["budget_id"]
    assert bench.upstream.calls("echo") == ran, "a refused call must not run"


async def test_too_little_left_is_insufficient_and_a_cheaper_tool_still_runs(bench, path):
    async with connect(url(bench, path), bench.token("--budget-limit", "3.5")) as agent:
        await agent.call("echo", {"text": "one"})
        refused = await refusal(agent, "echo", {"text": "two"})
        assert refused.code == number(agent, -32000)
        assert refused.data["error"] == "insufficient_budget"
        assert (refused.data["cost_credits"], refused.data["remaining_credits"]) == (2, 1.5)
        assert (await agent.call("fail"))["isError"]
        refused = await refusal(agent, "fail")
        assert (refused.data["error"], refused.data["remaining_credits"]) == ("insufficient_budget", 0.5)
        assert (await agent.call("big", {"n": 10}))["content"][0]["text"] == "0123456789"
        assert (await refusal(agent, "big", {"n": 10})).data["error"] == "budget_exhausted"


async def test_out_of_scope_is_hidden_and_refused(bench, path):
    async with connect(url(bench, path), bench.token("--scope", "echo,image")) as agent:
        assert [tool["name"] for tool in await agent.tools()] == ["ping", "echo", "image"]
        ran = bench.upstream.calls("structured")
        refused = await refusal(agent, "structured")
        assert (refused.code, refused.data["error"]) == (number(agent, -32001), "scope")
        assert bench.upstream.calls("structured") == ran
        await agent.call("echo", {"text": "allowed"})


@pytest.mark.parametrize("token", [None, "broken", "not.a/macaroon="], ids=["none", "broken", "text"])
async def test_without_a_valid_token_nothing_opens(bench, path, token):
    if token == "broken":
        sound = bench.token()
        # one bit of the signature flipped
        token = sound[:-6] + ("A" if sound[-6] != "A" else "B") + sound[-5:]
    with pytest.raises(BaseException) as failure:
        async with connect(url(bench, path), token) as agent:
            await agent.tools()  # the pinned client sends nothing before
            raise AssertionError("must not open")
    assert not isinstance(failure.value, AssertionError)
    async with Agent(token) as agent, Stateless(token) as stateless:
        reply = await agent.request("GET", bench.node.sse, headers={"Accept": "text/event-stream"}) if path == "sse" \
            else await stateless.ask(bench.node, "tools/list") if "2026" in path else await agent.ask(bench.node, "initialize", {})
    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")


async def test_a_deleted_session_is_gone(bench):
    token = bench.token()
    async with connect(f"{bench.node.base}/{SESSION}", token) as agent, Agent(token) as bare:
        await agent.tools()
        bare.session = agent.session_id
        assert (await bare.ask(bench.node, "ping")).status == 200
        assert (await bare.close(bench.node)).status in (200, 204)
        assert (await bare.ask(bench.node, "ping")).status == 404
        assert (await bare.close(bench.node)).status == 404
        with pytest.raises(Exception):
            await agent.call("echo", {"text": "too late"})


async def test_an_sse_session_ends_with_its_stream(bench):
    token = bench.token()
    async with Stream(token, bench.node) as stream:
        await stream.open()
        endpoint = f"{bench.node.base}{stream.path}"
    async with Agent(token) as bare:
        async def status():
            reply = await bare.request("POST", endpoint, b'{"jsonrpc":"2.0","id":1,"method":"ping"}', {"Content-Type": "application/json"})
            return reply.status

        async def gone():
            return await status() == 404
        await soon("the session is gone with its stream", gone, within=15)


async def test_anothers_session_is_unknown(bench):
    async with connect(f"{bench.node.base}/{SESSION}", bench.token()) as agent, Agent(bench.token()) as other:
        other.session = agent.session_id
        assert (await other.ask(bench.node, "ping")).status == 404
        assert (await other.close(bench.node)).status == 404
        await agent.call("echo", {"text": "still mine"})


async def test_a_probe_for_the_stateless_era_is_answered_without_a_session(bench):
    """What SDK 2.x sends first."""
    async with Stateless(bench.token()) as agent:
        reply = await agent.ask(bench.node, "server/discover")
    assert reply.status == 200
    found = reply.result
    assert found["supportedVersions"] == ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
    assert "tools" in found["capabilities"] and found["resultType"] == "complete" and found["cacheScope"] == "private"
    assert found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "satgate"
    assert "mcp-session-id" not in reply.headers


async def test_a_list_may_be_kept_for_a_minute_by_its_agent_alone(bench):
    async with Stateless(bench.token()) as agent:
        found = (await agent.ask(bench.node, "tools/list")).result
    assert (found["ttlMs"], found["cacheScope"], found["resultType"]) == (60_000, "private", "complete")
    assert found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "satgate"


@pytest.mark.parametrize("given, code", [
    ("us-west1", None), ("=?base64?dXMtd2VzdDE=?=", None), (None, -32020), ("eu-north1", -32020), ("=?base64?dXM=?=", -32020),
    ("=?base64?x?=", -32020)])
async def test_an_argument_that_a_tool_wants_in_a_header_must_be_there(benches, given, code):
    bench = benches["acme"]  # only the 2.x server has such a tool
    ran, spent = bench.upstream.calls("route"), bench.books.spent("team")
    async with Stateless(bench.token()) as agent:
        reply = await agent.ask(bench.node, "tools/call", {"name": "route", "arguments": {"region": "us-west1"}},
                                **({"Mcp-Param-Region": given} if given else {}))
    if code is None:
        assert reply.text == "us-west1"
    else:
        assert (reply.status, reply.code) == (400, code)
        assert (bench.upstream.calls("route"), bench.books.spent("team")) == (ran, spent)
