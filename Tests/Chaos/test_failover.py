"""Redis changes its master, or the place of the tenant's slot, under the load of three nodes: nothing is overspent, calls go on."""
from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bank import Bank
from outage import Audience, Found, Trial
from testbed.operators import Operators
from testbed.topologies import RedisCluster, Sentinels

RESUMES = 1.0  # seconds in which each node answers again once Redis takes a write
# where all of a machine is busy with other things; what is promised is judged at full length
RESUMES_SHORT = 5.0
CUT_OFF = 0.4  # seconds in which a master answers alone, before it is killed


@dataclass(frozen=True)
class Fault:
    """How the master goes. `alone`: what it answered last none of its replicas has."""
    name: str
    alone: bool = False


KILLED, ALONE = Fault("killed"), Fault("killed with its replicas cut off", alone=True)
FROZEN, ORDERED, MOVED = Fault("frozen"), Fault("ordered"), Fault("slot moved")


async def strike(redis: Any, fault: Fault, replicas: int) -> tuple[float, str]:
    """Does it. When Redis took a write again that so many replicas have, and what was done; a killed or frozen master comes back half a second
    after the first write, and does not know."""
    old, began = redis.master(), time.monotonic()
    if fault is MOVED:
        took = await asyncio.to_thread(redis.move_slot, pause=0.005)
        return time.monotonic(), f"moved from {old} to {redis.master()} in {took:.2f} s"
    silenced = redis.silence_replicas(old) if fault.alone else []
    if fault.alone:
        await asyncio.sleep(CUT_OFF)
    if fault is FROZEN:
        redis.freeze(old)
    elif fault is ORDERED:
        redis.failover()
    else:
        redis.kill(old)
    for each in silenced:
        redis.thaw(each)
    writable = await asyncio.to_thread(redis.writable, old)
    await asyncio.sleep(0.5)
    if fault is FROZEN:
        redis.thaw(old)
    elif fault is not ORDERED:
        redis.start(old)
    text = f"writable again {writable - began:.2f} s after it began"
    if not replicas:
        return writable, text
    followed = await asyncio.to_thread(redis.followed, replicas)
    return followed, f"{text}, with {replicas} replicas {followed - began:.2f} s after it"


async def outlive(
        house: Bank, operators: Operators, faults: list[Fault], calls: int, seconds: float, resumes: float, replicas: int = 0) -> list[Found]:
    """One fault after the other under load, over the same books and the same open streams; `replicas`: that must have what the tenant writes."""
    results = []
    async with Audience(house, operators) as audience:
        await audience.is_told()
        for number, fault in enumerate(faults):
            trial = Trial(house, f"f{number}", calls, seconds)
            await trial.warm()
            writable, text = await strike(house.redis, fault, replicas)
            found = await trial.finish(writable, text)
            found.told = await audience.is_told()
            found.text += f"; dashboards have seen {[len(each.events) for each in audience.watchers]} events"
            print(f"\n{fault.name}, {found}", flush=True)
            results.append(found)
            if number + 1 < len(faults):
                await asyncio.to_thread(house.redis.recover)
    late = [str(found) for found in results if max(found.resumed) >= resumes]
    assert not late, f"calls did not go on within {resumes} s: {late}"
    false = [str(found) for fault, found in zip(faults, results) if fault is MOVED and (found.lost or found.rollbacks)]
    assert not false, f"nothing is lost when a slot moves: {false}"
    silent = [str(found) for found in results if found.lost and not found.rollbacks]
    assert not silent, f"settles were lost and nobody said so: {silent}"
    return results


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Callable[..., tuple[Bank, Operators]]]:
    opened: list[Bank] = []

    def start(topology: Callable[[Path], Any], **options: Any) -> tuple[Bank, Operators]:
        operators = Operators(tmp_path)
        opened.append(Bank(tmp_path / "bank", topology=topology, **{
            "SATGATE_LEDGER_ROLLBACK": "resume", **operators.settings, **options}))
        return opened[-1], operators
    yield start
    for each in opened:
        each.end()


@pytest.mark.limit(2400)
async def test_sentinels_name_another_master(house, count, short):
    bank, operators = house(lambda directory: Sentinels(directory, hurried=short))
    rounds = 2 if short else count(20, 2)
    faults = ([ALONE, ORDERED] if short else [KILLED, FROZEN, ORDERED, ALONE, FROZEN] * 4)[:rounds]
    found = await outlive(bank, operators, faults, *((1500, 9, RESUMES_SHORT) if short else (4000, 14, RESUMES)))
    assert short or any(each.lost for fault, each in zip(faults, found) if fault.alone), "the check for losses had nothing to find"


@pytest.mark.limit(2400)
async def test_a_cluster_loses_the_tenants_master_or_moves_its_slot(house, count, short):
    bank, operators = house(RedisCluster)
    rounds = 1 if short else count(10, 2)
    faults = ([ALONE] if short else [KILLED, MOVED, ALONE, MOVED, ORDERED] * 2)[:rounds]
    found = await outlive(bank, operators, faults, *((1500, 12, RESUMES_SHORT) if short else (4000, 14, RESUMES)))
    assert short or any(each.lost for fault, each in zip(faults, found) if fault.alone), "the check for losses had nothing to find"


@pytest.mark.long
@pytest.mark.limit(1200)
async def test_a_durable_tenant_loses_nothing(house):
    # All of them: by an order any may become the master, while the old one still takes writes.
    durable = {"durability": {"mode": "durable", "replicas": 2, "timeout": "500ms"}}
    bank, operators = house(Sentinels, document=durable)
    found = await outlive(bank, operators, [KILLED, ALONE, FROZEN, ORDERED], 3000, 25, RESUMES, replicas=2)
    lost = [str(each) for each in found if each.lost]
    assert not lost, lost
