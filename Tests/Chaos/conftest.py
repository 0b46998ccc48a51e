"""Faults at full length; with `--short` the forms that `make test` runs, which judge no latency."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bank import Bank
from testbed.cluster import Cluster
from testbed.node import tenant
from testbed.upstream import LightUpstream

pytest_plugins = ["testbed.plugin"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--short", action="store_true", help="fewer and shorter, on a machine that may be busy")
    parser.addoption("--share", type=float, default=1.0, help="this part of the full counts of money's tests, and no rate is judged")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: has no short form")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--short"):
        left = [item for item in items if not item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=[item for item in items if item not in left])
        items[:] = left


@pytest.fixture
def short(request: pytest.FixtureRequest) -> bool:
    return request.config.getoption("--short")


@pytest.fixture
def count(request: pytest.FixtureRequest, short: bool) -> Callable[[int, int], int]:
    """`count(full, fewer)`: the second in the short form."""
    share = request.config.getoption("--share")
    return lambda full, fewer: fewer if short else max(1, int(full * share))


@pytest.fixture
def full(request: pytest.FixtureRequest, short: bool) -> bool:
    """Whether all of it runs, so that rates may be judged."""
    return not short and request.config.getoption("--share") >= 1


class Field:
    """Light upstreams and the cluster of nodes before them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.upstreams: list[LightUpstream] = []
        self._cluster: Cluster | None = None

    def serve(self, count: int, **options: Any) -> list[LightUpstream]:
        """That many more upstreams, called up0, up1, …"""
        first = len(self.upstreams)
        more = [LightUpstream(self.directory, f"up{number}", **options) for number in range(first, first + count)]
        self.upstreams += more
        return more

    def cluster(self, size: int = 3, **settings: str) -> Cluster:
        self._cluster = Cluster(self.directory, size, ["acme"], **settings)
        return self._cluster

    def document(self, upstreams: list[LightUpstream], **entry: Any) -> dict[str, Any]:
        """The tenant's document with these upstreams, every tool under its prefixed name, and credit enough."""
        return tenant("acme", {title(upstream): {"url": upstream.url, **entry} for upstream in upstreams}, naming="always",
                      budgets={"team": {"limit": 100_000_000}}, default_budget="team")

    def end(self) -> None:
        for upstream in self.upstreams:
            upstream.thaw()
            upstream.stop()
        if self._cluster:
            self._cluster.stop()


def title(upstream: LightUpstream) -> str:
    """Its name in the tenant's document."""
    return upstream.name.removeprefix("upstream-")


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    made = Field(tmp_path)
    yield made
    made.end()


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Callable[..., Bank]]:
    """Starts a bank: `bank(limit=…, durable=…, SATGATE_…=…)`."""
    opened: list[Bank] = []

    def start(**options: Any) -> Bank:
        opened.append(Bank(tmp_path / f"bank-{len(opened)}", **options))
        return opened[-1]
    yield start
    for each in opened:
        each.end()
