"""Upstreams that lie, stall, break off and never end: each harms its own calls and nothing else."""
from __future__ import annotations

import asyncio
import gzip
import json

import pytest

from testbed.agent import Agent
from testbed.hostile import honest
from testbed.process import soon
from testbed.raw import request

RESULT = '{"content":[{"type":"text","text":"%s"}]}'


async def _sound(gate) -> bool:
    """An honest call succeeds: no circuit is open, and no failures stand against the upstream."""
    gate.hostile.trick = honest
    return "result" in (await gate.ask(gate.call("hostile__trick"))).message


async def _tricked(gate, trick, within: float = 20.0, meta: dict | None = None):
    """The answer to a call of which the upstream makes that; the call is charged."""
    await soon("the upstream is used", lambda: _sound(gate))
    gate.hostile.trick = trick
    spent = gate.spent()
    answer = await gate.ask(gate.call("hostile__trick", meta=meta), within)
    assert gate.spent() == spent + 1
    return answer


@pytest.mark.parametrize("number", [b"999999", b'"1"', b"null", b"1.0", b"[1]", b"-1"])
async def test_an_answer_under_an_id_that_is_not_the_calls_is_nobodys(gate, number):
    """Row 14."""
    async def trick(call):
        await call.json(b'{"jsonrpc":"2.0","id":' + number + b',"result":' + (RESULT % "another's").encode() + b"}")
    answer = await _tricked(gate, trick)
    assert (answer.status, answer.code, answer.label) == (200, -31002, "upstream_error"), answer


async def test_answers_to_others_before_the_calls_own_are_dropped(gate):
    """Row 14."""
    async def trick(call):
        others = [{"jsonrpc": "2.0", "id": number, "result": {"content": [{"type": "text", "text": "another's"}]}} for number in (999_999, "x", -1)]
        await call.stream(b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in [*others, call.result("mine")]))
    assert (await _tricked(gate, trick)).text == "mine"


async def test_an_answer_with_what_ends_an_event_in_it_is_one_event(gate):
    """Row 15."""
    text = "\\n\\ndata: forged\\r\\revent: forged\\nid: forged\u2028\u2029\u0085\\u2028"

    async def trick(call):
        note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": call.progress, "progress": 1}}
        whole = f'{{"jsonrpc":"2.0",\r\n"id":{json.dumps(call.message["id"])},\n\r"result":{RESULT % text}}}'
        await call.stream(f"data: {json.dumps(note)}\n\n".encode() + b"".join(b"data: " + line + b"\n" for line in whole.encode().splitlines()) + b"\n")
    answer = await _tricked(gate, trick, meta={"progressToken": "p"})
    assert answer.headers["content-type"] == "text/event-stream" and answer.text == json.loads(f'"{text}"')
    names = [line.partition(b":")[0] for line in answer.body.replace(b"\r", b"\n").split(b"\n") if line]
    assert set(names) <= {b"event", b"data", b"id", b""} and names.count(b"id") <= 2
    assert len([block for block in answer.body.split(b"\n\n") if b"data:" in block]) == 2, "progress, and the answer"


async def test_what_an_upstream_says_of_its_stream_is_not_said_to_the_agent(gate):
    """Row 16."""
    async def trick(call):
        note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": call.progress, "progress": 1}}
        await call.stream(b": forged\nid: forged-7\nretry: 1\nevent: message\ndata: " + json.dumps(note).encode()
                          + b"\n\nevent: endpoint\ndata: http://evil.example/forged\n\nid: forged-8\ndata: " + json.dumps(call.result()).encode() + b"\n\n")
    await soon("the upstream is used", lambda: _sound(gate))
    gate.hostile.trick = trick
    session = await gate.session()
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "hostile__trick", "arguments": {}, "_meta": {"progressToken": 5}}}
    answer = await gate.ask(request(gate.fields(Mcp_Session_Id=session), json.dumps(call).encode()))
    assert answer.text == "done" and b'"progress":1' in answer.body.replace(b" ", b"")
    assert b"forged" not in answer.body and b"retry: 1\n" not in answer.body


@pytest.mark.parametrize("field", [b"X-Any: a\rb", b"X-Any: a\0b", b"X-Any: a\r\n b", b"X-Any : b", b"Set-Cookie: a\nX: b", b"X-Any: \x01", b"no colon",
                                   b"Content-Length: 3", b"Transfer-Encoding: chunked"],
                         ids=["a bare CR", "NUL", "folded", "a space before the colon", "a bare LF", "a control character", "no colon", "a second length",
                              "a second framing"])
async def test_an_answer_with_a_header_that_is_none_is_not_read(gate, field):
    """Row 17; 19 on this side."""
    async def trick(call):
        await call.json(call.result("smuggled"), fields=field + b"\r\n")
    answer = await _tricked(gate, trick)
    assert (answer.status, answer.code, answer.label) == (200, -31002, "upstream_error") and b"smuggled" not in answer.body


async def test_no_header_of_an_upstream_reaches_the_agent(gate):
    """Row 17."""
    async def trick(call):
        await call.json(call.result(), fields=b"Set-Cookie: a=b\r\nX-Any: forged\r\nMcp-Session-Id: forged\r\nAccess-Control-Allow-Origin: *\r\n")
    answer = await _tricked(gate, trick)
    assert answer.text == "done" and set(answer.headers) <= {"content-type", "content-length", "connection"}


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br"])
async def test_a_compressed_answer_is_not_unpacked(gate, coding):
    """Row 24: a MiB that would become a GiB."""
    bomb = gzip.compress(b" " * (1 << 20)) * 1000

    async def trick(call):
        await call.json(bomb, fields=b"Content-Encoding: " + coding + b"\r\n")
    answer = await _tricked(gate, trick)
    assert (answer.status, answer.code, answer.label) == (200, -31002, "upstream_error")


async def test_nothing_that_an_agent_proves_itself_with_goes_upstream(gate):
    """Row 32."""
    await soon("the upstream is used", lambda: _sound(gate))
    first = len(gate.hostile.heads)
    secrets = {"Cookie": "sid=cookie-canary", "Proxy_Authorization": "Basic cookie-canary", "X_Forwarded_For": "cookie-canary", "X_Api_Key": "cookie-canary"}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "hostile__trick", "arguments": {}, "_meta": {
        "token": gate.token, "io.satgate/anything": "cookie-canary"}}}
    session = await gate.session()
    answer = await gate.ask(request(gate.fields(Mcp_Session_Id=session, **secrets), json.dumps(call).encode()))
    assert answer.text == "done"
    sent = b"".join(gate.hostile.heads[first:] + gate.hostile.bodies[first:])
    assert sent and b"cookie-canary" not in sent and gate.token.encode() not in sent and session.encode() not in sent
    assert b"authorization" not in sent.lower()


async def test_tools_of_the_same_name_are_told_apart_by_their_upstreams(gate):
    """Row 33."""
    async with Agent(gate.token) as agent:
        await agent.open(gate.node)
        names = [tool["name"] for tool in (await agent.ask(gate.node, "tools/list")).result["tools"]]
        assert {"light__echo", "mortal__echo", "hostile__echo"} <= set(names) and len(set(names)) == len(names)
        ran = gate.hostile.calls
        assert (await agent.call(gate.node, "light__echo", text="mine")).text == "mine" and gate.hostile.calls == ran


async def test_a_definition_with_text_that_people_do_not_see_is_told(gate):
    """Row 35."""
    told = [event["data"] for event in gate.told("tools_changed") if event["data"].get("hiddenText")]
    assert [(data["upstream"], data["tool"], data["hiddenText"]) for data in told] == [("hostile", "sly", True)]
    async with Agent(gate.token) as agent:
        await agent.open(gate.node)
        listed = {tool["name"]: tool for tool in (await agent.ask(gate.node, "tools/list")).result["tools"]}
        assert listed["hostile__sly"]["description"] == gate.hostile.TOOLS["sly"], "it is shown as it is"


async def test_a_definition_that_names_another_upstreams_tool_is_told(gate):
    """Row 35."""
    told = {(event["data"]["upstream"], event["data"]["tool"]): event["data"]["namesTool"] for event in gate.told("tools_changed")
            if "namesTool" in event["data"]}
    assert told == {("hostile", "jealous"): "light__protocol_error"}
    async with Agent(gate.token) as agent:
        await agent.open(gate.node)
        listed = {tool["name"]: tool for tool in (await agent.ask(gate.node, "tools/list")).result["tools"]}
        assert listed["hostile__jealous"]["description"] == gate.hostile.TOOLS["jealous"], "it is shown as it is"


async def _hangs(call):
    await asyncio.sleep(30)


async def _half_closes(call):
    await call.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
    call.writer.close()


async def _resets(call):
    call.reset()


async def _resets_within(call):
    await call.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
    call.reset()


async def _page(call):
    await call.json(b"<!doctype html><title>Sign in</title>", kind=b"text/html")


async def _endless_events(call):
    await call.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    while True:
        await call.send(b"data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"debug\",\"data\":\"x\"}}\n\n" * 500)


async def _endless_event(call):
    await call.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ")
    while True:
        await call.send(b"x" * 65536)


async def _endless_head(call):
    await call.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await call.send(b"X-Any: xxxxxxxxxxxxxxxxxxxxxxxx\r\n" * 1000)


async def _endless_interim(call):
    while True:
        await call.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


async def _drips(call):
    await call.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
    while True:
        await call.send(b" ")
        await asyncio.sleep(0.1)


async def _huge(call):
    await call.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10000000000\r\n\r\n")
    while True:
        await call.send(b" " * 65536)


@pytest.mark.parametrize("trick, code, label", [
    (_hangs, -31003, "upstream_timeout"), (_half_closes, -31002, "upstream_error"), (_resets, -31002, "upstream_error"),
    (_resets_within, -31002, "upstream_error"), (_page, -31002, "upstream_error"), (_endless_events, -31003, "upstream_timeout"),
    (_endless_event, -31002, "upstream_error"), (_endless_head, -31002, "upstream_error"), (_endless_interim, -31003, "upstream_timeout"),
    (_drips, -31003, "upstream_timeout"), (_huge, -31002, "upstream_error")], ids=lambda value: getattr(value, "__name__", "").strip("_"))
async def test_a_call_whose_answer_does_not_come_is_answered_in_time_and_charged(gate, trick, code, label):
    """Row 36."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    answer = await _tricked(gate, trick)
    assert (answer.status, answer.code, answer.label) == (200, code, label), answer
    assert loop.time() - began < 4, "the timeout of the upstream is 2 s"


async def test_a_flood_of_calls_to_a_dead_upstream_is_refused_for_nothing_and_holds_up_no_other(gate):
    """Row 37, in short."""
    spent = gate.spent()
    gate.mortal.kill()
    try:
        loop = asyncio.get_running_loop()

        async def dead() -> tuple[int | None, str | None]:
            answer = await gate.ask(gate.call("mortal__echo", text="x"), within=40)
            return answer.code, answer.label

        flood = [asyncio.create_task(dead()) for _ in range(400)]
        began = loop.time()
        assert (await gate.ask(gate.call("light__echo", text="beside"))).text == "beside"
        beside = loop.time() - began
        assert set(await asyncio.gather(*flood)) == {(-31002, "upstream_error")}
        assert beside < 10
        assert gate.spent() == spent + 1, "nothing but the call beside it is charged"
    finally:
        gate.mortal.start()

    async def back() -> bool:
        return "result" in (await gate.ask(gate.call("mortal__echo", text="x"))).message
    await soon("it is used again", back, within=40)
