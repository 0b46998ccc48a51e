"""A TCP proxy between a node and Redis that delays, resets and swallows; what it does is changed while it runs.

usage: python -m testbed.toxic LISTEN UPSTREAM CONTROL      (ports of loopback; the control port takes JSON lines)
"""
from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from .process import Process, eventually, free_port


class Toxic:
    """A running proxy to the port of Redis."""

    def __init__(self, directory: Path, upstream: int) -> None:
        self.port, self._control = free_port(), free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.process = Process(f"toxic-{self.port}", [sys.executable, "-m", "testbed.toxic", str(self.port), str(upstream), str(self._control)],
                               directory, {"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONDONTWRITEBYTECODE": "1"})
        eventually("the proxy listens", lambda: "listening" in self.process.printed(), within=20)

    def be(self, **toxics: float) -> dict[str, Any]:
        """`latency` seconds for each piece of bytes, `reset` the probability that a piece resets its connection, `blackhole` 1: nothing
        passes any more; none of them: as a wire. Returns the counts."""
        with socket.create_connection(("127.0.0.1", self._control), timeout=10) as connection:
            connection.sendall(json.dumps(toxics).encode() + b"\n")
            return json.loads(connection.makefile().readline())

    def stop(self) -> None:
        self.process.stop()


class Proxy:
    """The proxy's own side."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._toxics: dict[str, float] = {}
        self.counts = {"connections": 0, "open": 0, "most": 0, "resets": 0}

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:
            return self._reset(writer)
        counts = self.counts
        counts["connections"] += 1
        counts["open"] += 1
        counts["most"] = max(counts["most"], counts["open"])
        await asyncio.gather(self._pump(reader, back_writer, writer, leaves=True), self._pump(back_reader, writer, back_writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, other: asyncio.StreamWriter, leaves: bool = False) -> None:
        """Passes one direction on. What is delayed stays in order; later pieces do not wait for the delay of earlier ones twice."""
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        passing = asyncio.create_task(self._deliver(line, writer))
        clock = asyncio.get_running_loop().time
        try:
            while piece := await reader.read(65536):
                if random.random() < self._toxics.get("reset", 0):
                    self.counts["resets"] += 1
                    self._reset(writer)
                    self._reset(other)
                    return
                line.put_nowait((clock() + self._toxics.get("latency", 0), piece))
        except OSError:
            pass
        finally:
            self.counts["open"] -= leaves
            line.put_nowait((0, b""))
            await asyncio.gather(passing, return_exceptions=True)
            writer.close()

    async def _deliver(self, line: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            due, piece = await line.get()
            while self._toxics.get("blackhole"):
                await asyncio.sleep(0.02)
            if not piece:
                return
            if due > clock():
                await asyncio.sleep(due - clock())
            writer.write(piece)
            await writer.drain()

    @staticmethod
    def _reset(writer: asyncio.StreamWriter) -> None:
        plug = writer.get_extra_info("socket")
        if plug:
            try:
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass
        writer.transport.abort()

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._toxics = json.loads(await reader.readline())
        writer.write(json.dumps(self.counts).encode() + b"\n")
        await writer.drain()
        writer.close()


async def serve(listen: int, upstream: int, control: int) -> None:
    proxy = Proxy(upstream)
    await asyncio.start_server(proxy.accept, "127.0.0.1", listen, backlog=1024)
    await asyncio.start_server(proxy.control, "127.0.0.1", control)
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*map(int, sys.argv[1:4])))
