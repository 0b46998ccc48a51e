"""The light agent: keyed calls over many connections, each tried at one node after the other until it has a definitive answer."""
from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from .process import BUILD, Process, eventually

BINARY = str(BUILD / "light-agent")


@dataclass(frozen=True)
class Kind:
    """A tool's call and its price in credits; `arguments`: JSON members, `%` is the call's id."""
    tool: str
    cost: float
    arguments: str = ""
    echoes: bool = False
    progress: bool = False


@dataclass
class Plan:
    """Call `n` is called `<prefix>-<n>`, which is its key and its argument `call`, and is of kind `n` modulo their number."""
    ports: list[int]
    token: str
    calls: int
    kinds: list[Kind]
    prefix: str
    connections: int = 48
    eras: tuple[str, ...] = ("session", "stateless")
    keyed: bool = True
    together: bool = False  # every connection makes every call, all at once
    home: int | None = None  # the node that is tried first
    patience: float = 10.0
    deadline: float = 90.0
    pause: int = 0  # milliseconds between two calls of a connection
    retries: bool = True


class Sample(NamedTuple):
    """What became of a call; times are of the monotonic clock."""
    call: str
    kind: Kind
    hash: str
    attempts: int
    began: float
    ended: float
    outcome: str
    troubles: str

    @property
    def paid(self) -> bool:
        """The call ran, as its agent was told."""
        return self.outcome in ("result", "tool_error")


class LightAgent:
    """A running light agent."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        self.plan = plan
        self._samples = directory / f"{plan.prefix}.samples.tsv"
        description = directory / f"{plan.prefix}.plan.json"
        described = asdict(plan)
        for kind in described["kinds"]:
            del kind["cost"]
        description.write_text(json.dumps(described))
        self.began = time.monotonic()
        self.process = Process(f"agent-{plan.prefix}", [BINARY, str(description), str(self._samples)], directory)

    @property
    def done(self) -> int:
        """How many calls are over."""
        lines = self.process.printed().rsplit("\n", 2)
        return int(lines[-2].split()[1]) if len(lines) > 1 else 0

    @property
    def total(self) -> int:
        return self.plan.calls * (self.plan.connections if self.plan.together else 1)

    def reach(self, count: int, within: float) -> None:
        """Waits until so many calls are over."""
        eventually(f"{count} calls over", lambda: self.done >= count or not self.process.running, within, every=0.02)
        assert self.done >= count, self.process.tail()

    def finish(self, within: float) -> list[Sample]:
        """Waits until all are over."""
        eventually("the agent is done", lambda: not self.process.running, within, every=0.05)
        assert self.process.stop() == 0, self.process.tail()
        return [self._sample(line) for line in self._samples.read_text().splitlines()]

    def _sample(self, line: str) -> Sample:
        call, hash_, attempts, began, ended, outcome, troubles = line.split("\t")
        kind = self.plan.kinds[int(call) % len(self.plan.kinds)]
        return Sample(f"{self.plan.prefix}-{call}", kind, hash_, int(attempts), float(began), float(ended), outcome, troubles)


def outcomes(samples: list[Sample]) -> str:
    """A few words of what became of them."""
    return ", ".join(f"{count} {outcome}" for outcome, count in Counter(sample.outcome for sample in samples).most_common())
