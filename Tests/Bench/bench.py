#!/usr/bin/env python3
"""What one governed call costs, with nginx `proxy_pass` beside it in the same rounds.

Layout: the gateway under test (nginx: one worker; satgate: one event loop) has core 0 to itself, wrk, the upstream and Redis share core 1.
CPU per call = CPU time of all threads of the gateway (schedstat) / calls that reached the upstream. Noise only ever adds, so the minimum over
the rounds is the figure to compare; the median is printed beside it.
After them come rounds of satgate alone, by turns with and without dashboards that watch every event.
Every call counted is a paid one: the account's `spent` must equal upstream calls × price, with no HTTP or JSON-RPC error among the answers.
"""
from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PRICE = 3
LIMIT = 2_000_000_000

NGINX = """daemon off; master_process on; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/nginx.err warn;
worker_rlimit_nofile 8192; events {{ worker_connections 4096; }}
http {{ access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
 keepalive_requests 100000000; keepalive_timeout 600s; tcp_nodelay on; client_body_buffer_size 64k;
 upstream up {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 100000000; keepalive_timeout 600s; }}
 server {{ listen 127.0.0.1:{port} backlog=4096; location /mcp {{ proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}
"""


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


_given: set[int] = set()


class Server:
    """A process of ours, with what it prints in a file."""

    all: list[Server] = []

    def __init__(self, name: str, argv: list[str], core: str, directory: Path, env: dict[str, str] | None = None) -> None:
        self.name, self.log = name, directory / f"{name}.log"
        pinned = ["taskset", "-c", core] if os.cpu_count() > 1 else []
        self.child = subprocess.Popen([*pinned, *argv], cwd=directory, stdin=subprocess.DEVNULL, stdout=open(self.log, "wb"),
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

    def stop(self) -> None:
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait()


def until(what: str, condition, within: float = 30):
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


class Bench:
    def __init__(self, directory: Path, binary: str) -> None:
        self.directory = directory
        compiled = ROOT / ".build" / "bench" / "fast_upstream"
        compiled.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", "-O2", "-w", "-o", str(compiled), str(HERE / "fast_upstream.c")], check=True)
        self.upstream_port, self.redis_port, nginx_port, satgate_port = free_port(), free_port(), free_port(), free_port()
        self.upstream = Server("upstream", [str(compiled), "-p", str(self.upstream_port)], "1", directory)
        self.redis = Server("redis", ["redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                                      "--dir", str(directory), "--maxmemory-policy", "noeviction"], "1", directory)
        until("Redis answers", lambda: self.ask("ping") == "PONG")
        (directory / "nginx.conf").write_text(NGINX.format(dir=directory, port=nginx_port, upstream=self.upstream_port))
        nginx = Server("nginx", ["nginx", "-c", str(directory / "nginx.conf"), "-e", str(directory / "nginx.err")], "0", directory)
        token = self.configure(binary)
        self.admin_port, self.admin_token = free_port(), os.urandom(16).hex()
        (directory / "admin.yaml").write_text(json.dumps({"tokens": [{"name": "bench", "role": "read", "token": self.admin_token}]}))
        satgate = Server("satgate", [binary, "serve"], "0", directory, {
            "SATGATE_LISTEN_PORT": str(satgate_port), "SATGATE_LOOPS": "1", "SATGATE_REDIS_URL": f"redis://127.0.0.1:{self.redis_port}",
            "SATGATE_ADMIN_PORT": str(self.admin_port), "SATGATE_ADMIN_TOKENS_FILE": str(directory / "admin.yaml"),
            "SATGATE_TENANTS_FILE": str(directory / "tenants.yaml"), "SATGATE_KEYS_FILE": str(directory / "keys.yaml"),
            "SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "true", "SATGATE_DRAIN_ANNOUNCE": "0"})
        until("satgate is ready", lambda: b"listening on" in satgate.log.read_bytes())
        self.peers = {"nginx": (nginx, nginx_port, None), "satgate": (satgate, satgate_port, token)}
        self.sessions = {name: [until(f"{name} opens a session", lambda: open_session(port, token)) for _ in range(4)]
                         for name, (_, port, token) in self.peers.items()}

    def configure(self, binary: str) -> str:
        keys = {"keys": [{"id": "k1", "tenant": "acme", "secret_hex": os.urandom(32).hex()}]}
        tenants = {"tenants": [{"name": "acme", "upstreams": [{"name": "fast", "url": f"http://127.0.0.1:{self.upstream_port}/mcp"}],
                                "tariff": {"default": PRICE}, "budgets": {"bench": {"limit": LIMIT}}}]}
        (self.directory / "keys.yaml").write_text(json.dumps(keys))
        (self.directory / "tenants.yaml").write_text(json.dumps(tenants))
        return subprocess.run([binary, "token", "mint", "--keys", str(self.directory / "keys.yaml"), "--key", "k1", "--tenant", "acme",
                               "--expires", "24h", "--budget", "bench"], check=True, capture_output=True, text=True).stdout.strip()

    def ask(self, *words: str) -> str:
        return subprocess.run(["redis-cli", "-p", str(self.redis_port), *words], capture_output=True, text=True).stdout.strip()

    def account(self, field: str) -> int:
        return int(self.ask("hget", "satgate:{acme}:account:bench", field) or 0)

    def upstream_calls(self) -> int:
        lines = self.upstream.log.read_text().count("\n")
        os.kill(self.upstream.child.pid, signal.SIGUSR1)
        until("the upstream reports", lambda: self.upstream.log.read_text().count("\n") > lines, 5)
        return int(re.findall(r"call (\d+)", self.upstream.log.read_text())[-1])

    def wrk(self, name: str, connections: int, seconds: int, check: bool = False) -> dict:
        _, port, token = self.peers[name]
        environment = {**os.environ, "SESSIONS": ",".join(self.sessions[name]), "TOKEN": token or "", **({"CHECK": "1"} if check else {})}
        pinned = ["taskset", "-c", "1"] if os.cpu_count() > 1 else []
        output = subprocess.run([*pinned, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(HERE / "call.lua"),
                                 f"http://127.0.0.1:{port}"], env=environment, capture_output=True, text=True)
        found = re.search(r"^JSON (.*)$", output.stdout, re.M)
        if not found:
            raise SystemExit(f"bench: wrk failed: {output.stdout}{output.stderr}")
        sample = re.search(r"^SAMPLE (.*)$", output.stdout, re.M)
        return {**json.loads(found[1]), "sample": sample[1] if sample else ""}

    def measure(self, name: str, connections: int, seconds: int, check: bool = False) -> dict:
        """One round: figures per upstream call. Stops the bench when a call was not what it should be."""
        server = self.peers[name][0]
        calls, spent = self.upstream_calls(), self.account("spent")
        cpu, redis = server.cpu(), self.redis.cpu()
        round_ = self.wrk(name, connections, seconds, check)
        cpu, redis = server.cpu() - cpu, self.redis.cpu() - redis
        if name == "satgate":
            until("every hold is settled", lambda: self.account("held") == 0, 20)
        calls, spent = self.upstream_calls() - calls, self.account("spent") - spent
        problems = [f"{round_[kind]} {kind}" for kind in ("non2xx", "socket", "timeout", "bad") if round_[kind]]
        if name == "satgate" and spent != calls * PRICE * 1_000_000:
            problems.append(f"spent {spent / 1_000_000} for {calls} calls at {PRICE}")
        # wrk leaves its last requests unanswered
        if not round_["requests"] <= calls <= round_["requests"] + connections:
            problems.append(f"{round_['requests']} answers, {calls} calls at the upstream")
        if problems:
            raise SystemExit(f"bench: {name}: {', '.join(problems)} {round_['sample']}")
        return {"calls": calls, "cpu": cpu / calls, "rate": round_["requests"] / (round_["us"] / 1e6), "redis": redis / calls,
                "p50": round_["p50"] / 1000, "p99": round_["p99"] / 1000, "busy": cpu / round_["us"], "memory": server.memory()}


    def watched(self, connections: int, seconds: int, dashboards: int = 2) -> dict:
        """One round of satgate while dashboards watch; `events`: what the last of them was told per call; `behind`: seconds until it was."""
        watchers = [Server(f"watcher-{len(Server.all)}", [sys.executable, str(HERE / "watcher.py"), str(self.admin_port), self.admin_token], "1",
                           self.directory) for _ in range(dashboards)]

        def told() -> list[str]:
            return [(watcher.log.read_text().split() or ["0"])[-1] for watcher in watchers]

        try:
            until("the dashboards watch", lambda: all(watcher.log.stat().st_size for watcher in watchers))
            figures = self.measure("satgate", connections, seconds)
            ended = time.monotonic()
            # Two events a call: what it was charged, and what came of it.
            until("the dashboards are told all", lambda: "cut" in told() or all(int(count) >= 2 * figures["calls"] for count in told()))
            counts, behind = told(), time.monotonic() - ended
        finally:
            for watcher in watchers:
                watcher.stop()
                Server.all.remove(watcher)
        return {**figures, "events": 0 if "cut" in counts else min(map(int, counts)) / figures["calls"], "behind": behind}


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--seconds", type=int, default=2)
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--mark", type=float, default=4.0, help="largest ratio of CPU per call to nginx' that passes")
    options.add_argument("--binary", default=str(ROOT / ".build" / "release" / "satgate"))
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="satgate-bench-") as scratch:
        os.chmod(scratch, 0o755)  # nginx' worker is another user
        try:
            bench = Bench(Path(scratch), arguments.binary)
            for name in bench.peers:
                bench.measure(name, 8, 1, check=True)  # every body read; also the warm-up
            rounds = {name: [] for name in bench.peers}
            for number in range(arguments.rounds):
                for name in bench.peers:
                    figures = bench.measure(name, arguments.connections, arguments.seconds)
                    rounds[name].append(figures)
                    print(f"round {number + 1} {name:8s} {figures['cpu']:6.1f} us/call {figures['rate']:8.0f} calls/s  p50 {figures['p50']:.2f} ms"
                          f"  p99 {figures['p99']:.2f} ms  core {figures['busy']:.0%}", flush=True)
            turns = [(bench.measure("satgate", arguments.connections, arguments.seconds), bench.watched(arguments.connections, arguments.seconds))
                     for _ in range(max(1, arguments.rounds // 3))]
        finally:
            for server in reversed(Server.all):
                server.stop()
    tell_watching(turns)
    return report(rounds, arguments)


def tell_watching(turns: list[tuple[dict, dict]]) -> None:
    """What two dashboards that watch every event cost the calls."""
    def median(key: str) -> float:
        return statistics.median(watched[key] / alone[key] for alone, watched in turns)

    behind = [watched["behind"] for _, watched in turns if watched["events"]]
    print(f"\nwatched by 2 dashboards, {statistics.median(2 * watched['rate'] for _, watched in turns):.0f} events/s: CPU per call x {median('cpu'):.2f},"
          f" p99 x {median('p99'):.2f}, Redis x {median('redis'):.2f} (medians of {len(turns)} pairs of rounds); dashboards were told all"
          f" {max(behind, default=0):.1f} s after the round at the latest, {len(turns) - len(behind)} times one could not follow and was cut")


def report(rounds: dict[str, list[dict]], arguments: argparse.Namespace) -> int:
    def column(name: str, key: str, choose) -> float:
        return choose(figures[key] for figures in rounds[name])

    ratios = [ours["cpu"] / theirs["cpu"] for ours, theirs in zip(rounds["satgate"], rounds["nginx"])]
    least = column("satgate", "cpu", min) / column("nginx", "cpu", min)
    print(f"\n{arguments.connections} connections, {arguments.rounds} interleaved rounds of {arguments.seconds} s; each call of satgate held, "
          f"forwarded and settled: spent = calls x {PRICE}\n")
    print("| | CPU us/call min | median | calls/s best | median | p99 ms median | Redis us/call | RSS MiB |")
    print("|---|---|---|---|---|---|---|---|")
    for name in rounds:
        redis = f"{column(name, 'redis', min):.1f}" if name == "satgate" else "-"
        print(f"| {name} | {column(name, 'cpu', min):.1f} | {column(name, 'cpu', statistics.median):.1f} | {column(name, 'rate', max):.0f} "
              f"| {column(name, 'rate', statistics.median):.0f} | {column(name, 'p99', statistics.median):.2f} | {redis} | {column(name, 'memory', max):.0f} |")
    rates = [ours["rate"] / theirs["rate"] for ours, theirs in zip(rounds["satgate"], rounds["nginx"])]
    print(f"| satgate / nginx | {least:.2f} | {statistics.median(ratios):.2f} | {column('satgate', 'rate', max) / column('nginx', 'rate', max):.2f} "
          f"| {statistics.median(rates):.2f} | | | |")
    passed = least <= arguments.mark
    print(f"\nCPU per governed call: {least:.2f} x nginx proxy_pass (mark {arguments.mark}): {'passed' if passed else 'FAILED'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
