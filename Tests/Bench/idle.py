"""What an open stream costs a node while nothing happens on it: resident memory above that of the idle node, by kinds of stream.

It is the node's own memory: what the kernel keeps of a socket is not in it. Each kind has a fresh node.
"""
from __future__ import annotations

import itertools
import json
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peers
from peers import Peer
from rounds import Bench, compiled
from servers import REST, Server, until
from startup import is_ready

SOURCES = [f"127.0.0.{number}" for number in range(2, 8)]
AT_ONCE = 64
BEAT = 15.0  # seconds between two keep-alives of a stream


def measure(directory: Path, binary: str, count: int) -> dict[str, Any]:
    """KiB for each of so many streams."""
    found: dict[str, Any] = {"count": count}
    for kind in ("nginx", "get", "sse", "listen", "websocket"):
        place = directory / kind
        place.mkdir(mode=0o755)
        bench = Bench(place, binary, ())
        if kind == "nginx":
            bench.upstream.stop()
            bench.upstream = Server("upstream", [str(compiled("fast_upstream")), "-p", str(bench.upstream_port), "-s"], REST, place)
            peer = peers.nginx(place, bench.upstream_port, buffering="off")
            until("nginx listens", lambda: socket.create_connection(("127.0.0.1", peer.port)).close() or True)
        else:
            peer = bench.satgate.node(f"satgate-{kind}", SATGATE_REDIS_TIMEOUT="20000")
            until("the node is ready", lambda: is_ready(bench.satgate.admin_ports[peer.name]))
        found[kind] = each(bench, peer, kind, count)
        print(f"{count} idle streams, {kind}: {found[kind]:.1f} KiB each", flush=True)
        for server in (peer.server, bench.upstream, bench.redis):
            server.stop()
    return {"idle": found}


def each(bench: Bench, peer: Peer, kind: str, count: int) -> float:
    crowd = Crowd(peer, REQUESTS[kind], bench.satgate)
    try:
        crowd.open(AT_ONCE)  # what is made for the first stream of all is not the streams' cost
        time.sleep(1)
        before = peer.server.memory()
        crowd.open(count)
        # After two beats every stream has been written to, so buffers that come with the first write are counted.
        crowd.listen(2 * BEAT + 2 if kind != "nginx" else 1)
        if lost := crowd.lost():
            raise SystemExit(f"bench: {lost} of {count} idle streams ({kind}) were closed")
        return (peer.server.memory() - before) * 1024 / count
    finally:
        crowd.close()


class Crowd:
    """Connections on each of which a stream is open; what it brings is read and thrown away."""

    def __init__(self, peer: Peer, requests: Callable[..., list[bytes]], satgate: peers.Satgate) -> None:
        self.peer, self.requests, self.satgate = peer, requests, satgate
        self.links: dict[int, socket.socket] = {}
        self.opened, self._sources = 0, itertools.cycle(SOURCES)
        self._poll = select.epoll()

    def open(self, count: int) -> None:
        for first in range(0, count, AT_ONCE):
            for link in [self._connected() for _ in range(min(AT_ONCE, count - first))]:
                self.links[link.fileno()] = link
                self._poll.register(link, select.EPOLLIN | select.EPOLLRDHUP)
            self.listen(0)

    def _connected(self) -> socket.socket:
        """A connection on which the stream has begun: the last request's; those before go over one of their own, as clients do."""
        self.opened += 1
        fields = {"number": self.opened, "token": self.peer.token, "admin": self.satgate.admin_token, "session": ""}
        port = self.satgate.admin_ports.get(self.peer.name) if self.requests is websocket else self.peer.port
        *openings, last = self.requests(**fields)
        for opening in openings:
            with socket.create_connection(("127.0.0.1", port), 30, (next(self._sources), 0)) as other:
                head = ask(other, opening, b" 200 ")
                fields["session"] = head.lower().split(b"mcp-session-id: ")[1].split(b"\r\n")[0].decode()
            *_, last = self.requests(**fields)
        link = socket.create_connection(("127.0.0.1", port), 30, (next(self._sources), 0))
        ask(link, last, b" 101 " if self.requests is websocket else b" 200 ")
        link.setblocking(False)
        return link

    def listen(self, seconds: float) -> None:
        """Reads what comes; pings of a WebSocket are answered."""
        end = time.monotonic() + seconds
        while True:
            for number, _ in self._poll.poll(max(0.0, min(0.1, end - time.monotonic())), 1024):
                try:
                    if data := self.links[number].recv(1 << 16):
                        if self.requests is websocket and data[:1] == b"\x89":
                            self.links[number].send(b"\x8a\x80\0\0\0\0" if data[1] == 0 else masked(data[2:2 + data[1]]))
                        continue
                except BlockingIOError:
                    continue
                except OSError:
                    pass
                self._poll.unregister(number)
                self.links.pop(number).close()
            if time.monotonic() >= end:
                return

    def lost(self) -> int:
        return self.opened - len(self.links)

    def close(self) -> None:
        self._poll.close()
        for link in self.links.values():
            link.close()


def ask(link: socket.socket, request: bytes, status: bytes) -> bytes:
    """Sends it and reads the answer's head."""
    link.sendall(request)
    head = b""
    while b"\r\n\r\n" not in head:
        part = link.recv(1 << 16)
        if not part:
            raise SystemExit(f"bench: closed on {request[:60]!r} after {head[:200]!r}")
        head += part
    if status not in head.split(b"\r\n")[0]:
        raise SystemExit(f"bench: {head[:300]!r} on {request[:60]!r}")
    return head


def masked(payload: bytes) -> bytes:
    """A pong with the ping's payload, under a mask of zeros."""
    return bytes([0x8A, 0x80 | len(payload)]) + b"\0\0\0\0" + payload


def request(method: str, path: str, token: str | None, body: dict | None = None, **fields: str) -> bytes:
    content = json.dumps(body).encode() if body else b""
    lines = {"Host": "127.0.0.1", **({"Authorization": f"Bearer {token}"} if token else {}), **{
        name.replace("_", "-"): value for name, value in fields.items()}, **({"Content-Length": str(len(content))} if body else {})}
    return (f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n").encode() + content


def through_nginx(**_: Any) -> list[bytes]:
    return [request("GET", "/mcp", None, Accept="text/event-stream")]


def get(token: str, session: str, number: int, **_: Any) -> list[bytes]:
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "idle", "version": str(number)}}}
    return [request("POST", "/mcp", token, hello, Content_Type="application/json", Accept="application/json, text/event-stream"),
            request("GET", "/mcp", token, Accept="text/event-stream", Mcp_Session_Id=session, MCP_Protocol_Version="2025-11-25")]


def sse(token: str, **_: Any) -> list[bytes]:
    return [request("GET", "/sse", token, Accept="text/event-stream")]


def listen(token: str, number: int, **_: Any) -> list[bytes]:
    said = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "idle", "version": str(number // 4)}}
    message = {"jsonrpc": "2.0", "id": number, "method": "subscriptions/listen", "params": {
        "notifications": {"toolsListChanged": True}, "_meta": said}}
    return [request("POST", "/mcp", token, message, Content_Type="application/json", Accept="application/json, text/event-stream",
                    MCP_Protocol_Version="2026-07-28", Mcp_Method="subscriptions/listen")]


def websocket(admin: str, **_: Any) -> list[bytes]:
    return [request("GET", "/api/v1/events", admin, Connection="Upgrade", Upgrade="websocket", Sec_WebSocket_Version="13",
                    Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==")]


REQUESTS: dict[str, Callable[..., list[bytes]]] = {"nginx": through_nginx, "get": get, "sse": sse, "listen": listen, "websocket": websocket}
