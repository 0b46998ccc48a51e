#!/usr/bin/env python3
"""Runs every suite, whatever the others did, and closes with one line of the total.

usage: run.py "swift test …"
"""
from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / ".build" / "reports"


def counts(report: Path) -> tuple[int, int, int]:
    """(passed, failed, skipped) of a JUnit report; (0, 0, 0) where there is none."""
    if not report.exists():
        return 0, 0, 0
    cases = list(xml.parse(report).getroot().iter("testcase"))
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = sum(1 for case in cases if case.find("skipped") is not None)
    return len(cases) - failed - skipped, failed, skipped


def failures(report: Path) -> list[str]:
    """What failed in a JUnit report, each with the first lines of its reason: the end of a log is what is read first."""
    if not report.exists():
        return []
    found = []
    for case in xml.parse(report).getroot().iter("testcase"):
        reasons = [case.find(kind) for kind in ("failure", "error")]
        for reason in (each for each in reasons if each is not None):
            said = (reason.get("message") or reason.text or "").strip().splitlines()[:3]
            found.append(" | ".join([f"{case.get('classname')}: {case.get('name')}", *said])[:600])
    return found


def suite(name: str, command: list[str], report: Path, directory: Path) -> tuple[int, int, int]:
    """Runs one suite; a suite that fails without naming a test, or runs none, counts as one failure."""
    print(f"\n== {name}", flush=True)
    begun = time.monotonic()
    status = subprocess.run(command, cwd=directory).returncode
    passed, failed, skipped = counts(report)
    if (status and not failed) or not passed + failed:
        failed += 1
    print(f"== {name}: exit {status} after {time.monotonic() - begun:.0f} s", flush=True)
    return passed, failed, skipped


def pytest(environment: str, *suites: str, directory: str = "System") -> tuple[str, list[str], Path, Path]:
    """Suites of pytest, run by the environment of that name, which setup.sh makes."""
    python = ROOT / ".build" / f"venv-{environment}" / "bin" / "python"
    report = REPORTS / f"{directory}-{suites[0].strip('-').replace('/', '-')}-{environment}.xml"
    return (f"{directory}: {' '.join(suites)} with {environment}", [str(python), "-m", "pytest", "-q", f"--junitxml={report}", *suites],
            report, ROOT / "Tests" / directory)


# What several nodes do for agents every day, a second or so each.
EVERYDAY = ["cluster/test_two_nodes.py", "cluster/test_resumption.py", "cluster/test_revocation.py", "cluster/test_delegation.py",
            "cluster/test_events.py", "cluster/test_streams.py",
            "-k", "not thousand and not two_hundred and not end_of_a_child and not death and not within_seconds and not expires and not bus"]


def on(topology: str, of: tuple[str, list[str], Path, Path]) -> tuple[str, list[str], Path, Path]:
    """The suite, of pytest, on that topology of Redis: sentinels or cluster."""
    name, command, report, directory = of
    own = report.with_stem(f"{report.stem}-{topology}")
    words = [f"--junitxml={own}" if word.startswith("--junitxml=") else word for word in command]
    return f"{name} on {topology}", ["env", f"SATGATE_TEST_TOPOLOGY={topology}", *words], own, directory


def main() -> int:
    REPORTS.mkdir(parents=True, exist_ok=True)
    for old in REPORTS.glob("*.xml"):
        old.unlink()
    # swift test writes Swift Testing's report beside the one of XCTest
    swift = ("swift test", [*shlex.split(sys.argv[1]), "--xunit-output", str(REPORTS / "swift.xml")], REPORTS / "swift-swift-testing.xml", ROOT)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    # the last suite looks there for what the others have shown
    os.environ["SATGATE_REPORTS"] = str(REPORTS)
    totals = [suite(*each) for each in (
        swift, pytest("mcp1", "interop", "matrix", "thirdparty"), pytest("mcp2", "interop", "matrix", "thirdparty"),
        pytest("mcp2", "fixtures", "cluster", "faults", "cli", "rolling"), pytest("mcp2", "attacks"), pytest("mcp1", "oauth"), pytest("mcp2", "oauth"), pytest("operator", "operator"), pytest("operator", "browser"),
        pytest("mcp2", "topologies"), on("sentinels", pytest("mcp2", *EVERYDAY)), on("cluster", pytest("mcp2", *EVERYDAY)),
        pytest("mcp2", "test_failover.py", "--short", directory="Chaos"), pytest("k8s", "deployment"),
        pytest("mcp2", "--short", "--ignore=test_failover.py", "--ignore=test_partition.py", directory="Chaos"),
        pytest("mcp2", "--short", directory="Scale"),
        pytest("mcp2", "conformance"))]
    passed, failed, skipped = (sum(column) for column in zip(*totals))
    for each in (line for report in sorted(REPORTS.glob("*.xml")) for line in failures(report)):
        print(f"failed: {each}")
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
