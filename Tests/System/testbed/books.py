"""The accounts and the ledger as Redis has them."""
from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import redis

from .process import eventually
from .redis_server import RedisServer

MICROS = 1_000_000

# One atomic look at an account and at the tenant's open holds.
_LOOK = "local a = redis.call('HMGET', KEYS[1], 'limit', 'held', 'spent', 'delegated', 'over')" \
        " return {a[1], a[2], a[3], a[4], a[5], redis.call('ZCARD', KEYS[2])}"


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

    def __init__(self, server: RedisServer, tenant: str = "acme") -> None:
        self.server = server
        self.prefix = f"satgate:{{{tenant}}}:"

    def balance(self, account: str, client: redis.Redis | None = None) -> Balance | None:
        """The account's books; None when it does not exist."""
        values = (client or self.server.client).eval(_LOOK, 2, f"{self.prefix}account:{account}", f"{self.prefix}holds")
        if values[0] is None:
            return None
        return Balance(*(int(value or 0) for value in values))

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

    def events(self, kind: str, stream: str = "ledger") -> list[dict[str, Any]]:
        """The events of one type in a stream of the tenant, oldest first."""
        found = (_event(fields) for _, fields in self.server.client.xrange(f"{self.prefix}{stream}"))
        return [event for event in found if event["type"] == kind]

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

    def __init__(self, books: Books, *accounts: str) -> None:
        self._books = books
        self._accounts = accounts
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.looks = 0
        self.most_held = 0
        self.wrong: list[str] = []

    def _run(self) -> None:
        port = self._books.server.port
        client = redis.Redis(port=port, decode_responses=True, socket_timeout=30, protocol=2)
        while not self._stop.is_set():
            for account in self._accounts:
                try:
                    balance = self._books.balance(account, client)
                except redis.RedisError:
                    continue  # Redis is down on purpose
                if balance is None:
                    continue
                self.looks += 1
                self.most_held = max(self.most_held, balance.held)
                try:
                    balance.check()
                except AssertionError as error:
                    self.wrong.append(str(error))
            self._stop.wait(0.004)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        self._stop.set()
        self._thread.join(35)
        if kind is None:
            assert self.looks, "never looked at the books"
            assert not self.wrong, self.wrong[:3]
