"""Clients of every revision, two nodes behind a balancer without stickiness, and before each everything server a tap."""
from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from testbed.balancer import Balancer
from testbed.client import KINDS, Agent, Kind, Person, join
from testbed.node import Cell, Node, tenant
from testbed.redis_server import RedisServer
from testbed.schema import faults_of_client
from testbed.tap import Tap
from testbed.upstream import EverythingServer
from testbed.wire import Exchange

UPSTREAM_TOKEN = "the-upstreams-own-credential"


@dataclass
class Stage:
    """What all pairings share."""
    cell: Cell
    nodes: list[Node]
    balancer: Balancer
    upstreams: dict[str, EverythingServer]
    taps: dict[str, Tap]
    tokens: dict[str, str]


@dataclass
class Pairing:
    """One kind of client and one server."""
    stage: Stage
    kind: Kind
    server: str
    joined: int = 0
    passed: list[Exchange] = field(default_factory=list)

    @property
    def upstream(self) -> EverythingServer:
        return self.stage.upstreams[self.server]

    @property
    def tap(self) -> Tap:
        return self.stage.taps[self.server]

    @asynccontextmanager
    async def join(self, person: Person | None = None, **options: Any) -> AsyncIterator[Agent]:
        """A client through the balancer. What satgate has said to it and to the server, on the whole, must be valid at its end."""
        if not self.joined:
            # what is under way is of tests before
            self.tap.take()
        self.joined += 1
        async with join(self.kind, self.stage.balancer.base, self.stage.tokens[self.server], person, **options) as agent:
            yield agent
            self.passed += self.tap.take()
            assert not agent.faults()
            assert not faults_of_client(self.passed)

    def called(self, words: str) -> Exchange:
        """The one call with these words in it that has reached the server."""
        self.passed += self.tap.take()
        [found] = [exchange for exchange in self.passed if words.encode() in exchange.body and b'"tools/call"' in exchange.body]
        return found


@pytest.fixture(scope="package")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("matrix")
    redis = RedisServer(directory)
    upstreams = {f"upstream{generation}": EverythingServer(generation, UPSTREAM_TOKEN, directory, more=True) for generation in (2, 1)}
    taps = {name: Tap(server.port) for name, server in upstreams.items()}
    cell = Cell(directory, redis, [
        tenant(name, {"everything": {"url": tap.url, "headers": {"Authorization": "Bearer ${env:UP_TOKEN}"}}}, unbudgeted="allow")
        for name, tap in taps.items()])
    nodes = [cell.node(name, UP_TOKEN=UPSTREAM_TOKEN) for name in "ab"]
    balancer = Balancer(directory, nodes)
    yield Stage(cell, nodes, balancer, upstreams, taps, {name: cell.mint(name) for name in taps})
    balancer.stop()
    assert [node.stop() for node in nodes] == [0, 0], "a node ends with 0 after SIGTERM"
    for each in [*taps.values(), *upstreams.values(), redis]:
        each.stop()


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture(params=["upstream2", "upstream1"])
def server(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def pairing(stage: Stage, kind: Kind, server: str) -> Pairing:
    return Pairing(stage, kind, server)
