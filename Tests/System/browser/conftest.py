"""Two nodes behind a balancer, their dashboard in a real browser, and agents of the official SDKs."""
from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from testbed.balancer import Balancer
from testbed.browser import Browser, Page
from testbed.node import Cell, Node, tenant
from testbed.operators import Operators
from testbed.process import ROOT, clean_environment, free_port
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream


@dataclass
class Site:
    redis: RedisServer
    cell: Cell
    operators: Operators
    nodes: dict[str, Node]
    balancer: Balancer
    light: LightUpstream
    spare: LightUpstream
    browser: Browser

    @asynccontextmanager
    async def page(self, operator: str | None = "admin") -> AsyncIterator[Board]:
        """A fresh browser at the balancer, logged in as that operator; None: at the login. Whatever is wrong with the page fails."""
        async with await self.browser.open(Board) as page:
            await page.size(1440, 900)
            await page.go(f"{self.balancer.base}/")
            await page.until("!document.getElementById('login').hidden")
            if operator:
                await page.type(self.operators.tokens[operator])
                await page.press("Enter")
                await page.shows("Live ·", "#link")
            yield page
            assert page.errors == [], "exceptions, console errors and violations of the policy"
            assert page.failures == page.excused, "requests that failed"
            assert page.outside(self.balancer.base) == [], "everything is asked of the node"

    @asynccontextmanager
    async def agent(self, environment: str, url: str, *mint: str) -> AsyncIterator[SDKAgent]:
        """An agent of the SDK in that environment, with a token of its own."""
        agent = await SDKAgent.start(environment, url, self.cell.mint("acme", *mint))
        try:
            yield agent
        finally:
            await agent.stop()


class Board(Page):
    """The dashboard."""

    # requests that a test means to fail
    excused: list[str] = []

    async def visit(self, view: str) -> None:
        """Goes there by its address."""
        await self.value(f"void (location.hash = '{view}')")
        await self.until(f"document.querySelector('nav [aria-current]')?.hash === '#{view.split('?')[0]}'")


class SDKAgent:
    """See agent_process.py."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, environment: str, url: str, token: str) -> SDKAgent:
        here = Path(__file__).parent
        process = await asyncio.create_subprocess_exec(
            str(ROOT / ".build" / f"venv-{environment}" / "bin" / "python"), str(here / "agent_process.py"), url, token,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=sys.stderr,
            env={**clean_environment(), "PYTHONPATH": str(here.parent), "PYTHONDONTWRITEBYTECODE": "1"})
        agent = cls(process)
        assert await agent._line() == "connected"
        return agent

    async def _line(self) -> str:
        return (await asyncio.wait_for(self._process.stdout.readline(), 60)).decode().strip()

    async def call(self, tool: str) -> str:
        """Calls it without arguments; "ok", or why not."""
        self._process.stdin.write(f"{tool}\n".encode())
        await self._process.stdin.drain()
        return await self._line()

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.stdin.close()
            try:
                await asyncio.wait_for(self._process.wait(), 15)
            except asyncio.TimeoutError:
                self._process.kill()
                await self._process.wait()


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("site")
    redis = RedisServer(directory)
    light, spare = LightUpstream(directory), LightUpstream(directory, "spare", tools=["spare_tool"])
    operators = Operators(directory)
    prices = {"default": 1, "tools": {"echo": 2}}
    cell = Cell(directory, redis, [
        tenant("acme", {"light": light.url, "spare": spare.url}, tariff=prices, default_budget="team",
               budgets={"team": {"limit": 1000}, "small": {"limit": 3}, "shown": {"limit": 1, "mode": "observe"}, "many": {"limit": 100_000}}),
        tenant("other", {"light": light.url}, budgets={"theirs": {"limit": 100}}, default_budget="theirs")])
    ports = {name: free_port() for name in ("a", "b")}
    nodes = {name: cell.node(name, SATGATE_ADMIN_PORT=str(port), **operators.settings) for name, port in ports.items()}
    balancer = Balancer(directory, [], list(ports.values()))
    browser = Browser(directory)
    yield Site(redis, cell, operators, nodes, balancer, light, spare, browser)
    browser.stop()
    balancer.stop()
    statuses = [node.stop() for node in nodes.values()]
    assert not any(statuses), f"nodes end with 0 after SIGTERM: {statuses}"
    for upstream in (light, spare):
        upstream.stop()
    redis.stop()
