"""Keys of the books that are gone or hold something else."""
from __future__ import annotations

import itertools

import pytest

from testbed.process import soon
from testbed.stateless import Stateless

pytestmark = pytest.mark.long

# Refusals by which a node says that it does not know what the books say.
FIXED = {(200, -31000, "no_account"), (200, -31000, "ledger_rollback"), (503, -32603, "store_unavailable")}
ALERTS = {"budget_error", "ledger_rollback"}
_names = itertools.count()


class Probe:
    """Paid calls at every node by an agent without a session, and whether they ran."""

    def __init__(self, house, agent: Stateless) -> None:
        self._house, self._agent = house, agent

    async def call(self, key: str | None = None) -> list[tuple]:
        """(status, code, label) at each node; (200, None, None) is a result. Fails where a refused call ran, or a call ran unpaid."""
        return [await self._one(node, key) for node in self._house.nodes]

    async def _one(self, node, key: str | None) -> tuple:
        name = key or f"probe-{next(_names)}"
        before = self._house.upstream.runs().get(name, 0)
        headers = {"Idempotency-Key": name} if key else {}
        reply = await self._agent.ask(node, "tools/call", {"name": "echo", "arguments": {"text": name, "call": name}}, **headers)
        ran = self._house.upstream.runs().get(name, 0) - before
        assert reply.result or not ran, f"{name} ran and was refused: {reply.status} {reply.raw[:300]!r}"
        return reply.status, reply.code, reply.label

    async def works(self) -> bool:
        return set(await self.call()) == {(200, None, None)}


def alerts(house) -> int:
    """Events that tell of trouble with the books, in the tenant's streams or, where those are broken, in that of no tenant."""
    told = (event["type"] for stream in ("audit", "ledger") for event in house.books.entries(stream))
    others = (fields for _, fields in house.redis.client.xrange("satgate:audit"))
    return sum(kind in ALERTS for kind in told) + sum(any(alert in str(fields) for alert in ALERTS) for fields in others)


@pytest.mark.limit(300)
async def test_keys_of_another_type_refuse_paid_calls_until_they_are_mended(bank):
    """B11: each key in turn."""
    house = bank()
    client, prefix = house.redis.client, house.books.prefix
    async with Stateless(house.token) as agent:
        probe = Probe(house, agent)
        assert await probe.works()
        keys = [*(f"account:{account}" for account in house.accounts), "holds", "revoked", "ledger:head", "ledger", "audit"]
        for key in keys:
            seen, spent = alerts(house), house.books.balance("team").spent
            there = client.exists(prefix + key)
            if there:
                client.rename(prefix + key, prefix + "aside")
            client.set(prefix + key, "of another type")
            found = set(await probe.call())
            client.delete(prefix + key)
            if there:
                client.rename(prefix + "aside", prefix + key)
            await soon(f"an alert of {key}", lambda: alerts(house) > seen, within=5)
            print(f"\nB11 wrong type in {key.split('.')[0]}: {sorted(found, key=str)}, {alerts(house) - seen} alerts", end="")
            assert found <= FIXED, f"{key}: {found}"
            assert house.books.balance("team").spent == spent
            await soon(f"paid calls work again after {key}", probe.works, within=10)
            assert all(node.process.running for node in house.nodes)


@pytest.mark.limit(120)
async def test_a_lost_account_is_not_an_unlimited_one(bank):
    """B11: an account's key is gone."""
    house = bank()
    client, prefix = house.redis.client, house.books.prefix
    async with Stateless(house.token) as agent:
        probe = Probe(house, agent)
        assert await probe.works()
        for account in house.accounts:
            seen = alerts(house)
            client.rename(f"{prefix}account:{account}", f"{prefix}aside")
            found = set(await probe.call())
            await soon("an alert", lambda: alerts(house) > seen, within=5)
            print(f"\nB11 {account.split('.')[0]} gone: {sorted(found, key=str)}, {alerts(house) - seen} alerts", end="")
            assert found <= FIXED, found
            client.rename(f"{prefix}aside", f"{prefix}account:{account}")
            await soon(f"paid calls work again after {account}", probe.works, within=10)


@pytest.mark.limit(120)
async def test_after_flushall_nothing_is_forwarded_until_the_tenant_is_applied(bank):
    """B11: FLUSHALL."""
    house = bank()
    async with Stateless(house.token) as agent:
        probe = Probe(house, agent)
        assert await probe.works()
        house.redis.client.flushall()
        found = [set(await probe.call()) for _ in range(5)]
        print(f"\nB11 FLUSHALL: {found}", end="")
        assert set().union(*found) <= FIXED, found
        await soon("an alert", lambda: alerts(house) > 0, within=5)
        house.cluster.apply(house.document)
        assert all(node.process.running for node in house.nodes)
        await soon("paid calls work again", probe.works, within=15)
