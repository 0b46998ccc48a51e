"""Upstreams that are killed, hung and restarted at random."""
from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

from .upstream import LightUpstream

# The tools a server shows, each time it is started the other set.
SETS = (["echo", "slow"], ["echo", "fail"])


@dataclass
class Incident:
    """Times are of the monotonic clock."""
    upstream: str
    kind: str
    began: float
    ended: float


class Turmoil:
    """Kills and hangs every upstream `each` times within `seconds`; a killed one comes back with other tools than before."""

    def __init__(self, upstreams: dict[str, LightUpstream], each: int, seconds: float, seed: int) -> None:
        self.upstreams = upstreams
        self._each = each
        self._slot = seconds / (2 * each)
        self._random = random.Random(seed)
        self._starts = dict.fromkeys(upstreams, 0)
        self.incidents: list[Incident] = []

    async def run(self) -> None:
        began = time.monotonic()
        await asyncio.gather(*(self._disturb(name, began) for name in self.upstreams))

    def tools(self, upstream: str) -> list[str]:
        """What the upstream shows now."""
        return SETS[self._starts[upstream] % 2]

    def troubles(self, upstream: str, began: float, ended: float, recovery: float = 1.0) -> bool:
        """Whether the upstream was in trouble, or had been less than `recovery` seconds ago, at any time in between."""
        return any(incident.upstream == upstream and began < incident.ended + recovery and ended > incident.began
                   for incident in self.incidents)

    @property
    def last(self) -> float:
        """When the last incident ended."""
        return max(incident.ended for incident in self.incidents)

    async def _disturb(self, name: str, start: float) -> None:
        """One incident in each slot of time, at a random moment of it and of a random length."""
        kinds = ["killed", "hung"] * self._each
        self._random.shuffle(kinds)
        for slot, kind in enumerate(kinds):
            length = self._random.uniform(0.1, 0.75) * self._slot
            moment = start + slot * self._slot + self._random.uniform(0, 0.95 * self._slot - length)
            await asyncio.sleep(max(0, moment - time.monotonic()))
            began = time.monotonic()
            await self._strike(name, kind, length)
            self.incidents.append(Incident(name, kind, began, time.monotonic()))

    async def _strike(self, name: str, kind: str, length: float) -> None:
        upstream = self.upstreams[name]
        if kind == "hung":
            upstream.freeze()
            await asyncio.sleep(length)
            return upstream.thaw()
        upstream.kill()
        await asyncio.sleep(length)
        self._starts[name] += 1
        upstream.start("--tools", ",".join(self.tools(name)))
