"""What the specification of 2025-11-25 asks of a server, through a transparent tenant, without an SDK."""
from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from testbed.agent import BOTH, REVISION, Agent, Listener, events
from testbed.node import BINARY
from testbed.process import Process, eventually, free_port

JSON = {"Content-Type": "application/json", "Accept": BOTH}
INFO = {"capabilities": {}, "clientInfo": {"name": "system-test", "version": "1"}}


def initialize(version: str) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": version, **INFO}}).encode()


async def test_an_answer_has_the_id_of_its_request_in_its_type(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        for number in (7, "7", "a\u2028b", -1, 2**53 - 1):
            params = {"name": "echo", "arguments": {"text": "x"}}
            reply = await agent.post(legacy.b, {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})
            assert reply.message["jsonrpc"] == "2.0" and reply.message["id"] == number and type(reply.message["id"]) is type(number)
            assert ("result" in reply.message) != ("error" in reply.message)


async def test_an_error_has_the_id_a_whole_number_as_code_and_a_message(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        for method, params in (("no/such", {}), ("tools/call", {"name": "nobody"}), ("tools/call", {}), ("prompts/get", {"name": "nobody"}),
                               ("tools/call", {"name": "protocol_error", "arguments": {"code": -32050}})):
            reply = await agent.post(legacy.b, {"jsonrpc": "2.0", "id": "q", "method": method, "params": params})
            assert reply.message["id"] == "q" and type(reply.message["error"]["code"]) is int and reply.message["error"]["message"]
            assert "result" not in reply.message


async def test_a_message_whose_id_could_not_be_read_is_refused_without_one(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        for body in (b"{", b'{"jsonrpc":"2.0","id":null,"method":"ping"}', b'{"jsonrpc":"2.0","id":{},"method":"ping"}', b"[]", b"1"):
            reply = await agent.request("POST", legacy.a.mcp, body, agent.headers())
            assert reply.status == 400 and reply.message.get("id") is None and reply.code in (-32700, -32600), body


async def test_a_notification_is_accepted_without_a_body_whatever_it_is(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        for name in ("initialized", "cancelled", "progress", "roots/list_changed", "unheard/of"):
            method, params = f"notifications/{name}", {"requestId": 4711, "progressToken": 4711, "progress": 1}
            reply = await agent.post(legacy.b, {"jsonrpc": "2.0", "method": method, "params": params})
            assert (reply.status, reply.raw) == (202, b""), method


async def test_an_answer_to_nothing_is_accepted_without_a_body(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        reply = await agent.post(legacy.b, {"jsonrpc": "2.0", "id": "nobody asked", "result": {}})
        assert reply.raw == b"" and reply.status == 202


@pytest.mark.parametrize("asked, agreed", [
    *((known, known) for known in ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")),
    *((other, "2025-11-25") for other in ("2099-01-01", "", "2026-07-28"))])
async def test_the_version_that_is_asked_for_is_agreed_on_or_else_the_latest(legacy, asked, agreed):
    async with Agent(legacy.token()) as agent:
        reply = await agent.request("POST", legacy.a.mcp, initialize(asked), JSON)
        assert reply.status == 200 and reply.result["protocolVersion"] == agreed


async def test_the_handshake_tells_the_upstreams_capabilities_and_who_answers(legacy):
    async with Agent(legacy.token()) as agent:
        reply = await agent.request("POST", legacy.a.mcp, initialize(REVISION), JSON)
        assert {"tools", "prompts", "resources", "completions", "logging"} <= set(reply.result["capabilities"])
        assert "tasks" not in reply.result["capabilities"]
        assert reply.result["serverInfo"]["name"] and reply.result["serverInfo"]["version"]


async def test_nothing_is_asked_of_a_client_that_has_not_said_it_is_ready(legacy):
    async with Agent(legacy.token()) as agent:
        reply = await agent.request("POST", legacy.a.mcp, initialize(REVISION), JSON)
        agent.session = reply.headers["mcp-session-id"]
        async with Listener(agent, legacy.b) as listener:
            assert listener.status == 200
            assert (await agent.ask(legacy.a, "ping")).result == {}
            assert not [message for message in listener.messages if "id" in message]


async def test_the_endpoint_takes_posts_and_gets_and_answers_in_json_or_events(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        reply = await agent.ask(legacy.a, "tools/list")
        assert reply.headers["content-type"].partition(";")[0] in ("application/json", "text/event-stream")
        async with Listener(agent, legacy.b) as listener:
            assert listener.status == 200


@pytest.mark.parametrize("origin, status", [
    (None, 200), ("http://localhost:3000", 200), ("http://evil.example", 403), ("null", 403), ("http://127.0.0.1.evil.example", 403)])
async def test_an_origin_that_is_not_allowed_is_forbidden(legacy, origin, status):
    async with Agent(legacy.token()) as agent:
        reply = await agent.request("POST", legacy.a.mcp, initialize(REVISION), {**JSON, **({"Origin": origin} if origin else {})})
        assert reply.status == status


async def test_each_connection_is_authenticated_by_its_header_alone(legacy):
    token = legacy.token()
    async with Agent(token) as agent:
        session = await agent.open(legacy.a)
    async with Agent(None) as nobody:
        nobody.session = session
        for method, url in (("POST", legacy.a.mcp), ("GET", legacy.a.mcp), ("DELETE", legacy.a.mcp), ("GET", legacy.a.sse),
                            ("POST", f"{legacy.a.mcp}?token={token}"), ("POST", f"{legacy.a.mcp}?access_token={token}")):
            reply = await nobody.request(method, url, initialize(REVISION) if method == "POST" else None, nobody.headers())
            assert reply.status == 401 and reply.headers["www-authenticate"].startswith("Bearer"), (method, url)


async def test_a_token_that_is_broken_expired_or_anothers_is_refused_with_401(legacy, modern):
    token = legacy.token()
    broken = [token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"), "eyJhbGciOiJub25lIn0.e30.", "x"]
    for each in broken:
        async with Agent(each) as agent:
            reply = await agent.request("POST", legacy.a.mcp, initialize(REVISION), JSON)
            assert reply.status == 401 and reply.headers["www-authenticate"].startswith("Bearer")


async def test_the_agents_token_goes_no_further(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        reply = await agent.call(legacy.b, "whoami")
        assert json.loads(reply.text)["authorization"] == "Bearer the-upstreams-own-credential"


async def test_the_stream_of_a_get_has_no_answers_and_no_message_comes_twice(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        async with Listener(agent, legacy.b) as listener:
            replies = await asyncio.gather(*(agent.call(legacy.a, "echo", text=f"{number}") for number in range(10)))
            assert [reply.text for reply in replies] == [str(number) for number in range(10)]
            await asyncio.sleep(0.2)
            assert not [message for message in listener.messages if "result" in message or "error" in message]


async def test_progress_rides_the_stream_of_its_request_and_ends_with_the_answer(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        for token in ("a token", 42):
            body = {"jsonrpc": "2.0", "id": "slow", "method": "tools/call",
                    "params": {"name": "slow", "arguments": {"steps": 5, "delay": 0.01}, "_meta": {"progressToken": token}}}
            reply = await agent.post(legacy.b, body)
            assert reply.headers["content-type"].startswith("text/event-stream")
            messages = [json.loads(data) for name, data in events(reply.raw.decode())]
            assert [message["params"]["progress"] for message in messages[:-1]] == [1, 2, 3, 4, 5]
            tokens = [message["params"]["progressToken"] for message in messages[:-1]]
            assert all(each == token and type(each) is type(token) for each in tokens)
            assert messages[-1]["id"] == "slow" and messages[-1]["result"]


async def test_no_progress_comes_to_who_asked_for_none(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        reply = await agent.call(legacy.b, "slow", steps=3, delay=0.01)
        assert reply.text and b"notifications/progress" not in reply.raw


async def test_the_events_of_a_session_have_ids_that_name_their_stream_and_are_never_the_same(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        seen = []
        for node in (legacy.a, legacy.b):
            body = {"jsonrpc": "2.0", "id": 1 + len(seen), "method": "tools/call",
                    "params": {"name": "slow", "arguments": {"steps": 3, "delay": 0.01}, "_meta": {"progressToken": 1}}}
            raw = (await agent.post(node, body)).raw.decode()
            ids = re.findall(r"^id: ?(.*)$", raw, re.MULTILINE)
            assert len(ids) >= 4 and len({each.rpartition("-")[0] for each in ids}) == 1
            seen += ids
        assert len(set(seen)) == len(seen)


async def test_a_sessions_id_is_visible_ascii_and_cannot_be_guessed(legacy):
    ids = set()
    async with Agent(legacy.token()) as agent:
        for _ in range(20):
            ids.add(await agent.open(legacy.a))
    assert len(ids) == 20 and all(re.fullmatch(r"[\x21-\x7e]{22,}", each) for each in ids)
    # the first half differs as the second does
    assert len({each[:len(each) // 2] for each in ids}) == 20 == len({each[len(each) // 2:] for each in ids})


async def test_a_request_without_a_session_is_bad_and_one_of_an_ended_session_is_not_found(legacy):
    async with Agent(legacy.token()) as agent:
        session = await agent.open(legacy.a)
        agent.session = None
        assert (await agent.ask(legacy.b, "tools/list")).status == 400
        agent.session = session
        assert (await agent.close(legacy.b)).status in (200, 204)
        assert (await agent.ask(legacy.b, "tools/list")).status == 404
        agent.session = "no-such-session"
        assert (await agent.ask(legacy.a, "tools/list")).status == 404


async def test_a_session_is_nobody_elses(legacy):
    async with Agent(legacy.token()) as agent, Agent(legacy.token()) as thief:
        thief.session = await agent.open(legacy.a)
        assert (await thief.ask(legacy.a, "tools/list")).status == 404
        assert (await thief.close(legacy.b)).status == 404
        assert (await agent.ask(legacy.b, "ping")).status == 200


async def test_a_version_header_that_is_unknown_is_bad_and_none_is_the_sessions(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        ping = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
        for version in ("1999-01-01", "x", "2025-11-25, 2025-11-25"):
            assert (await agent.request("POST", legacy.b.mcp, ping, agent.headers(**{"MCP-Protocol-Version": version}))).status == 400, version
        own = {name: value for name, value in agent.headers().items() if name != "MCP-Protocol-Version"}
        assert (await agent.request("POST", legacy.b.mcp, ping, own)).result == {}


async def test_a_ping_is_answered_at_once_with_nothing(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        assert (await agent.ask(legacy.b, "ping")).result == {}


async def test_a_method_that_is_not_there_is_not_found(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        for method in ("no/such", "tasks/list", "server/discover", "tools/List"):
            assert (await agent.ask(legacy.b, method)).code == -32601, method


async def test_a_task_that_was_asked_for_is_a_call_like_any_other(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        reply = await agent.ask(legacy.b, "tools/call", {"name": "echo", "arguments": {"text": "no task"}, "task": {"ttl": 60000}})
        assert reply.text == "no task" and "task" not in reply.result


async def test_what_cannot_be_is_an_invalid_parameter(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        for method, params in (("tools/call", {"name": "nobody"}), ("prompts/get", {"name": "nobody"}), ("logging/setLevel", {"level": "loud"}),
                               *((f"{each}/list", {"cursor": "invented"}) for each in ("tools", "prompts", "resources", "resources/templates")),
                               ("completion/complete", {"ref": {"type": "ref/prompt", "name": "nobody"}, "argument": {"name": "x", "value": ""}})):
            assert (await agent.ask(legacy.b, method, params)).code == -32602, (method, params)
        assert (await agent.ask(legacy.b, "resources/read", {"uri": "test://nowhere"})).code == -32002


async def test_a_tool_has_a_name_of_allowed_letters_and_an_object_as_schema(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        tools = (await agent.ask(legacy.b, "tools/list")).result["tools"]
        assert all(re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", tool["name"]) for tool in tools)
        assert len({tool["name"] for tool in tools}) == len(tools)
        assert all(tool["inputSchema"]["type"] == "object" for tool in tools)
        assert (await agent.call(legacy.b, "Echo", text="x")).code == -32602, "another case is another name"


async def test_lists_and_their_cursors_are_the_same_at_every_node(legacy):
    async with Agent(legacy.token()) as agent:
        await agent.open(legacy.a)
        for method in ("tools/list", "prompts/list", "resources/list", "resources/templates/list"):
            replies = [await agent.ask(node, method) for node in (legacy.a, legacy.b, legacy.a)]
            assert replies[0].result == replies[1].result == replies[2].result


def test_a_node_is_reached_from_its_own_machine_only_where_nothing_is_said(legacy, tmp_path):
    port = free_port()
    node = Process("unsaid", [BINARY, "serve"], tmp_path, {**legacy.cell.environment, "SATGATE_LISTEN_PORT": str(port), "SATGATE_ADMIN_PORT": "0", "UP_TOKEN": "t",
                                                         "SATGATE_DRAIN_ANNOUNCE": "0",
                                                         "SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "true"})
    eventually("it listens", lambda: f"listening on http://127.0.0.1:{port}" in node.printed(), within=15)
    listening = [line.split()[1] for line in Path(f"/proc/{node.pid}/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]
    assert [each for each in listening if each.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]
    assert node.stop() == 0


async def test_what_a_token_may_not_use_is_refused(legacy):
    async with Agent(legacy.token("--scope", "echo")) as agent:
        await agent.open(legacy.a)
        assert [tool["name"] for tool in (await agent.ask(legacy.b, "tools/list")).result["tools"]] == ["ping", "echo"]
        for method, params in (("tools/call", {"name": "add", "arguments": {"a": 1, "b": 1}}), ("resources/read", {"uri": "test://static/1"}),
                               ("completion/complete", {"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": "who", "value": "p"}})):
            assert (await agent.ask(legacy.b, method, params)).label == "scope", method
