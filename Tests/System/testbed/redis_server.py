"""A private redis-server."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import redis

from .process import Process, eventually, free_port

if TYPE_CHECKING:
    from .secure import Security


class RedisServer:
    """Redis on its own port and directory; `restart` keeps both."""

    def __init__(self, directory: Path, durable: bool = False, sync: str = "always", security: Security | None = None,
                 certificate: str = "server") -> None:
        """`durable`: append-only file, synced before every answer, or as `sync` says; `security`: it talks to those only whom that names, and
        shows that `certificate`."""
        self._directory = directory
        self._security, self._certificate = security, certificate
        self._durable = durable
        self._sync = sync
        self.port = free_port()
        self.url = f"redis{'s' if security else ''}://127.0.0.1:{self.port}"
        self.client = self.connect(10)
        self.start()

    def connect(self, patience: float = 30) -> redis.Redis:
        """A client of its own, for another thread."""
        more = self._security.client if self._security else {}
        if self._certificate != "server":
            more["ssl_cert_reqs"] = "none"
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=patience, protocol=2, **more)

    def start(self) -> None:
        """Starts it and waits until it answers (its data are loaded then)."""
        door = self._security.arguments(self.port, self._certificate) if self._security else ["--port", str(self.port)]
        self.process = Process(
            "redis",
            ["redis-server", *door, "--bind", "127.0.0.1", "--dir", str(self._directory), "--save", "",
             "--appendonly", "yes" if self._durable else "no", "--appendfsync", self._sync, "--maxmemory-policy", "noeviction",
             "--loglevel", "notice", "--logfile", str(self._directory / "redis.log")],
            self._directory)
        eventually("Redis answers", self._answers, within=10, every=0.005)

    def _answers(self) -> bool:
        assert self.process.running, self.process.tail()
        try:
            return bool(self.client.ping())
        except (redis.ConnectionError, redis.BusyLoadingError, redis.TimeoutError):
            return False

    def kill(self) -> None:
        self.process.kill()
        Process.live.remove(self.process)

    @property
    def log(self) -> Path:
        """The directory of the append-only file."""
        return self._directory / "appendonlydir"

    def now(self) -> int:
        """Redis' own clock, unix milliseconds."""
        seconds, micros = self.client.time()
        return seconds * 1000 + micros // 1000

    def stop(self) -> None:
        self.process.stop()
