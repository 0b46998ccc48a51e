"""What agents, streams, dashboards and the books go through while Redis changes its master."""
from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bank import MIXED, Bank
from testbed.agent import Agent, Listener
from testbed.feed import Watcher
from testbed.light_agent import LightAgent, Sample, outcomes
from testbed.load import Load, Plan, Round
from testbed.node import run
from testbed.operators import Operators
from testbed.process import soon
from testbed.tally import read

TOOLS = ["echo", "slow", "fail", "progress"]
# What a call may be told while Redis is out of reach, the second where replicas must have it; under its key it is tried again.
REFUSED = {"HTTP 503 store_unavailable", "HTTP 503 not_durable"}
# That the call still runs elsewhere is said of such retries alone; where the answer is a stream that has begun, its status is 200.
TROUBLES = {*REFUSED, "not_durable", "in_progress"}


class Audience:
    """An open stream of a session, and a dashboard, at every node."""

    def __init__(self, house: Bank, operators: Operators) -> None:
        self._house = house
        self._agents = [Agent(house.cluster.cell.mint()) for _ in house.nodes]
        self._listeners = [Listener(agent, node) for agent, node in zip(self._agents, house.nodes)]
        self.watchers = [Watcher(operators, node, tenant="acme") for node in house.nodes]
        self._times = 0

    async def __aenter__(self) -> Audience:
        for agent, listener, watcher, node in zip(self._agents, self._listeners, self.watchers, self._house.nodes):
            await agent.open(node)
            await listener.__aenter__()
            await watcher.__aenter__()
        return self

    async def __aexit__(self, *_: Any) -> None:
        for each in (*self.watchers, *self._listeners, *self._agents):
            await each.__aexit__(None, None, None)

    async def is_told(self) -> float:
        """Something changes: every stream that was opened at the beginning hears of it, every dashboard sees the tenant's last event. After
        how many seconds."""
        began, before = time.monotonic(), self._changes()
        self._times += 1
        self._house.upstream.show(*(TOOLS if self._times % 2 else [*TOOLS, "park"]))
        await soon("every stream is told of other tools", lambda: all(
            now > then for now, then in zip(self._changes(), before)) or self._lost(), within=30)
        last = self._last()
        await soon(f"every dashboard sees event {last}", lambda: all(
            watcher.numbers()[-1:] >= [last] for watcher in self.watchers) or self._lost(), within=30)
        assert not self._lost(), f"streams were closed: {self._lost()}"
        return time.monotonic() - began

    def _lost(self) -> list[str]:
        """Those that were closed."""
        streams = [f"the stream at node {number}" for number, listener in enumerate(self._listeners) if listener.closed.is_set()]
        return streams + [f"the dashboard at node {number}: {each.closed}" for number, each in enumerate(self.watchers) if each.closed]

    def _changes(self) -> list[int]:
        return [sum(message.get("method") == "notifications/tools/list_changed" for message in listener.messages)
                for listener in self._listeners]

    def _last(self) -> int:
        """Number of the tenant's newest event."""
        newest = [self._house.redis.client.xrevrange(f"{self._house.books.prefix}{name}", count=1) for name in ("ledger", "audit")]
        return max(int(page[0][0].split("-")[0]) for page in newest if page)


@dataclass
class Found:
    """What one failover did."""
    name: str
    calls: int
    #: calls that their agent was told had run, and of which the ledger knows nothing any more
    lost: list[str] = field(default_factory=list)
    rollbacks: int = 0
    #: of each node, seconds from Redis' first write to the first answered call
    resumed: list[float] = field(default_factory=list)
    told: float = 0.0
    refused: int = 0
    text: str = ""

    def __str__(self) -> str:
        resumed = ", ".join(f"{each * 1000:.0f}" for each in self.resumed)
        return (f"{self.name}: {self.text}; calls again {resumed} ms after Redis took a write; {self.refused} refused meanwhile; {len(self.lost)}"
                f" of {self.calls} answered calls lost, ledger_rollback {self.rollbacks} times; streams and dashboards told in {self.told:.1f} s")


class Trial:
    """Load on every node through one failover: keyed calls of a light agent, and a steady pulse that tries nothing twice."""

    def __init__(self, house: Bank, name: str, calls: int, seconds: float) -> None:
        self._house, self.name = house, name
        self._calls, self._seconds = calls, seconds

    async def warm(self, share: float = 0.15) -> None:
        """Begins, and waits until that share of the calls is made; from then on the pulse beats, for so many seconds."""
        # In a thread, as the ledger is long: dashboards that read nothing meanwhile are cut.
        self._before = await asyncio.to_thread(read, self._house.books)
        # A call may wait for its books as long as for its upstream.
        agent = self._agent = self._house.agent(self.name, self._calls, MIXED, connections=16, deadline=60, pause=10, patience=30)
        ports = self._house.ports
        await soon("calls are made", lambda: agent.done >= share * agent.total or not agent.process.running, within=120)
        self._pulse = Load(self._house.directory, f"pulse-{self.name}", Plan(
            ports, self._house.cluster.cell.mint(), {"light": "echo"}, connections=2 * len(ports), rate=15, seconds=self._seconds))
        assert agent.process.running, agent.process.tail()

    async def finish(self, writable: float, text: str) -> Found:
        """Waits for the end of the load and judges it; `writable`: when Redis took its first write again."""
        await soon("all calls are over", lambda: not self._agent.process.running, within=300, every=0.05)
        samples = self._agent.finish(within=5)
        await soon("the pulse has ended", lambda: not self._pulse.process.running, within=120, every=0.05)
        pulse = self._pulse.finish()
        self._judge_errors(samples, pulse)
        found = await asyncio.to_thread(self._compare, samples)
        found.text = text
        found.resumed = [self._resumed(pulse, port, writable) for port in self._house.ports]
        found.refused = sum(not sample.is_result for sample in pulse.samples)
        return found

    def _judge_errors(self, samples: list[Sample], pulse: Round) -> None:
        """Whoever got no result was told 503 in a JSON-RPC error, and in the end every call under a key has its answer."""
        assert {sample.outcome for sample in samples} <= {"result", "tool_error"}, outcomes(samples)
        troubles = Counter(trouble for sample in samples for trouble in sample.troubles.split(", ") if trouble)
        assert set(troubles) <= TROUBLES, f"{self.name}: {troubles}"
        others = pulse.outcomes(lambda sample: not sample.is_result and sample.outcome not in REFUSED)
        assert not others, f"{self.name}: {others}"

    def _resumed(self, pulse: Round, port: int, writable: float) -> float:
        """Seconds from the first write to the node's first result behind it."""
        ends = [sample.ended for sample in pulse.samples if sample.port == port and sample.is_result and sample.ended > writable]
        assert ends, f"{self.name}: no result at port {port} after Redis took a write; the pulse: {pulse}"
        return min(ends) - writable

    def _compare(self, samples: list[Sample]) -> Found:
        """Holds the surviving ledger against its accounts and against what agents were told."""
        house = self._house
        house.close_books()
        house.audit()
        after = read(house.books)
        for ids in (after.calls, after.records):
            twice = [name for name, count in Counter(ids).items() if count > 1]
            assert not twice, f"{self.name}: settled twice: {twice[:3]}"
        for account in house.accounts:
            balance = house.books.balance(account)
            assert balance and not balance.over and not balance.held and balance.spent <= balance.limit, (account, balance)
            balance.check()
            assert balance.spent == after.charged[account], f"{self.name}: {account} spent {balance.spent}, ledger {after.charged[account]}"
        known = set(after.records)
        paid = [sample.call for sample in samples if sample.paid]
        return Found(self.name, len(paid), [call for call in paid if token_record(house.token, call) not in known],
                     max(0, after.rollbacks - self._before.rollbacks))


def token_record(token: str, key: str) -> str:
    """Name of the record of a call under that key with that token."""
    return hashlib.sha256(f"satgate/record/v1\n{token_id(token)}\n{key}".encode()).hexdigest()


_ids: dict[str, str] = {}


def token_id(token: str) -> str:
    """64 hex digits."""
    if token not in _ids:
        shown = run("token", "inspect", "--token", token, "--json")
        assert shown.returncode == 0, shown.stderr
        _ids[token] = json.loads(shown.stdout)["id"]
    return _ids[token]
