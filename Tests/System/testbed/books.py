"""The accounts and the ledger as Redis has them."""
from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import redis

from .process import eventually
from .redis_server import RedisServer
from .topologies import Topology

MICROS = 1_000_000

# One atomic look at the tenant's open holds and at accounts.
_LOOK = "local found = {redis.call('ZCARD', KEYS[1])}" \
        " for i = 2, #KEYS do found[i] = redis.call('HMGET', KEYS[i], 'limit', 'held', 'spent', 'delegated', 'over') end" \
        " return found"


@dataclass(frozen=True)
class Balance:
    """An account's books in millionths of a credit, and how many holds the tenant had open at that instant."""
    limit: int
    held: int
    spent: int
    delegated: int
    over: int
    open_holds: int

    @property
    def available(self) -> int:
        return max(0, self.limit - self.held - self.spent - self.delegated)

    def check(self) -> None:
        """limit + over = available + held + spent + delegated, nothing below zero."""
        assert min(self.limit, self.held, self.spent, self.delegated, self.over) >= 0, self
        assert self.limit + self.over == self.available + self.held + self.spent + self.delegated, self
        assert self.open_holds or not self.held, self


class Books:
    """The books of one tenant."""

    def __init__(self, server: RedisServer | Topology, tenant: str = "acme") -> None:
        self.server = server
        self.prefix = f"satgate:{{{tenant}}}:"

    def balance(self, account: str, client: redis.Redis | None = None) -> Balance | None:
        """The account's books; None when it does not exist."""
        return self.balances([account], client)[0]

    def balances(self, accounts: Sequence[str], client: redis.Redis | None = None) -> list[Balance | None]:
        """The accounts' books at one instant."""
        keys = [f"{self.prefix}holds", *(f"{self.prefix}account:{account}" for account in accounts)]
        holds, *rows = (client or self.server.client).eval(_LOOK, len(keys), *keys)
        return [None if row[0] is None else Balance(*(int(value or 0) for value in row), holds) for row in rows]

    def spent(self, account: str) -> Decimal:
        """Credits spent in the account; 0 when it was never used."""
        balance = self.balance(account)
        return Decimal(balance.spent if balance else 0) / MICROS

    def caps(self) -> list[Balance]:
        """All cap accounts."""
        start = f"{self.prefix}account:"
        names = [key[len(start):] for key in self.server.client.scan_iter(match=f"{start}_cap.*", count=1000)]
        return [balance for name in names if (balance := self.balance(name))]

    def holds(self) -> dict[str, int]:
        """Open holds: call id → lease end, unix milliseconds."""
        return {call: int(end) for call, end in self.server.client.zrange(f"{self.prefix}holds", 0, -1, withscores=True)}

    def slices(self) -> dict[str, dict[str, str]]:
        """The open holds that are slices of nodes: what Redis has of each, its accounts and what is left of it."""
        found = {hold: self.server.client.hgetall(f"{self.prefix}hold:{hold}") for hold in self.holds()}
        return {hold: fields for hold, fields in found.items() if fields.get("slice")}

    def calls(self) -> set[str]:
        """The open holds of calls by themselves."""
        return set(self.holds()) - set(self.slices())

    def events(self, kind: str, stream: str = "ledger") -> list[dict[str, Any]]:
        """The events of one type in a stream of the tenant, oldest first."""
        return [event for event in self.entries(stream) if event["type"] == kind]

    def entries(self, stream: str = "ledger") -> Iterator[dict[str, Any]]:
        """All events in a stream of the tenant, oldest first, read in pages."""
        start = "-"
        while page := self.server.client.xrange(f"{self.prefix}{stream}", min=start, count=5000):
            yield from (_event(fields) for _, fields in page)
            start = f"({page[-1][0]}"

    def quiet(self, account: str, within: float = 10.0) -> Balance:
        """The books once nothing is held any more."""
        def look() -> Balance | None:
            balance = self.balance(account)
            return balance if balance and not balance.held and not balance.open_holds else None
        return eventually(f"nothing held in {account}", look, within)


def _event(fields: dict[str, str]) -> dict[str, Any]:
    """The event of a stream entry: its JSON text, whatever the field is called."""
    for value in fields.values():
        if value.startswith("{") and '"type"' in value:
            return json.loads(value)
    raise AssertionError(f"no event in {fields}")


class Sampler:
    """Looks at accounts without pause from a thread of its own and checks the books at every look."""

    def __init__(self, books: Books, *accounts: str, pause: float = 0.004, hard: bool = False) -> None:
        """`pause`: seconds between two rounds of looks; `hard`: an account is never over its limit."""
        self._books = books
        self._pause, self._hard = pause, hard
        self._accounts = accounts
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.looks = 0
        self.most_held = 0
        self.wrong: list[str] = []
        self._rounds, self._up = 0, 0.0

    @property
    def rate(self) -> float:
        """Looks at all accounts a second of the time in which Redis answered."""
        return self._rounds / max(self._up, 0.001)

    def _run(self) -> None:
        client = self._books.server.connect()
        last = time.monotonic()
        while not self._stop.is_set():
            try:
                found = self._books.balances(self._accounts, client)
            except (redis.RedisError, redis.exceptions.RedisClusterException, OSError):
                found = []  # Redis is down on purpose
            for balance in found:
                if balance:
                    self._judge(balance)
            self._stop.wait(self._pause)
            now = time.monotonic()
            if found:
                self._rounds += 1
                self._up += now - last
            last = now

    def _judge(self, balance: Balance) -> None:
        self.looks += 1
        self.most_held = max(self.most_held, balance.held)
        try:
            balance.check()
            assert not (self._hard and balance.over), balance
        except AssertionError as error:
            self.wrong.append(str(error))

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        self._stop.set()
        self._thread.join(35)
        if kind is None:
            assert self.looks, "never looked at the books"
            assert not self.wrong, self.wrong[:3]
