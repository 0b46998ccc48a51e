#!/usr/bin/env python3
"""Everything that has Redis change its masters, at full length, and every suite of several nodes on sentinels and on a cluster.

usage: failover.py "swift test …" [--part NAME] [--share 0.1]
"""
from __future__ import annotations

import argparse
import os
import shlex
import sys

from run import REPORTS, ROOT, on, pytest, suite

TOPOLOGIES = ("sentinels", "cluster")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("swift")
    parser.add_argument("--part", choices=["sentinels", "cluster", "durable", "partition", "store", "nodes"])
    parser.add_argument("--share", default="1")
    wanted = parser.parse_args()
    REPORTS.mkdir(parents=True, exist_ok=True)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    os.environ["SATGATE_REPORTS"] = str(REPORTS)
    swift = [*shlex.split(wanted.swift), "--filter", "StoreTests", "--xunit-output"]
    faults = ("--share", wanted.share)
    parts = [("sentinels", pytest("mcp2", "test_failover.py", *faults, "-k", "sentinels", directory="Chaos")),
             ("cluster", pytest("mcp2", "test_failover.py", *faults, "-k", "cluster", directory="Chaos")),
             ("durable", pytest("mcp2", "test_failover.py", *faults, "-k", "durable", directory="Chaos")),
             ("partition", pytest("mcp2", "test_partition.py", *faults, directory="Chaos"))]
    for topology in TOPOLOGIES:
        report = REPORTS / f"store-{topology}-swift-testing.xml"
        command = ["env", f"SATGATE_TEST_TOPOLOGY={topology}", *swift, str(REPORTS / f"store-{topology}.xml")]
        parts += [("store", (f"StoreTests on {topology}", command, report, ROOT)), ("nodes", on(topology, pytest("mcp2", "cluster")))]
    totals = []
    for part, each in parts:
        if wanted.part in (None, part):
            each[2].unlink(missing_ok=True)
            totals.append(suite(*each))
    passed, failed, skipped = (sum(column) for column in zip(*totals))
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
