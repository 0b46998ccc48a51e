"""The log: lines that name their request, levels that are turned while nodes run, a reader that does not read."""
from __future__ import annotations

import fcntl
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.agent import Agent
from testbed.node import BINARY, Cell, Node, tenant
from testbed.operators import Operators
from testbed.process import clean_environment, eventually, free_port, soon
from testbed.redis_server import RedisServer
from testbed.stateless import Stateless
from testbed.upstream import LightUpstream

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def lines(node: Node) -> list[dict[str, Any]]:
    """Each line of the log, which must be one JSON object that says nothing twice."""
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)
    return [json.loads(line, object_pairs_hook=once) for line in node.process.log.read_text().splitlines()]


def served(node: Node) -> list[dict[str, Any]]:
    return [line for line in lines(node) if line["message"] == "request served"]


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory) -> Operators:
    return Operators(tmp_path_factory.mktemp("operators"))


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    directory = tmp_path_factory.mktemp("logs")
    redis, upstream = RedisServer(directory), LightUpstream(directory)
    yield Cell(directory, redis, [tenant("acme", {"light": upstream.url}, budgets={"team": {"limit": 100_000}}, default_budget="team")])
    upstream.stop()
    redis.stop()


async def test_a_line_of_a_request_names_the_request_and_its_trace(cell):
    node = cell.node("verbose", SATGATE_LOG_LEVEL="debug")
    async with Agent(cell.mint()) as agent, Stateless(cell.mint()) as other:
        await agent.open(node)
        for _ in range(2):
            assert (await agent.call(node, "echo", text="x")).text == "x"
        assert (await other.ask(node, "tools/call", {"name": "echo", "arguments": {"text": "x"}}, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")).text == "x"
        assert (await agent.ask(node, "tools\n/\u2028odd")).code == -32601
    shown = await soon("the calls are told", lambda: (found := served(node)) and len(found) >= 4 and found)
    calls = [line for line in shown if line["method"] == "tools/call"]
    assert len(calls) == 3 and len({line["request"] for line in calls}) == 3
    assert [line.get("trace") for line in calls] == [None, None, TRACE]
    assert all({"time", "level", "logger", "tenant", "session", "microseconds"} <= line.keys() for line in calls)
    assert calls[0]["logger"] == "satgate.gateway" and [line["method"] for line in shown if line not in calls] == ["_OTHER"]
    assert node.stop() == 0
    assert "odd" not in node.process.log.read_text()


def test_an_operator_turns_the_levels_of_all_nodes_and_they_fall_back(cell, operators):
    a, b = (cell.node(name, **operators.settings) for name in ("turned-a", "turned-b"))
    usual = {item["logger"]: item for item in operators.get(a, "log-level")["items"]}
    assert usual["satgate.redis"] == {"level": "info", "logger": "satgate.redis"} and "satgate" in usual and "satgate.gateway" in usual
    with operators.api(a) as api:
        answer = api.put("/log-level", json={"level": "debug", "logger": "satgate.gateway", "seconds": 3})
        assert answer.status_code == 204, answer.text
    (told,) = operators.get(b, "events", tenant="_", type="log_turned")["items"]
    assert told["data"] == {"logger": "satgate.gateway", "level": "debug", "seconds": 3, "by": "api:admin"}
    for node in (a, b):
        def turned() -> bool:
            items = {item["logger"]: item for item in operators.get(node, "log-level")["items"]}
            return items["satgate.gateway"]["level"] == "debug" and items["satgate.gateway"]["seconds"] <= 3 and items["satgate"]["level"] == "info"
        eventually("the level is turned", turned)
        eventually("who turned it is told", lambda: any(line["message"] == "log level turned" and line["by"] == "api:admin" for line in lines(node)))
    for node in (a, b):
        eventually("it falls back", lambda: {item["level"] for item in operators.get(node, "log-level")["items"]} == {"info"})
    with operators.api(b) as api:
        assert api.put("/log-level", json={"level": "error"}).status_code == 204
        eventually("all are turned", lambda: {item["level"] for item in operators.get(a, "log-level")["items"]} == {"error"})
        for wrong in ({"level": "loud"}, {"level": "info", "logger": "nobody"}, {"level": "info", "seconds": 0}, {"level": "info", "seconds": 86401}, {"level": "info", "more": 1}, {}):
            assert api.put("/log-level", json=wrong).status_code == 400, wrong
    with operators.api(b, "reader") as api:
        assert api.put("/log-level", json={"level": "info"}).status_code == 403
    assert (a.stop(), b.stop()) == (0, 0)


async def test_nobody_who_reads_the_log_slowly_holds_up_a_call(cell, tmp_path: Path):
    """Standard error is a pipe of 4 KiB that nobody reads while thousands of lines are written."""
    port = free_port()
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    node = subprocess.Popen(
        [BINARY, "serve"], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writer,
        env={**clean_environment(), **cell.environment, "SATGATE_LISTEN_PORT": str(port), "SATGATE_ADMIN_PORT": "0", "SATGATE_LOOPS": "1",
             "SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "true", "SATGATE_LOG_LEVEL": "debug", "SATGATE_DRAIN_ANNOUNCE": "0"})
    os.close(writer)

    class Place:
        mcp = f"http://127.0.0.1:{port}/mcp"

    said = bytearray()
    try:
        async with Agent(cell.mint()) as agent:
            async def opened() -> bool:
                try:
                    return bool(await agent.open(Place))  # type: ignore[arg-type]
                except Exception:
                    return False
            await soon("the node answers", opened, within=30)
            for _ in range(300):
                assert (await agent.call(Place, "echo", text="x")).text == "x"  # type: ignore[arg-type]
        taker = threading.Thread(target=lambda: [said.extend(piece) for piece in iter(lambda: os.read(reader, 65536), b"")], daemon=True)
        taker.start()
        node.terminate()
        assert node.wait(15) == 0
        taker.join(15)
    finally:
        if node.poll() is None:
            node.kill()
            node.wait()
        os.close(reader)
    messages = [json.loads(line)["message"] for line in said.decode().splitlines()]
    assert messages.count("request served") >= 300 and messages[-1] == "stopped"
