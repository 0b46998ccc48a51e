"""A line between a node and Redis on which replies to some commands are what a test says."""
from __future__ import annotations

import asyncio
from collections.abc import Callable

from .looped import Looped, until_one_ends


class Liar(Looped):
    """Listens at `url` for the Redis at that port. While `lie` is set, commands with `about` in them go no further and are answered by it; where
    `forever`, by it again and again."""

    def __init__(self, port: int, about: bytes) -> None:
        self._behind, self._about = port, about
        self.lie: bytes | None = None
        self.forever = self.hangs_up = False
        self.told = 0
        super().__init__()
        self.url = f"redis://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
        await until_one_ends(_each(reader, commands), _each(behind_reader, replies))
        writer.close()
        behind_writer.close()


async def _each(reader: asyncio.StreamReader, take: Callable) -> None:
    while piece := await reader.read(1 << 16):
        await take(piece)
