"""Three hosts, each with an address of its own: network namespaces on one bridge, whose links can be cut."""
from __future__ import annotations

import ctypes
import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from testbed.process import Process, eventually

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
MASTER = "mymaster"


def possible() -> bool:
    """Whether this machine lets us make hosts."""
    return os.geteuid() == 0 and subprocess.run(["ip", "netns", "list"], capture_output=True).returncode == 0


def ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


class Hosts:
    """Hosts 1, 2 and 3 with a Redis and a sentinel each; host 1 has the first master. What is started `inside` one runs there."""

    def __init__(self, directory: Path, down_after: int = 1000) -> None:
        self._name = f"sg{random.randbytes(2).hex()}"
        self._net = random.randrange(1, 250)
        self._made: list[str] = []
        self.directory = directory
        self.url = f"redis+sentinel://{','.join(f'{self.address(host)}:26379' for host in (1, 2, 3))}/{MASTER}"
        try:
            self._wire()
            for host in (1, 2, 3):
                self._serve(host, down_after)
            eventually("the sentinels agree", self.is_whole, within=45, every=0.1)
        except BaseException:
            self.end()
            raise

    def address(self, host: int) -> str:
        return f"10.98.{self._net}.{host}"

    def _space(self, host: int | str) -> str:
        return f"{self._name}-{host}"

    def _wire(self) -> None:
        """One bridge, and a link from it to each host."""
        for host in ("sw", 1, 2, 3):
            ip("netns", "add", self._space(host))
            self._made.append(self._space(host))
            ip("-n", self._space(host), "link", "set", "lo", "up")
        switch = self._space("sw")
        ip("-n", switch, "link", "add", "br0", "type", "bridge")
        ip("-n", switch, "link", "set", "br0", "up")
        for host in (1, 2, 3):
            there, here = f"{self._name}v{host}", f"{self._name}s{host}"
            ip("link", "add", there, "netns", self._space(host), "type", "veth", "peer", "name", here, "netns", switch)
            ip("-n", self._space(host), "addr", "add", f"{self.address(host)}/24", "dev", there)
            ip("-n", self._space(host), "link", "set", there, "up")
            ip("-n", switch, "link", "set", here, "master", "br0", "up")

    def _serve(self, host: int, down_after: int) -> None:
        place = self.place(host)
        place.mkdir()
        follow = [] if host == 1 else [f"replicaof {self.address(1)} 6379"]
        (place / "redis.conf").write_text("\n".join([
            "port 6379", f"bind {self.address(host)}", "protected-mode no", f"dir {place}", 'save ""', "maxmemory-policy noeviction",
            "repl-diskless-sync-delay 0", "repl-timeout 5", *follow]) + "\n")
        (place / "sentinel.conf").write_text("\n".join([
            "port 26379", f"bind {self.address(host)}", "protected-mode no", f"dir {place}",
            f"sentinel monitor {MASTER} {self.address(1)} 6379 2", f"sentinel down-after-milliseconds {MASTER} {down_after}",
            f"sentinel failover-timeout {MASTER} 5000"]) + "\n")
        with self.inside(host):
            Process(f"redis-{host}", ["redis-server", str(place / "redis.conf")], place)
            Process(f"sentinel-{host}", ["redis-server", str(place / "sentinel.conf"), "--sentinel"], place)

    def place(self, host: int) -> Path:
        """The directory of what runs on it."""
        return self.directory / f"host-{host}"

    @contextmanager
    def inside(self, host: int) -> Iterator[None]:
        """This thread, and whatever it starts or connects meanwhile, is on that host."""
        back, there = os.open("/proc/thread-self/ns/net", os.O_RDONLY), os.open(f"/run/netns/{self._space(host)}", os.O_RDONLY)
        try:
            assert _libc.setns(there, _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            yield
        finally:
            assert _libc.setns(back, _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            os.close(back)
            os.close(there)

    def cut(self, host: int) -> None:
        """Nothing passes between it and the others any more, and nobody is told."""
        ip("-n", self._space("sw"), "link", "set", f"{self._name}s{host}", "down")

    def heal(self, host: int) -> None:
        ip("-n", self._space("sw"), "link", "set", f"{self._name}s{host}", "up")

    def named(self, host: int = 2) -> int | None:
        """The host of the master, as that host's sentinel says."""
        try:
            with self.inside(host), redis.Redis(self.address(host), 26379, decode_responses=True, socket_timeout=0.5, protocol=2) as client:
                address = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
        except redis.RedisError:
            return None
        return int(address[0].rsplit(".", 1)[1]) if address else None

    def client(self, host: int) -> redis.Redis:
        """To be used inside one."""
        return redis.Redis(self.address(host), 6379, decode_responses=True, socket_timeout=5, protocol=2)

    def is_whole(self) -> bool:
        """All sentinels name the same master, which has both replicas, and know of these: one that they do not know they leave where it is."""
        named = {self.named(host) for host in (1, 2, 3)}
        if len(named) != 1 or None in named:
            return False
        [master] = named
        try:
            with self.inside(master), self.client(master) as client:
                found = client.info("replication")
            quorate = all(self._is_quorate(host) for host in (1, 2, 3))
        except redis.RedisError:
            return False
        fit = [found.get(f"slave{number}", {}).get("state") == "online" for number in (0, 1)]
        return found["role"] == "master" and all(fit) and quorate

    def _is_quorate(self, host: int) -> bool:
        """That host's sentinel could replace the master, by either replica."""
        with self.inside(host), redis.Redis(self.address(host), 26379, decode_responses=True, socket_timeout=0.5, protocol=2) as sentinel:
            is_able = str(sentinel.execute_command("SENTINEL", "CKQUORUM", MASTER)).startswith("OK 3")
            return is_able and len(sentinel.sentinel_slaves(MASTER)) == 2

    def end(self) -> None:
        for process in [each for each in Process.live if str(each.log).startswith(str(self.directory))]:
            process.stop(grace=8)
        time.sleep(0.1)
        for space in self._made:
            subprocess.run(["ip", "netns", "del", space], capture_output=True)
