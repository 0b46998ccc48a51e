"""Many nodes that begin at once, as after an outage."""
from __future__ import annotations

import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from testbed.light_agent import Kind, LightAgent, Plan, outcomes
from testbed.node import BINARY, Cell, tenant
from testbed.process import Process, eventually, free_port
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream

NODES = 20
TOOLS = (["echo"], ["slow"], ["fail"])


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def test_twenty_nodes_begin_at_once_and_ask_each_upstream_once(tmp_path: Path):
    redis = RedisServer(tmp_path)
    upstreams = [LightUpstream(tmp_path, f"up{number}", tools=tools) for number, tools in enumerate(TOOLS)]
    cell = Cell(tmp_path, redis, [
        tenant("acme", {f"up{number}": {"url": upstream.url, "transport": "streamable-http"} for number, upstream in enumerate(upstreams)},
               budgets={"team": {"limit": 1000}}, default_budget="team")])
    ports = [(free_port(), free_port()) for _ in range(NODES)]
    begun = time.monotonic()
    nodes = [Process(f"fresh-{number}", [BINARY, "serve"], tmp_path, {
        "SATGATE_LISTEN_PORT": str(port), "SATGATE_ADMIN_PORT": str(admin), "SATGATE_LOOPS": "1", "SATGATE_DRAIN_ANNOUNCE": "0",
        "SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "true", **cell.environment}) for number, (port, admin) in enumerate(ports)]
    with ThreadPoolExecutor(NODES) as pool:
        waits = list(pool.map(lambda admin: eventually("ready", lambda: is_ready(admin), within=60, every=0.2) and time.monotonic() - begun,
                              [admin for _, admin in ports]))
    print(f"\n{NODES} nodes were ready after {min(waits):.1f} to {max(waits):.1f} s")
    assert max(waits) < 20, waits
    eventually("each upstream is known", lambda: all(upstream.stats()["lists"] for upstream in upstreams), within=20)
    # each node serves calls of all upstreams' tools
    kinds = [Kind("echo", 1, '"text":"%"', echoes=True), Kind("slow", 1, '"ms":1'), Kind("fail", 1)]
    before = [upstream.stats() for upstream in upstreams]
    plan = Plan([port for port, _ in ports], cell.mint(), 120, kinds, "first", connections=20, keyed=False, retries=False, patience=30)
    samples = LightAgent(tmp_path, plan).finish(within=60)
    assert {sample.outcome for sample in samples} == {"result", "tool_error"}, outcomes(samples)
    for upstream, counts in zip(upstreams, before):
        asked = {name: counts[name] for name in ("initializes", "lists", "discovers")}
        # whether it speaks without a handshake, then the handshake, then its tools
        assert asked["initializes"] == asked["lists"] == 1 and asked["discovers"] <= 1, f"{upstream.name} was asked {asked}"
        assert upstream.stats()["lists"] == 1, "what one node has found out the others need not ask"
    for node in nodes:
        assert node.stop(15) == 0, node.tail()
    for upstream in upstreams:
        upstream.stop()
    redis.stop()
