"""Tools, from every client to every server."""
from __future__ import annotations

import json
import uuid

import pytest

from testbed.agent import Agent as Plain
from testbed.books import Books
from testbed.process import soon
from testbed.sdk import Refused
from testbed.wire import member

TOOLS = ["add", "annotate", "ask_model", "ask_roots", "ask_twice", "ask_url", "ask_user", "big", "change_tools", "drop_stream", "echo", "fail",
         "image", "log", "mixed", "protocol_error", "slow", "stats", "structured", "touch", "whoami"]
ODD = "héllo \u2028 \"✓\" \\ \x01 \U0001f600"


async def test_tools_are_listed_whole_and_in_order(pairing):
    async with pairing.join() as agent:
        tools = await agent.tools()
        # only the 2.x server has a tool that wants an argument in a header
        assert [tool["name"] for tool in tools] == ["ping", *sorted(TOOLS + ["route"] * (pairing.server == "upstream2"))]
        assert next(tool for tool in tools if tool["name"] == "echo")["inputSchema"]["required"] == ["text"]


async def test_a_tool_is_called(pairing):
    async with pairing.join() as agent:
        before = pairing.upstream.calls("echo")
        answer = await agent.call("echo", {"text": ODD})
        assert answer["content"][0]["text"] == ODD and not answer["isError"]
        assert pairing.upstream.calls("echo") == before + 1


async def test_the_requests_of_one_client_land_on_both_nodes(pairing):
    books = Books(pairing.stage.cell.redis, pairing.server)
    async with pairing.join() as agent:
        before = len(books.events("tool_call", "audit"))
        for number in range(4):
            await agent.call("echo", {"text": str(number)})

        def told():
            calls = [call for call in books.events("tool_call", "audit")[before:] if call["data"]["tool"] == "echo"]
            return len(calls) == 4 and len({call["nodeId"] for call in calls}) == 2
        await soon("both nodes tell of them", told)


async def test_a_tools_failure_is_a_result(pairing):
    async with pairing.join() as agent:
        failed = await agent.call("fail", {"message": "no such luck"})
        assert failed["isError"] and failed["content"][0]["text"] == "no such luck"


async def test_an_error_of_the_protocol_keeps_its_code_message_and_data(pairing):
    async with pairing.join() as agent:
        with pytest.raises(Refused) as refused:
            await agent.call("protocol_error", {"code": -32050, "message": "upstream says no"})
        assert (refused.value.code, refused.value.message, refused.value.data) == (-32050, "upstream says no", {"why": "asked"})


async def test_structured_content_agrees_with_the_schema_that_was_listed(pairing):
    wanted = {"city": "Bergen", "celsius": 3.5, "tags": ["a", "b"]}
    async with pairing.join() as agent:
        structured = next(tool for tool in await agent.tools() if tool["name"] == "structured")
        answer = await agent.call("structured", {"city": "Bergen"})
        assert json.loads(answer["content"][0]["text"]) == wanted
        if pairing.kind.since("2025-06-18"):
            assert structured["outputSchema"]["required"] == ["city", "celsius"] and answer["structuredContent"] == wanted


@pytest.mark.parametrize("size", [900_000, 1_500_000], ids=["below a MiB", "above a MiB"])
async def test_a_big_result_comes_whole(pairing, size):
    async with pairing.join() as agent:
        big = await agent.call("big", {"n": size})
        assert big["content"][0]["text"] == ("0123456789abcdef" * (size // 16 + 1))[:size]


async def test_meta_reaches_the_server_unchanged(pairing):
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "vendor=value,other=1",
             "baggage": "user=zo%C3%AB"}
    own = {"test.example/own": {"list": [1, 2.5, None, "ü"], "empty": {}, "word": uuid.uuid4().hex}}
    async with pairing.join() as agent:
        answer = await agent.ask("annotate", meta={**trace, **own})
        assert answer["content"][0]["text"] == "annotated"
        sent = pairing.called(own["test.example/own"]["word"]).said[0]["params"]["_meta"]
        assert {name: sent.get(name) for name in trace} == trace
        assert sent["test.example/own"] == own["test.example/own"]
        assert answer["_meta"]["test.example/own"] == own["test.example/own"], "what the server says back"


async def test_arguments_reach_the_server_byte_for_byte(pairing):
    async with pairing.join() as agent:
        word = uuid.uuid4().hex
        await agent.call("echo", {"text": ODD, "unknown": {"z": [1, 2.50, 1e3, None, True], "a": {}, "word": word}})
        exchange = pairing.called(word)
        [sent] = [each.body for each in agent.recorder.exchanges if each.body and b'"tools/call"' in each.body]
        assert member(exchange.body, "params", "arguments") == member(sent, "params", "arguments")


async def test_what_nobody_knows_in_a_request_reaches_the_server_byte_for_byte(stage, server):
    """By hand: a client of the SDK's sends only what it knows."""
    unknown = b'{ "deep" : [1, 2.50, {"a":null}] }'
    node, tap, token = stage.balancer, stage.taps[server], stage.tokens[server]
    tap.take()
    async with Plain(token) as agent:
        await agent.open(node)
        body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","unknown":' + unknown + b',"arguments":{"text":"by hand"}}}'
        assert (await agent.request("POST", node.mcp, body, agent.headers())).text == "by hand"
    [called] = [exchange for exchange in tap.take() if b"by hand" in exchange.body]
    assert member(called.body, "params", "unknown") == unknown


async def test_what_nobody_knows_in_an_answer_comes_byte_for_byte(pairing):
    """The tap gives a member of the result another name."""
    pairing.tap.rename = b'"isError":', b'"is_Errr":'
    try:
        async with pairing.join() as agent:
            word = uuid.uuid4().hex
            await agent.call("echo", {"text": ODD + word})
            exchange = pairing.called(word)
            [came] = [raw for raw in exchange.raw if b'"is_Errr"' in raw]
            [heard] = [raw for each in agent.recorder.exchanges for raw in each.raw if b'"is_Errr"' in raw]
            for name in ("is_Errr", "content"):
                assert member(heard, "result", name) == member(came, "result", name)
    finally:
        pairing.tap.rename = None


async def test_progress_comes_in_order_and_before_the_result(pairing):
    seen = []

    async def progress(done, total, message):
        seen.append((done, total, message))
    async with pairing.join() as agent:
        answer = await agent.call("slow", {"steps": 6, "delay": 0.02}, progress)
        assert answer["content"][0]["text"] == "slept 6x0.02"
        assert [each[:2] for each in seen] == [(step, 6) for step in range(1, 7)]
        # a message with it came with 2025-03-26; older revisions let it be
        assert [each[2] for each in seen] == [f"step {step}" for step in range(1, 7)]
