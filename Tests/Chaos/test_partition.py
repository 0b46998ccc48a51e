"""The master's host is cut off from the others: three hosts with a Redis, a sentinel, a node, an upstream and agents on each."""
from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bank import LEASE, MIXED
from hosts import Hosts, possible
from outage import token_record
from testbed.books import Books
from testbed.light_agent import LightAgent, Plan, Sample, outcomes
from testbed.node import Cell, run, tenant
from testbed.process import eventually, free_port
from testbed.tally import Ledger, read
from testbed.upstream import LightUpstream

pytestmark = [pytest.mark.long, pytest.mark.skipif(not possible(), reason="network namespaces need root")]

CUT = 6.0  # seconds
DURABLE = {"mode": "durable", "replicas": 2, "timeout": "300ms"}  # all of them, as any may be promoted


class Country:
    """Nodes on three hosts that share a tenant."""

    def __init__(self, directory: Path, durability: dict[str, Any] | None) -> None:
        self.hosts = Hosts(directory)
        port = free_port()
        self.cell = Cell(directory, SimpleNamespace(url=self.hosts.url), [{"name": "acme"}], stated=False)
        self.cell.environment.update(SATGATE_HOLD_LEASE=str(LEASE), SATGATE_LEDGER_ROLLBACK="resume")
        self.nodes = {}
        document = tenant("acme", {"light": {"url": f"http://127.0.0.1:{port}/mcp", "timeout": "20s"}},
                          tariff={"default": 1, "tools": {kind.tool: kind.cost for kind in MIXED}}, budgets={"team": {"limit": 10_000_000}},
                          default_budget="team", cap=10_000_000, **({"durability": durability} if durability else {}))
        file = directory / "applied.json"
        file.write_text(json.dumps({"tenants": [document]}))
        for host in (1, 2, 3):
            with self.hosts.inside(host):
                LightUpstream(self.hosts.place(host), port=port)
                self.nodes[host] = self.cell.node(f"node-{host}")
        with self.hosts.inside(2):
            applied = run("tenant", "apply", "-f", str(file), env=self.cell.environment)
        assert applied.returncode == 0, applied.stderr
        self.token = self.cell.mint("acme", "--budget", "team", "--budget-limit", "10000000")

    def agent(self, host: int, name: str, calls: int, **options: Any) -> LightAgent:
        """Calls at that host's node, from that host."""
        # each host has an upstream of its own, which knows nothing of the session that a stateless agent has at another's
        plan = Plan([self.nodes[host].port], self.token, calls, MIXED, f"{name}-{host}", eras=("session",), **options)
        with self.hosts.inside(host):
            return LightAgent(self.hosts.directory, plan)

    def ledger(self, host: int) -> tuple[Ledger, Books]:
        """What is left in the end, at the host of the master."""
        books = Books(SimpleNamespace(client=self.hosts.client(host)))
        eventually("nothing is held", lambda: not books.holds(), within=30)
        return read(books), books

    def audit(self, host: int) -> None:
        with self.hosts.inside(host):
            found = run("budget", "audit", "--all", "--tenant", "acme", "--json", env=self.cell.environment)
        assert found.returncode == 0, found.stdout + found.stderr


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Any]:
    made: list[Country] = []

    def make(durability: dict[str, Any] | None) -> Country:
        made.append(Country(tmp_path, durability))
        return made[-1]
    yield make
    for each in made:
        each.hosts.end()


def partition(country: Country, calls: int) -> tuple[list[Sample], int]:
    """Cuts the master's host off while all three nodes are called, and heals it; what agents were told, and the last master's host."""
    hosts = country.hosts
    agents = {host: country.agent(host, "call", calls, connections=8, deadline=60, pause=15, patience=20) for host in (1, 2, 3)}
    eventually("calls are made everywhere", lambda: all(agent.done > calls * 0.1 for agent in agents.values()), within=120)
    assert hosts.named() == 1
    hosts.cut(1)
    began = time.monotonic()
    eventually("another master", lambda: hosts.named(2) in (2, 3) and hosts.named(3) == hosts.named(2), within=30)
    named = time.monotonic() - began
    time.sleep(max(0, CUT - named))
    still = agents[1].done
    hosts.heal(1)
    eventually("the hosts agree again", hosts.is_whole, within=90, every=0.1)
    samples = [sample for agent in agents.values() for sample in agent.finish(within=300)]
    print(f"\nanother master named after {named:.1f} s; {still} calls over at the cut node when the cut ended; {outcomes(samples)}")
    return samples, hosts.named() or 0


def judge(country: Country, samples: list[Sample], master: int) -> tuple[list[Sample], Ledger]:
    """The answered calls of which the ledger knows nothing, and the ledger, which fits its accounts."""
    country.audit(2)
    with country.hosts.inside(master):
        ledger, books = country.ledger(master)
        balance = books.balance("team")
    assert balance and balance.spent <= balance.limit and balance.spent == ledger.charged["team"], (balance, ledger.charged["team"])
    balance.check()
    known = set(ledger.records)
    paid = [sample for sample in samples if sample.paid]
    lost = [sample for sample in paid if token_record(country.token, sample.call) not in known]
    print(f"{len(paid)} calls answered, {len(lost)} of them lost; ledger_rollback {ledger.rollbacks} times")
    return lost, ledger


@pytest.mark.limit(400)
def test_what_agents_of_a_durable_tenant_were_told_outlives_a_partition(country, count):
    land = country(DURABLE)
    samples, master = partition(land, count(1200, 400))
    lost, _ = judge(land, samples, master)
    assert {sample.outcome for sample in samples} <= {"result", "tool_error"}, outcomes(samples)
    assert not lost, f"{len(lost)} acknowledged calls are lost: {lost[:3]}"


@pytest.mark.limit(400)
def test_where_replicas_need_not_have_it_the_loss_is_told(country, count):
    land = country(None)
    samples, master = partition(land, count(1200, 400))
    lost, ledger = judge(land, samples, master)
    assert lost, "a partition that loses nothing proves nothing"
    assert ledger.rollbacks, f"{len(lost)} calls were lost and nobody said so"
