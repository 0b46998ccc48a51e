"""HTTP as bytes: requests that no library would send, and all that comes back until the node ends the connection."""
from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .agent import events

Fields = Iterable[tuple[str, str | bytes]]


@dataclass
class Answer:
    """One response."""
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        """The JSON-RPC message in it, the last one of a stream."""
        if not self.headers.get("content-type", "").startswith("text/event-stream"):
            return json.loads(self.body)
        return [json.loads(data) for name, data in events(self.body.decode()) if name == "message"][-1]

    @property
    def code(self) -> int | None:
        return self.message.get("error", {}).get("code")

    @property
    def label(self) -> str | None:
        """What programs match: `error.data.error`."""
        return (self.message.get("error", {}).get("data") or {}).get("error")

    @property
    def text(self) -> str:
        """The first text of a tool's result."""
        assert self.status == 200 and "result" in self.message, self
        return self.message["result"]["content"][0]["text"]


def request(fields: Fields, body: bytes = b"", method: str = "POST", path: str = "/mcp") -> bytes:
    """A request with exactly these fields, in their order, and its length where it has a body."""
    lines = [f"{method} {path} HTTP/1.1".encode()]
    lines += [name.encode() + b": " + (value.encode() if isinstance(value, str) else value) for name, value in fields]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def exchange(port: int, sent: bytes, within: float = 20.0) -> list[Answer]:
    """Sends all of it at once; every response until the node ends the connection, which it must."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
    sending = asyncio.create_task(_send(writer, sent))
    try:
        return answers(await asyncio.wait_for(_received(reader), within))
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def _received(reader: asyncio.StreamReader) -> bytes:
    """All that came, though the connection may have been reset behind it."""
    got = bytearray()
    try:
        while piece := await reader.read(1 << 16):
            got += piece
    except ConnectionError:
        pass
    return bytes(got)


def answers(data: bytes) -> list[Answer]:
    """The responses in these bytes, one behind the other, all whole."""
    found = []
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        assert end, head[:300]
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status = first.split(" ")[:2]
        assert version == "HTTP/1.1", first
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("transfer-encoding") == "chunked":
            body, data = _chunks(data)
        else:
            length = int(headers.get("content-length", 0))
            body, data = data[:length], data[length:]
            assert len(body) == length, f"{len(body)} of {length} bytes"
        found.append(Answer(int(status), headers, body))
    return found


def _chunks(data: bytes) -> tuple[bytes, bytes]:
    """A chunked body and what follows it; a stream that was cut ends where it ends."""
    body = bytearray()
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        body += data[:length]
        data = data[length + 2:]
        if not length:
            break
    return bytes(body), data


class Line:
    """A connection that goes on from answer to answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int, source: str = "127.0.0.1") -> Line:
        """From that address of this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0)))

    async def ask(self, sent: bytes) -> Answer:
        """The answer to a request, of which the body's length is told."""
        self._writer.write(sent)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return answers(head + await self._reader.readexactly(length))[0]

    def close(self) -> None:
        self._writer.transport.abort()
