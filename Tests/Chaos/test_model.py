"""The ledger's scripts against their model."""
from __future__ import annotations

import os
import re
import subprocess
import time

import pytest

from testbed.process import ROOT

WALKS = 64


@pytest.mark.long
def test_a_million_random_operations_are_answered_alike(count):
    """B12."""
    length, began = count(16_000, 16_000), time.monotonic()
    found = subprocess.run(
        ["swift", "test", "--skip-build", "--no-parallel", "--explicit-target-dependency-import-check", "error", "--filter",
         "LedgerPropertyTests/sameReplies"], cwd=ROOT, env={**os.environ, "SATGATE_WALK": str(length)}, capture_output=True, text=True)
    said = found.stdout + found.stderr
    assert found.returncode == 0 and re.search("Test run with 1 test .*passed", said), said[-3000:]
    print(f"\nB12: {WALKS * length} random operations answered alike by Redis and the model in {time.monotonic() - began:.0f} s")
