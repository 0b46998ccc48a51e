"""Agents that send slowly, read nothing, come in crowds or never leave: each is cut off in time, and the others notice nothing."""
from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from testbed.agent import BOTH, REVISION, Agent
from testbed.node import Cell, Node, tenant
from testbed.process import eventually
from testbed.prometheus import page, samples
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream

# seconds
HEAD, BODY, IDLE, STALL = 1.5, 1.5, 3.0, 2.0
PATIENCE = 20.0
LIMITS = {"SATGATE_LIMITS_HEAD_TIME": str(int(HEAD * 1000)), "SATGATE_LIMITS_BODY_TIME": str(int(BODY * 1000)),
          "SATGATE_LIMITS_IDLE_TIME": str(int(IDLE * 1000)), "SATGATE_LIMITS_STALL_TIME": str(int(STALL * 1000)),
          "SATGATE_LIMITS_REQUESTS": "5", "SATGATE_LIMITS_CONNECTIONS_PER_ADDRESS": "120"}


@dataclass
class Gate:
    node: Node
    token: str
    upstream: LightUpstream

    def count(self, name: str) -> float:
        return samples(page(self.node))[name]

    def cut(self, reason: str) -> float:
        return self.count(f'satgate_connections_cut_total{{reason="{reason}"}}')


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    directory = tmp_path_factory.mktemp("slow-agents")
    redis, upstream = RedisServer(directory), LightUpstream(directory)
    cell = Cell(directory, redis, [tenant("acme", {"light": upstream.url}, budgets={"team": {"limit": 100_000}}, default_budget="team")])
    node = cell.node("node", **LIMITS)
    yield Gate(node, cell.mint(), upstream)
    node.stop()
    upstream.stop()
    redis.stop()


def connect(gate: Gate) -> socket.socket:
    return socket.create_connection(("127.0.0.1", gate.node.port), timeout=PATIENCE)


def rest(connection: socket.socket) -> bytes:
    """What comes until the node ends its side."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def head(gate: Gate, session: str, length: int) -> bytes:
    return (f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{gate.node.port}\r\nAuthorization: Bearer {gate.token}\r\nMcp-Session-Id: {session}\r\n"
            f"MCP-Protocol-Version: {REVISION}\r\nContent-Type: application/json\r\nAccept: {BOTH}\r\nContent-Length: {length}\r\n\r\n").encode()


def call(tool: str, number: int = 1, **arguments: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}).encode()


def answer(connection: socket.socket) -> tuple[bytes, bytes]:
    """The next answer: its head and its body."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        assert piece, received
        received += piece
    top, _, body = received.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in top.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
    return top, body


async def canary(gate: Gate) -> None:
    async with Agent(gate.token) as agent:
        await agent.open(gate.node)
        assert (await agent.call(gate.node, "echo", text="canary")).text == "canary"


async def opened(gate: Gate) -> str:
    async with Agent(gate.token) as agent:
        return await agent.open(gate.node)


async def test_heads_that_come_byte_by_byte_are_answered_408_in_time(gate):
    before, begun = gate.cut("head"), time.monotonic()

    async def dribble() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.node.port)
        reading = asyncio.create_task(reader.read())
        for byte in b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n" * 20:
            if reading.done():
                break
            writer.write(bytes([byte]))
            await asyncio.wait([reading], timeout=0.1)
        writer.close()
        return await asyncio.wait_for(reading, PATIENCE)

    async def calls() -> None:
        while time.monotonic() < begun + HEAD:
            await canary(gate)

    *answers, _ = await asyncio.gather(*[dribble() for _ in range(80)], calls())
    assert {status(each) for each in answers} == {408}
    assert time.monotonic() - begun >= HEAD
    assert gate.cut("head") - before == 80


async def test_a_connection_on_which_nothing_comes_is_closed_without_a_word(gate):
    before, begun = gate.cut("head"), time.monotonic()
    with closing(connect(gate)) as silent, closing(connect(gate)) as blank:
        blank.sendall(b"\r\n\r\n")
        assert (rest(silent), rest(blank)) == (b"", b"")
    # a connection's time is counted from the turn of the loop in which it came, which may have begun a little before
    assert time.monotonic() - begun >= HEAD - 0.1
    assert gate.cut("head") - before == 2
    await canary(gate)


async def test_a_body_that_does_not_come_is_answered_408_and_costs_nothing(gate):
    session, calls = await opened(gate), gate.upstream.calls("echo")
    body, before = call("echo", text="x" * 1000), gate.cut("body")
    with closing(connect(gate)) as connection:
        connection.sendall(head(gate, session, len(body)) + body[:-1])
        received = rest(connection)
    assert status(received) == 408 and b"connection: close" in received.lower()
    assert gate.cut("body") - before == 1
    assert gate.upstream.calls("echo") == calls
    await canary(gate)


async def test_a_long_body_may_take_longer_as_long_as_it_comes(gate):
    session, begun = await opened(gate), time.monotonic()
    body = call("echo", text="x" * 400_000)
    with closing(connect(gate)) as connection:
        connection.sendall(head(gate, session, len(body)))
        for place in range(0, len(body), 20_000):
            connection.sendall(body[place:place + 20_000])
            await asyncio.sleep(0.15)
        top, received = answer(connection)
    assert status(top) == 200 and b"x" * 400_000 in received
    assert time.monotonic() - begun > 2 * BODY


async def test_an_idle_connection_is_closed_after_its_time_and_not_before(gate):
    session, before = await opened(gate), gate.cut("idle")
    with closing(connect(gate)) as connection:
        connection.sendall(head(gate, session, len(call("echo", text="a"))) + call("echo", text="a"))
        assert status(answer(connection)[0]) == 200
        begun = time.monotonic()
        # longer than a head may take: the next one has not begun
        await asyncio.sleep(HEAD + 0.5)
        connection.sendall(head(gate, session, len(call("echo", text="b"))) + call("echo", text="b"))
        assert status(answer(connection)[0]) == 200
        begun = time.monotonic()
        assert rest(connection) == b""
        assert time.monotonic() - begun >= IDLE - 0.2
    assert gate.cut("idle") - before >= 1


async def test_a_connection_serves_so_many_requests_and_says_which_is_the_last(gate):
    session = await opened(gate)
    with closing(connect(gate)) as connection:
        for number in range(1, 6):
            body = call("echo", number, text="x")
            connection.sendall(head(gate, session, len(body)) + body)
            top, _ = answer(connection)
            assert (b"connection: close" in top.lower()) == (number == 5), number
        assert rest(connection) == b""


async def test_an_agent_that_reads_nothing_is_cut_off_and_holds_no_memory(gate):
    session, before = await opened(gate), gate.cut("stalled")
    resident = gate.node.process.resident()
    connections = []
    for place in range(5):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", gate.node.port))
        # far more than the kernel keeps; the last of them are not begun
        for number in range(5):
            body = call("big", 10 * place + number, n=2_000_000)
            connection.sendall(head(gate, session, len(body)) + body)
        connections.append(connection)
    await canary(gate)
    eventually("all are cut", lambda: gate.cut("stalled") - before == 5, within=40)
    for connection in connections:
        connection.close()
    assert gate.node.process.resident() - resident < 200
    await canary(gate)


async def test_a_slow_reader_that_goes_on_reading_gets_all_of_it(gate):
    session = await opened(gate)
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", gate.node.port))
        body = call("big", n=8_000_000)
        connection.sendall(head(gate, session, len(body)) + body)
        received, begun = 0, time.monotonic()
        while received < 8_000_000:
            piece = connection.recv(400_000)
            assert piece, f"cut after {received} bytes and {time.monotonic() - begun:.1f} s"
            received += len(piece)
            await asyncio.sleep(0.05)
        assert time.monotonic() - begun > STALL


async def test_one_address_gets_no_more_than_its_share_and_keeps_what_it_has(gate):
    before = gate.count('satgate_connections_shed_total{reason="address"}')
    async with Agent(gate.token) as agent:
        await agent.open(gate.node)
        crowd = [connect(gate) for _ in range(200)]
        # the others are closed at once, long before the time of a head is over
        eventually("so many were shed", lambda: gate.count('satgate_connections_shed_total{reason="address"}') - before >= 80, within=HEAD)
        assert (await agent.call(gate.node, "echo", text="canary")).text == "canary"
        for each in crowd:
            each.close()
    eventually("they have left", lambda: gate.count("satgate_connections_open") < 20)
    await canary(gate)


async def test_a_node_takes_no_more_than_its_share_and_serves_those_it_has(start):
    broken = start(1000, SATGATE_LIMITS_CONNECTIONS="20")
    async with Agent(broken.cell.mint()) as agent:
        await agent.open(broken.a)
        crowd = [socket.create_connection(("127.0.0.1", broken.a.port), timeout=PATIENCE) for _ in range(100)]
        eventually("so many were shed", lambda: samples(page(broken.a))['satgate_connections_shed_total{reason="node"}'] >= 80)
        assert samples(page(broken.a))["satgate_connections_open"] == 20
        assert (await agent.call(broken.a, "echo", text="canary")).text == "canary"
        for each in crowd:
            each.close()
    eventually("they have left", lambda: samples(page(broken.a))["satgate_connections_open"] == 0)


async def test_a_stream_that_nobody_reads_is_cut_off(gate):
    before = gate.cut("stalled")
    headers = {"Authorization": f"Bearer {gate.token}", "Content-Type": "application/json"}
    async with Agent(gate.token) as agent:
        with closing(socket.socket()) as stream:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stream.settimeout(PATIENCE)
            stream.connect(("127.0.0.1", gate.node.port))
            stream.sendall(f"GET /sse HTTP/1.1\r\nHost: 127.0.0.1:{gate.node.port}\r\nAuthorization: Bearer {gate.token}\r\n"
                           "Accept: text/event-stream\r\n\r\n".encode())
            received = b""
            while b"data: " not in received or not received.endswith(b"\n\r\n"):
                received += stream.recv(4096)
            place = next(line[6:] for line in received.decode().split("\n") if line.startswith("data: ")).strip()

            async def say(message: dict) -> None:
                reply = await agent.request("POST", gate.node.base + place, json.dumps({"jsonrpc": "2.0", **message}).encode(), headers)
                assert reply.status == 202, reply.raw

            await say({"id": 0, "method": "initialize", "params": {
                "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "system-test", "version": "1"}}})
            while b'"id":0' not in received:
                received += stream.recv(4096)
            await say({"method": "notifications/initialized"})
            for number in range(1, 5):
                await say({"id": number, "method": "tools/call", "params": {"name": "big", "arguments": {"n": 3_000_000}}})
            eventually("it is cut", lambda: gate.cut("stalled") == before + 1, within=30)
    await canary(gate)
