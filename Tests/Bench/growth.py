"""How a call's cost grows: with connections, tools, sessions, nodes, the size of its body, and with dashboards that watch."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from idle import Crowd, websocket
from peers import open_session, post
from rounds import Bench, told
from servers import Server, until

Point = dict[str, float]
PACE = 20  # calls a second while dashboards watch


def measure(directory: Path, binary: str, seconds: float) -> dict[str, Any]:
    curves: dict[str, Callable[[Path, str, float], Iterator[tuple[int, Point]]]] = {
        "connections": connections, "body bytes": bodies, "sessions": sessions, "tools": tools, "nodes": nodes, "dashboards": dashboards}
    found: dict[str, Any] = {}
    for curve, points in curves.items():
        found[curve] = {}
        for size, point in points(directory, binary, seconds):
            found[curve][str(size)] = point
            print(f"{curve} {size:6d}: " + ", ".join(f"{name} {value:.4g}" for name, value in point.items()), flush=True)
    return {"growth": found}


@contextmanager
def bench(directory: Path, binary: str, **options: Any) -> Iterator[Bench]:
    """Everything fresh, stopped afterwards."""
    place = directory / f"growth-{time.monotonic_ns()}"
    place.mkdir(mode=0o755)
    try:
        yield Bench(place, binary, ("satgate",), **options)
    finally:
        Server.stop_all()


def point(found: dict[str, float]) -> Point:
    return {"cpu_us": found["cpu"], "rps": found["rate"], "p50_ms": found["p50"], "p99_ms": found["p99"], "redis_us": found["redis"],
            "rss_mib": found["memory"]}


def connections(directory: Path, binary: str, seconds: float) -> Iterator[tuple[int, Point]]:
    with bench(directory, binary) as stand:
        stand.measure("satgate", 8, 1)
        for count in (1, 8, 64, 256):
            yield count, point(stand.measure("satgate", count, seconds))


def bodies(directory: Path, binary: str, seconds: float) -> Iterator[tuple[int, Point]]:
    with bench(directory, binary) as stand:
        for size in (300, 4096, 65536, 1 << 20):
            stand.measure("satgate", 8, 1, body=size)
            yield size, point(stand.measure("satgate", 16, seconds, body=size))


def sessions(directory: Path, binary: str, seconds: float) -> Iterator[tuple[int, Point]]:
    """Calls go round all sessions in turn."""
    with bench(directory, binary, SATGATE_LIMITS_SESSIONS="20000") as stand:
        peer = stand.peers["satgate"]
        for count in (1, 100, 1000, 10_000):
            peer.sessions = peer.sessions[:1] if count == 1 else peer.sessions
            peer.sessions += [open_session(peer.port, peer.token) for _ in range(count - len(peer.sessions))]
            stand.measure("satgate", 64, 1)
            yield count, point(stand.measure("satgate", 64, seconds))


def tools(directory: Path, binary: str, seconds: float) -> Iterator[tuple[int, Point]]:
    """Also what the first page of the list costs, of up to 1,000 tools."""
    for count in (10, 1000, 10_000):
        with bench(directory, binary, tools=count) as stand:
            peer = stand.peers["satgate"]
            stand.measure("satgate", 8, 1)
            before, lists = peer.server.cpu(), 20
            for _ in range(lists):
                post(peer.port, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, peer.sessions[0], peer.token).read()
            listing = (peer.server.cpu() - before) / lists
            yield count, {**point(stand.measure("satgate", 64, seconds)), "list_us": listing}


def nodes(directory: Path, binary: str, seconds: float) -> Iterator[tuple[int, Point]]:
    """One, two and three nodes on one core, each with its share of 64 connections; sessions are everybody's."""
    with bench(directory, binary) as stand:
        every = [stand.peers["satgate"]]
        for count in (1, 2, 3):
            if count > 1:
                every.append(stand.satgate.node(f"satgate-{count}"))
                every[-1].sessions = every[0].sessions
            for node in every:
                stand.wrk(node, 8, 1)
            until("every hold is settled", every[0].settled, 20)
            calls, cpu, redis = stand.upstream_calls(), sum(node.server.cpu() for node in every), stand.redis.cpu()
            rounds = [told(load) for load in [stand.load(node, 64 // count, seconds) for node in every]]
            until("every hold is settled", every[0].settled, 20)
            cpu, redis = sum(node.server.cpu() for node in every) - cpu, stand.redis.cpu() - redis
            calls = stand.upstream_calls() - calls
            yield count, {"cpu_us": cpu / calls, "rps": sum(each["requests"] / (each["us"] / 1e6) for each in rounds),
                          "p99_ms": max(each["p99"] for each in rounds) / 1000, "redis_us": redis / calls}


def dashboards(directory: Path, binary: str, seconds: float) -> Iterator[tuple[int, Point]]:
    """At a fixed pace of calls: at full load a thousand dashboards cannot be told all."""
    with bench(directory, binary) as stand:
        peer = stand.peers["satgate"]
        crowd = Crowd(peer, websocket, stand.satgate)
        try:
            for count in (0, 1, 100, 1000):
                crowd.open(count - len(crowd.links))
                done = threading.Event()
                reader = threading.Thread(target=keep_reading, args=(crowd, done))
                reader.start()
                time.sleep(2)
                cpu, took = peer.server.cpu(), []
                for number in range(int(seconds * PACE)):
                    begun = time.monotonic()
                    post(peer.port, call(number), peer.sessions[0], peer.token).read()
                    took.append((time.monotonic() - begun) * 1000)
                    time.sleep(max(0.0, begun + 1 / PACE - time.monotonic()))
                spent, memory = peer.server.cpu() - cpu, peer.server.memory()
                done.set()
                reader.join()
                yield count, {"cpu_us": spent / len(took), "p50_ms": sorted(took)[len(took) // 2], "rss_mib": memory, "lost": crowd.lost()}
        finally:
            crowd.close()


def keep_reading(crowd: Crowd, done: threading.Event) -> None:
    while not done.is_set():
        crowd.listen(0.1)


def call(number: int) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "echo", "arguments": {"message": "hello"}}}
