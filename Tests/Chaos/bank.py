"""Three nodes over one Redis, a light upstream behind them, and one tenant whose accounts are watched."""
from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from testbed.books import Books, Sampler
from testbed.cluster import Cluster
from testbed.light_agent import Kind, LightAgent, Plan, Sample
from testbed.node import BINARY, Node, tenant
from testbed.process import clean_environment
from testbed.redis_server import RedisServer
from testbed.tally import Tally, tally
from testbed.topologies import Topology
from testbed.toxic import Toxic
from testbed.upstream import LightUpstream

LEASE = 2000  # milliseconds
LEAST_LOOKS = 200  # a second

ECHO = Kind("echo", 2, '"text":"%"', echoes=True)
SLOW = Kind("slow", 5, '"ms":5')
FAIL = Kind("fail", 0.25)
PROGRESS = Kind("progress", 3, '"steps":2,"delayMs":1', progress=True)
PARK = Kind("park", 4)
MIXED = [ECHO, SLOW, ECHO, FAIL, ECHO, PROGRESS, ECHO]


class Bank:
    """The books of tenant `acme`: its cap, its budget `team` and the cap of one token, all of `limit` credits."""

    def __init__(self, directory: Path, limit: float = 100_000_000, size: int = 3, durable: bool = False, sync: str = "always",
                 toxic: bool = False, document: dict[str, Any] | None = None, nodes: list[dict[str, str]] | None = None,
                 topology: Callable[[Path], Topology] | None = None, **settings: str) -> None:
        """`toxic`: a proxy stands between nodes and Redis; `document`: more of the tenant's; `nodes`: settings of each node;
        `topology` starts another Redis than a single server."""
        directory.mkdir()
        self.limit = limit
        self.directory = directory
        self.redis = topology(directory) if topology else RedisServer(directory, durable, sync)
        self.toxic = Toxic(directory, self.redis.port) if toxic else None
        if self.toxic:
            settings["SATGATE_REDIS_URL"] = self.toxic.url
        self.upstream = LightUpstream(directory)
        self.cluster = Cluster(directory, 0, ["acme"], redis=self.redis, SATGATE_HOLD_LEASE=str(LEASE), **settings)
        self.nodes = self.cluster.nodes
        for number in range(size):
            self.nodes.append(self.cluster.start(f"node-{number}", **(nodes[number] if nodes else {})))
        self.books = Books(self.redis)
        kinds = {kind.tool: kind.cost for kind in (ECHO, SLOW, FAIL, PROGRESS, PARK)}
        self.document = tenant("acme", {"light": {"url": self.upstream.url, "timeout": "20s"}}, tariff={"default": 1, "tools": kinds},
                               budgets={"team": {"limit": limit}}, default_budget="team", cap=limit, **(document or {}))
        self.cluster.apply(self.document)
        self.token = self.cluster.cell.mint("acme", "--budget", "team", "--budget-limit", str(limit))
        self._open_accounts()

    def _open_accounts(self) -> None:
        """One call of a price, so that every account is there; what it spent is taken for the beginning."""
        first = self.agent("first", 1, [FAIL], connections=1, home=1 % len(self.nodes)).finish(within=60)
        assert first[0].paid, first
        self.accounts = ["team", "_tenant", *self._caps()]
        assert len(self.accounts) == 3, self.accounts
        self.first = first

    def _caps(self) -> list[str]:
        start = f"{self.books.prefix}account:"
        return [key[len(start):] for key in self.redis.client.scan_iter(match=f"{start}_cap.*", count=1000)]

    @property
    def ports(self) -> list[int]:
        return [node.port for node in self.nodes]

    def agent(self, prefix: str, calls: int, kinds: list[Kind], **options: Any) -> LightAgent:
        """A light agent at all nodes with the bank's token."""
        return LightAgent(self.directory, Plan(self.ports, self.token, calls, kinds, prefix, **options))

    def watched(self) -> Sampler:
        """Looks at all accounts without pause."""
        return Sampler(self.books, *self.accounts, pause=0.001, hard=True)

    def close_books(self) -> None:
        """Waits until nothing is held any more: at the latest a second after the last lease."""
        leases = self.books.holds()
        last = max(leases.values(), default=0)
        while self.books.holds():
            late = self.redis.now() - last
            assert late < 1000, f"{len(self.books.holds())} holds open {late} ms after the last lease ended"
            time.sleep(0.02)

    def tally(self, *samples: list[Sample]) -> Tally:
        """Judges all that was called since the bank opened."""
        self.audit()
        every = [*self.first, *(sample for part in samples for sample in part)]
        return tally(self.books, self.accounts, every, self.upstream.runs())

    def audit(self) -> None:
        """`satgate budget audit`: the ledger replayed is what the accounts are."""
        found = self._budget("audit", "--all", "--json")
        assert found.returncode == 0, found.stdout + found.stderr

    def make_anew(self, account: str) -> None:
        """`satgate budget set` and `resume` of an account that is gone: it has its whole limit again."""
        for words in (("set", account, str(self.limit)), ("resume", account)):
            found = self._budget(*words)
            assert found.returncode == 0, found.stdout + found.stderr

    def _budget(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([BINARY, "budget", command, *arguments, "--tenant", "acme"], capture_output=True, text=True, timeout=600,
                              stdin=subprocess.DEVNULL, env={**clean_environment(), **self.cluster.cell.environment})

    def end(self) -> None:
        self.upstream.stop()
        if self.toxic:
            self.toxic.be()
        self.cluster.stop()
        if self.toxic:
            self.toxic.stop()


def reap(bank: Bank, agent: LightAgent, kills: int, seed: int) -> None:
    """Kills a random node whenever the agent has reached the next of `kills` random places in its calls, and starts it again.

    Not to be run in a thread that ends: what it has started would end with it."""
    chance = random.Random(seed)
    for place in sorted(chance.uniform(0.03, 0.93) * agent.total for _ in range(kills)):
        agent.reach(int(place), within=3000)
        node: Node = chance.choice(bank.nodes)
        node.kill()
        time.sleep(chance.uniform(0, 0.5))
        node.start()


def restart_redis(bank: Bank, agent: LightAgent, kills: int, chance: random.Random) -> None:
    """Kills Redis whenever the agent has reached the next of `kills` random places in its calls, and starts it again within a second."""
    for place in sorted(chance.uniform(0.05, 0.9) * agent.total for _ in range(kills)):
        agent.reach(int(place), within=1500)
        bank.redis.kill()
        time.sleep(chance.uniform(0, 1))
        bank.redis.start()
