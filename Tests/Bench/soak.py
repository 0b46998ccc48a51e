#!/usr/bin/env python3
"""Full load for ten minutes: the node's memory must not grow.

64 connections call all the time; every ten seconds they are new ones with four new sessions, and every minute with a new token, as agents come and go.
What is compared: the median of the resident memory in the last minute and in the second one, when caches have been filled. Two streams stay open.

usage: soak.py [--minutes 10] [--binary FILE]
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

import figures
from idle import Crowd, get, sse
from peers import ROOT, open_session
from rounds import Bench, told
from servers import Server, many_files, until

SLICE = 10  # seconds of one lot of connections


def soak(directory: Path, binary: str, minutes: float) -> dict[str, Any]:
    bench = Bench(directory, binary, ("satgate",))
    peer = bench.peers["satgate"]
    crowds = [Crowd(peer, kind, bench.satgate) for kind in (get, sse)]
    for crowd in crowds:
        crowd.open(1)
    calls, begun, answers, renewed = bench.upstream_calls(), time.monotonic(), 0, 0.0
    seen: list[tuple[float, float]] = []
    while (now := time.monotonic()) < begun + 60 * minutes:
        if now > renewed + 60:
            peer.token, renewed = bench.satgate.mint(), now
        peer.sessions = [open_session(peer.port, peer.token) for _ in range(4)]
        load = bench.load(peer, 64, SLICE)
        while load.poll() is None:
            for crowd in crowds:
                crowd.listen(0.5)
            seen.append((time.monotonic() - begun, peer.server.memory()))
        round_ = told(load)
        answers += round_["requests"]
        if any(round_[kind] for kind in ("non2xx", "socket", "timeout")):
            raise SystemExit(f"bench: {round_}")
        print(f"{seen[-1][0]:5.0f} s  {seen[-1][1]:6.1f} MiB  {round_['requests'] / SLICE:6.0f} calls/s", flush=True)
    if any(crowd.lost() for crowd in crowds):
        raise SystemExit("bench: an idle stream was closed")
    until("every hold is settled", peer.settled, 20)
    calls = bench.upstream_calls() - calls
    if bench.satgate.spent() != calls:
        raise SystemExit(f"bench: {calls} calls made, {bench.satgate.spent()} charged")
    first = statistics.median(memory for at, memory in seen if 60 <= at < 120)
    last = statistics.median(memory for at, memory in seen if at >= 60 * (minutes - 1))
    return {"minutes": minutes, "calls": calls, "rate": answers / (time.monotonic() - begun), "second_minute_mib": first, "last_minute_mib": last,
            "growth": last / first}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--binary", default=str(ROOT / ".build" / "release" / "satgate"))
    options = parser.parse_args()
    if options.minutes < 3:
        parser.error("the second minute and the last one are compared: at least 3 minutes")
    many_files()
    with tempfile.TemporaryDirectory(prefix="satgate-soak-") as scratch:
        os.chmod(scratch, 0o755)
        try:
            found = soak(Path(scratch), options.binary, options.minutes)
        finally:
            Server.stop_all()
    figures.write(figures.read() | {"soak": found})
    flat = 0.95 <= found["growth"] <= 1.05
    print(f"{found['calls']} calls in {options.minutes:.0f} minutes, all charged; {found['second_minute_mib']:.1f} MiB in the second minute,"
          f" {found['last_minute_mib']:.1f} MiB in the last: x {found['growth']:.3f}: {'flat' if flat else 'NOT FLAT'}")
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
