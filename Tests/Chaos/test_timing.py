"""Whether the time that a refusal takes tells why a token was refused: printed, not judged, for the machine is shared."""
from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.forge import forged
from testbed.node import Cell, tenant
from testbed.raw import Line, request
from testbed.redis_server import RedisServer

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
CAVEATS = "tenant_id = acme", "expires = 2100-01-01T00:00:00Z"
# of the slowest, which tell of the machine and not of the node
CROPPED = 0.05


@pytest.mark.limit(600)
async def test_how_long_refusals_take(tmp_path: Path, count: Callable[[int, int], int]) -> None:
    redis = RedisServer(tmp_path)
    cell = Cell(tmp_path, redis, [tenant("acme", {}, unbudgeted="allow")])
    node = cell.node("node")
    made: dict[str, Callable[[], str]] = {
        "an unknown key": lambda: forged(cell, *CAVEATS, identifier=f"key-nope:{random.randbytes(16).hex()}"),
        "a bad signature": lambda: forged(cell, *CAVEATS, key=random.randbytes(32)),
        "a bad caveat": lambda: forged(cell, *CAVEATS[:1], "expires = soon, not now, later ")}
    took: dict[str, list[int]] = {name: [] for name in made}
    line = await Line.open(node.port)
    try:
        for _ in range(count(100_000, 1500) // len(made)):
            for name in random.sample(list(made), len(made)):
                sent = request([("Host", f"127.0.0.1:{node.port}"), ("Authorization", f"Bearer {made[name]()}"), ("Content-Type", "application/json")], PING)
                began = time.perf_counter_ns()
                answer = await line.ask(sent)
                took[name].append(time.perf_counter_ns() - began)
                assert answer.status == 401
    finally:
        line.close()
        await asyncio.sleep(0)
        status = node.stop()
        redis.stop()
    assert status == 0
    for name, times in took.items():
        times[:] = sorted(times)[:int(len(times) * (1 - CROPPED))]
        print(f"\n{name}: median {statistics.median(times) / 1000:.1f} us of {len(times)}", end="")
    names = list(took)
    for place, first in enumerate(names):
        for second in names[place + 1:]:
            print(f"\n{first} and {second}: t = {_welch(took[first], took[second]):.1f}", end="")
    print()


def _welch(first: list[int], second: list[int]) -> float:
    """Welch's t, beyond 4.5 of which two distributions are taken for different ones."""
    error = statistics.variance(first) / len(first) + statistics.variance(second) / len(second)
    return (statistics.fmean(first) - statistics.fmean(second)) / error ** 0.5
