"""What a call costs that does not depend on the machine: Redis commands and bytes, allocations.

Allocations are counted by a library that is preloaded into the node (malloc_count.c), in a run of its own: no counting is in the figures of the
rounds. A little of what is counted is the node's own housekeeping, some tenths of a percent at full load.
"""
from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

from rounds import Bench, compiled
from servers import Server, until

sys.path.append(str(Path(__file__).resolve().parent.parent / "Scale"))
from resp import Connection, Meter  # noqa: E402


def measure(directory: Path, binary: str) -> dict[str, Any]:
    counter = compiled("malloc_count", "-shared", "-fPIC")
    bench = Bench(directory, binary, ("satgate", "stateless"), LD_PRELOAD=str(counter))
    found = {}
    for name in ("satgate", "stateless"):
        for connections in (1, 64):
            found[f"{name}, {connections} connections"] = of_a_call(bench, name, connections)
    for name, each in found.items():
        print(f"{name}: {each['scripts']:.2f} scripts with {each['commands'] - each['scripts']:.1f} commands in them, {each['in']:.0f} bytes to"
              f" Redis, {each['out']:.0f} back, {each['publishes']:.2f} publishes; {each['allocations']:.1f} allocations of {each['allocated']:.0f} bytes")
        print("  by size: " + ", ".join(f"{size} {count:.1f}" for size, count in each["sizes"].items()))
    return {"costs": found}


def of_a_call(bench: Bench, name: str, connections: int) -> dict[str, Any]:
    bench.measure(name, connections, 1)
    redis = Connection(bench.redis_port)
    meter, before = Meter(redis), allocations(bench.peers[name].server)
    calls = bench.measure(name, connections, 3)["calls"]
    after, did = allocations(bench.peers[name].server), meter.since()
    redis.close()
    count, size, *classes = [(last - first) / calls for first, last in zip(before, after)]
    return {"commands": did["commands"] / calls, "scripts": did.get("evalsha", 0) / calls, "in": did["in"] / calls, "out": did["out"] / calls,
            "publishes": did.get("publish", 0) / calls, "allocations": count, "allocated": size,
            "sizes": {f"to {16 << number} B": each for number, each in enumerate(classes) if each > 0.01}}


def allocations(server: Server) -> list[int]:
    """Since the start: how many, of how many bytes together, and how many of each class of sizes."""
    said = len(found(server))
    os.kill(server.child.pid, signal.SIGUSR2)
    until("the node tells its allocations", lambda: len(found(server)) > said, 5)
    return found(server)[-1]


def found(server: Server) -> list[list[int]]:
    return [[int(number) for number in line.split()] for line in re.findall(r"ALLOCATIONS ([\d ]+)\n", server.log.read_text(errors="replace"))]
