"""Bodies and headers that an agent should never send."""
from __future__ import annotations

import gzip
import json

import pytest

from testbed.raw import request


def ping(params: str = "", number: str = "1") -> bytes:
    return b'{"jsonrpc":"2.0","id":' + number.encode() + b',"method":"ping"' + (b',"params":' + params.encode() if params else b"") + b"}"


async def _in_session(gate, body: bytes, **more: str | None):
    return await gate.ask(request(gate.fields(Mcp_Session_Id=await gate.session(), **more), body))


@pytest.mark.parametrize("name", [
    "light__ECHO", "light__echo ", " light__echo", "light__echo.", "light__echo\0", "light__echo\n", "../light__echo", "light__/../echo", "light/echo",
    "light__eсho", "light__ech\u200bo", "ｌight__echo", "light__ecHo\u0307", "", "*", "light__*", "light:echo", "light__echo" + "o" * 10_000],
    ids=["capitals", "a space behind", "a space before", "a dot", "NUL", "a newline", "a path", "a path within", "a slash", "cyrillic",
         "a zero-width space", "fullwidth", "a combining mark", "empty", "a star", "a pattern", "a colon", "10 kB"])
async def test_a_tool_is_known_by_its_exact_name_alone(gate, name):
    """Row 8."""
    ran, spent = gate.ran, gate.spent()
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": {"text": "x"}}}).encode()
    answer = await _in_session(gate, body)
    assert (answer.status, answer.code) == (200, -32602), answer
    assert len(answer.body) < 4096 and (gate.ran, gate.spent()) == (ran, spent)


# a MiB that becomes a GiB
BOMB = gzip.compress(b"[" * (1 << 20)) * 1000


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
async def test_a_body_that_is_compressed_is_not_taken_and_never_unpacked(gate, coding):
    """Row 24."""
    assert len(BOMB) < 4 << 20
    cpu = _cpu(gate)
    answer = await _in_session(gate, BOMB, Content_Encoding=coding)
    assert answer.status == 415 and answer.headers.get("accept-encoding") == "identity", answer
    assert _cpu(gate) - cpu < 1


def _cpu(gate) -> float:
    """Seconds of CPU that the node has used."""
    fields = open(f"/proc/{gate.node.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.parametrize("body, code", [
    (ping("[" * 100_000 + "]" * 100_000), -32700), (ping('{"a":' * 100_000 + "1" + "}" * 100_000), -32700),
    (b"[" * 1_000_000, -32700), (ping("{" + ",".join(f'"{number}":0' for number in range(300_000)) + "}"), -32600),
    (ping(number="9" * 1_000_000), -32600), (ping(number="1e400"), -32600), (ping(number="-"), -32700), (ping(number="01"), -32700),
    (ping('{"a":NaN}'), -32700), (ping('{"a":Infinity}'), -32700), (ping('{"a":1e}'), -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping"}', -32600), (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":"ping","m\\u0065thod":"tools/call"}', -32600),
    (ping('{"a":"\xff"}').replace("\xff".encode(), b"\xff"), -32700), (ping('{"a":"x"}').replace(b"x", b"\xc0\x80"), -32700),
    (ping('{"a":"x"}').replace(b"x", b"\xed\xa0\x80"), -32700), (b"\xef\xbb\xbf" + ping(), -32700), (ping().decode().encode("utf-16"), -32700),
    (ping().replace(b"ping", b"pi\\ud800ng"), -32600), (b'{"jsonrpc":"2.0","id":1,"method":"ping",}', -32700), (ping() + b"\0", -32700),
    (b"/**/" + ping(), -32700)],
    ids=["100,000 arrays", "100,000 objects", "a million brackets", "300,000 members", "an id of a million digits", "an id of 1e400", "a sign",
         "a leading zero", "NaN", "Infinity", "an exponent of nothing", "two methods", "two ids", "two methods, one escaped", "invalid UTF-8",
         "overlong UTF-8", "a surrogate's bytes", "a byte order mark", "UTF-16", "a lone surrogate in the method", "a comma too many",
         "NUL behind it", "a comment"])
async def test_what_is_no_json_or_can_be_read_in_two_ways_is_refused(gate, body, code):
    """Row 25."""
    answer = await _in_session(gate, body)
    assert (answer.status, answer.code) == (400, code), answer


async def test_a_number_beyond_every_type_reaches_the_tool_as_it_is_written(gate):
    """Row 25: what is not for the node to read is not for the node to round."""
    heard = len(gate.hostile.bodies)
    body = ('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hostile__trick","arguments":{"n":1e400,"m":1' + "0" * 999_999 + "}}}").encode()
    answer = await _in_session(gate, body)
    assert answer.text == "done"
    assert any(b'{"n":1e400,"m":1' + b"0" * 999_999 + b"}" in sent for sent in gate.hostile.bodies[heard:])


@pytest.mark.parametrize("body, code", [
    (b'{"id":1,"method":"ping"}', -32600), (ping(number="null"), -32600), (ping(number="1.5"), -32600), (ping(number="{}"), -32600),
    (ping(number='"' + "x" * 1_000_000 + '"'), -32600), (ping("[1]"), -32602), (ping('"x"'), -32602), (ping("7"), -32602),
    (b"[" + b",".join([ping()] * 70_000) + b"]", -32600), (b"[]", -32600), (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600),
    (b'{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}', -32600), (b'"ping"', -32600)],
    ids=["no version", "null", "a fraction", "an object as id", "an id of 1 MB", "an array of params", "a text of params", "a number of params",
         "70,000 in a batch", "an empty batch", "a method that is none", "a result and an error", "a text"])
async def test_what_is_json_and_no_message_is_refused(gate, body, code):
    """Row 26."""
    answer = await _in_session(gate, body)
    assert (answer.status, answer.code) == (400, code), answer


async def test_an_answer_to_nothing_and_a_call_that_wants_no_answer_are_accepted_and_go_nowhere(gate):
    """Rows 26 and 27."""
    ran = gate.ran
    for body in (b'{"jsonrpc":"2.0","id":1,"result":{}}',
                 b'{"jsonrpc":"2.0","method":"tools/call","params":{"name":"light__echo","arguments":{"text":"x"}}}'):
        answer = await _in_session(gate, body)
        assert (answer.status, answer.body) == (202, b"")
    assert gate.ran == ran


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.nip.io", "127.0.0.1@evil.example", "127.0.0.1.", "127.1", "2130706433", "0.0.0.0", "[::]",
                                  "localhost.evil.example", "evil.example:80#localhost", "", "127.0.0.1, evil.example"])
async def test_a_name_that_is_not_the_nodes_is_refused(gate, host):
    """Row 29."""
    answer = await gate.ask(request(gate.fields(Host=host), ping()))
    assert answer.status == 403, answer


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.nip.io", "http://localhost.evil.example", "http://localhost@evil.example",
                                    "file://", "http://evil.example:80/localhost", "https://xn--localhost-1x", "http://[::1].evil.example", "http://[::1"])
async def test_a_page_of_another_origin_is_refused(gate, origin):
    """Row 29."""
    answer = await gate.ask(request(gate.fields(Origin=origin), ping()))
    assert answer.status == 403, answer


async def test_no_text_of_an_agent_forges_a_line_of_the_log(gate):
    """Row 47."""
    forged = 'x\n{"level":"error","message":"forged"}\r\n\x1b[2J\x1b]0;owned\x07\u2028{"message":"forged"}\u0085'
    hello = {"jsonrpc": "2.0", "id": forged, "method": "initialize", "params": {
        "protocolVersion": forged, "capabilities": {}, "clientInfo": {"name": forged, "version": forged}}}
    assert (await gate.ask(request(gate.fields(), json.dumps(hello).encode()))).status == 200
    for method, params in (("tools/call", {"name": forged}), (forged, {}), ("prompts/get", {"name": forged}), ("resources/read", {"uri": forged})):
        await _in_session(gate, json.dumps({"jsonrpc": "2.0", "id": forged, "method": method, "params": params}).encode())
    lines = gate.node.process.log.read_text().split("\n")
    assert lines.pop() == "" and len(lines) > 10
    for line in lines:
        assert {"level", "message"} <= json.loads(line).keys() and line.isprintable(), line
    assert not [line for line in lines if json.loads(line)["message"] == "forged"]
