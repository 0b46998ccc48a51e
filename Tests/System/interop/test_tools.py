"""What an agent built on the official SDK does with tools."""
from __future__ import annotations

import asyncio
import json

from testbed.sdk import GENERATION, Refused, connect

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
UPSTREAM_TOOLS = {
    "echo", "add", "slow", "fail", "protocol_error", "big", "image", "mixed", "structured", "ask_user", "ask_model", "ask_roots",
    "ask_twice", "log", "change_tools", "touch", "drop_stream", "whoami", "stats"}


def url(bench, path):
    return f"{bench.node.base}/{path}"


async def test_a_client_ends_up_in_the_newest_revision_that_it_may_speak(bench, path):
    async with connect(url(bench, path), bench.token()) as agent:
        assert agent.modern == (GENERATION == 2 and path in ("mcp", "mcp#2026-07-28"))
        if agent.modern:
            await agent.tools()
            assert agent.sessions == 0
            assert agent.discovered["resultType"] == "complete"
            return
        assert agent.initialized["protocolVersion"] == "2025-11-25"
        assert agent.initialized["serverInfo"]["name"] == "satgate"
        assert "tools" in agent.initialized["capabilities"]


async def test_the_list_is_whole_ordered_and_priced_with_ping_first(bench, path):
    async with connect(url(bench, path), bench.token()) as agent:
        tools = await agent.tools()
    names = [tool["name"] for tool in tools]
    assert names[0] == "ping"
    assert names[1:] == sorted(names[1:])
    # the 2.x server offers one tool more than the 1.x one
    assert set(names) == {"ping"} | UPSTREAM_TOOLS | ({"route"} if bench.tenant == "acme" else set())
    prices = {tool["name"]: tool.get("_meta", {}).get("io.satgate/cost") for tool in tools}
    assert (prices["ping"] or 0, prices["echo"], prices["big"], prices["image"], prices["fail"]) == (0, 2, 0.5, 0, 1)
    structured = next(tool for tool in tools if tool["name"] == "structured")
    assert structured["outputSchema"]["required"] == ["city", "celsius"]


async def test_every_kind_of_result_passes_unchanged(bench, path):
    async with connect(url(bench, path), bench.token()) as agent:
        await agent.tools()  # the SDK checks structured results against the listed schema
        echo = await agent.call("echo", {"text": "héllo \u2028 \"✓\" \\ \x01"})
        assert echo["content"][0]["text"] == "héllo \u2028 \"✓\" \\ \x01" and not echo["isError"]
        structured = await agent.call("structured", {"city": "Bergen"})
        assert structured["structuredContent"] == {"city": "Bergen", "celsius": 3.5, "tags": ["a", "b"]}
        image = await agent.call("image")
        assert (image["content"][0]["type"], image["content"][0]["data"]) == ("image", PNG)
        mixed = await agent.call("mixed")
        assert [part["type"] for part in mixed["content"]] == ["text", "image", "audio", "resource", "resource_link"]
        big = await agent.call("big", {"n": 900_000})
        assert big["content"][0]["text"] == ("0123456789abcdef" * 56_250)[:900_000]


async def test_a_failing_tool_is_a_result_and_a_protocol_error_an_error(bench, path):
    async with connect(url(bench, path), bench.token()) as agent:
        failed = await agent.call("fail", {"message": "no such luck"})
        assert failed["isError"] and failed["content"][0]["text"] == "no such luck"
        try:
            await agent.call("protocol_error", {"code": -32050, "message": "upstream says no"})
            raise AssertionError("must be an error")
        except Refused as refused:
            assert (refused.code, refused.message, refused.data) == (-32050, "upstream says no", {"why": "asked"})


async def test_progress_arrives_in_order_and_before_the_result(bench, path):
    seen: list[tuple[float, str]] = []
    finished = False

    async def progress(done, total, message):
        assert not finished
        assert total == 6
        seen.append((done, message))

    async with connect(url(bench, path), bench.token()) as agent:
        result = await agent.call("slow", {"steps": 6, "delay": 0.05}, progress)
        finished = True
    assert result["content"][0]["text"] == "slept 6x0.05"
    assert seen == [(step, f"step {step}") for step in range(1, 7)]


async def test_twelve_calls_in_parallel_each_get_their_own_answer(bench, path):
    async with connect(url(bench, path), bench.token()) as agent:
        texts = [f"call {number} {'x' * number * 100}" for number in range(11)]
        # one of them is slow, so that the answers come in another order than the questions
        slow, *answers = await asyncio.gather(
            agent.call("slow", {"steps": 2, "delay": 0.2}), *(agent.call("echo", {"text": text}) for text in texts))
    assert slow["content"][0]["text"] == "slept 2x0.2"
    assert [answer["content"][0]["text"] for answer in answers] == texts


async def test_an_unknown_tool_is_refused_and_free(bench, path):
    before = bench.books.spent("team")
    async with connect(url(bench, path), bench.token()) as agent:
        try:
            await agent.call("no_such_tool")
            raise AssertionError("must be refused")
        except Refused as refused:
            assert refused.code == -32602
    assert bench.books.spent("team") == before


async def test_the_built_in_ping_is_free_and_needs_no_upstream(bench, path):
    async with connect(url(bench, path), bench.token("--scope", "echo", "--budget-limit", "0")) as agent:
        assert not (await agent.call("ping")).get("isError")
    assert "ping" not in bench.upstream.stats()["calls"]


async def test_the_agents_token_never_reaches_the_upstream(bench, path):
    token = bench.token()
    async with connect(url(bench, path), token) as agent:
        seen = json.loads((await agent.call("whoami"))["content"][0]["text"])
    assert seen["authorization"] == "Bearer the-upstreams-own-credential"
    assert bench.upstream.stats()["auth"] == ["Bearer the-upstreams-own-credential"]
    assert token not in json.dumps(bench.upstream.stats())


async def test_the_upstream_is_spoken_with_in_the_newest_revision_that_it_has(bench, path):
    """Nobody says which: the node finds out."""
    async with connect(url(bench, path), bench.token()) as agent:
        seen = json.loads((await agent.call("whoami"))["content"][0]["text"])
    if bench.tenant == "acme":
        assert (seen["mcp-protocol-version"], seen["mcp-method"], seen["mcp-name"]) == ("2026-07-28", "tools/call", "whoami")
        assert "mcp-session-id" not in seen
    else:
        assert seen["mcp-protocol-version"] == "2025-11-25" and seen["mcp-session-id"]
        assert "mcp-method" not in seen


async def test_arguments_that_a_server_without_a_handshake_wants_in_headers_are_there(benches, path):
    bench = benches["acme"]  # only the 2.x server has such a tool
    async with connect(url(bench, path), bench.token()) as agent:
        await agent.tools()  # tells the client which headers the gateway wants
        for region in ("us-west1", "Hello, 世界", " padded ", "a\nb", "=?base64?literal?="):
            # the server refuses a call whose header is not its argument
            assert (await agent.call("route", {"region": region}))["content"][0]["text"] == region


async def test_a_call_whose_stream_the_server_closes_for_a_while_is_answered(bench, path):
    """The 1.x server closes the stream of this call and keeps the answer for who comes back for it."""
    before = bench.upstream.calls("drop_stream")
    async with connect(url(bench, path), bench.token()) as agent:
        assert (await agent.call("drop_stream", {"delay": 0.3}))["content"][0]["text"] == "after the drop"
    assert bench.upstream.calls("drop_stream") == before + 1


async def test_a_tool_that_asks_its_user_is_refused_and_free_where_nobody_can_be_asked(benches, path):
    bench = benches["acme"]  # in revisions with a handshake the tool itself learns that nobody answers
    before = bench.books.spent("team")
    async with connect(url(bench, path), bench.token()) as agent:
        try:
            await agent.call("ask_user")
            raise AssertionError("must be refused")
        except Refused as refused:
            assert refused.code == (-32021 if agent.modern else -32603)
    assert bench.books.spent("team") == before
