"""A transparent tenant: one upstream, its names and URIs as they are. `legacy` is before the server of SDK 1.x, `modern` before that of 2.x."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from testbed.node import Cell, Node, tenant
from testbed.redis_server import RedisServer
from testbed.upstream import EverythingServer

UPSTREAM_TOKEN = "the-upstreams-own-credential"


@dataclass
class Transparent:
    """One such tenant and its two nodes."""
    a: Node
    b: Node
    cell: Cell
    tenant: str
    upstream: EverythingServer

    def token(self, *arguments: str) -> str:
        return self.cell.mint(self.tenant, *arguments)


@pytest.fixture(scope="package")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Transparent]]:
    directory = tmp_path_factory.mktemp("conformance")
    redis = RedisServer(directory)
    servers = {"legacy": EverythingServer(1, UPSTREAM_TOKEN, directory), "modern": EverythingServer(2, UPSTREAM_TOKEN, directory)}
    cell = Cell(directory, redis, [
        tenant(name, {"everything": {"url": server.url, "headers": {"Authorization": "Bearer ${env:UP_TOKEN}"}}},
               naming="never", unbudgeted="allow") for name, server in servers.items()])
    a, b = (cell.node(name, UP_TOKEN=UPSTREAM_TOKEN) for name in "ab")
    yield {name: Transparent(a, b, cell, name, server) for name, server in servers.items()}
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    for each in [*servers.values(), redis]:
        each.stop()


@pytest.fixture
def legacy(cell: dict[str, Transparent]) -> Transparent:
    return cell["legacy"]


@pytest.fixture
def modern(cell: dict[str, Transparent]) -> Transparent:
    return cell["modern"]
