"""One Redis, one upstream and the gateways before them; measures a round of load on one of them at a time.

CPU per call = CPU time of all threads of the gateway (schedstat) / calls that reached the upstream. Every call of a gateway that charges is
counted in its books too, and with no HTTP or JSON-RPC error among the answers.
"""
from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import peers
from peers import HERE, ROOT, Peer, Satgate, open_session
from servers import REST, Server, free_port, pinned, until

LEASES = {"SATGATE_BUDGET_LEASES": "true"}


class Bench:
    """`peers` by name; which there are is asked for: nginx, imitation, envoy, fastmcp, satgate (which leases budgets), asking (satgate that
    asks Redis before each call), strict (satgate with NIOHTTP1), stateless (satgate, called by an agent of 2026-07-28). Left out is what is not installed or not in this build."""

    def __init__(self, directory: Path, binary: str, names: Iterable[str] = ("nginx", "satgate"), tools: int = 10,
                 wrapper: list[str] | None = None, within: float = 30, **settings: str) -> None:
        self.directory = directory
        self.upstream_port, self.redis_port = free_port(), free_port()
        self.upstream = Server("upstream", [str(compiled("fast_upstream")), "-p", str(self.upstream_port), "-t", str(tools)], REST, directory)
        self.redis = Server("redis", ["redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                                      "--dir", str(directory), "--maxmemory-policy", "noeviction"], REST, directory)
        until("Redis answers", lambda: self.ask("ping") == "PONG")
        self.satgate = Satgate(directory, binary, self.upstream_port, self.redis_port, self.ask)
        self.peers: dict[str, Peer] = {}
        for name in names:
            if peer := self._peer(name, wrapper, within, settings):
                self.peers[name] = peer
                if not peer.stateless:
                    peer.sessions = [until(f"{name} opens a session", lambda: open_session(peer.port, peer.token), within) for _ in range(4)]

    def _peer(self, name: str, wrapper: list[str] | None, within: float, settings: dict[str, str]) -> Peer | None:
        if name == "nginx":
            return peers.nginx(self.directory, self.upstream_port)
        if name == "imitation":
            return peers.imitation(self.directory, self.upstream_port, self.redis_port, self.ask)
        if name in ("envoy", "fastmcp"):
            return getattr(peers, name)(self.directory, self.upstream_port)
        if name == "stateless":
            return Peer(name, self.peers["satgate"].server, self.peers["satgate"].port, self.satgate.mint(), stateless=True,
                        spent=self.satgate.spent, settled=self.peers["satgate"].settled)
        if name == "strict":
            return self.satgate.node(name, SATGATE_CODEC="strict", **LEASES) if self.satgate.knows("SATGATE_CODEC") else None
        return self.satgate.node(name, wrapper, within, **({} if name == "asking" else LEASES), **settings)

    def ask(self, *words: str) -> str:
        return subprocess.run(["redis-cli", "-p", str(self.redis_port), *words], capture_output=True, text=True).stdout.strip()

    def upstream_calls(self) -> int:
        lines = self.upstream.log.read_text().count("\n")
        os.kill(self.upstream.child.pid, signal.SIGUSR1)
        until("the upstream reports", lambda: self.upstream.log.read_text().count("\n") > lines, 5)
        return int(re.findall(r"call (\d+)", self.upstream.log.read_text())[-1])

    def load(self, peer: Peer, connections: int, seconds: float, check: bool = False, body: int = 300) -> subprocess.Popen:
        """wrk, started; `body`: bytes of each call's body."""
        file = self.directory / f"sessions-{peer.name}"
        file.write_text("\n".join(peer.sessions))
        environment = {**os.environ, "SESSIONS": str(file), "TOKEN": peer.token or "", "TOOL": peer.tool, "BODY": str(body),
                       **({"CHECK": "1"} if check else {}), **({"STATELESS": "1"} if peer.stateless else {})}
        argv = [*pinned(REST), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(HERE / "call.lua"),
                f"http://127.0.0.1:{peer.port}"]
        return subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wrk(self, peer: Peer, connections: int, seconds: float, check: bool = False, body: int = 300) -> dict:
        return told(self.load(peer, connections, seconds, check, body))

    def measure(self, name: str, connections: int, seconds: float, check: bool = False, body: int = 300) -> dict:
        """One round: figures per upstream call. Stops the bench when a call was not what it should be."""
        peer = self.peers[name]
        server = peer.server
        calls, spent = self.upstream_calls(), peer.spent() if peer.spent else 0
        cpu, redis, others = server.cpu(), self.redis.cpu(), self.upstream.cpu() + children()
        round_ = self.wrk(peer, connections, seconds, check, body)
        cpu, redis, others = server.cpu() - cpu, self.redis.cpu() - redis, self.upstream.cpu() + children() - others
        calls, spent = self._ended(peer, calls, spent, within=20)
        problems = [f"{round_[kind]} {kind}" for kind in ("non2xx", "socket", "timeout", "bad") if round_[kind]]
        if spent is not None and spent != calls:
            problems.append(f"{spent} calls charged, {calls} made")
        # wrk leaves its last requests unanswered
        if not round_["requests"] <= calls <= round_["requests"] + connections:
            problems.append(f"{round_['requests']} answers, {calls} calls at the upstream")
        if problems:
            raise SystemExit(f"bench: {name}: {', '.join(problems)} {round_['sample']}")
        return {"calls": calls, "cpu": cpu / calls, "rate": round_["requests"] / (round_["us"] / 1e6), "redis": redis / calls, "others": others / calls,
                "p50": round_["p50"] / 1000, "p99": round_["p99"] / 1000, "busy": cpu / round_["us"], "memory": server.memory()}

    def _ended(self, peer: Peer, calls: int, spent: int, within: float) -> tuple[int, int | None]:
        """Calls made and calls charged since; wrk goes without its last answers, which come and are charged a little later."""
        end, before = time.monotonic() + within, (-1, 0.0)
        while True:
            made, charged, cpu = self.upstream_calls() - calls, peer.spent() - spent if peer.spent else None, peer.server.cpu()
            is_quiet = made == before[0] and cpu - before[1] < 40_000
            if is_quiet and peer.settled() and charged in (None, made) or time.monotonic() > end:
                return made, charged
            before = made, cpu
            time.sleep(0.2)

    def watched(self, connections: int, seconds: float, dashboards: int = 2) -> dict:
        """One round of satgate while dashboards watch; `events`: what the last of them was told per call; `behind`: seconds until it was."""
        port = self.satgate.admin_ports["satgate"]
        watchers = [Server(f"watcher-{len(Server.all)}", [sys.executable, str(HERE / "watcher.py"), str(port), self.satgate.admin_token], REST,
                           self.directory) for _ in range(dashboards)]

        def said() -> list[str]:
            return [(watcher.log.read_text().split() or ["0"])[-1] for watcher in watchers]

        try:
            until("the dashboards watch", lambda: all(watcher.log.stat().st_size for watcher in watchers))
            figures = self.measure("satgate", connections, seconds)
            ended = time.monotonic()
            # Two events a call: what it was charged, and what came of it.
            until("the dashboards are told all", lambda: "cut" in said() or all(int(count) >= 2 * figures["calls"] for count in said()))
            counts, behind = said(), time.monotonic() - ended
        finally:
            for watcher in watchers:
                watcher.stop()
                Server.all.remove(watcher)
        return {**figures, "events": 0 if "cut" in counts else min(map(int, counts)) / figures["calls"], "behind": behind}


def children() -> float:
    """Microseconds that ended children (wrk) have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e6


def compiled(name: str, *options: str) -> Path:
    """A C program of this directory, compiled once it has changed."""
    source, target = HERE / f"{name}.c", ROOT / ".build" / "bench" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["cc", "-O2", "-w", *options, "-o", str(target), str(source)], check=True)
    return target


def told(load: subprocess.Popen) -> dict:
    """What wrk says at its end."""
    output, errors = load.communicate()
    found = re.search(r"^JSON (.*)$", output, re.M)
    if not found:
        raise SystemExit(f"bench: wrk failed: {output}{errors}")
    sample = re.search(r"^SAMPLE (.*)$", output, re.M)
    return {**json.loads(found[1]), "sample": sample[1] if sample else ""}
