"""Two nodes with operators, one Redis, one light upstream."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from testbed.books import Books
from testbed.node import Cell, Node, tenant
from testbed.operators import Operators
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream


@dataclass
class Site:
    redis: RedisServer
    upstream: LightUpstream
    cell: Cell
    operators: Operators
    a: Node
    b: Node
    books: Books


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("site")
    redis = RedisServer(directory)
    upstream = LightUpstream(directory)
    operators = Operators(directory)
    cell = Cell(directory, redis, [
        tenant("acme", {"light": upstream.url}, tariff={"default": 1, "tools": {"echo": 2}}, budgets={"team": {"limit": 100_000}},
               default_budget="team"),
        tenant("other", {"light": upstream.url}, budgets={"theirs": {"limit": 100}}, default_budget="theirs")])
    issuers = directory / "oauth.yaml"
    issuers.write_text("{resource: 'https://tools.example/mcp', issuers: [{issuer: 'http://127.0.0.1:9', tenant: acme}]}")
    a, b = (cell.node(name, SATGATE_LOOPS="1", SATGATE_OAUTH_FILE=str(issuers), **operators.settings) for name in ("a", "b"))
    yield Site(redis, upstream, cell, operators, a, b, Books(redis))
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    upstream.stop()
    redis.stop()
