"""Programs that a bench starts: each pinned to its core, its CPU time and memory read from /proc."""
from __future__ import annotations

import os
import re
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

GATEWAY, REST = "0", "1"  # cores: the gateway under test has one to itself, load, upstream and Redis share the other

_given: set[int] = set()


def free_port() -> int:
    for port in range(18000 + os.getpid() % 8000, 32000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return port
    raise RuntimeError("no free port below 32768")


def pinned(core: str) -> list[str]:
    return ["taskset", "-c", core] if os.cpu_count() > 1 else []


def many_files() -> None:
    """As many open files as the system allows; what is started inherits that."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Server:
    """A process of ours, with what it prints in a file."""

    all: list[Server] = []

    def __init__(self, name: str, argv: list[str], core: str, directory: Path, env: dict[str, str] | None = None) -> None:
        self.name, self.log = name, directory / f"{name}.log"
        self.child = subprocess.Popen([*pinned(core), *argv], cwd=directory, stdin=subprocess.DEVNULL, stdout=open(self.log, "wb"),
                                      stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, **(env or {})})
        Server.all.append(self)

    def processes(self) -> list[int]:
        """The process and its children (nginx' worker): all of its session."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    stat = Path(f"/proc/{entry}/stat").read_text()
                except OSError:
                    continue
                if int(stat[stat.rindex(")") + 2:].split()[3]) == self.child.pid:
                    found.append(int(entry))
        return found

    def cpu(self) -> float:
        """Microseconds on a core, user and system, of all threads."""
        total = 0
        for pid in self.processes():
            for task in os.listdir(f"/proc/{pid}/task"):
                try:
                    total += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
                except OSError:
                    pass
        return total / 1000

    def memory(self) -> float:
        """Resident MiB."""
        return sum(int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) for pid in self.processes()) / 1024

    def says(self, text: str) -> bool:
        return text.encode() in self.log.read_bytes()

    def stop(self) -> None:
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait()

    @staticmethod
    def stop_all() -> None:
        while Server.all:
            Server.all.pop().stop()


def until(what: str, condition: Callable[[], Any], within: float = 30) -> Any:
    end, last = time.monotonic() + within, None
    while time.monotonic() < end:
        try:
            if value := condition():
                return value
        except OSError as error:
            last = error
        time.sleep(0.05)
    tails = "\n".join(f"--- {server.name}\n{server.log.read_text(errors='replace')[-2000:]}" for server in Server.all)
    raise SystemExit(f"bench: not within {within} s: {what} ({last})\n{tails}")
