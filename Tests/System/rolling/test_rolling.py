"""Three nodes behind haproxy, each replaced in turn while agents call and hold streams."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.light_agent import outcomes
from testbed.rollout import Rollout


@pytest.fixture
def rollout(tmp_path: Path) -> Iterator[Rollout]:
    made = Rollout(tmp_path)
    yield made
    made.end()


@pytest.mark.limit(240)
async def test_each_node_is_replaced_and_nobody_notices(rollout: Rollout):
    await rollout.begin(listening=150, older=150, callers=30)
    await rollout.roll(calls=600)
    books = await rollout.finish()
    print(books)
    assert all(sample.outcome == "result" for sample in rollout.samples), outcomes(rollout.samples)
    gaps = [gap for watch in rollout.watches for gap in watch.gaps]
    retries = [retry for watch in rollout.watches for retry in watch.retries]
    # of a node's streams a third is somewhere else already, but no stream was at none of those that were replaced
    assert len(gaps) >= len(rollout.watches) and max(gaps) < 3, rollout.words()
    assert min(retries) < 500 and max(retries) > 1000 and max(retries) <= 1200, "those who come back are spread"
    assert sum(older.answered for older in rollout.older) > 100, rollout.words()
