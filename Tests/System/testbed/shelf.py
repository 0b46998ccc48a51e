"""An upstream whose lists a test changes: Streamable HTTP with sessions, in a thread of the test."""
from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .process import free_port

KINDS = {"tools": "tools", "prompts": "prompts", "resources": "resources", "resourceTemplates": "resources"}
METHODS = {"tools/list": "tools", "prompts/list": "prompts", "resources/list": "resources", "resources/templates/list": "resourceTemplates"}


class Shelf:
    """Serves lists, and tells who listens when one of them changes."""

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {
            "tools": [{"name": "t", "inputSchema": {"type": "object"}}], "prompts": [{"name": "p"}], "resources": [{"uri": "a://1", "name": "r"}],
            "resourceTemplates": []}
        # what it answers to other methods, of their params
        self.answers: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self._streams: list[queue.Queue[bytes]] = []
        shelf = self

        class Handler(_Handler):
            owner = shelf
        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/mcp"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def listeners(self) -> int:
        return len(self._streams)

    def put(self, kind: str, *items: dict[str, Any]) -> None:
        """The list is these from now on, and whoever listens is told."""
        self.lists[kind] = list(items)
        note = json.dumps({"jsonrpc": "2.0", "method": f"notifications/{KINDS[kind]}/list_changed"})
        for stream in list(self._streams):
            stream.put(f"data: {note}\n\n".encode())

    def stop(self) -> None:
        for stream in list(self._streams):
            stream.put(b"")
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    owner: Shelf
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "id" not in message:
            return self._answer(202)
        method = message.get("method")
        if method == "initialize":
            result: Any = {
                "protocolVersion": "2025-11-25", "serverInfo": {"name": "shelf", "version": "1"},
                "capabilities": {kind: {"listChanged": True} for kind in ("tools", "prompts", "resources")}}
        elif method in METHODS:
            result = {METHODS[method]: self.owner.lists[METHODS[method]]}
        elif method == "ping":
            result = {}
        elif method in self.owner.answers:
            result = self.owner.answers[method](message["params"])
        else:
            return self._answer(400, json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32600, "message": "no"}}).encode(),
                                Content_Type="application/json")
        self._answer(200, json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode(), Content_Type="application/json",
                     Mcp_Session_Id="one")

    def do_GET(self) -> None:
        mine: queue.Queue[bytes] = queue.Queue()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(b": here\n\n")
        self.owner._streams.append(mine)
        try:
            while piece := mine.get():
                self.wfile.write(piece)
        except OSError:
            pass
        finally:
            self.owner._streams.remove(mine)

    def do_DELETE(self) -> None:
        self._answer(200)
