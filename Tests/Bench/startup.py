"""The CPU time that a node takes from its start until it serves."""
from __future__ import annotations

import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from rounds import Bench


def measure(directory: Path, binary: str, times: int = 5) -> dict[str, Any]:
    """Milliseconds of all threads when `/readyz` first answers 200, of several starts; the tenant's document is new to none but the first."""
    bench = Bench(directory, binary, ())
    found = []
    for number in range(times + 1):
        peer = bench.satgate.node(f"start-{number}")
        while not is_ready(bench.satgate.admin_ports[peer.name]):
            time.sleep(0.002)
        found.append(peer.server.cpu() / 1000)
        peer.server.stop()
    print(f"\nCPU from start to ready, ms: {', '.join(f'{each:.0f}' for each in found)} (the first fills the page cache and is left out)")
    return {"start": found[1:]}


def is_ready(port: int) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status == 200
    except urllib.error.HTTPError:
        return False
