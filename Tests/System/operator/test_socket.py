"""What the feed's WebSocket makes of a client's frames, good and bad."""
from __future__ import annotations

import asyncio
import struct

import pytest
from websockets.asyncio.client import connect

from testbed.process import soon


class Wire:
    """A WebSocket by hand."""

    def __init__(self, site, **headers: str) -> None:
        self._port = int(site.a.admin.rsplit(":", 1)[1])
        self._headers = {"Host": f"127.0.0.1:{self._port}", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                         "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **site.operators.headers("reader"), **headers}

    async def __aenter__(self) -> Wire:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        lines = "".join(f"{name}: {value}\r\n" for name, value in self._headers.items() if value)
        self.writer.write(f"GET /api/v1/events?tenant=other HTTP/1.1\r\n{lines}\r\n".encode())
        self.head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 15)).decode()
        return self

    async def __aexit__(self, *_) -> None:
        self.writer.close()

    def send(self, head: int, payload: bytes = b"", mask: bytes | None = b"\x01\x02\x03\x04") -> None:
        size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack("!H", len(payload))
        size = bytes([size[0] | (0x80 if mask else 0)]) + size[1:]
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) if mask else payload
        self.writer.write(bytes([head]) + size + (mask or b"") + masked)

    async def receive(self) -> tuple[int, bytes]:
        """The next frame that is no text."""
        while True:
            head, size = await asyncio.wait_for(self.reader.readexactly(2), 15)
            if size == 126:
                size = struct.unpack("!H", await self.reader.readexactly(2))[0]
            payload = await self.reader.readexactly(size)
            if head & 15 != 1:
                return head, payload

    async def closed(self) -> int:
        """The code of its close; then the connection ends, which is waited for."""
        head, payload = await self.receive()
        assert head == 0x88, (head, payload)
        assert await asyncio.wait_for(self.reader.read(), 15) == b""
        return struct.unpack("!H", payload[:2])[0] if payload else 0


async def test_a_ping_is_answered_with_its_own_bytes_and_text_is_passed_over(site):
    async with Wire(site) as wire:
        assert "101 Switching" in wire.head
        wire.send(0x81, b"hello?")
        wire.send(0x01, b"in ")
        wire.send(0x89, b"abc")
        wire.send(0x80, b"parts")
        assert await wire.receive() == (0x8a, b"abc")
        wire.send(0x88, struct.pack("!H", 1000) + b"bye")
        assert await wire.closed() == 1000


@pytest.mark.parametrize("code, frames", [
    (1002, [(0x81, b"hi", None)]), (1002, [(0x80, b"hi")]), (1002, [(0x01, b"a"), (0x81, b"b")]), (1002, [(0xc1, b"rsv")]),
    (1002, [(0x83, b"?")]), (1002, [(0x09, b"a ping in parts")]), (1002, [(0x88, b"x")]), (1002, [(0x88, struct.pack("!H", 1005))]),
    (1009, [(0x81, b"x" * 4097)]), (1009, [(0x01, b"x" * 4000), (0x80, b"x" * 97)])])
async def test_a_client_that_breaks_the_protocol_is_cut_with_its_code(site, code, frames):
    async with Wire(site) as wire:
        for frame in frames:
            wire.send(*frame)
        assert await wire.closed() == code


async def test_a_page_of_another_origin_has_no_feed_by_a_cookie(site):
    with site.operators.api(site.a) as client:
        cookie = client.post("login", json={"token": site.operators.tokens["reader"]}).headers["set-cookie"].split(";")[0]
    async with Wire(site, Authorization="", Cookie=cookie, Origin="http://elsewhere.example") as wire:
        assert wire.head.startswith("HTTP/1.1 403"), wire.head
    async with Wire(site, Authorization="", Cookie=cookie, Origin=site.a.admin) as wire:
        assert wire.head.startswith("HTTP/1.1 101"), wire.head


async def test_a_library_pings_and_closes(site):
    url = f"{site.b.admin}/api/v1/events".replace("http:", "ws:")
    async with connect(url, additional_headers=site.operators.headers("reader"), proxy=None) as socket:
        await asyncio.wait_for(await socket.ping(), 15)
        await socket.close(1000, "enough")
        await soon("closed", lambda: socket.close_code == 1000)
