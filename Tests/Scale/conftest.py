"""What many nodes say to each other through a real Redis; with `--short` the form that `make test` runs."""
from __future__ import annotations

import pytest

pytest_plugins = ["testbed.plugin"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--short", action="store_true", help="fewer nodes for a shorter time, on a machine that may be busy")
    parser.addoption("--nodes", type=int, default=1000, help="as many of them, where it is not the short form")


@pytest.fixture
def many(request: pytest.FixtureRequest) -> int:
    return request.config.getoption("--nodes")


@pytest.fixture
def short(request: pytest.FixtureRequest) -> bool:
    return request.config.getoption("--short")
