"""A web page on loopback, for servers that fetch."""
from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"<html><body><article><h1>A page</h1><p>What the page says.</p></article></body></html>"
ROBOTS = b"User-agent: *\nDisallow: /private\n"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, body = ("text/plain", ROBOTS) if self.path == "/robots.txt" else ("text/html", PAGE)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Page:
    """Serves `url`, and below `private` what robots may not read."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{self._server.server_port}"
        self.url, self.private = f"{base}/page", f"{base}/private"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
