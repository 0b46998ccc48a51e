"""What the specification of 2026-07-28 asks of a server, through a transparent tenant, without an SDK."""
from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from testbed.agent import BOTH, Reply, _message, events
from testbed.process import soon
from testbed.stateless import REVISION, Stateless, headers, message

LISTS = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"]
VERSION, CAPABILITIES, LEVEL = (f"io.modelcontextprotocol/{name}" for name in ("protocolVersion", "clientCapabilities", "logLevel"))
CALL = ("tools/call", {"name": "echo", "arguments": {"text": "x"}})


async def send(agent: Stateless, node: Any, request: dict[str, Any], **changes: str | None) -> Reply:
    """The request with its headers, some of them others or (None) left out."""
    changed = {**headers(request), **{name.replace("_", "-"): value for name, value in changes.items()}}
    own = {name: value for name, value in changed.items() if value is not None}
    response = await agent.http.post(node.mcp, content=json.dumps(request).encode(), headers=own)
    return Reply(response.status_code, response.headers, _message(response), response.content)


def encoded(text: str) -> str:
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


async def test_discovery_tells_versions_and_the_upstreams_capabilities(modern):
    async with Stateless(modern.token()) as agent:
        found = (await agent.ask(modern.a, "server/discover")).result
        assert REVISION in found["supportedVersions"]
        assert {"tools", "prompts", "resources", "completions"} <= set(found["capabilities"])


async def test_each_result_says_what_it_is_and_who_made_it(modern):
    async with Stateless(modern.token()) as agent:
        for method, params in [("server/discover", None), CALL, *((each, None) for each in LISTS), ("resources/read", {"uri": "test://static/1"}),
                               ("prompts/get", {"name": "simple"}),
                               ("completion/complete", {"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": "who", "value": "p"}})]:
            result = (await agent.ask(modern.b, method, params)).result
            assert result["resultType"] == "complete", method
            assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], method


async def test_an_answer_has_the_id_of_its_request_in_its_type(modern):
    async with Stateless(modern.token()) as agent:
        for number in (7, "7", -1):
            reply = await send(agent, modern.a, {**message(*CALL), "id": number})
            assert reply.message["id"] == number and type(reply.message["id"]) is type(number)
        for number in (None, 1.5, {}, []):
            reply = await send(agent, modern.a, {**message(*CALL), "id": number})
            assert reply.status == 400 and reply.message.get("id") is None, number


@pytest.mark.parametrize("missing", [VERSION, CAPABILITIES])
async def test_a_request_without_what_it_must_say_is_refused(modern, missing):
    request = message(*CALL)
    del request["params"]["_meta"][missing]
    async with Stateless(modern.token()) as agent:
        reply = await send(agent, modern.a, request)
        assert (reply.status, reply.code) == (400, -32602)


@pytest.mark.parametrize("changes", [
    {"MCP_Protocol_Version": "2025-11-24"}, {"Mcp_Method": "tools/list"}, {"Mcp_Method": None}, {"Mcp_Name": "add"}, {"Mcp_Name": None},
    {"Mcp_Name": encoded("add")}, {"Mcp_Name": "=?base64?%%%?="}], ids=str)
async def test_a_header_that_is_not_what_the_body_says_is_refused(modern, changes):
    async with Stateless(modern.token()) as agent:
        ran = modern.upstream.calls("echo")
        reply = await send(agent, modern.b, message(*CALL), **changes)
        assert (reply.status, reply.code) == (400, -32020), reply.raw
        assert modern.upstream.calls("echo") == ran


async def test_a_name_may_come_encoded(modern):
    async with Stateless(modern.token()) as agent:
        assert (await send(agent, modern.a, message(*CALL), Mcp_Name=encoded("echo"))).text == "x"
        reply = await send(agent, modern.a, message("resources/read", {"uri": "test://static/1"}), Mcp_Name=encoded("test://static/1"))
        assert reply.result["contents"][0]["uri"] == "test://static/1"


async def test_the_names_of_headers_are_the_same_in_any_case(modern):
    async with Stateless(modern.token()) as agent:
        for spell in (str.lower, str.upper):
            own = {spell(name): value for name, value in headers(message(*CALL)).items()}
            response = await agent.http.post(modern.a.mcp, content=json.dumps(message(*CALL)).encode(), headers=own)
            assert response.status_code == 200, response.content


async def test_a_version_that_is_not_there_is_refused_with_those_that_are(modern):
    request = message(*CALL, meta={VERSION: "2099-01-01"})
    async with Stateless(modern.token()) as agent:
        reply = await send(agent, modern.a, request, MCP_Protocol_Version="2099-01-01")
        assert (reply.status, reply.code) == (400, -32022)
        assert reply.message["error"]["data"]["requested"] == "2099-01-01" and REVISION in reply.message["error"]["data"]["supported"]


@pytest.mark.parametrize("method", [
    "no/such", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "tasks/list", "initialize"])
async def test_a_method_that_is_not_there_is_not_found(modern, method):
    async with Stateless(modern.token()) as agent:
        reply = await send(agent, modern.b, message(method, {"protocolVersion": REVISION}))
        assert (reply.status, reply.code) == (404, -32601)


async def test_a_notification_is_accepted_without_a_body(modern):
    async with Stateless(modern.token()) as agent:
        for method in ("notifications/cancelled", "notifications/unheard/of"):
            body = {"jsonrpc": "2.0", "method": method, "params": {"requestId": 4711, "_meta": message("x")["params"]["_meta"]}}
            reply = await send(agent, modern.a, body)
            assert (reply.status, reply.raw) == (202, b""), method


async def test_a_body_that_is_no_single_message_is_refused(modern):
    async with Stateless(modern.token()) as agent:
        for body in (b"{", b"", b"[]", json.dumps([message(*CALL)]).encode(), b'{"jsonrpc":"2.0","id":1,"result":{}}', b"\xff"):
            response = await agent.http.post(modern.a.mcp, content=body, headers=headers(message(*CALL)))
            assert response.status_code == 400 and response.json()["error"]["code"] in (-32700, -32600), body


async def test_only_posts_are_served_and_no_session_is_made(modern):
    async with Stateless(modern.token()) as agent:
        for method in ("GET", "DELETE"):
            response = await agent.http.request(method, modern.a.mcp, headers={"MCP-Protocol-Version": REVISION, "Accept": BOTH})
            assert response.status_code == 405
        reply = await agent.ask(modern.b, *CALL, **{"Mcp-Session-Id": "0" * 32, "Last-Event-ID": "x-1"})
        assert reply.text == "x" and "mcp-session-id" not in reply.headers


@pytest.mark.parametrize("origin, status", [(None, 200), ("http://localhost:3000", 200), ("http://evil.example", 403), ("null", 403)])
async def test_an_origin_that_is_not_allowed_is_forbidden(modern, origin, status):
    async with Stateless(modern.token()) as agent:
        assert (await send(agent, modern.a, message("tools/list"), Origin=origin)).status == status


async def test_each_request_is_authenticated_by_its_header_alone(modern, legacy):
    token = modern.token()
    for bearer, url in ((None, modern.a.mcp), (None, f"{modern.a.mcp}?token={token}"), (None, f"{modern.a.mcp}?access_token={token}"),
                        (token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"), modern.a.mcp)):
        async with Stateless(bearer) as agent:
            response = await agent.http.post(url, json=message(*CALL), headers=headers(message(*CALL)))
            assert response.status_code == 401 and response.headers["www-authenticate"].startswith("Bearer")


async def test_the_agents_token_goes_no_further(modern):
    async with Stateless(modern.token()) as agent:
        assert json.loads((await agent.call(modern.b, "whoami")).text)["authorization"] == "Bearer the-upstreams-own-credential"


async def test_each_request_stands_for_itself_at_any_node_and_connection(modern):
    token = modern.token()
    for number in range(6):
        async with Stateless(token) as agent:
            info = {"io.modelcontextprotocol/clientInfo": {"name": f"n{number}", "version": "1"}}
            request = message("tools/call", {"name": "echo", "arguments": {"text": str(number)}}, meta=info)
            assert (await send(agent, (modern.a, modern.b)[number % 2], request)).text == str(number)


async def test_lists_are_the_same_for_everyone_at_every_node_in_the_same_order(modern):
    async with Stateless(modern.token()) as agent, Stateless(modern.token()) as other:
        for method in LISTS:
            results = []
            for each, node in ((agent, modern.a), (agent, modern.b), (other, modern.a)):
                await each.call(node, "echo", text="between")
                result = (await each.ask(node, method)).result
                results.append({name: value for name, value in result.items() if name not in ("ttlMs", "_meta")})
            assert results[0] == results[1] == results[2]


async def test_what_may_be_kept_says_how_long_and_that_it_is_private(modern):
    async with Stateless(modern.token()) as agent:
        for method, params in [("server/discover", None), *((each, None) for each in LISTS), ("resources/read", {"uri": "test://static/1"})]:
            result = (await agent.ask(modern.a, method, params)).result
            assert type(result["ttlMs"]) is int and result["ttlMs"] >= 0 and result["cacheScope"] == "private", method
        assert "ttlMs" not in (await agent.ask(modern.a, *CALL)).result


async def test_what_cannot_be_is_an_invalid_parameter_and_no_old_code_is_sent(modern):
    async with Stateless(modern.token()) as agent:
        for method, params in (("tools/call", {"name": "nobody"}), ("prompts/get", {"name": "nobody"}), ("resources/read", {"uri": "test://nowhere"}),
                               *((each, {"cursor": "invented"}) for each in LISTS),
                               ("completion/complete", {"ref": {"type": "ref/prompt", "name": "nobody"}, "argument": {"name": "x", "value": ""}})):
            reply = await agent.ask(modern.b, method, params)
            assert reply.code == -32602 and reply.status == 400, (method, reply.status, reply.raw)


async def test_a_level_that_is_none_is_an_invalid_parameter(modern):
    async with Stateless(modern.token()) as agent:
        reply = await send(agent, modern.a, message("tools/call", {"name": "log"}, meta={LEVEL: "loud"}))
        assert (reply.status, reply.code) == (400, -32602)


async def test_nothing_is_logged_to_who_states_no_level(modern):
    async with Stateless(modern.token()) as agent:
        assert b"notifications/message" not in (await agent.ask(modern.a, "tools/call", {"name": "log"})).raw


async def test_progress_rides_the_stream_of_its_request_which_asks_not_to_be_buffered(modern):
    async with Stateless(modern.token()) as agent:
        for token in ("a token", 42):
            request = message("tools/call", {"name": "slow", "arguments": {"steps": 4, "delay": 0.01}}, meta={"progressToken": token})
            reply = await send(agent, modern.a, request)
            assert reply.headers["content-type"].startswith("text/event-stream") and reply.headers["x-accel-buffering"] == "no"
            messages = [json.loads(data) for name, data in events(reply.raw.decode())]
            assert [each["params"]["progress"] for each in messages[:-1]] == [1, 2, 3, 4]
            assert {each["params"]["progressToken"] for each in messages[:-1]} == {token}
            assert "result" in messages[-1]


async def test_closing_the_stream_of_a_request_cancels_it(modern):
    async with Stateless(modern.token()) as agent:
        request = message("tools/call", {"name": "slow", "arguments": {"steps": 300, "delay": 0.05}}, meta={"progressToken": 1})
        cancelled = modern.upstream.stats()["cancelled"].get("slow", 0)
        async with agent.http.stream("POST", modern.a.mcp, content=json.dumps(request), headers=headers(request)) as response:
            await anext(response.aiter_lines())
        await soon("the upstream has cancelled it", lambda: modern.upstream.stats()["cancelled"].get("slow", 0) == cancelled + 1, within=15)


@pytest.mark.parametrize("region, header, fine", [
    ("us-west1", "us-west1", True), ("us-west1", encoded("us-west1"), True), ("Hello, 世界", encoded("Hello, 世界"), True),
    ("us-west1", None, False), ("us-west1", "us-east1", False), ("us-west1", encoded("us-east1"), False), ("us-west1", "US-WEST1", False)])
async def test_an_argument_that_a_tool_wants_in_a_header_is_compared(modern, region, header, fine):
    async with Stateless(modern.token()) as agent:
        reply = await send(agent, modern.b, message("tools/call", {"name": "route", "arguments": {"region": region}}), Mcp_Param_Region=header)
        if fine:
            assert reply.text == region
        else:
            assert (reply.status, reply.code) == (400, -32020), reply.raw


async def test_a_header_of_an_argument_that_nobody_knows_is_let_pass(modern):
    async with Stateless(modern.token()) as agent:
        reply = await send(agent, modern.b, message("tools/call", {"name": "whoami"}), Mcp_Param_Unheard="of")
        assert json.loads(reply.text).get("mcp-param-unheard") == "of"


async def test_a_tool_has_a_name_of_allowed_letters_and_an_object_as_schema(modern):
    async with Stateless(modern.token()) as agent:
        tools = (await agent.ask(modern.a, "tools/list")).result["tools"]
        assert all(re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", tool["name"]) for tool in tools)
        assert len({tool["name"] for tool in tools}) == len(tools)
        assert all(tool["inputSchema"]["type"] == "object" for tool in tools)
        assert (await send(agent, modern.a, message("tools/call", {"name": "Echo", "arguments": {"text": "x"}}))).code == -32602


async def test_definitions_are_the_upstreams_own(modern):
    """All but the order: the tools of a gateway are sorted, and have their prices in `_meta`."""
    async with Stateless(modern.token()) as agent, Stateless("the-upstreams-own-credential") as direct:
        for method, kind, key in (("tools/list", "tools", "name"), ("prompts/list", "prompts", "name"), ("resources/list", "resources", "uri"),
                                  ("resources/templates/list", "resourceTemplates", "uriTemplate")):
            own, cursor = [], None
            while True:
                request = message(method, {"cursor": cursor} if cursor else None)
                page = (await direct.http.post(modern.upstream.url, json=request, headers=headers(request))).json()["result"]
                own += page[kind]
                cursor = page.get("nextCursor")
                if not cursor:
                    break
            shown = (await agent.ask(modern.a, method)).result[kind]
            assert sorted((_without_meta(each) for each in shown if each[key] != "ping"), key=str) == sorted(map(_without_meta, own), key=str)


def _without_meta(definition: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in definition.items() if name != "_meta"}


async def test_what_a_token_may_not_use_is_refused_outside_the_reserved_codes(modern):
    async with Stateless(modern.token("--scope", "echo")) as agent:
        for method, params in (("tools/call", {"name": "add", "arguments": {"a": 1, "b": 1}}), ("resources/read", {"uri": "test://static/1"})):
            reply = await agent.ask(modern.b, method, params)
            assert reply.label == "scope" and not -32768 <= reply.code <= -32000
