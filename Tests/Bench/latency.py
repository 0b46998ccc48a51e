"""What a governed call adds to the upstream's own time when nothing else goes on, beside Redis round trips of the same minute."""
from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from peers import Peer, open_session
from rounds import Bench
from servers import GATEWAY, pinned


def measure(directory: Path, binary: str, rounds: int, seconds: int) -> dict[str, Any]:
    """Medians in µs, by turns: a call straight to the upstream, one through satgate, one through nginx, a PING and an EVALSHA of Redis."""
    bench = Bench(directory, binary)
    direct = Peer("direct", None, bench.upstream_port, sessions=[open_session(bench.upstream_port, None)])
    found = []
    for _ in range(rounds + 1):
        median = {name: bench.wrk(peer, 1, seconds)["p50"] for name, peer in (("direct", direct), *bench.peers.items())}
        ping, script = (round_trip(bench, *words) for words in (("PING",), ("EVAL", "return 1", "0")))
        found.append({**median, "redis": ping, "script": script, "added": median["satgate"] - median["direct"]})
    for each in found[1:]:
        print(f"1 connection, p50 in us: upstream {each['direct']:.0f}, by nginx {each['nginx']:.0f}, by satgate {each['satgate']:.0f}: added"
              f" {each['added']:.0f}; a Redis round trip {each['redis']:.0f} (a script {each['script']:.0f}), so {each['added'] - 2 * each['redis']:.0f}"
              " beyond two")
    return {"latency": found[1:]}


def round_trip(bench: Bench, *words: str) -> float:
    """The median µs of a command on one connection, as redis-benchmark tells it from the core where the gateway is."""
    argv = [*pinned(GATEWAY), "redis-benchmark", "-p", str(bench.redis_port), "-c", "1", "-n", "20000", "--csv", *words]
    line = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip().splitlines()[-1]
    return float(line.split('","')[4]) * 1000
