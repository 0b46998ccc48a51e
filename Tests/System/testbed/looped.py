"""A server of a test's own, on an event loop in a thread of its own."""
from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

from .process import free_port


class Looped:
    """Listens at `port` as soon as it is made; a subclass serves each connection, and is ready to before it calls this."""

    def __init__(self) -> None:
        self.port = free_port()
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
        self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.port))
        listening.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


async def until_one_ends(*ways: Coroutine[Any, Any, None]) -> None:
    """Either side of a line may hang up, as a client does that has had enough of a stream; the other way is given up then."""
    tasks = [asyncio.create_task(way) for way in ways]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
