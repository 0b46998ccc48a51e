"""An upstream with a handshake, by hand, that asks while it works and keeps what it is told."""
from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .process import free_port

PAGE = {"mode": "url", "url": "https://login.example/", "message": "log in first", "elicitationId": "e1"}


class Asker:
    """Tools: `ask` asks a question per name in `names` and tells its progress until it is let go; `visit` wants a page to be visited once."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        self.heard: list[dict[str, Any]] = []
        self.calls = 0
        self.cancelled = threading.Event()
        self.finish = threading.Event()
        self._answers: dict[str, threading.Event] = {}
        asker = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asker._serve(self, json.loads(self.rfile.read(int(self.headers["content-length"]))))

            def do_GET(self) -> None:
                self._send(405)

            do_DELETE = do_GET

            def _send(self, status: int, message: Any = None) -> None:
                body = json.dumps(message).encode() if message else b""
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("mcp-session-id", "s1")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.finish.set()
        self._server.shutdown()
        self._server.server_close()

    def answers(self) -> list[dict[str, Any]]:
        """The responses to what it asked."""
        return [message for message in self.heard if "method" not in message]

    def _serve(self, handler: Any, message: dict[str, Any]) -> None:
        method, number = message.get("method"), message.get("id")
        self.heard.append(message)
        result: Any = None
        if method is None:
            self._answers[message["id"]].set()
        elif method == "notifications/cancelled":
            self.cancelled.set()
        elif method == "server/discover":
            return handler._send(400, {"jsonrpc": "2.0", "id": number, "error": {"code": -32600, "message": "no"}})
        elif method == "initialize":
            result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "asker", "version": "1"}}
        elif method == "tools/list":
            result = {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in ("ask", "visit")]}
        elif method == "tools/call":
            self.calls += 1
            if message["params"]["name"] == "ask":
                return self._ask(handler, message)
            if self.calls == 1:
                return handler._send(200, {"jsonrpc": "2.0", "id": number, "error": {
                    "code": -32042, "message": "visit", "data": {"elicitations": [PAGE]}}})
            result = {"content": [{"type": "text", "text": "visited"}]}
        handler._send(200 if number is not None and method else 202, {"jsonrpc": "2.0", "id": number, "result": result} if result else None)

    def _ask(self, handler: Any, call: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("connection", "close")
        handler.end_headers()
        token = call["params"].get("_meta", {}).get("progressToken")

        def say(**message: Any) -> None:
            handler.wfile.write(f"event: message\ndata: {json.dumps({'jsonrpc': '2.0', **message})}\n\n".encode())
            handler.wfile.flush()

        try:
            for name in call["params"]["arguments"].get("names", ["q1"]):
                self._answers[name] = threading.Event()
                say(id=name, method="elicitation/create", params={
                    "mode": "form", "message": name, "requestedSchema": {"type": "object", "properties": {}}})
            for name in list(self._answers):
                self._answers[name].wait(20)
            step = 0
            while not self.finish.wait(0.05):
                step += 1
                if token is not None:
                    say(method="notifications/progress", params={"progressToken": token, "progress": step})
            say(id=call["id"], result={"content": [{"type": "text", "text": "asked"}]})
        except OSError:
            pass
        handler.close_connection = True
