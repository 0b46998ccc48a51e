#!/usr/bin/env python3
"""Measures what the plan of k8s/SCALING.md is computed from, with the node as it ships and a real Redis, within five minutes.

The node has core 0 to itself, Redis and whatever drives them share core 1, as in Tests/Bench. What is counted (commands, bytes) is the same on
any machine; CPU time is that of this one, which is told in the file, and other programs only ever add to it.

usage: measure.py --together FILE… --out FILE
       measure.py [--binary FILE] [--out FILE] [--part calls|call_memory|fanout|bus|tenants|streams]
"""
from __future__ import annotations

import argparse
import json
import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests" / "Bench")]

from peers import open_session, post  # noqa: E402
from rounds import Bench  # noqa: E402
from servers import Server, free_port, until  # noqa: E402
from resp import Connection, Meter, encoded  # noqa: E402

SESSION = "0123456789abcdef" * 2


class Stand:
    """A Redis, and nodes before it; the tenants are read from a file."""

    def __init__(self, directory: Path, binary: str, tenants: list[dict[str, Any]]) -> None:
        self.directory, self.binary, self.tenants = directory, binary, tenants
        self.port = free_port()
        self.redis = Server(f"redis-{self.port}", [
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(directory),
            "--maxmemory-policy", "noeviction", "--hz", "10"], "1", directory)
        self.connection: Connection = until("Redis answers", lambda: Connection(self.port))
        self.nodes: list[tuple[Server, int]] = []
        keys = [{"id": f"k-{each['name']}", "tenant": each["name"], "secret_hex": os.urandom(32).hex()} for each in tenants]
        self.keys, self.file = directory / f"keys-{self.port}.yaml", directory / f"tenants-{self.port}.yaml"
        self.keys.write_text(json.dumps({"keys": keys}))
        self.file.write_text(json.dumps({"tenants": tenants}))

    def node(self, **settings: str) -> tuple[Server, int]:
        port = free_port()
        node = Server(f"satgate-{port}", [self.binary, "serve"], "0", self.directory, {
            "SATGATE_LISTEN_PORT": str(port), "SATGATE_LOOPS": "1", "SATGATE_REDIS_URL": f"redis://127.0.0.1:{self.port}",
            "SATGATE_ADMIN_PORT": str(free_port()), "SATGATE_KEYS_FILE": str(self.keys), "SATGATE_TENANTS_FILE": str(self.file),
            "SATGATE_TENANTS_REFRESH": "600000", "SATGATE_REDIS_TIMEOUT": "20000", "SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "true", **settings})
        until("satgate is ready", lambda: b"listening on" in node.log.read_bytes(), 60)
        self.nodes.append((node, port))
        return self.nodes[-1]

    def token(self, tenant: str) -> str:
        return subprocess.run([self.binary, "token", "mint", "--keys", str(self.keys), "--key", f"k-{tenant}", "--tenant", tenant,
                               "--expires", "24h"], check=True, capture_output=True, text=True).stdout.strip()

    def window(self, seconds: float) -> dict[str, float]:
        """What goes on by itself for so long, per second; CPU in microseconds, of Redis and of all nodes."""
        meter, begun = Meter(self.connection), time.monotonic()
        redis, nodes = self.redis.cpu(), sum(node.cpu() for node, _ in self.nodes)
        time.sleep(seconds)
        found = meter.since()
        found["redis_us"], found["node_us"] = self.redis.cpu() - redis, sum(node.cpu() for node, _ in self.nodes) - nodes
        passed = time.monotonic() - begun
        # The look itself is a command.
        found["commands"] -= 1
        found["out"] -= meter.reply
        return {name: value / passed for name, value in found.items()}

    def memory(self) -> int:
        time.sleep(0.3)
        return int(self.connection.info("memory")["used_memory"])

    def key_size(self, pattern: str) -> float:
        """Bytes of the keys that fit, on average; keys of any tenant."""
        names = [name for name in self.connection("KEYS", pattern)]
        if not names:
            raise SystemExit(f"measure: no key fits {pattern}")
        return statistics.mean(self.connection("MEMORY", "USAGE", name, "SAMPLES", 0) for name in names[:50])

    def stop(self) -> None:
        for node, _ in self.nodes:
            node.stop()
        self.connection.close()
        self.redis.stop()


def session_of(port: int, token: str) -> str:
    """A session; a busy machine may take more than one attempt."""
    return until("a session is open", lambda: open_session(port, token))


RATES = ("commands", "in", "out", "redis_us", "node_us")


def rates(found: dict[str, float], by: float, less: dict[str, float] | None = None) -> dict[str, float]:
    """Of a window, or of its difference to another, what falls to each of so many; never below nothing."""
    return {name: max(0.0, (found[name] - (less or {}).get(name, 0)) / by) for name in RATES}


def calls(directory: Path, binary: str, seconds: int, rounds: int) -> dict[str, Any]:
    """A governed call: one tenant, one account, a session."""
    bench = Bench(directory, binary)
    redis = Connection(bench.redis_port)
    bench.measure("satgate", 8, 1, check=True)
    meter, found = Meter(redis), []
    for _ in range(rounds):
        figures = bench.measure("satgate", 64, seconds)
        did = meter.since()
        found.append({**figures, **{name: did[name] / figures["calls"] for name in ("commands", "in", "out", "publish", "evalsha")}})
    best = min(found, key=lambda each: each["cpu"])
    key = "satgate:{acme}:"
    sizes = {name: redis("MEMORY", "USAGE", key + stream, "SAMPLES", 0) / redis("XLEN", key + stream)
             for name, stream in (("ledger_entry", "ledger"), ("audit_entry", "audit"))}
    holds = [each for each in redis("SCAN", 0, "MATCH", key + "hold:*", "COUNT", 1000)[1]]
    sizes["tombstone"] = statistics.mean(redis("MEMORY", "USAGE", each) for each in holds)
    sizes["account"] = redis("MEMORY", "USAGE", key + "account:bench")
    sizes["token"] = redis("MEMORY", "USAGE", next(each for each in redis("KEYS", key + "token:*")))
    sizes["minute"] = redis("MEMORY", "USAGE", redis("KEYS", key + "minute:*")[0])
    entry = redis("XREVRANGE", key + "ledger", "+", "-", "COUNT", 1)[0][1][1]
    other = redis("XREVRANGE", key + "audit", "+", "-", "COUNT", 1)[0][1][1]
    for server in reversed(Server.all):
        server.stop()
    redis.close()
    Server.all.clear()
    return {"call": {"node_us": best["cpu"], "redis_us": min(each["redis"] for each in found), "rate": max(each["rate"] for each in found),
                     **{name: statistics.median(each[name] for each in found) for name in ("commands", "in", "out")},
                     "scripts": statistics.median(each["evalsha"] for each in found),
                     "publishes": statistics.median(each["publish"] for each in found), "event_bytes": len(entry) + len(other)},
            "memory": sizes}


def fanout(directory: Path, binary: str) -> dict[str, Any]:
    """What Redis spends on a message for each that hears it, and keeps for each connection."""
    stand = Stand(directory, binary, [])
    payload, found = b"x" * 60, {}
    try:
        spent = {}
        for listeners in (1, 400):
            before = stand.memory()
            ears = [Connection(stand.port) for _ in range(listeners)]
            for ear in ears:
                ear("SUBSCRIBE", "satgate:control")
            if listeners > 1:
                time.sleep(4)  # Redis gives back the buffers that a connection begins with
                found["connection"] = (stand.memory() - before) / listeners
            count = 20_000 // listeners + 400
            done = threading.Event()
            reader = threading.Thread(target=drain, args=([ear.socket for ear in ears], done))
            reader.start()
            command, cpu = encoded("PUBLISH", "satgate:control", payload), stand.redis.cpu()
            for _ in range(count):
                stand.connection.many([command])  # each goes out by itself, as messages do that come now and then
            time.sleep(0.5)
            spent[listeners] = (stand.redis.cpu() - cpu) / count
            done.set()
            reader.join()
            for ear in ears:
                ear.close()
        found["delivery_us"] = (spent[400] - spent[1]) / 399
        found["publish_us"] = max(0.0, spent[1] - found["delivery_us"])
    finally:
        stand.stop()
    return {"fanout": found}


def bus(directory: Path, binary: str) -> dict[str, Any]:
    """What a classic PUBLISH costs a cluster of three masters: each tells both others, whether anybody listens there or not."""
    ports, ids = [free_port() for _ in range(3)], [os.urandom(20).hex() for _ in range(3)]
    doors = [free_port() for _ in range(3)]
    servers = []
    for number, port in enumerate(ports):
        place = directory / f"cluster-{number}"
        place.mkdir()
        (place / "nodes.conf").write_text("".join(
            f"{ids[each]} 127.0.0.1:{ports[each]}@{doors[each]} {'myself,' if each == number else ''}master - 0 0 {each + 1} connected "
            f"{each * 16384 // 3}-{(each + 1) * 16384 // 3 - 1}\n" for each in range(3)) + "vars currentEpoch 3 lastVoteEpoch 0\n")
        servers.append(Server(f"cluster-{number}", [
            "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(place),
            "--cluster-enabled", "yes", "--cluster-port", str(doors[number]), "--cluster-config-file", "nodes.conf"], "1", directory))
    found, count = {}, 10_000
    try:
        links = [until("Redis answers", lambda port=port: Connection(port)) for port in ports]
        until("the cluster stands", lambda: all("cluster_state:ok" in link("CLUSTER", "INFO") for link in links), 60)
        time.sleep(2)
        for kind, command in (("classic", "PUBLISH"), ("sharded", "SPUBLISH")):
            channel = next(name for name in (f"channel-{number}" for number in range(100)) if links[0]("CLUSTER", "KEYSLOT", name) < 5000)
            message, cpu, written = encoded(command, channel, b"x" * 300), [each.cpu() for each in servers], [sent(each) for each in servers]
            for _ in range(count):
                links[0].many([message])
            time.sleep(0.5)
            spent = [each.cpu() - before for each, before in zip(servers, cpu)]
            found[kind] = {"own_us": spent[0] / count, "other_us": sum(spent[1:]) / 2 / count,
                           "bytes": ((sent(servers[0]) - written[0]) / count - 4) / 2}
        for link in links:
            link.close()
    finally:
        for server in servers:
            server.stop()
    return {"bus": {"publish_us": max(0.0, found["classic"]["own_us"] - found["sharded"]["own_us"]) / 2, "hear_us": found["classic"]["other_us"],
                    "bytes": found["classic"]["bytes"]}}


def sent(server: Server) -> int:
    """Bytes that a process has written, to sockets too."""
    return int(re.search(r"wchar: (\d+)", Path(f"/proc/{server.processes()[0]}/io").read_text())[1])


def drain(sockets: list[socket.socket], done: threading.Event) -> None:
    import select
    poll = select.epoll()
    by_number = {each.fileno(): each for each in sockets}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    while not done.is_set():
        for number, _ in poll.poll(0.1):
            by_number[number].recv(1 << 16)


def tenants(directory: Path, binary: str, count: int, seconds: float) -> dict[str, Any]:
    """What goes on while nobody calls: of a node, of a tenant, and of each pair of them."""
    bare = Stand(directory, binary, [{"name": "acme", "upstreams": []}])  # a node wants a key at least
    try:
        nobody = bare.window(seconds / 2)  # what a Redis does for itself
        bare.node()
        bare.node()
        time.sleep(2)
        both = bare.window(seconds)
        idle_memory = statistics.mean(node.memory() for node, _ in bare.nodes)
    finally:
        bare.stop()
    stand = Stand(directory, binary, [{"name": f"tenant-{number}", "upstreams": []} for number in range(count)])
    try:
        empty = stand.memory()
        for _ in range(2):
            stand.node()
        time.sleep(6)
        two, memory = stand.window(seconds), stand.nodes[1][0].memory()
        kept = stand.memory()
        for _ in range(2):
            stand.node()
        time.sleep(6)
        four = stand.window(seconds)
        node = rates(both, 2, nobody)
        pair = {name: max(0.0, ((four[name] - two[name]) / 2 - node[name]) / count) for name in RATES}
        tenant = {name: max(0.0, (two[name] - nobody[name] - 2 * node[name]) / count - 2 * pair[name]) for name in RATES}
        for number in range(count):
            token = stand.token(f"tenant-{number}")
            for _, port in stand.nodes:
                session_of(port, token)
        time.sleep(2)
        used = stand.window(seconds)
        in_use = rates(used, 4 * count, four)
        # Documents that are read every second, less what goes on anyway.
        looked = []
        for every in ("600000", "1000"):
            for each, _ in stand.nodes:
                each.stop()
            stand.nodes = []
            stand.node(SATGATE_TENANTS_REFRESH=every)
            time.sleep(6)
            looked.append(stand.window(seconds / 2))
        refresh = rates(looked[1], count, looked[0])
    finally:
        stand.stop()
    return {"node": {**node, "memory": idle_memory * 2**20}, "tenant": tenant, "pair": pair, "pair_in_use": in_use, "refresh": refresh,
            "tenant_memory": {"node": (memory - idle_memory) * 2**20 / count, "redis": (kept - empty) / count}}


def streams(directory: Path, binary: str, count: int) -> dict[str, Any]:
    """Open streams of sessions on which nothing happens."""
    stand = Stand(directory, binary, [{"name": "acme", "upstreams": []}])
    held: list[socket.socket] = []
    try:
        node, port = stand.node()
        token = stand.token("acme")
        session_of(port, token)
        time.sleep(2)
        base, resident, kept = stand.window(8), node.memory(), stand.memory()
        redis_cpu, node_cpu = stand.redis.cpu(), node.cpu()
        sessions = [session_of(port, token) for _ in range(count)]
        opening = {"redis_us": (stand.redis.cpu() - redis_cpu) / count, "node_us": (node.cpu() - node_cpu) / count}
        with_sessions = stand.memory()
        opened, begun = [], time.monotonic()
        for session in sessions:
            link = socket.create_connection(("127.0.0.1", port), 10)
            link.sendall((f"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAuthorization: Bearer {token}\r\n"
                          f"MCP-Protocol-Version: 2025-11-25\r\nMcp-Session-Id: {session}\r\n\r\n").encode())
            held.append(link)
            opened.append(link.recv(4096))
            # Spread over a beat, as agents are that came at any time.
            time.sleep(max(0.0, begun + 15 * len(held) / count - time.monotonic()))
        if not all(head.startswith(b"HTTP/1.1 200") for head in opened):
            raise SystemExit(f"measure: {opened[-1]!r}")
        time.sleep(16)
        done = threading.Event()
        reader = threading.Thread(target=drain, args=(held, done))
        reader.start()
        beats = stand.window(30)
        memory = node.memory()
        done.set()
        reader.join()
        session_key = stand.key_size("satgate:{acme}:session:*")
        listener = Meter(stand.connection)
        cpu = node.cpu()
        each = 10_000
        messages = [encoded("PUBLISH", "satgate:control", f"session acme {number:032x}") for number in range(each)]
        for message in messages:
            stand.connection.many([message])
        time.sleep(1)
        control = (node.cpu() - cpu) / each
        listener.since()
        own = next(name for name in stand.connection("PUBSUB", "CHANNELS", "satgate:node:*"))
        cpu = node.cpu()
        delivery = encoded("PUBLISH", own, SESSION + "m" + "x" * 200)
        for _ in range(each):
            stand.connection.many([delivery])
        time.sleep(1)
        delivered = (node.cpu() - cpu) / each
    finally:
        for link in held:
            link.close()
        stand.stop()
    return {"stream": {**{name: value * 15 for name, value in rates(beats, count, base).items()}, "memory": (memory - resident) * 2**20 / count},
            "session": {"redis": (with_sessions - kept) / count, "key": session_key, **opening},
            "message": {"control_us": control, "delivery_us": delivered}}


def one_call(directory: Path, binary: str) -> dict[str, Any]:
    """An open hold and what is kept under an idempotency key."""
    upstream, compiled = free_port(), ROOT / ".build" / "bench" / "fast_upstream"
    compiled.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cc", "-O2", "-w", "-o", str(compiled), str(ROOT / "Tests" / "Bench" / "fast_upstream.c")], check=True)
    slow = Server("slow", [str(compiled), "-p", str(upstream), "-d", "300"], "1", directory)
    stand = Stand(directory, binary, [{"name": "acme", "upstreams": [{"name": "slow", "url": f"http://127.0.0.1:{upstream}/mcp"}],
                                       "budgets": {"team": {"limit": 1000}}, "default_budget": "team"}])
    try:
        node, port = stand.node()
        token = stand.token("acme")
        session = session_of(port, token)
        until("the upstream is known", lambda: b"upstream up" in node.log.read_bytes(), 30)
        request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "echo", "arguments": {"message": "hello"}, "_meta": {"io.satgate/idempotencyKey": "one"}}})
        calling = threading.Thread(target=lambda: post(port, json.loads(request), session, token).read())
        calling.start()
        until("a hold is open", lambda: stand.connection("ZCARD", "satgate:{acme}:holds") == 1, 10)
        hold = stand.key_size("satgate:{acme}:hold:*") + stand.connection("MEMORY", "USAGE", "satgate:{acme}:holds")
        calling.join()
        record = stand.key_size("satgate:{acme}:call:*")
        answer = len(stand.connection("HGET", stand.connection("KEYS", "satgate:{acme}:call:*")[0], "report") or "")
    finally:
        stand.stop()
        slow.stop()
    return {"hold": hold, "record": record, "record_answer": answer}


def machine() -> dict[str, Any]:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    version = subprocess.run(["redis-server", "--version"], capture_output=True, text=True).stdout
    return {"processor": cpu[1] if cpu else "unknown", "cores": os.cpu_count(), "redis": re.search(r"v=(\S+)", version)[1]}


def rounded(value: Any) -> Any:
    """Three digits are more than the noise leaves."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    return float(f"{value:.3g}") if isinstance(value, float) and abs(value) < 1e6 else value


DIFFERENCES = ("node", "tenant", "pair", "pair_in_use", "refresh")


def joined(runs: list[Any], choose: Any) -> Any:
    """Figure by figure what `choose` makes of several runs; of what is no CPU time the median."""
    if isinstance(runs[0], dict):
        return {name: joined([run[name] for run in runs], choose if name.endswith("_us") or isinstance(runs[0][name], dict) else statistics.median)
                for name in runs[0] if name != "load"}
    return choose(runs) if isinstance(runs[0], (int, float)) else runs[0]


def together(files: list[Path]) -> dict[str, Any]:
    """One set of inputs of several: other programs only add to CPU time, so the least counts; where it is a difference they may also take away,
    so the mean does."""
    runs = [json.loads(file.read_text()) for file in files]
    found = {name: joined([run[name] for run in runs], statistics.mean if name in DIFFERENCES else min) for name in runs[0]}
    found["machine"]["runs"] = len(runs)
    loads = [load for run in runs for load in run["machine"]["load"].values()]
    found["machine"]["load"] = {"least": min(loads), "most": max(loads)}
    return found


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--binary", default=str(ROOT / ".build" / "release" / "satgate"))
    options.add_argument("--out", type=Path, default=ROOT / ".build" / "scale.json")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--part", choices=["calls", "call_memory", "fanout", "bus", "tenants", "streams"], help="only this; the rest stays as it was")
    options.add_argument("--together", type=Path, nargs="+", help="measures nothing: joins these runs")
    arguments = options.parse_args()
    if arguments.together:
        arguments.out.write_text(json.dumps(rounded(together(arguments.together)), indent=1) + "\n")
        return 0
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    found: dict[str, Any] = json.loads(arguments.out.read_text()) if arguments.part and arguments.out.exists() else {}
    found["machine"] = {**machine(), "load": found.get("machine", {}).get("load", {})}
    with tempfile.TemporaryDirectory(prefix="satgate-scale-") as scratch:
        os.chmod(scratch, 0o755)
        directory, binary = Path(scratch), arguments.binary
        parts = {"calls": lambda: calls(directory, binary, 3, arguments.rounds), "call_memory": lambda: {"call_memory": one_call(directory, binary)},
                 "fanout": lambda: fanout(directory, binary), "bus": lambda: bus(directory, binary),
                 "tenants": lambda: tenants(directory, binary, 100, 20), "streams": lambda: streams(directory, binary, 1500)}
        try:
            for name in [arguments.part] if arguments.part else parts:
                begun = time.monotonic()
                found["machine"]["load"][name] = os.getloadavg()[0]
                found.update(parts[name]())
                arguments.out.parent.mkdir(exist_ok=True)
                arguments.out.write_text(json.dumps(rounded(found), indent=1) + "\n")
                print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)
        finally:
            for server in reversed(Server.all):
                server.stop()
    print(arguments.out.read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
