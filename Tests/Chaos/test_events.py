"""The feed of events under load, through the death of a node, and with a thousand watchers of whom some do not read."""
from __future__ import annotations

import asyncio
import json
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from testbed.cluster import Cluster
from testbed.feed import Watcher
from testbed.node import Node, tenant
from testbed.operators import Operators
from testbed.process import clean_environment, soon

TENANTS = [f"t{number}" for number in range(10)]
KIB_EACH = 60.0  # of a node's memory for a watcher, its connection included


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[Cluster, Operators]]:
    operators = Operators(tmp_path)
    cluster = Cluster(tmp_path, 2, [*TENANTS, "big"], SATGATE_LOOPS="1", **operators.settings)
    cluster.apply(*(tenant(name, {}) for name in [*TENANTS, "big"]))
    yield cluster, operators
    cluster.stop()


async def record(cluster: Cluster, rate: int, seconds: int, *tenants: str, size: int = 200) -> dict[str, float]:
    """Events at that rate, each with so many bytes of text."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).parent / "recorder.py"), str(cluster.redis.port), *map(str, (rate, seconds, size)), *tenants,
        stdout=asyncio.subprocess.PIPE, env=clean_environment())
    output, _ = await child.communicate()
    assert child.returncode == 0, output
    return json.loads(output)


def kept(cluster: Cluster, name: str) -> list[dict]:
    """The tenant's events as Redis has them, in order of their numbers."""
    found = []
    for stream in ("ledger", "audit"):
        start = "-"
        while page := cluster.redis.client.xrange(f"satgate:{{{name}}}:{stream}", min=start, count=5000):
            found += [json.loads(fields["event"]) for _, fields in page]
            start = f"({page[-1][0]}"
    return sorted(found, key=lambda event: event["seq"])


class Timed(Watcher):
    """A watcher that notes how old each event was when it came, in milliseconds."""

    def __init__(self, *arguments, **named) -> None:
        super().__init__(*arguments, **named)
        self.ages: list[float] = []

    def _take(self, event: dict) -> None:
        super()._take(event)
        if "timestamp" in event:
            stamped = datetime.fromisoformat(event["timestamp"]).timestamp()
            self.ages.append((datetime.now(timezone.utc).timestamp() - stamped) * 1000)


@pytest.mark.limit(300)
async def test_two_watchers_see_every_event_once_and_in_order_though_their_nodes_change(
        watched: tuple[Cluster, Operators], count: Callable[[int, int], int]):
    cluster, operators = watched
    first, second = cluster.nodes
    seconds, rate = count(60, 5), 2000
    before = {name: kept(cluster, name)[-1]["seq"] for name in TENANTS}
    async with Timed(operators, first) as everything, Timed(operators, second, tenant="t1,t2,t3", type="tool_call,session_close") as some:
        memory = second.process.resident()
        writing = asyncio.create_task(record(cluster, rate, seconds, *TENANTS))
        await asyncio.sleep(seconds * 0.4)
        first.kill()
        await soon("the watcher has lost its node", lambda: everything.closed)
        await everything.resume(second)
        first.start()  # not from a thread: it would die with that
        await some.resume(first)
        written = await writing
        assert written["events"] == rate * seconds
        last = {name: kept(cluster, name)[-1]["seq"] for name in TENANTS}
        await soon("the last events came", lambda: all(everything.numbers(name)[-1:] == [last[name]] for name in TENANTS), within=30)
        wanted = {name: [event["seq"] for event in kept(cluster, name) if event["seq"] > before[name]
                         and event["type"] in ("tool_call", "session_close")] for name in ("t1", "t2", "t3")}
        await soon("and those of the filter", lambda: all(some.numbers(name)[-1:] == wanted[name][-1:] for name in wanted), within=30)
        for name in TENANTS:
            assert everything.numbers(name) == list(range(before[name] + 1, last[name] + 1)), f"each of {name} once, in order"
        assert {name: some.numbers(name) for name in wanted} == wanted
        assert set(some.kinds()) == {"tool_call", "session_close"}, "no gap, nothing else"
        ages = sorted(everything.ages)
        print(f"\n{written['events']:,} events in {written['seconds']:.1f} s; age when they came, the reconnect included: "
              f"p50 {ages[len(ages) // 2]:.0f} ms, p99 {ages[len(ages) * 99 // 100]:.0f} ms; "
              f"the node grew by {second.process.resident() - memory:.1f} MiB")


class Raw(asyncio.Protocol):
    """A WebSocket by hand: keeps the numbers of the events, not the events."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._bytes = bytearray()
        self._is_open = False
        self.begun = asyncio.get_running_loop().create_future()
        self.numbers: list[int] = []
        self.others = 0
        self.code: int | None = None
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self._request)

    def connection_lost(self, _: Exception | None) -> None:
        self.ended = True

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        if not self._is_open:
            head, end, rest = bytes(self._bytes).partition(b"\r\n\r\n")
            if not end:
                return
            assert b" 101 " in head.split(b"\r\n")[0], head
            self._is_open, self._bytes = True, bytearray(rest)
        while (frame := self._frame()) is not None:
            self._take(*frame)

    def _frame(self) -> tuple[int, bytes] | None:
        if len(self._bytes) < 2:
            return None
        length, start = self._bytes[1], 2
        if length == 126:
            start = 4
        elif length == 127:
            start = 10
        if len(self._bytes) < start:
            return None
        if start > 2:
            length = int.from_bytes(self._bytes[2:start], "big")
        if len(self._bytes) < start + length:
            return None
        frame = self._bytes[0], bytes(self._bytes[start:start + length])
        del self._bytes[:start + length]
        return frame

    def _take(self, head: int, payload: bytes) -> None:
        if head & 15 == 8:
            self.code = struct.unpack("!H", payload[:2])[0]
        elif head & 15 == 9:
            self.transport.write(bytes([0x8a, 0x80, 0, 0, 0, 0]))
        elif payload.startswith(b'{"type":"hello"'):
            self.begun.set_result(None)
        elif b'"seq":' in payload:
            at = payload.index(b'"seq":') + 6
            self.numbers.append(int(payload[at:payload.index(b",", at)]))
        else:
            self.others += 1


async def crowd(operators: Operators, node: Node, size: int, name: str) -> list[Raw]:
    """That many watchers of a tenant, all greeted."""
    port = int(node.admin.rsplit(":", 1)[1])
    request = (f"GET /api/v1/events?tenant={name} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               f"Authorization: {operators.headers()['Authorization']}\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode()
    gate = asyncio.Semaphore(50)

    async def one() -> Raw:
        async with gate:
            link = socket.socket()
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            link.setblocking(False)
            await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", port))
            _, watcher = await asyncio.get_running_loop().create_connection(lambda: Raw(request), sock=link)
            await asyncio.wait_for(watcher.begun, 30)
            return watcher
    return list(await asyncio.gather(*(one() for _ in range(size))))


@pytest.mark.limit(300)
async def test_a_thousand_watchers_of_whom_some_do_not_read_have_every_event_once_in_bounded_memory(
        watched: tuple[Cluster, Operators], count: Callable[[int, int], int]):
    cluster, operators = watched
    node = cluster.nodes[0]
    async with Watcher(operators, node, tenant="t0"):  # the feed is there already
        memory = node.process.resident()
        watchers = await crowd(operators, node, 1000, "t0")
        opened = node.process.resident()
        before = kept(cluster, "t0")[-1]["seq"]
        events = count(1000, 60)
        await record(cluster, events // 3 or 1, 3, "t0")
        last = kept(cluster, "t0")[-1]["seq"]
        assert last == before + 3 * (events // 3)
        await soon("everybody has the last", lambda: all(each.numbers[-1:] == [last] for each in watchers), within=90)
        assert all(each.numbers == list(range(before + 1, last + 1)) for each in watchers), "each event once, in order"
        assert not any(each.ended or each.others for each in watchers)
        sent = node.process.resident()

        lazy = await crowd(operators, node, 20, "big")
        for each in lazy:
            each.transport.pause_reading()
        await record(cluster, 200, 5, "big", size=64 << 10)  # more than the ring and the kernel hold together
        flooded = node.process.resident()
        await asyncio.sleep(6)  # a node looks every 2 s, and waits 3 s for an answer to its close
        for each in lazy:
            each.transport.resume_reading()
        await soon("who does not read is cut", lambda: all(each.ended for each in lazy), within=45)
        assert all(each.code in (None, 4408) for each in lazy)
        assert not any(each.ended for each in watchers), "the others stay"
        print(f"\n1,000 watchers: {(opened - memory) * 1024 / 1000:.1f} KiB each when open, {(sent - memory) * 1024 / 1000:.1f} KiB after "
              f"{3 * (events // 3):,} events each; {flooded - sent:+.1f} MiB while 20 do not read 62 MiB each")
        assert (sent - memory) * 1024 / 1000 < KIB_EACH
        assert flooded - sent < 100
        for each in watchers:
            each.transport.abort()
