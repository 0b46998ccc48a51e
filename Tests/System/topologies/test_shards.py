"""A Redis Cluster of which a part is gone: the tenants of the others are served as ever, those of that part are refused until it is back."""
from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from testbed.agent import Agent
from testbed.node import Cell, Node, run, tenant
from testbed.process import eventually, soon
from testbed.topologies import RedisCluster
from testbed.upstream import LightUpstream

NAMES = [f"tenant-{number}" for number in range(40)]
LISTED = "satgate:tenants"
NODES = "satgate:nodes"


class Town:
    """A cluster that keeps what is written, and two tenants at different shards; the names of all tenants and nodes are at `home`'s or a third."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        # What a server wrote it has again when it is back, and the others serve their slots without it.
        self.redis = RedisCluster(directory, "--appendonly", "yes", "--cluster-require-full-coverage", "no")
        kept = {self.redis.master_of(key) for key in (LISTED, NODES)}
        self.far = next(name for name in NAMES if self.shard(name) not in kept)
        self.near = next(name for name in NAMES if self.shard(name) != self.shard(self.far))
        self.upstream = LightUpstream(directory)
        documents = [tenant(name, {"light": self.upstream.url}, tariff={"default": 1}, budgets={"team": {"limit": 1000}}, default_budget="team")
                     for name in (self.far, self.near)]
        self.cell = Cell(directory, self.redis, documents)
        self.lost: list[int] = []

    def shard(self, name: str) -> int:
        """The number of the server that has that tenant."""
        return self.redis.master_of(f"satgate:{{{name}}}:tenant")

    def lose(self, name: str) -> None:
        """Kills the tenant's master and its replica."""
        master = self.shard(name)
        self.lost = [master, self.redis.replica_of(master)]
        for number in reversed(self.lost):
            self.redis.kill(number)

    def find(self) -> None:
        """They are back."""
        for number in self.lost:
            self.redis.start(number)

    def findings(self) -> dict[str, str]:
        """What `satgate doctor` says of Redis, with its grade."""
        result = run("doctor", "--json", env=self.cell.environment)
        return {finding["what"]: finding["grade"] for finding in json.loads(result.stdout) if finding["area"] == "redis"}

    def end(self) -> None:
        self.upstream.stop()
        self.redis.stop()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    yield made
    made.end()


def readiness(node: Node) -> tuple[int, str]:
    """The status of /readyz, and what it says."""
    answer = httpx.get(f"{node.admin}/readyz?verbose", trust_env=False)
    return answer.status_code, answer.text


async def test_tenants_of_a_shard_that_is_gone_are_refused_with_503_the_others_are_served_by_nodes_that_start_too(town: Town) -> None:
    old = town.cell.node("old", SATGATE_REDIS_TIMEOUT="500")
    async with Agent(town.cell.mint(town.far)) as far, Agent(town.cell.mint(town.near)) as near:
        await far.open(old)
        await near.open(old)
        assert (await far.call(old, "echo", text="a")).text == "a"
        town.lose(town.far)
        began = time.monotonic()
        new = town.cell.node("new", SATGATE_REDIS_TIMEOUT="500")
        print(f"a node that starts meanwhile is ready after {time.monotonic() - began:.1f} s")
        for node in (old, new):
            status, said = eventually("the node says what is missing", lambda: (
                found if "out of reach" in (found := readiness(node))[1] else None), within=15)
            assert status == 200, said
            before = town.upstream.calls("echo")
            refused = await far.call(node, "echo", text="x")
            assert (refused.status, refused.code, refused.label) == (503, -32603, "store_unavailable"), refused.raw
            assert refused.headers["retry-after"], refused.headers
            assert town.upstream.calls("echo") == before, "an unpaid call was forwarded"
            served = await near.call(node, "echo", text="b")
            assert served.text == "b", served.raw
        async with Agent(town.cell.mint(town.far)) as stranger:
            begun = await stranger.ask(new, "initialize", {
                "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}})
            assert begun.status == 503, f"a tenant that the node could not read is not unknown: {begun.status} {begun.raw!r}"
        town.find()
        for node in (old, new):
            eventually("nothing is missing", lambda: "out of reach" not in readiness(node)[1], within=60)
            for agent in (far, near):
                await served_again(agent, node)
    assert (old.stop(), new.stop()) == (0, 0)


async def served_again(agent: Agent, node: Node) -> None:
    """Waits until a call of the agent is made; until then it is refused as before."""
    async def made() -> bool:
        reply = await agent.call(node, "echo", text="c")
        assert reply.status in (200, 503), reply.raw
        return reply.status == 200 and reply.text == "c"
    await soon("the agent is served again", made, within=60)


def test_doctor_looks_at_every_shard(town: Town) -> None:
    whole = town.findings()
    assert whole.pop("a cluster of 3 shards, every slot with an owner") == "good", whole
    assert sum(": replicas: 1" in what for what in whole) == 3, whole
    master = town.shard(town.far)
    place = f"127.0.0.1:{town.redis.servers[master].port} ("
    replica = town.redis.replica_of(master)
    town.redis.kill(replica)
    def lonely() -> list[str]:
        """The grades of what is said of the master's having no replica."""
        return [grade for what, grade in town.findings().items() if place in what and "it has no replica" in what]
    assert eventually("the master has lost its replica", lonely, within=30) == ["warning"]
    town.redis.kill(master)
    gone = town.findings()
    assert [grade for what, grade in gone.items() if place in what and "does not answer" in what] == ["failure"], gone
