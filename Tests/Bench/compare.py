#!/usr/bin/env python3
"""Two builds of satgate against each other, in many short rounds by turns, so that what the machine's neighbours do hits both alike.

Each has a Redis and an upstream of its own. Printed are the CPU per call of both, least and median, and the median of the rounds' ratios, which
is the figure to trust on a machine that is not ours alone.
"""
from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from rounds import Bench
from servers import Server


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("binaries", nargs=2, metavar="BINARY")
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--seconds", type=int, default=1)
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--nginx", action="store_true", help="measure nginx in every round, too")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="satgate-compare-") as scratch:
        os.chmod(scratch, 0o755)  # nginx' worker is another user
        try:
            rounds = measure(Path(scratch), arguments)
        finally:
            for server in reversed(Server.all):
                server.stop()
    report(rounds)
    return 0


def measure(scratch: Path, arguments: argparse.Namespace) -> list[list[dict]]:
    benches = []
    for index, binary in enumerate(arguments.binaries):
        directory = scratch / str(index)
        directory.mkdir(mode=0o755)
        benches.append(Bench(directory, binary))
    peers = [(bench, "satgate") for bench in benches] + ([(benches[0], "nginx")] if arguments.nginx else [])
    for bench, name in peers:
        bench.measure(name, 8, 1, check=True)
    rounds: list[list[dict]] = []
    for number in range(arguments.rounds):
        order = peers if number % 2 else peers[::-1]
        try:
            figures = {(bench, name): bench.measure(name, arguments.connections, arguments.seconds) for bench, name in order}
        except SystemExit as miscount:  # on a crowded machine a round's last calls may end in the next one
            print(f"round {number + 1} left out: {miscount}")
            continue
        rounds.append([figures[peer] for peer in peers])
    return rounds


def report(rounds: list[list[dict]]) -> None:
    names = ["first", "second", "nginx"]
    print("| | CPU us/call min | median | calls/s median | Redis us/call min | median |\n|---|---|---|---|---|---|")
    for index, name in enumerate(names[:len(rounds[0])]):
        def column(key: str, choose) -> float:
            return choose(figures[index][key] for figures in rounds)
        print(f"| {name} | {column('cpu', min):.1f} | {column('cpu', statistics.median):.1f} | {column('rate', statistics.median):.0f} "
              f"| {column('redis', min):.1f} | {column('redis', statistics.median):.1f} |")
    for key, what in (("cpu", "CPU"), ("redis", "Redis")):
        ratios = [figures[1][key] / figures[0][key] for figures in rounds]
        print(f"{what} per call, second / first: median of {len(ratios)} rounds {statistics.median(ratios):.3f}"
              f" ({min(ratios):.3f} to {max(ratios):.3f})")
    if len(rounds[0]) > 2:
        for index in range(2):
            print(f"CPU per call, {names[index]} / nginx: median {statistics.median(figures[index]['cpu'] / figures[2]['cpu'] for figures in rounds):.2f}")


if __name__ == "__main__":
    sys.exit(main())
