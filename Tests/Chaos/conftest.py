"""Faults at full length; with `--short` the forms that `make test` runs, which judge no latency."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.cluster import Cluster
from testbed.node import tenant
from testbed.upstream import LightUpstream

pytest_plugins = ["testbed.plugin"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--short", action="store_true", help="fewer and shorter, on a machine that may be busy")


@pytest.fixture
def short(request: pytest.FixtureRequest) -> bool:
    return request.config.getoption("--short")


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
