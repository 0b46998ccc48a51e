"""haproxy before the nodes, as Kubernetes' endpoints work: whoever is not ready gets nobody, and nothing that was sent is sent twice."""
from __future__ import annotations

import csv
import io
import socket
from pathlib import Path

from .process import Process, eventually, free_port

CONFIGURATION = """
global
    maxconn 4000
    nbthread 1
    stats socket {directory}/haproxy.sock mode 600
defaults
    mode http
    option redispatch 1
    retries 3
    retry-on conn-failure
    timeout connect 5s
    timeout check 5s
    timeout client 1h
    timeout server 1h
    timeout http-keep-alive 1h
{more}
frontend agents
    bind {host}:{port}
    default_backend nodes
backend nodes
    balance roundrobin
    option httpchk GET /readyz
    default-server check inter 200ms fall 1 rise 1
{servers}
"""


class Haproxy:
    """Has a `base`, `mcp` and `sse` as a node has."""

    def __init__(self, directory: Path, places: list[tuple[str, int, str, int]], host: str = "127.0.0.1", prefix: list[str] | None = None,
                 more: str = "") -> None:
        """`places`: host and port of each node that may be, and of its operators' port; `prefix`: the words of a command that runs haproxy; `more`:
        settings for all connections."""
        self.port = free_port()
        self.base = f"http://{host}:{self.port}"
        self.mcp = f"{self.base}/mcp"
        self.sse = f"{self.base}/sse"
        self._socket = str(directory / "haproxy.sock")
        servers = "\n".join(f"    server node{number} {node}:{port} addr {admin} port {admin_port}"
                            for number, (node, port, admin, admin_port) in enumerate(places))
        file = directory / "haproxy.cfg"
        file.write_text(CONFIGURATION.format(directory=directory, host=host, port=self.port, servers=servers, more=more))
        self._process = Process("haproxy", [*(prefix or []), "haproxy", "-db", "-f", str(file)], directory)

    def states(self) -> list[str]:
        """How it takes each node to be: `UP`, `DOWN` or on the way."""
        return [row["status"] for row in self._table() if row["# pxname"] == "nodes" and row["svname"] != "BACKEND"]

    def counted(self) -> tuple[int, int]:
        """How many requests have come from agents, those that it answered itself included, and how many it has sent to nodes."""
        rows = {(row["# pxname"], row["svname"]): row for row in self._table()}
        return int(rows["agents", "FRONTEND"]["req_tot"]), sum(
            int(row["stot"]) for (part, name), row in rows.items() if part == "nodes" and name != "BACKEND")

    def _table(self) -> list[dict[str, str]]:
        """What it tells of its parts; nothing before it listens."""
        assert self._process.running, self._process.tail()
        try:
            with socket.socket(socket.AF_UNIX) as asking:
                asking.connect(self._socket)
                asking.sendall(b"show stat\n")
                text = b"".join(iter(lambda: asking.recv(65536), b"")).decode()
        except OSError:
            return []
        return list(csv.DictReader(io.StringIO(text)))

    def wait(self, *up: int) -> None:
        """Waits until it takes just these nodes to be up."""
        eventually(f"nodes {up} are up", lambda: [number for number, state in enumerate(self.states()) if state == "UP"] == sorted(up), within=30)

    def stop(self) -> None:
        self._process.stop()
