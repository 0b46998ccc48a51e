"""A tenant whose charges replicas must have: what its agents were told is there when a replica takes over."""
from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.agent import Agent
from testbed.books import MICROS, Books
from testbed.node import Cell, tenant
from testbed.process import Process, eventually, soon
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream


class Replicated:
    """A master with a replica, a light upstream, and a node with a durable tenant."""

    def __init__(self, directory: Path) -> None:
        (directory / "replica").mkdir()
        self.master, self.replica = RedisServer(directory), RedisServer(directory / "replica")
        self.upstream = LightUpstream(directory)
        self.master.client.config_set("repl-diskless-sync-delay", 0)
        self.replica.client.replicaof("127.0.0.1", self.master.port)
        eventually("the replica follows", lambda: self.replica.client.info("replication")["master_link_status"] == "up", within=15)
        document = tenant("acme", {"light": self.upstream.url}, tariff={"default": 1}, budgets={"team": {"limit": 100_000}},
                          default_budget="team", durability={"mode": "durable", "replicas": 1, "timeout": "500ms"})
        self.cell = Cell(directory, self.master, [document])
        self.node = self.cell.node("a")

    def end(self) -> None:
        for part in (self.node, self.upstream, self.replica, self.master):
            if part.process in Process.live:
                part.process.thaw()
                part.stop()


@pytest.fixture
def replicated(tmp_path: Path) -> Iterator[Replicated]:
    cell = Replicated(tmp_path)
    yield cell
    cell.end()


async def test_what_agents_were_told_is_there_when_the_replica_is_promoted(replicated):
    told = 0
    async with Agent(replicated.cell.mint(), timeout=30) as agent:
        await agent.open(replicated.node)

        async def work():
            nonlocal told
            while told < 600:
                reply = await agent.call(replicated.node, "echo", text="x")
                if reply.status != 200 or reply.result is None:
                    assert reply.label == "not_durable", reply.raw
                    return
                told += 1

        workers = [asyncio.create_task(work()) for _ in range(16)]
        while told < 300:
            await asyncio.sleep(0.01)
        # in the middle of it another takes over, and the old master does not know yet
        replicated.replica.client.replicaof("NO", "ONE")
        await asyncio.gather(*workers)
    balance = Books(replicated.replica).balance("team")
    assert balance.spent >= told * MICROS, f"{told} calls were answered, the replica knows of {balance.spent / MICROS}"
    balance.check()


async def test_without_its_replica_a_call_is_not_made_and_one_that_ran_is_said_not_to_be_safe(replicated):
    books = Books(replicated.master)
    async with Agent(replicated.cell.mint(), timeout=30) as agent:
        await agent.open(replicated.node)
        assert (await agent.call(replicated.node, "echo", text="x")).text
        message = json.dumps({"jsonrpc": "2.0", "id": "keyed", "method": "tools/call", "params": {"name": "park", "arguments": {}}}).encode()
        keyed = agent.headers(**{"Idempotency-Key": "only-once"})
        parked = asyncio.create_task(agent.request("POST", replicated.node.mcp, message, keyed))
        await soon("it runs", lambda: replicated.upstream.calls("park"), within=10)
        replicated.replica.process.freeze()
        replicated.upstream.release()
        reply = await parked
        assert (reply.status, reply.code, reply.label) == (503, -32603, "not_durable"), reply.raw
        assert "charged" in reply.message["error"]["message"] and int(reply.headers["retry-after"]) >= 0
        assert books.quiet("team").spent == 2 * MICROS
        refused = await agent.call(replicated.node, "echo", text="x")
        assert (refused.status, refused.code, refused.label) == (503, -32603, "not_durable"), refused.raw
        assert "not made" in refused.message["error"]["message"]
        assert books.quiet("team").spent == 2 * MICROS and replicated.upstream.calls("echo") == 1
        replicated.replica.process.thaw()
        await soon("the replica follows", lambda: replicated.master.client.wait(1, 100) == 1, within=15)
        assert (await agent.call(replicated.node, "echo", text="x")).text
        # under its key the call that ran is told at no cost
        again = await agent.request("POST", replicated.node.mcp, message, keyed)
        assert again.text == "released" and replicated.upstream.calls("park") == 1
        assert books.quiet("team").spent == 3 * MICROS
