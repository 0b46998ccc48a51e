"""What was measured, in .build/bench.json, and the table of marks that is made of it."""
from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from peers import ROOT

FILE = ROOT / ".build" / "bench.json"


def read() -> dict[str, Any]:
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def write(found: dict[str, Any]) -> None:
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(rounded(found), indent=1) + "\n")


def rounded(value: Any) -> Any:
    """Four digits are more than the noise leaves."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) and abs(value) < 1e6 else value


def machine(binary: str) -> dict[str, Any]:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return {"processor": cpu[1] if cpu else "unknown", "cores": os.cpu_count(), "load": os.getloadavg()[0], "commit": commit, "binary": binary}


class Spread:
    """A figure of several rounds: its median, least and greatest."""

    def __init__(self, values: Iterable[float]) -> None:
        self.values = sorted(values)
        self.median, self.least, self.most = statistics.median(self.values), self.values[0], self.values[-1]

    def text(self, digits: int = 2) -> str:
        return f"{self.median:.{digits}f} ({self.least:.{digits}f} to {self.most:.{digits}f})"


def ratios(rounds: dict[str, list[dict[str, float]]], name: str, base: str, key: str) -> Spread | None:
    """Of each round's two figures, which neighbours of the machine hit alike."""
    if name not in rounds or base not in rounds:
        return None
    return Spread(mine[key] / theirs[key] for mine, theirs in zip(rounds[name], rounds[base]) if theirs[key])


Row = tuple[str, str, str, str, str, bool | None]


def mark(figure: str, nginx: str, imitation: Spread | str | None, ours: Spread | str | None, mark: str, met: Callable[[float], bool] | None,
         why: str = "not measured", digits: int = 2) -> Row:
    def shown(value: Spread | str | None) -> str:
        return value.text(digits) if isinstance(value, Spread) else value or "–"

    return figure, nginx, shown(imitation), shown(ours) if ours else why, mark, met(ours.median) if met and isinstance(ours, Spread) else None


def table(found: dict[str, Any]) -> list[Row]:
    """The marks of the bench; a row whose figures are missing says so."""
    rounds = found.get("rounds", {})

    def ratio(name: str, key: str, base: str = "nginx") -> Spread | None:
        return ratios(rounds, name, base, key)

    rows = [
        mark("CPU per call, own codec", "1", ratio("imitation", "cpu"), ratio("satgate", "cpu"), "≤ 2.5", lambda value: value <= 2.5),
        mark("CPU per call without leases of budgets", "1", ratio("imitation", "cpu"), ratio("asking", "cpu"), "–", None),
        mark("CPU per call, `codec: strict`", "1", ratio("imitation", "cpu"), ratio("strict", "cpu"), "≤ 3.5", lambda value: value <= 3.5,
             "no such setting in this build"),
        mark("calls/s", "1", ratio("imitation", "rate"), ratio("satgate", "rate"), "≥ 0.40", lambda value: value >= 0.40),
        mark("p99", "1", ratio("imitation", "p99"), ratio("satgate", "p99"), "≤ 3", lambda value: value <= 3),
        mark("CPU of a 2026-07-28 call / of a session's", "–", None, ratio("stateless", "cpu", "satgate"), "≤ 1", lambda value: value <= 1),
    ]
    idle = found.get("idle", {})
    for kind, name in (("get", "GET"), ("sse", "legacy SSE"), ("listen", "listen"), ("websocket", "WebSocket")):
        theirs = f"{idle['nginx']:.1f} KiB" if kind == "get" and "nginx" in idle else "–"
        rows.append(mark(f"idle stream, {name}, at {idle.get('count', 9000)}", theirs, None, Spread([idle[kind]]) if kind in idle else None,
                         "≤ 12 KiB", lambda value: value <= 12, digits=1))
    start = found.get("start")
    rows.append(mark("CPU from start to ready, ms", "–", None, Spread(start) if start else None, "≤ 150", lambda value: value <= 150, digits=0))
    added = found.get("latency")
    rows.append(mark("added latency at 1 connection less 2 Redis round trips, µs", "–", None,
                     Spread(each["added"] - 2 * each["redis"] for each in added) if added else None, "≤ 150", lambda value: value <= 150, digits=0))
    soak = found.get("soak")
    rows.append(mark("memory, last minute / second minute of 10", "–", None, Spread([soak["growth"]]) if soak else None, "0.95 to 1.05",
                     lambda value: 0.95 <= value <= 1.05, "`make soak` has not been run"))
    return rows


def tell(rows: list[Row]) -> bool:
    """Prints the table; true where every mark is met."""
    print("\n| figure | nginx | imitation | satgate | mark | met |\n|---|---|---|---|---|---|")
    for *columns, met in rows:
        print(f"| {' | '.join(columns)} | {'–' if met is None else 'yes' if met else '**no**'} |")
    return all(met for *_, mark, met in rows if mark != "–")
