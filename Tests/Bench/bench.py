#!/usr/bin/env python3
"""What a governed call costs, with nginx `proxy_pass` and others beside satgate in the same rounds, and every mark that satgate is to meet.

The gateway under test (one worker, one event loop) has core 0 to itself; wrk, the upstream and Redis share core 1. Figures of the rounds are ratios
to nginx in the same round: medians, with the least and the greatest. All that was measured is in .build/bench.json.

usage: bench.py [--quick] [--part calls|dashboards|idle|start|latency|costs|growth]
"""
from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import costs
import figures
import growth
import idle
import latency
import startup
from peers import ROOT
from rounds import Bench
from servers import Server, many_files

ALL = ("nginx", "imitation", "envoy", "fastmcp", "satgate", "asking", "strict", "stateless")
QUICK = ("nginx", "imitation", "satgate", "asking")


def calls(directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Rounds of each peer by turns."""
    bench = Bench(directory, options.binary, QUICK if options.quick else ALL)
    for name in bench.peers:
        bench.measure(name, 8, 1, check=True)  # every body read; also the warm-up
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in bench.peers}
    for number in range(options.rounds):
        for name in bench.peers:
            found = bench.measure(name, options.connections, options.seconds)
            rounds[name].append(found)
            print(f"round {number + 1} {name:9s} {found['cpu']:7.1f} us/call {found['rate']:8.0f} calls/s  p50 {found['p50']:.2f} ms"
                  f"  p99 {found['p99']:.2f} ms  core {found['busy']:.0%}", flush=True)
    peers = {}
    for name, each in rounds.items():
        middle = {key: statistics.median(found[key] for found in each) for key in each[0]}
        peers[name] = {"cpu_us": middle["cpu"], "rps": middle["rate"], "p50_ms": middle["p50"], "p99_ms": middle["p99"],
                       "redis_us": middle["redis"] if bench.peers[name].spent else 0, "others_us": middle["others"], "rss_mib": middle["memory"]}
    tell_peers(peers)
    return {"peers": peers, "rounds": rounds, "connections": options.connections}


def tell_peers(peers: dict[str, dict[str, float]]) -> None:
    print("\n| | CPU us/call | calls/s | p50 ms | p99 ms | Redis us/call | wrk, upstream us/call | RSS MiB |\n|---|---|---|---|---|---|---|---|")
    for name, each in peers.items():
        print(f"| {name} | {each['cpu_us']:.1f} | {each['rps']:.0f} | {each['p50_ms']:.2f} | {each['p99_ms']:.2f} | {each['redis_us']:.1f} "
              f"| {each['others_us']:.1f} | {each['rss_mib']:.0f} |")


def dashboards(directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """What two dashboards that watch every event cost the calls: rounds by turns with and without them."""
    bench = Bench(directory, options.binary, ("satgate",))
    bench.measure("satgate", 8, 1)
    turns = [(bench.measure("satgate", options.connections, options.seconds), bench.watched(options.connections, options.seconds))
             for _ in range(options.rounds)]
    found = {key: statistics.median(watched[key] / alone[key] for alone, watched in turns) for key in ("cpu", "p99", "redis")}
    behind = [watched["behind"] for _, watched in turns if watched["events"]]
    found |= {"events": statistics.median(2 * watched["rate"] for _, watched in turns), "behind": max(behind, default=0),
              "cut": len(turns) - len(behind)}
    print(f"\nwatched by 2 dashboards, {found['events']:.0f} events/s: CPU per call x {found['cpu']:.2f}, p99 x {found['p99']:.2f}, Redis x"
          f" {found['redis']:.2f} (medians of {len(turns)} pairs of rounds); dashboards were told all {found['behind']:.1f} s after the round"
          f" at the latest, {found['cut']} times one could not follow and was cut")
    return {"dashboards": found}


PARTS = {
    "calls": calls, "dashboards": dashboards,
    "idle": lambda directory, options: idle.measure(directory, options.binary, options.streams),
    "start": lambda directory, options: startup.measure(directory, options.binary),
    "latency": lambda directory, options: latency.measure(directory, options.binary, options.rounds, options.seconds),
    "costs": lambda directory, options: costs.measure(directory, options.binary),
    "growth": lambda directory, options: growth.measure(directory, options.binary, options.seconds),
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="only nginx, the imitation and satgate with and without leases, within two minutes")
    parser.add_argument("--part", choices=list(PARTS), help="only this; what .build/bench.json has of the others stays")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--streams", type=int, default=9000)
    parser.add_argument("--binary", default=str(ROOT / ".build" / "release" / "satgate"))
    options = parser.parse_args()
    many_files()
    found = figures.read()
    for name in [options.part] if options.part else ["calls"] if options.quick else PARTS:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="satgate-bench-") as scratch:
            os.chmod(scratch, 0o755)  # nginx' worker is another user
            try:
                found |= PARTS[name](Path(scratch), options)
            finally:
                Server.stop_all()
        found["machine"] = figures.machine(options.binary)
        figures.write(found)
        print(f"-- {name}: {time.monotonic() - begun:.0f} s", flush=True)
    rows = figures.table(found)
    if options.quick:
        rows = [*rows[:2], *rows[3:5]]
    elif options.part == "calls":
        rows = rows[:6]
    return 0 if figures.tell(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
