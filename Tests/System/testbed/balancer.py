"""nginx before the nodes, as an operator would put it there: each request to the next node, whatever session or page it is of."""
from __future__ import annotations

import socket
from pathlib import Path

from .node import Node
from .process import Process, eventually, free_port

CONFIGURATION = """
daemon off;
master_process off;
worker_processes 1;
pid {directory}/balancer.pid;
error_log {directory}/balancer-error.log;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {directory}/balancer-body;
    proxy_temp_path {directory}/balancer-proxy;
    fastcgi_temp_path {directory}/balancer-fastcgi;
    uwsgi_temp_path {directory}/balancer-uwsgi;
    scgi_temp_path {directory}/balancer-scgi;
    client_max_body_size 16m;
    map $http_upgrade $connection_upgrade {{ default upgrade; "" ""; }}
    upstream nodes {{ {servers} }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://nodes;
            proxy_http_version 1.1;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Host $http_host;
            proxy_buffering off;
            proxy_request_buffering off;
            proxy_next_upstream {next};
            proxy_read_timeout 1h;
            proxy_send_timeout 1h;
        }}
    }}
}}
"""


class Balancer:
    """Has a `base`, `mcp` and `sse` as a node has; no stickiness, nothing held back, nothing sent twice."""

    def __init__(self, directory: Path, nodes: list[Node], admin_ports: list[int] | None = None) -> None:
        """`admin_ports`: it stands before these instead, and passes over nodes that are gone."""
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.mcp = f"{self.base}/mcp"
        self.sse = f"{self.base}/sse"
        file = directory / "balancer.conf"
        servers = " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in admin_ports or [node.port for node in nodes])
        file.write_text(CONFIGURATION.format(
            directory=directory, servers=servers, port=self.port, next="error" if admin_ports else "off"))
        self._process = Process("balancer", ["nginx", "-p", str(directory), "-e", str(directory / "balancer-error.log"), "-c", str(file)], directory)
        eventually("the balancer listens", self._listens, within=10)

    def _listens(self) -> bool:
        assert self._process.running, self._process.tail()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self._process.stop()
