"""Hosts of their own: network namespaces on one bridge, each with an address, of which any two can be cut off from each other."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import redis

from .node import BINARY, Cell
from .process import Process, eventually, free_port


def ip(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=check, timeout=20)


def unusable() -> str | None:
    """Why there can be no namespaces here; nil where there can."""
    name = f"sgt{os.getpid() % 100_000}"
    try:
        for words in (("netns", "add", name), ("link", "add", f"{name}v", "netns", name, "type", "veth", "peer", "name", f"{name}p"), ("netns", "del", name)):
            ip(*words)
    except (OSError, subprocess.SubprocessError) as error:
        ip("netns", "del", name, check=False)
        return f"ip netns cannot be used: {getattr(error, 'stderr', '') or error}".strip()
    return None


class Hosts:
    """This machine is one of them, under `address`."""

    def __init__(self, *names: str) -> None:
        self._id = f"sg{os.getpid() % 100_000}"
        self._net = f"10.{97 + os.getpid() // 250 % 100}.{os.getpid() % 250 + 1}"
        self.address = f"{self._net}.254"
        self._addresses = {name: f"{self._net}.{number}" for number, name in enumerate(names, 1)}
        ip("link", "add", f"{self._id}b", "type", "bridge")
        ip("addr", "add", f"{self.address}/24", "dev", f"{self._id}b")
        ip("link", "set", f"{self._id}b", "up")
        for number, name in enumerate(names, 1):
            space, inner, outer = self.space(name), f"{self._id}v{number}", f"{self._id}p{number}"
            ip("netns", "add", space)
            ip("-n", space, "link", "set", "lo", "up")
            ip("link", "add", inner, "netns", space, "type", "veth", "peer", "name", outer)
            ip("link", "set", outer, "master", f"{self._id}b", "up")
            ip("-n", space, "addr", "add", f"{self[name]}/24", "dev", inner)
            ip("-n", space, "link", "set", inner, "up")

    def __getitem__(self, name: str) -> str:
        """The address of that host."""
        return self._addresses[name]

    def space(self, name: str) -> str:
        return f"{self._id}-{name}"

    def run(self, name: str) -> list[str]:
        """The words with which a command begins that is to run on that host."""
        return ["ip", "netns", "exec", self.space(name)]

    def cut(self, one: str, other: str) -> None:
        """Nothing gets from either to the other any more; nobody is told."""
        for here, there in ((one, other), (other, one)):
            ip("-n", self.space(here), "route", "add", "blackhole", f"{self[there]}/32")

    def heal(self, one: str, other: str) -> None:
        for here, there in ((one, other), (other, one)):
            ip("-n", self.space(here), "route", "del", "blackhole", f"{self[there]}/32")

    def stop(self) -> None:
        for number, name in enumerate(self._addresses, 1):
            # a namespace may live on for a while by what its sockets have not sent yet
            ip("link", "del", f"{self._id}p{number}", check=False)
            ip("netns", "del", self.space(name), check=False)
        ip("link", "del", f"{self._id}b", check=False)


class HostedRedis:
    """A redis-server on a host."""

    def __init__(self, directory: Path, hosts: Hosts, name: str) -> None:
        self.port = free_port()
        self.url = f"redis://{hosts[name]}:{self.port}"
        self.client = redis.Redis(host=hosts[name], port=self.port, decode_responses=True, socket_timeout=10, protocol=2)
        self.process = Process("redis", [
            *hosts.run(name), "redis-server", "--port", str(self.port), "--bind", hosts[name], "--protected-mode", "no", "--dir", str(directory),
            "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"], directory)
        eventually("Redis answers", self._answers, within=15)

    def _answers(self) -> bool:
        assert self.process.running, self.process.tail()
        try:
            return bool(self.client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    def now(self) -> int:
        seconds, micros = self.client.time()
        return seconds * 1000 + micros // 1000

    def stop(self) -> None:
        self.process.stop()


class HostedNode:
    """A node on a host; has a `base` and `mcp` as any."""

    port, admin_port = 8080, 9090

    def __init__(self, hosts: Hosts, name: str, cell: Cell, **settings: str) -> None:
        self.address = hosts[name]
        self.base = f"http://{self.address}:{self.port}"
        self.mcp, self.admin = f"{self.base}/mcp", f"http://{self.address}:{self.admin_port}"
        self.process = Process(name, [*hosts.run(name), BINARY, "serve"], cell.directory, {
            "SATGATE_LISTEN_HOST": "0.0.0.0", "SATGATE_LISTEN_PORT": str(self.port), "SATGATE_ADMIN_HOST": "0.0.0.0",
            "SATGATE_ADMIN_PORT": str(self.admin_port), "SATGATE_LOOPS": "1", "SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "true",
            "SATGATE_DRAIN_ANNOUNCE": "0", **cell.environment, **settings})
        eventually(f"node {name} is ready", self._ready, within=30)

    def _ready(self) -> bool:
        assert self.process.running, self.process.tail()
        return f":{self.port}\n" in self.process.printed()

    def stop(self) -> int:
        return self.process.stop(15)
