"""A tap on the line to an upstream: passes every byte on and keeps it."""
from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from .looped import Looped, until_one_ends
from .wire import Exchange


@dataclass
class _Line:
    """One connection."""
    sent: bytearray = field(default_factory=bytearray)
    got: bytearray = field(default_factory=bytearray)

    def take(self) -> list[Exchange]:
        """What passed here; the whole exchanges among it are forgotten."""
        found = []
        sent, got = bytes(self.sent), bytes(self.got)
        lengths = len(sent), len(got)
        while one := _first(sent, got):
            found.append(one[0])
            if not one[3]:
                break
            sent, got = one[1:3]
        del self.sent[:lengths[0] - len(sent)]
        del self.got[:lengths[1] - len(got)]
        return found


class Tap(Looped):
    """Listens at `url` for the server at that port. `rename`: bytes to be replaced by as many others in what the server sends."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self.rename: tuple[bytes, bytes] | None = None
        self._lines: list[_Line] = []
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}/mcp"

    def take(self) -> list[Exchange]:
        """All that has passed; what has been answered wholly is given only once."""
        return [exchange for line in list(self._lines) for exchange in line.take()]

    def lines(self) -> list[tuple[bytes, bytes]]:
        """What was sent and what came back on each connection, as far as `take` has not given it."""
        return [(bytes(line.sent), bytes(line.got)) for line in list(self._lines)]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line()
        self._lines.append(line)
        try:
            reader_behind, writer_behind = await asyncio.open_connection("127.0.0.1", self._behind)
        except OSError:
            return writer.transport.abort()
        await until_one_ends(self._copy(reader, writer_behind, line.sent, False), self._copy(reader_behind, writer, line.got, True))
        writer.close()
        writer_behind.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray, answers: bool) -> None:
        while piece := await reader.read(1 << 16):
            if answers and self.rename:
                piece = piece.replace(*self.rename)
            kept += piece
            writer.write(piece)
            await writer.drain()


def _first(sent: bytes, got: bytes) -> tuple[Exchange, bytes, bytes, bool] | None:
    """The first request on a connection with its answer, what follows on either way, and whether the answer is whole."""
    head = _head(sent)
    if not head:
        return None
    first, headers, sent = head
    method, path, _ = first.split(" ", 2)
    body, sent, _ = _body(sent, headers)
    exchange = Exchange(method, path, headers, bytes(body))
    answer = _head(got)
    while answer and answer[0].split(" ")[1] == "100":
        answer = _head(answer[2])
    if not answer:
        return exchange, sent, got, False
    first, exchange.answered, got = answer
    exchange.status = int(first.split(" ")[1])
    exchange.answer, got, whole = _body(got, exchange.answered)
    return exchange, sent, got, whole


def _head(data: bytes) -> tuple[str, dict[str, str], bytes] | None:
    """The first line, the headers, and what follows."""
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return first, {name.lower(): value.strip() for name, _, value in pairs}, rest


def _body(data: bytes, headers: dict[str, str]) -> tuple[bytearray, bytes, bool]:
    """The body as far as it has come, what follows, and whether it is whole."""
    if headers.get("transfer-encoding") != "chunked":
        length = int(headers.get("content-length", 0))
        return bytearray(data[:length]), data[length:], len(data) >= length
    body = bytearray()
    while True:
        size, found, rest = data.partition(b"\r\n")
        if not found:
            return body, b"", False
        length = int(size.split(b";")[0], 16)
        body += rest[:length]
        data = rest[length + 2:]
        if not length:
            return body, data, True
