"""Child processes on free loopback ports, in temporary directories; only our own are ever signalled."""
from __future__ import annotations

import asyncio
import ctypes
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Callable

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("SATGATE_BUILD", ROOT / ".build" / "debug"))

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_given: set[int] = set()


def free_port() -> int:
    """A loopback port below 32768 (outside the ephemeral range) that nothing listens on and that was not given out before."""
    for _ in range(500):
        port = random.randrange(12000, 32000)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise RuntimeError("no free port below 32768")


def eventually(what: str, condition: Callable[[], Any], within: float = 20.0, every: float = 0.02) -> Any:
    """The first true value of `condition`; fails when it has none within `within` seconds."""
    end = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {what} (last: {value!r})")
        time.sleep(every)


async def soon(what: str, condition: Callable[[], Any], within: float = 20.0, every: float = 0.02) -> Any:
    """`eventually` for asynchronous tests: other tasks go on meanwhile."""
    end = time.monotonic() + within
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {what} (last: {value!r})")
        await asyncio.sleep(every)


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One child process with its output in a file; it dies with us whatever happens."""

    live: list[Process] = []

    def __init__(self, name: str, argv: list[str], directory: Path, env: dict[str, str] | None = None) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        self.output = directory / f"{name}.out"
        with open(self.log, "ab") as log, open(self.output, "wb") as output:
            self._child = subprocess.Popen(
                argv, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=log, preexec_fn=_die_with_parent,
                start_new_session=True, env={**clean_environment(), **(env or {})})
        Process.live.append(self)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    def signal(self, number: int) -> None:
        if self.running:
            self._child.send_signal(number)

    def kill(self) -> None:
        """kill -9, and waits until it is gone."""
        self.signal(signal.SIGKILL)
        self._child.wait(10)

    def freeze(self) -> None:
        """SIGSTOP, and waits until the kernel has stopped it."""
        self.signal(signal.SIGSTOP)
        eventually(f"{self.name} stopped", lambda: self._state() == "T", within=15, every=0.002)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def _state(self) -> str:
        stat = Path(f"/proc/{self.pid}/stat").read_text()
        return stat[stat.rindex(")") + 2]

    def descriptors(self) -> int:
        """How many are open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident(self) -> float:
        """MiB of memory in use."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def stop(self, grace: float = 5.0) -> int:
        """SIGTERM, then after `grace` seconds SIGKILL; the exit status."""
        if self.running:
            self.thaw()
            self.signal(signal.SIGTERM)
            try:
                self._child.wait(grace)
            except subprocess.TimeoutExpired:
                self.kill()
        if self in Process.live:
            Process.live.remove(self)
        return self._child.returncode

    def printed(self) -> str:
        return self.output.read_text(errors="replace")

    def tail(self, lines: int = 40) -> str:
        text = self.printed() + self.log.read_text(errors="replace")
        return "\n".join(line[:2000] for line in text.splitlines()[-lines:])


def clean_environment() -> dict[str, str]:
    """Nothing that could configure a node by accident, and no proxy; all suites run with either codec."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SATGATE_CODEC")
    return {name: os.environ[name] for name in kept if name in os.environ}
