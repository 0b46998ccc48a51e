"""Requests sent without waiting for the answers to those before."""
from __future__ import annotations

import asyncio

from testbed.agent import Agent
from testbed.node import Cell, tenant
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream


async def send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def test_thousands_of_requests_at_once_are_answered_in_order(tmp_path):
    redis, upstream = RedisServer(tmp_path), LightUpstream(tmp_path)
    cell = Cell(tmp_path, redis, [tenant("acme", {"light": upstream.url}, budgets={"team": {"limit": 1000}}, default_budget="team")])
    node = cell.node("node")
    try:
        count = 20_000
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        # As short as they can be, so that one read brings thousands, and answered at once, without a wait in between.
        # The 404 needs the right host.
        requests = [b"GET / HTTP/1.1\r\n\r\n", f"GET / HTTP/1.1\r\nHost:127.0.0.1:{node.port}\r\n\r\n".encode()]
        sending = asyncio.create_task(send(writer, b"".join(requests[number % 100 == 99] for number in range(count))))
        for number in range(count):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            assert head.split(b" ", 2)[1] == (b"404" if number % 100 == 99 else b"403"), (number, head)
            length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            await reader.readexactly(length)
        await sending
        writer.close()
        async with Agent(cell.mint()) as agent:
            await agent.open(node)
            assert (await agent.call(node, "echo", text="canary")).text == "canary"
    finally:
        node.stop()
        upstream.stop()
        redis.stop()
