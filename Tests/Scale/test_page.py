"""The page on scaling says what the script computes, and nothing else."""
from __future__ import annotations

import dataclasses
import json
import re

import plan


def test_the_page_is_what_the_script_says() -> None:
    page = plan.PAGE.read_text()
    assert plan.written(page, plan.tables(json.loads(plan.INPUTS.read_text()), plan.Assumptions())) == page, "run Tests/Scale/plan.py --write"
    assert len(re.findall("<!-- plan: ", page)) == page.count("<!-- end -->")


def test_more_of_anything_needs_no_less() -> None:
    inputs = json.loads(plan.INPUTS.read_text())
    usual = plan.Plan(inputs, plan.Assumptions())
    assert usual.nodes >= 3 and usual.shards >= 1
    for more in (dict(agents=2_000_000.0), dict(calls_per_minute=2.0), dict(streams=0.6), dict(dashboards=50.0)):
        other = plan.Plan(inputs, dataclasses.replace(usual.assumed, **more))
        assert other.nodes >= usual.nodes and (other.shards >= usual.shards or not other.shards), more
        assert sum(other.memory().values()) >= sum(usual.memory().values())
    quiet = plan.Plan(inputs, dataclasses.replace(usual.assumed, publish=0.0), nodes=usual.nodes)
    assert quiet.shards <= usual.shards
