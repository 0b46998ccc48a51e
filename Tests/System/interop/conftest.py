"""One node before the official servers of both SDK generations: tenant acme has the 2.x one, tenant beta the 1.x one."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbed.books import Books
from testbed.node import Cell, Node, tenant
from testbed.redis_server import RedisServer
from testbed.sdk import WAYS
from testbed.upstream import EverythingServer

UPSTREAM_TOKEN = "the-upstreams-own-credential"
TARIFF = {"default": 1, "tools": {"echo": 2, "big*": 0.5, "image": 0}}


@dataclass
class Bench:
    """A tenant, its upstream and the node that governs it."""
    tenant: str
    node: Node
    cell: Cell
    upstream: EverythingServer
    books: Books

    def token(self, *arguments: str) -> str:
        return self.cell.mint(self.tenant, *arguments)


@pytest.fixture(scope="package")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Bench]]:
    directory = tmp_path_factory.mktemp("interop")
    redis = RedisServer(directory)
    servers = {"acme": EverythingServer(2, UPSTREAM_TOKEN, directory), "beta": EverythingServer(1, UPSTREAM_TOKEN, directory)}
    cell = Cell(directory, redis, [
        tenant(name, {"everything": {"url": server.url, "headers": {"Authorization": "Bearer ${env:UP_TOKEN}"}, "timeout": "30s"}},
               tariff=TARIFF, budgets={"team": {"limit": 100000}}, default_budget="team", unbudgeted="refuse")
        for name, server in servers.items()])
    node = cell.node("node", UP_TOKEN=UPSTREAM_TOKEN)
    yield {name: Bench(name, node, cell, server, Books(redis, name)) for name, server in servers.items()}
    assert node.stop() == 0, "a node ends with 0 after SIGTERM"
    for server in servers.values():
        server.stop()
    redis.stop()


@pytest.fixture(params=["acme", "beta"], ids=["upstream2", "upstream1"])
def bench(request: pytest.FixtureRequest, benches: dict[str, Bench]) -> Bench:
    return benches[request.param]


@pytest.fixture(params=WAYS)
def path(request: pytest.FixtureRequest) -> Any:
    """Streamable HTTP or HTTP+SSE, and how the client begins."""
    return request.param
