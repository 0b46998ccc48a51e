"""What agents were told, what the books say and what really ran, held against each other."""
from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .books import MICROS, Books
from .light_agent import Sample


@dataclass
class Ledger:
    """What the tenant's ledger says was charged and given back."""
    spends: int = 0
    late: list[dict[str, Any]] = field(default_factory=list)
    lapsed: int = 0
    rollbacks: int = 0
    #: ids of the calls that were charged, and of their keys' records
    calls: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    by_tool: Counter[str] = field(default_factory=Counter)
    #: account → what all entries charged, in micros
    charged: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def settled(self) -> int:
        """How many calls were charged."""
        return self.spends + sum(1 for entry in self.late if entry["charged"] > 0)

    @property
    def written_off(self) -> int:
        """Micros that late settles could not charge."""
        return sum(micros(entry["writtenOff"]) for entry in self.late)


def micros(credits: float) -> int:
    return int((Decimal(str(credits)) * MICROS).to_integral_value())


def read(books: Books) -> Ledger:
    """Adds up the whole ledger."""
    found = Ledger()
    for event in books.entries():
        data, kind = event["data"], event["type"]
        if kind == "budget_spend":
            found.spends += 1
            found.by_tool[data["tool"]] += 1
        elif kind == "late_settle":
            found.late.append(data)
            found.by_tool[data["tool"]] += data["charged"] > 0
        elif kind == "hold_lapsed":
            found.lapsed += 1
        elif kind == "ledger_rollback":
            found.rollbacks += 1
        if kind == "budget_spend" or kind == "late_settle" and data["charged"] > 0:
            found.calls.append(data["call"])
            found.records += [data["record"]] if "record" in data else []
        if kind in ("budget_spend", "late_settle"):
            for account in data["accounts"]:
                found.charged[account["account"]] += micros(data["charged" if kind == "late_settle" else "cost"])
    return found


@dataclass
class Tally:
    """The figures of one run."""
    calls: int
    paid: int
    undecided: int
    retried: int
    expected: int
    spent: int
    ledger: Ledger
    ran: int
    again: int

    def __str__(self) -> str:
        late = f", late settles {len(self.ledger.late)} (written off {self.ledger.written_off / MICROS:g})" if self.ledger.late else ""
        return (f"{self.calls} calls, {self.paid} paid, {self.retried} retried, {self.undecided} undecided; spent {self.spent / MICROS:g} ="
                f" cost of paid {self.expected / MICROS:g}; {self.ledger.settled} settled, {self.ledger.lapsed} lapsed{late};"
                f" ran upstream {self.ran} ({self.again} again)")


def tally(books: Books, accounts: list[str], samples: list[Sample], runs: dict[str, int]) -> Tally:
    """Judges a run in `hard` mode that is over, its holds ended: every account spent just what its agents were told that they paid."""
    ledger = read(books)
    paid = [sample for sample in samples if sample.paid]
    expected = sum(micros(sample.kind.cost) for sample in paid)
    balances = {account: books.balance(account) for account in accounts}
    spent = {account: balance.spent for account, balance in balances.items() if balance}
    again = sum(runs.values()) - len(paid)
    found = Tally(len(samples), len(paid), sum(sample.outcome == "undecided" for sample in samples),
                  sum(sample.attempts > 1 for sample in samples), expected, spent[accounts[0]], ledger, sum(runs.values()), again)
    for account, balance in balances.items():
        assert balance and not balance.held and not balance.open_holds and not balance.over, (account, balance)
        balance.check()
        assert spent[account] == ledger.charged[account], f"{account}: the ledger adds up to {ledger.charged[account]}; {found}"
    assert not found.undecided, found
    assert set(spent.values()) == {expected - ledger.written_off}, f"{spent}; {found}"
    assert ledger.settled == len(paid), found
    for ids in (ledger.calls, ledger.records):
        twice = [name for name, count in Counter(ids).items() if count > 1]
        assert not twice, f"settled twice: {twice[:3]}; {found}"
    # of each tool as many were charged as agents were told
    told = Counter(sample.kind.tool for sample in paid)
    assert {tool: ledger.by_tool[tool] for tool in told} == told, f"{ledger.by_tool}, told {told}"
    unrun = [sample.call for sample in paid if not runs.get(sample.call)]
    assert not unrun, f"paid but never ran: {unrun[:3]}; {found}"
    # each run had a hold: those that were not charged in the end belong to holds that lapsed
    assert 0 <= again <= ledger.lapsed, f"ran upstream without a hold; {found}"
    return found
