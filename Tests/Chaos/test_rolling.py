"""Nodes replaced again and again under load; `make test` replaces each of three once (Tests/System/rolling)."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.light_agent import outcomes
from testbed.rollout import Rollout


@pytest.mark.long
@pytest.mark.limit(2000)
async def test_rounds_of_replacement(tmp_path: Path, count: Callable[[int, int], int]) -> None:
    rollout = Rollout(tmp_path, pause=2.0)
    try:
        await rollout.begin(listening=150, older=150, callers=60)
        await rollout.roll(calls=2000, rounds=count(6, 1))
        books = await rollout.finish()
        print(f"{books}\n{rollout.words()}; ends took {min(rollout.drains):.1f} to {max(rollout.drains):.1f} s")
        assert all(sample.outcome == "result" for sample in rollout.samples), outcomes(rollout.samples)
        gaps = [gap for watch in rollout.watches for gap in watch.gaps]
        assert max(gaps) < 3, rollout.words()
    finally:
        rollout.end()
