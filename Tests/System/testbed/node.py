"""satgate itself: its nodes, its configuration files, its command line."""
from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .process import BUILD, Process, clean_environment, eventually, free_port
from .redis_server import RedisServer
from .topologies import Topology

BINARY = os.environ.get("SATGATE", str(BUILD / "satgate"))


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """One run of the `satgate` command line, its settings none but those in `env`."""
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          env={**clean_environment(), **(env or {})})


def attenuate(token: str, *caveats: str) -> str:
    """The token narrowed by the caveats, as any holder can do without a key."""
    result = run("token", "attenuate", "--token", token, *[word for caveat in caveats for word in ("--caveat", caveat)])
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


class Cell:
    """The configuration that a set of nodes shares: tenants, root keys, one Redis."""

    def __init__(self, directory: Path, redis: RedisServer | Topology, tenants: list[dict[str, Any]], stated: bool = True) -> None:
        """`stated`: the nodes read the tenants from a file; else somebody applies them."""
        self.directory = directory
        self.redis = redis
        self.keys = directory / "keys.yaml"
        self.tenants = directory / "tenants.yaml"
        self.environment = {"SATGATE_REDIS_URL": redis.url, "SATGATE_KEYS_FILE": str(self.keys)}
        if stated:
            # JSON is YAML
            self.tenants.write_text(json.dumps({"tenants": tenants}, indent=1))
            self.environment["SATGATE_TENANTS_FILE"] = str(self.tenants)
        self.keys.write_text(json.dumps({"keys": [
            {"id": f"key-{tenant['name']}", "tenant": tenant["name"], "secret_hex": os.urandom(32).hex()} for tenant in tenants]}))

    def node(self, name: str, **settings: str) -> Node:
        """Starts a node of this cell and waits until it is ready."""
        return Node(name, self, settings)

    def mint(self, tenant: str = "acme", *arguments: str) -> str:
        """A fresh token of the tenant."""
        result = run("token", "mint", "--keys", str(self.keys), "--key", f"key-{tenant}", "--tenant", tenant, "--expires", "1h", *arguments)
        assert result.returncode == 0, result.stderr
        lines = result.stdout.splitlines()
        assert len(lines) == 1, f"the token must stand alone on stdout: {result.stdout!r}"
        return lines[0]


class Node:
    """A running `satgate serve`."""

    def __init__(self, name: str, cell: Cell, settings: dict[str, str], wrapper: Sequence[str] = ()) -> None:
        """`wrapper`: what runs the program, in the end by exec."""
        self.port = int(settings.get("SATGATE_LISTEN_PORT", 0)) or free_port()
        scheme = "https" if "SATGATE_LISTEN_TLS_CERTIFICATE_FILE" in settings else "http"
        self.base = f"{scheme}://127.0.0.1:{self.port}"
        self.mcp = f"{self.base}/mcp"
        self.sse = f"{self.base}/sse"
        self._name, self._cell, self._settings, self._wrapper = name, cell, settings, wrapper
        self.start()

    def start(self, **settings: str) -> None:
        """Starts it, at the port it had before, with these settings besides for this once."""
        self.process = Process(self._name, [*self._wrapper, BINARY, "serve"], self._cell.directory, {
            "SATGATE_LISTEN_HOST": "127.0.0.1", "SATGATE_LISTEN_PORT": str(self.port), "SATGATE_LOOPS": "1", "SATGATE_ADMIN_PORT": "0",
            "SATGATE_DRAIN_ANNOUNCE": "0",
            "SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "true",
            **({"SATGATE_BUDGET_LEASES": "true"} if os.environ.get("SATGATE_TEST_LEASES") == "true" else {}),
            **self._cell.environment, **self._settings, **settings})
        eventually(f"node {self._name} ready", self._ready, within=30)

    def _ready(self) -> bool:
        assert self.process.running, self.process.tail()
        return f"listening on {self.base}" in self.process.printed()

    @property
    def admin(self) -> str:
        """The address of its operators' port, `http://…`."""
        found = eventually("the operators' port is open", lambda: re.search(r"operators' port on (\S+)", self.process.printed()), within=30)
        return found[1]

    def kill(self) -> None:
        self.process.kill()
        Process.live.remove(self.process)

    def stop(self) -> int:
        return self.process.stop()


def tenant(name: str, upstreams: dict[str, Any], **document: Any) -> dict[str, Any]:
    """A tenant's document; upstreams by name, each a url or a whole entry."""
    entries = [{"name": key, **(value if isinstance(value, dict) else {"url": value})} for key, value in upstreams.items()]
    return {"name": name, "upstreams": entries, **document}
