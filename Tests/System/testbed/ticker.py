"""An upstream that tells each session, on the stream that listens in it, one number after the other."""
from __future__ import annotations

import asyncio
import json
import threading
import uuid

from .process import free_port


class Ticker:
    """Has one tool, `hello`. Numbers are log messages `{"data": 1}`, `{"data": 2}`, …, one each `pause` seconds, while somebody listens."""

    def __init__(self, pause: float, host: str = "127.0.0.1") -> None:
        self.port = free_port()
        self._host = host
        self.url = f"http://{host}:{self.port}/mcp"
        self.pause = pause
        #: how many each session was told
        self.told: dict[str, int] = {}
        #: how many streams each session had
        self.streams: dict[str, int] = {}
        #: the text that a session's first call brought
        self.names: dict[str, str] = {}
        self.runs = True
        self._loop = asyncio.new_event_loop()
        listening = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(listening,), daemon=True)
        self._thread.start()
        assert listening.wait(10)

    def stop(self) -> None:
        self.runs = False
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _end(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _run(self, listening: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._serve, self._host, self.port))
        listening.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *rest = head.decode().split("\r\n")
                fields = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in rest if field)}
                session = fields.get("mcp-session-id", "")
                if line.startswith("GET"):
                    await self._tick(session, writer)
                    return
                body = await reader.readexactly(int(fields.get("content-length", "0")))
                self._answer(line, session, json.loads(body) if body else {}, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, line: str, session: str, message: dict, writer: asyncio.StreamWriter) -> None:
        method, result, extra = message.get("method"), None, ""
        if line.startswith("DELETE") or "id" not in message:
            writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
            return
        if method == "initialize":
            result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}, "logging": {}}, "serverInfo": {"name": "ticker", "version": "1"}}
            extra = f"mcp-session-id: {uuid.uuid4().hex}\r\n"
        elif method == "tools/list":
            result = {"tools": [{"name": "hello", "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}}}]}
        elif method in ("logging/setLevel", "ping"):
            result = {}
        elif method == "tools/call":
            self.names[session] = message["params"]["arguments"]["text"]
            result = {"content": [{"type": "text", "text": "hello"}]}
        said = {"result": result} if result is not None else {"error": {"code": -32601, "message": "no such method"}}
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], **said}).encode()
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{extra}content-length: {len(body)}\r\n\r\n".encode() + body)

    async def _tick(self, session: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        self.streams[session] = self.streams.get(session, 0) + 1
        while True:
            # a session that no agent has called in is the one that discovers
            if self.runs and session in self.names:
                number = self.told[session] = self.told.get(session, 0) + 1
                message = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "error", "data": number}}
                writer.write(f"data: {json.dumps(message)}\n\n".encode())
            else:
                writer.write(b": quiet\n\n")
            await writer.drain()
            await asyncio.sleep(self.pause)
