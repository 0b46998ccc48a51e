"""Cells that a test may break: each test starts its own."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from testbed.books import Books
from testbed.node import Cell, Node, tenant
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream


@dataclass
class Broken:
    """A cell under test: Redis, light upstream, nodes A and B."""
    redis: RedisServer
    upstream: LightUpstream
    cell: Cell
    a: Node
    b: Node
    books: Books
    nodes: list[Node] = field(default_factory=list)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Broken]]:
    """Starts a cell: `start(limit=…, tools=…, durable=…, SATGATE_…=…)`."""
    cells: list[Broken] = []

    def make(limit: float, tools: dict[str, Any] | None = None, durable: bool = False, **settings: str) -> Broken:
        redis = RedisServer(tmp_path, durable)
        upstream = LightUpstream(tmp_path)
        document = tenant("acme", {"light": upstream.url}, tariff={"default": 1, "tools": tools or {}},
                          budgets={"team": {"limit": limit}}, default_budget="team")
        cell = Cell(tmp_path, redis, [document])
        broken = Broken(redis, upstream, cell, cell.node("a", **settings), cell.node("b", **settings), Books(redis))
        cells.append(broken)
        return broken

    yield make
    for broken in cells:
        for part in (broken.a, broken.b, broken.upstream, broken.redis):
            part.process.thaw()
        for part in (broken.a, broken.b, broken.upstream, broken.redis):
            part.stop()
