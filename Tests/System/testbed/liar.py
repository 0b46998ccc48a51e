"""A line between a node and Redis on which replies to some commands are what a test says."""
from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from .process import free_port


class Liar:
    """Listens at `url` for the Redis at that port. While `lie` is set, commands with `about` in them go no further and are answered by it; where
    `forever`, by it again and again."""

    def __init__(self, port: int, about: bytes) -> None:
        self._behind, self._about = port, about
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.lie: bytes | None = None
        self.forever = self.hangs_up = False
        self.told = 0
        self._loop = asyncio.new_event_loop()
        listening = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(listening,), daemon=True)
        self._thread.start()
        assert listening.wait(5)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self, listening: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._pass, "127.0.0.1", self.port))
        listening.set()
        self._loop.run_forever()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._behind)

        async def commands(piece: bytes) -> None:
            if self.lie is None or self._about not in piece:
                behind_writer.write(piece)
                return await behind_writer.drain()
            self.told += 1
            writer.write(self.lie)
            while self.forever:
                writer.write(self.lie)
                await writer.drain()
            if self.hangs_up:
                writer.close()

        async def replies(piece: bytes) -> None:
            writer.write(piece)
            await writer.drain()
        ways = [asyncio.create_task(_each(reader, commands)), asyncio.create_task(_each(behind_reader, replies))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        writer.close()
        behind_writer.close()


async def _each(reader: asyncio.StreamReader, take: Callable) -> None:
    while piece := await reader.read(1 << 16):
        await take(piece)
