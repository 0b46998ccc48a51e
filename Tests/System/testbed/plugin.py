"""A pytest plugin: asynchronous tests, log tails of whatever failed, and nothing left running."""
from __future__ import annotations

import asyncio
import inspect
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .process import Process
from .redis_server import RedisServer

TEST_LIMIT = 90.0


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "limit(seconds): how long an asynchronous test may take")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs `async def` tests, each on a loop of its own and within a limit: 90 s, or what `@pytest.mark.limit(seconds)` says."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    mark = pyfuncitem.get_closest_marker("limit")
    limit = mark.args[0] if mark else TEST_LIMIT

    async def limited() -> None:
        await asyncio.wait_for(pyfuncitem.obj(**arguments), limit)

    asyncio.run(limited())
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
    """Adds the end of every live process' log to the report of a failure."""
    report = yield
    if report.failed:
        for process in Process.live:
            report.sections.append((f"{process.name} (pid {process.pid}, exit {process._child.poll()})", process.tail()))
    return report


@pytest.fixture
def files() -> Iterator[None]:
    """As many open files as the system allows; what is started inherits that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="session", autouse=True)
def nothing_left() -> Iterator[None]:
    """Ends what a fixture could not."""
    yield
    for process in list(Process.live):
        process.stop(grace=0.5)


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis for the tests of one module."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()
