"""Floods: what is meant to take the place of those who were there first."""
from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from testbed import stateless
from testbed.node import Node
from testbed.raw import Answer, Line, request

# the slowest calls beside a flood may take so many times as long as in a quiet round of the same run
WORSE = 3.0
BESIDE = 4


class Agents:
    """Agents that call one tool over connections that they keep."""

    def __init__(self, node: Node, token: str, tool: str) -> None:
        call = stateless.message("tools/call", {"name": tool, "arguments": {"text": "x"}})
        fields = {"Host": f"127.0.0.1:{node.port}", "Authorization": f"Bearer {token}", **stateless.headers(call)}
        self._port, self._sent = node.port, request(fields.items(), json.dumps(call).encode())
        self._lines: list[Line] = []

    async def open(self, count: int) -> Agents:
        self._lines += [await Line.open(self._port) for _ in range(count)]
        return self

    async def call(self, each: int, taken: Callable[[Answer], None] = lambda _: None) -> list[float]:
        """Every one makes so many calls; how long each took, in seconds."""
        return list(itertools.chain.from_iterable(await asyncio.gather(*(self._calls(line, each, taken) for line in self._lines))))

    async def _calls(self, line: Line, count: int, taken: Callable[[Answer], None]) -> list[float]:
        times = []
        for _ in range(count):
            began = time.monotonic()
            taken(await line.ask(self._sent))
            times.append(time.monotonic() - began)
        return times

    def close(self) -> None:
        for line in self._lines:
            line.close()


def p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


def sound(answer: Answer) -> None:
    assert answer.text == "x"


async def beside(node: Node, token: str, calls: int, flood: Callable[[], Awaitable[None]], full: bool) -> None:
    """Sound calls over connections that were there first, in a quiet round and while the flood comes."""
    agents = await Agents(node, token, "up0__echo").open(BESIDE)
    try:
        await agents.call(max(1, calls // 10), sound)
        quiet = await agents.call(calls, sound)
        flooding = asyncio.create_task(flood())
        times: list[float] = []
        while not flooding.done():
            times += await agents.call(25, sound)
        await flooding
        print(f"\np99 of {len(times)} calls beside it: {p99(times) * 1000:.1f} ms, in a quiet round {p99(quiet) * 1000:.1f} ms")
        assert not full or p99(times) <= WORSE * p99(quiet)
    finally:
        agents.close()


@pytest.mark.limit(300)
async def test_calls_to_a_dead_upstream_cost_the_others_nothing(tmp_path: Path, field, short: bool, full: bool) -> None:
    """Row 37 of the table in SECURITY.md."""
    sound_one, dead = field.serve(2)
    cluster = field.cluster(1)
    cluster.apply(field.document([sound_one, dead]))
    node, token = cluster.nodes[0], cluster.cell.mint()
    crowd = await Agents(node, token, "up1__echo").open(20 if short else 100)
    try:
        await _until_served(node, token, "up0__echo", "up1__echo")
        dead.kill()
        codes: dict[tuple[int | None, str | None], int] = {}

        def taken(answer: Answer) -> None:
            told = answer.code, answer.label
            codes[told] = codes.get(told, 0) + 1

        async def flood() -> None:
            await crowd.call(25 if short else 100, taken)
        await beside(node, token, 100 if short else 1000, flood, full)
        print(codes)
        assert set(codes) == {(-31002, "upstream_error")}
    finally:
        crowd.close()


async def _until_served(node: Node, token: str, *tools: str) -> None:
    """Calls of these tools succeed."""
    end = time.monotonic() + 20
    for tool in tools:
        agents = await Agents(node, token, tool).open(1)
        found: list[Answer] = []
        while not found or "result" not in found[-1].message:
            assert time.monotonic() < end, found[-1:]
            await agents.call(1, found.append)
        agents.close()


class Idler(asyncio.Protocol):
    """A connection that keeps what it is sent, and knows when it is closed."""

    def __init__(self) -> None:
        self.got = b""
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.got += data

    def connection_lost(self, _: Exception | None) -> None:
        self.closed.set()


async def idlers(node: Node, count: int, at_once: int = 64) -> list[Idler]:
    """So many connections, from several addresses."""
    gate, sources = asyncio.Semaphore(at_once), itertools.cycle(f"127.0.0.{number}" for number in range(2, 6))

    async def one() -> Idler:
        async with gate:
            _, idler = await asyncio.get_running_loop().create_connection(Idler, "127.0.0.1", node.port, local_addr=(next(sources), 0))
            return idler
    return await asyncio.gather(*(one() for _ in range(count)))


@pytest.mark.limit(300)
async def test_heads_that_come_byte_by_byte_are_given_up_and_hold_up_nobody(tmp_path: Path, field, short: bool, full: bool, files: None) -> None:
    """Row 22 of the table in SECURITY.md."""
    limit = 2.0 if short else 10.0
    cluster = field.cluster(1, SATGATE_LIMITS_HEAD_TIME=str(int(limit * 1000)))
    cluster.apply(field.document(field.serve(1)))
    node, token = cluster.nodes[0], cluster.cell.mint()
    await _until_served(node, token, "up0__echo")
    slow = await idlers(node, 200 if short else 2000)
    head = b"POST /mcp HTTP/1.1\r\nX-Any: " + b"x" * 200

    async def drip(idler: Idler) -> float:
        began = time.monotonic()
        for byte in head:
            if idler.closed.is_set():
                break
            idler.transport.write(bytes([byte]))
            try:
                await asyncio.wait_for(idler.closed.wait(), 1)
            except TimeoutError:
                pass
        return time.monotonic() - began

    async def flood() -> None:
        took = await asyncio.gather(*map(drip, slow))
        print(f"\n{len(took)} were given up after {min(took):.1f} to {max(took):.1f} s")
        assert max(took) < limit + 6
        assert {idler.got.split(b"\r\n")[0] for idler in slow} == {b"HTTP/1.1 408 Request Timeout"}
    await beside(node, token, 100 if short else 500, flood, full)


@pytest.mark.limit(300)
async def test_more_connections_than_there_may_be_are_closed_at_once_and_those_before_them_go_on(
        tmp_path: Path, field, short: bool, full: bool, files: None) -> None:
    """Row 50 of the table in SECURITY.md."""
    most, tried = (1000, 1500) if short else (12_000, 15_000)
    cluster = field.cluster(1, SATGATE_LIMITS_CONNECTIONS=str(most))
    cluster.apply(field.document(field.serve(1)))
    node, token = cluster.nodes[0], cluster.cell.mint()
    await _until_served(node, token, "up0__echo")
    before = node.process.descriptors()
    crowd: list[Idler] = []

    async def flood() -> None:
        crowd.extend(await idlers(node, tried))
        end = time.monotonic() + 20
        while sum(idler.closed.is_set() for idler in crowd) < tried - most and time.monotonic() < end:
            await asyncio.sleep(0.05)
    await beside(node, token, 100 if short else 1000, flood, full)
    shed = sum(idler.closed.is_set() for idler in crowd)
    print(f"{shed} of {tried} were closed at once; the node has {node.process.resident():.1f} MiB")
    assert tried - most <= shed <= tried - most + BESIDE + 8
    for idler in crowd:
        idler.transport.abort()
    end = time.monotonic() + 30
    while node.process.descriptors() > before + 8:
        assert time.monotonic() < end, "their connections are closed"
        await asyncio.sleep(0.05)
    await _until_served(node, token, "up0__echo")
