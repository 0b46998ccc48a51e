"""Two nodes, one Redis, one light upstream."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from testbed.books import Books
from testbed.node import Cell, Node, tenant
from testbed.redis_server import RedisServer
from testbed.topologies import any_redis
from testbed.upstream import LightUpstream

# one budget for each test, so that each has books of its own
BUDGETS = {"alternating": 100_000, "streamed": 100_000, "lost": 100, "scarce": 50, "batched": 50, "mine": 100, "theirs": 100}


@dataclass
class Cluster:
    redis: RedisServer
    upstream: LightUpstream
    cell: Cell
    a: Node
    b: Node
    books: Books


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    directory = tmp_path_factory.mktemp("cluster")
    redis = any_redis(directory)
    upstream = LightUpstream(directory)
    cell = Cell(directory, redis, [
        tenant("acme", {"light": upstream.url}, tariff={"default": 1, "tools": {"echo": 2, "fail": 0.25}},
               budgets={name: {"limit": limit} for name, limit in BUDGETS.items()}, cap=1_000_000),
        tenant("other", {"light": upstream.url}, budgets={"theirs": {"limit": 100}}, default_budget="theirs")])
    a, b = cell.node("a", SATGATE_LOOPS="2"), cell.node("b", SATGATE_LOOPS="2")
    yield Cluster(redis, upstream, cell, a, b, Books(redis))
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    upstream.stop()
    redis.stop()
