"""HTTP that two readers could take differently, that is too large, or that wants another protocol."""
from __future__ import annotations

import asyncio

import pytest

from testbed import stateless
from testbed.raw import answers, request

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
CHUNKED, LENGTH = b"Transfer-Encoding: chunked\r\n", b"Content-Length: 4\r\n"


@pytest.mark.parametrize("value", [b"a\rb", b"a\0b", b"a\r\n b", b"a\r\n\tb", b"a\nb: c", b"a\x7fb", b"a\x01b"],
                         ids=["a bare CR", "NUL", "folded by a space", "folded by a tab", "a bare LF", "DEL", "a control character"])
async def test_a_header_with_what_no_header_may_have_is_refused_and_the_connection_ends(gate, value):
    """Row 18."""
    answer = await gate.ask(request([*gate.fields(Connection=None), ("X-Any", value)], PING))
    assert (answer.status, answer.headers["connection"]) == (400, "close")


SMUGGLED = {
    "both framings": CHUNKED + LENGTH, "both, the other way round": LENGTH + CHUNKED, "two lengths": LENGTH + b"Content-Length: 5\r\n",
    "the same length twice": LENGTH * 2, "a list of lengths": b"Content-Length: 4, 4\r\n", "a signed length": b"Content-Length: +4\r\n",
    "a length with a space in it": b"Content-Length: 4 4\r\n", "a hexadecimal length": b"Content-Length: 0x4\r\n", "no length": b"Content-Length: \r\n",
    "a length beyond any": b"Content-Length: 99999999999999999999\r\n", "a negative length": b"Content-Length: -4\r\n",
    "a space before the colon": b"Content-Length : 4\r\n", "an unknown coding": b"Transfer-Encoding: xchunked\r\n",
    "two codings": b"Transfer-Encoding: gzip, chunked\r\n", "a coding behind the last": b"Transfer-Encoding: chunked, identity\r\n",
    "chunked twice": CHUNKED * 2, "chunked twice in a list": b"Transfer-Encoding: chunked, chunked\r\n", "a quoted coding": b'Transfer-Encoding: "chunked"\r\n',
    "a parameter": b"Transfer-Encoding: chunked;q=1\r\n", "a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n",
    "a space before the coding's colon": b"Transfer-Encoding : chunked\r\n", "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n",
    "a line that ends in LF": b"X: y\nTransfer-Encoding: chunked\r\n", "a name with NUL": b"Transfer-Encoding\0: chunked\r\n",
    "a line without a name": b": chunked\r\n", "a first line that is folded": b" X: y\r\n"}
BODIES = {
    "a chunk size that overflows": b"FFFFFFFFFFFFFFFFF\r\nx", "a chunk size with a sign": b"+4\r\nabcd\r\n0\r\n\r\n",
    "a chunk size in hex by prefix": b"0x4\r\nabcd\r\n0\r\n\r\n", "a chunk without its end": b"4\r\nabcdX\r\n0\r\n\r\n",
    "a chunk line that ends in LF": b"4\nabcd\n0\n\n", "a chunk extension of 1 MB": b"4;" + b"x" * 1_000_000 + b"\r\nabcd\r\n0\r\n\r\n",
    "a chunk extension with a bare CR": b"4;a\rb\r\nabcd\r\n0\r\n\r\n", "a size of nothing": b"\r\nabcd\r\n0\r\n\r\n",
    "a space before the size": b" 4\r\nabcd\r\n0\r\n\r\n"}


async def _refused_alone(gate, head: bytes, body: bytes) -> None:
    """The request gets the only answer, a 400; neither it nor what is behind it goes anywhere."""
    ran = gate.ran
    fields = b"".join(name.encode() + b": " + value.encode() + b"\r\n" for name, value in gate.fields(Connection=None))
    smuggled = gate.call("light__echo", text="smuggled")
    answer = await gate.ask(b"POST /mcp HTTP/1.1\r\n" + head + fields + b"\r\n" + body + smuggled)
    assert (answer.status, answer.headers["connection"]) == (400, "close"), answer
    assert gate.ran == ran


@pytest.mark.parametrize("name", SMUGGLED)
async def test_a_request_with_a_framing_that_can_be_read_in_two_ways_goes_nowhere_nor_what_is_behind_it(gate, name):
    """Rows 19 and 20."""
    await _refused_alone(gate, SMUGGLED[name], b"4\r\nabcd\r\n0\r\n\r\n" if b"chunked" in SMUGGLED[name] else b"abcd")


@pytest.mark.parametrize("name", BODIES)
async def test_a_chunk_that_can_be_read_in_two_ways_goes_nowhere_nor_what_is_behind_it(gate, name):
    """Rows 19 and 20."""
    await _refused_alone(gate, CHUNKED, BODIES[name])


@pytest.mark.parametrize("line", [b"GET  /mcp HTTP/1.1", b"GET /mcp\tHTTP/1.1", b"GET /mcp HTTP/1.2", b"GET /mcp HTTP/2.0", b"get /mcp HTTP/1.1",
                                  b"GET /m\x00cp HTTP/1.1", b"GET mcp HTTP/1.1", b"GET /mcp", b"CONNECT 127.0.0.1:6379 HTTP/1.1"])
async def test_a_call_behind_a_first_line_that_is_none_is_not_made(gate, line):
    """Row 20; CONNECT is of row 52."""
    ran = gate.ran
    answer = await gate.ask(line + b"\r\nHost: 127.0.0.1\r\n\r\n" + gate.call("light__echo", text="behind"))
    assert answer.status == 400 and gate.ran == ran


@pytest.mark.parametrize("sent, status", [
    (lambda fields: request([*fields, ("X-Any", "x" * (64 << 10))], PING), 431),
    (lambda fields: request([*fields, *((f"X-{number}", "x") for number in range(1000))], PING), 431),
    (lambda fields: request(fields, PING, path="/mcp?" + "x" * (32 << 10)), 414)], ids=["64 KiB of headers", "1,000 headers", "a target of 32 KiB"])
async def test_a_head_that_is_too_large_is_refused(gate, sent, status):
    """Row 21."""
    assert (await gate.ask(sent(gate.fields(Connection=None)))).status == status


async def test_a_body_that_is_announced_as_too_large_is_refused_unread(gate):
    """Row 23."""
    for more in ((), (("Expect", "100-continue"),)):
        # the one answer is no 100 Continue, and not a byte of the body was sent for it
        answer = await gate.ask(request([*gate.fields(Connection=None), *more, ("Content-Length", str((4 << 20) + 1))]))
        assert answer.status == 413


async def test_a_body_that_grows_too_large_is_refused_on_the_way(gate):
    """Row 23."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.node.port)
    writer.write(request([*gate.fields(Connection=None), ("Transfer-Encoding", "chunked")]))
    answered, sent = asyncio.create_task(reader.read()), 0
    while not answered.done() and sent < 64 << 20:
        writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
        sent += 65536
        try:
            await asyncio.wait_for(writer.drain(), 5)
        except (ConnectionError, TimeoutError):
            break
        await asyncio.sleep(0)
    try:
        found = answers(await asyncio.wait_for(answered, 10))
        assert [answer.status for answer in found] == [413]
    except ConnectionError:
        pytest.fail("the answer was lost")
    finally:
        writer.transport.abort()
    assert sent < 64 << 20, "it was not let go on"


async def test_another_version_of_http_is_not_spoken(gate):
    """Row 51: HTTP/2 is off, so that none of its floods begin."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    settings, reset = b"\0\0\0\4\0\0\0\0\0", b"\0\0\4\3\0\0\0\0\1\0\0\0\x08"
    answer = await gate.ask(preface + settings + reset * 10_000)
    assert (answer.status, answer.headers["connection"]) == (400, "close")


async def test_an_upgrade_is_not_made_and_nothing_behind_it_is_read(gate):
    """Row 52."""
    ran = gate.ran
    for protocol, connection in (("h2c", "Upgrade, HTTP2-Settings"), ("websocket", "Upgrade"), ("TLS/1.2", "upgrade")):
        call = stateless.message("tools/call", {"name": "light__echo", "arguments": {"text": "first"}})
        first = gate.stateless(call, Upgrade=protocol, Connection=connection, HTTP2_Settings="AAMAAABkAAQCAAAAAAIAAAAA")
        answer = await gate.ask(first + gate.call("light__echo", text="behind"))
        assert (answer.text, answer.headers["connection"]) == ("first", "close")
    assert gate.ran == ran + 3


@pytest.mark.parametrize("method, path, status", [("TRACE", "/mcp", 405), ("OPTIONS", "*", 405), ("OPTIONS", "/mcp", 405), ("PROPFIND", "/mcp", 405),
                                                  ("BREW", "/mcp", 400), ("CONNECT", "127.0.0.1:6379", 400)])
async def test_methods_that_lead_elsewhere_are_refused(gate, method, path, status):
    """Row 52."""
    answer = await gate.ask(request(gate.fields(), method=method, path=path))
    assert answer.status == status and gate.token.encode() not in answer.body, answer
