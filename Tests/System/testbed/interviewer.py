"""An upstream that asks its client whatever a test wants, in the middle of a call: Streamable HTTP of 2025-11-25, or of 2026-07-28, in a thread
of the test."""
from __future__ import annotations

import itertools
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .process import free_port


class Call:
    """A `tools/call` whose stream is open: what is put on it, and what the client has said since."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.stream: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def say(self, method: str, params: dict[str, Any] | None = None, number: Any = None) -> None:
        """A notification, or with a number a request."""
        self.stream.put({"jsonrpc": "2.0", **({} if number is None else {"id": number}), "method": method,
                         **({} if params is None else {"params": params})})

    def finish(self, text: str) -> None:
        """The call's answer."""
        self.end({"content": [{"type": "text", "text": text}]})

    def end(self, result: dict[str, Any]) -> None:
        """The call's answer, whatever it is."""
        self.stream.put({"jsonrpc": "2.0", "id": self.request["id"], "result": result})
        self.stream.put(None)


class Interviewer:
    """`calls`: each `tools/call` as it comes; `heard`: all else that clients send, but for the handshake."""

    def __init__(self, modern: bool = False) -> None:
        self.modern = modern
        self.calls: queue.Queue[Call] = queue.Queue()
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.declared: list[dict[str, Any]] = []
        self.sessions = itertools.count(1)
        interviewer = self

        class Handler(_Handler):
            owner = interviewer
        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/mcp"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Interviewer

    def log_message(self, *_: Any) -> None:
        pass

    def _reply(self, status: int, message: dict[str, Any] | None = None, **headers: str) -> None:
        body = json.dumps(message).encode() if message else b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if message:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._reply(405)

    def do_DELETE(self) -> None:
        self._reply(200)

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"jsonrpc": "2.0", "id": message.get("id")}
        match message.get("method"):
            case "server/discover" if self.owner.modern:
                self._reply(200, {**answer, "result": {
                    "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, "ttlMs": 0, "cacheScope": "private"}})
            case "server/discover":
                self._reply(400, {**answer, "error": {"code": -32600, "message": "no session"}})
            case "initialize":
                self.owner.declared.append(message["params"]["capabilities"])
                self._reply(200, {**answer, "result": {
                    "protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "asker", "version": "1"}}},
                    Mcp_Session_Id=f"s{next(self.owner.sessions)}")
            case "tools/list":
                self._reply(200, {**answer, "result": {
                    "tools": [{"name": "ask", "inputSchema": {"type": "object"}}],
                    **({"resultType": "complete", "ttlMs": 0, "cacheScope": "private"} if self.owner.modern else {})}})
            case "tools/call":
                self._serve(Call(message))
            case "notifications/initialized":
                self._reply(202)
            case _:
                self.owner.heard.put(message)
                self._reply(202)

    def _serve(self, call: Call) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.owner.calls.put(call)
        try:
            while message := call.stream.get(timeout=60):
                self.wfile.write(f"data: {json.dumps(message)}\n\n".encode())
                self.wfile.flush()
        except (queue.Empty, OSError):
            pass
        self.close_connection = True
