"""Nodes behind haproxy that are replaced one after the other under load, as a Deployment does: a new one, then the end of an old one."""
from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from .books import Books
from .cluster import Cluster
from .haproxy import Haproxy
from .light_agent import Kind, LightAgent, Plan, Sample, outcomes
from .node import Node, tenant
from .process import eventually, free_port, soon
from .tally import Tally, tally
from .ticker import Ticker
from .upstream import LightUpstream
from .watchers import Listening, Older, Watch, wrong

ANNOUNCE = 1500  # milliseconds
GRACE = 30_000
ECHO = Kind("echo", 2, '"text":"%"', echoes=True)
SLOW = Kind("slow", 5, '"ms":400')
PROGRESS = Kind("progress", 3, '"steps":10,"delayMs":150', progress=True)
CALLS = [ECHO, ECHO, SLOW, ECHO, ECHO, PROGRESS]
OLDER_MS = 700  # how long the calls of agents of HTTP+SSE take


class Rollout:
    """Three nodes and a place for a fourth behind haproxy, one more that is never replaced; `acme` calls, `mill` has the streams."""

    def __init__(self, directory: Path, pause: float = 4.0) -> None:
        self.directory = directory
        self.upstream, self.mill, self.ticker = LightUpstream(directory), LightUpstream(directory, "mill"), Ticker(pause)
        self.cluster = Cluster(directory, 0, ["acme", "mill"], SATGATE_REDIS_TIMEOUT="10000")  # a busy machine is no outage
        self.steady = self.cluster.start("steady")
        self.admin_ports = [free_port() for _ in range(4)]
        self.places: list[Node] = [
            self.cluster.start(f"place-{number}", SATGATE_ADMIN_PORT=str(port), SATGATE_DRAIN_ANNOUNCE=str(ANNOUNCE), SATGATE_DRAIN_GRACE=str(GRACE))
            for number, port in enumerate(self.admin_ports)]
        self.cluster.nodes = [self.steady]
        self.cluster.apply(
            tenant("acme", {"light": {"url": self.upstream.url, "timeout": "20s"}}, tariff={"default": 1, "tools": {kind.tool: kind.cost for kind in CALLS}},
                   budgets={"team": {"limit": 1_000_000}}, default_budget="team"),
            tenant("mill", {"light": {"url": self.mill.url, "timeout": "20s"}, "ticker": self.ticker.url},
                   budgets={"team": {"limit": 1_000_000}}, default_budget="team"))
        self.haproxy = Haproxy(directory, [("127.0.0.1", node.port, "127.0.0.1", port) for node, port in zip(self.places, self.admin_ports)])
        self.token, self.stream_token = self.cluster.cell.mint("acme"), self.cluster.cell.mint("mill")
        self.living = {0, 1, 2, 3}
        self.books = Books(self.cluster.redis)
        self.samples: list[Sample] = []
        self.drains: list[float] = []
        self.watches: list[Watch] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self, listening: int, older: int, callers: int) -> None:
        """Opens the streams: each of the two kinds as many; `callers` of the older ones call too."""
        await self.stop(3)
        listeners = [Listening(self.haproxy.base, self.stream_token, number) for number in range(listening)]
        await bounded(listener.open(self.steady.base, "hello") for listener in listeners)
        others = [Older(self.haproxy.base, self.stream_token, number, "slow" if number < callers else None, OLDER_MS, 0.5) for number in range(older)]
        self.watches = [*listeners, *others]
        for start in range(0, len(self.watches), 20):
            self._tasks += [asyncio.create_task(watch.run()) for watch in self.watches[start:start + 20]]
            await soon("they are connected", lambda: all(watch.connected for watch in self.watches[:start + 20]), within=30)
        # from now on the upstream's numbers come, all by way of the node that stays
        await bounded(listener.call() for listener in listeners)
        await soon("numbers come", lambda: all(listener.numbers for listener in listeners), within=30)

    @property
    def listeners(self) -> list[Listening]:
        return [watch for watch in self.watches if isinstance(watch, Listening)]

    @property
    def older(self) -> list[Older]:
        return [watch for watch in self.watches if isinstance(watch, Older)]

    async def stop(self, place: int) -> None:
        """SIGTERM, and no more than that."""
        node, begun = self.places[place], time.monotonic()
        node.process.signal(15)
        await soon("it has ended", lambda: not node.process.running, within=GRACE / 1000 + 5)
        self.drains.append(time.monotonic() - begun)
        assert node.process.stop() == 0, node.process.tail()
        self.living.remove(place)

    async def replace(self, place: int, spare: int) -> None:
        """A new node in the spare place, and the end of the old one as soon as that is ready."""
        await asyncio.to_thread(self.places[spare].start)
        self.living.add(spare)
        await asyncio.to_thread(self.haproxy.wait, *self.living)
        await self.stop(place)

    def agent(self, prefix: str, calls: int) -> LightAgent:
        """64 connections through the balancer; no call is made twice, none has a key by which it could be."""
        return LightAgent(self.directory, Plan([self.haproxy.port], self.token, calls, CALLS, prefix, connections=64, eras=("session", "session", "stateless"),
                                               keyed=False, retries=False, patience=30, pause=600))

    async def roll(self, calls: int, rounds: int = 1) -> None:
        """Replaces each node, `calls` calls beginning before each of them."""
        numbers = itertools.count()
        spare = 3
        for _ in range(rounds):
            for place in sorted(self.living):
                agent = self.agent(f"calls{next(numbers)}", calls)
                await soon("the load runs", lambda: agent.done > 64, within=60)
                begun = time.monotonic()
                await self.replace(place, spare)
                ended = time.monotonic()
                spare = place
                await asyncio.to_thread(eventually, "the streams are back", lambda: all(watch.connected for watch in self.watches), 20)
                samples = await asyncio.to_thread(agent.finish, 120)
                self.samples += samples
                during = sum(begun <= sample.began <= ended for sample in samples)
                print(f"\nplace {place}: {len(samples)} calls, {during} while it was replaced; {outcomes(samples)}; "
                      f"its end took {self.drains[-1]:.1f} s; {self.words()}")
                assert during > calls / 10, "the load was over too soon"

    def words(self) -> str:
        gaps = [gap for watch in self.watches for gap in watch.gaps]
        return (f"{len(gaps)} streams came back, the last after {max(gaps, default=0):.2f} s; "
                f"{sum(len(listener.numbers) for listener in self.listeners)} events heard; "
                f"{sum(each.answered for each in self.older)} answers over HTTP+SSE, {sum(each.late for each in self.older)} posts too late")

    async def finish(self) -> Tally:
        """Ends the load, judges what was seen, and answers the books of the calls."""
        for each in self.older:
            each.stopping = True
        self.ticker.runs = False
        told = sum(self.ticker.told.values())
        await soon("all that was told is heard", lambda: sum(len(set(listener.numbers)) for listener in self.listeners) >= told, within=20)
        await soon("all is answered", lambda: not any(each._waiting for each in self.older), within=20)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listener in self.listeners:
            assert listener.numbers == list(range(1, len(listener.numbers) + 1)), f"{listener.name}: {listener.numbers}"
            assert listener.places == list(range(listener.places[0], listener.places[0] + len(listener.places))), f"{listener.name}: {listener.places}"
        assert not wrong(self.watches), wrong(self.watches).most_common(5)
        return self._tally()

    def _tally(self) -> Tally:
        self.books.quiet("team")
        mill = Books(self.cluster.redis, tenant="mill").quiet("team")
        assert mill.spent == 1_000_000 * (len(self.listeners) + sum(each.answered for each in self.older)), (mill, self.words())
        return tally(self.books, ["team"], self.samples, self.upstream.runs())

    def end(self) -> None:
        self.haproxy.stop()
        for place in self.living:
            self.places[place].process.stop()
        self.cluster.stop()
        self.ticker.stop()
        self.upstream.stop()
        self.mill.stop()


async def bounded(actions: Any, most: int = 16) -> None:
    """Runs them, so many at once."""
    gate = asyncio.Semaphore(most)

    async def one(action: Coroutine[Any, Any, None]) -> None:
        async with gate:
            await action
    await asyncio.gather(*(one(action) for action in actions))
