"""`satgate doctor` on tenants whose charges replicas must have."""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.node import run, tenant
from testbed.topologies import RedisCluster, Sentinels, Topology


@pytest.mark.parametrize("start, replicas", [(Sentinels, 2), (RedisCluster, 1)])
def test_it_compares_the_replicas_that_a_tenant_waits_for_with_those_that_there_are(
        tmp_path: Path, start: Callable[[Path], Topology], replicas: int) -> None:
    redis, file = start(tmp_path), tmp_path / "tenants.json"
    file.write_text(json.dumps({"tenants": [
        tenant("any", {}),
        *(tenant(f"waits-{wanted}", {}, durability={"mode": "durable", "replicas": wanted}) for wanted in (1, 2, 3))]}))
    environment = {"SATGATE_REDIS_URL": redis.url, "SATGATE_KEYS_FILE": "/nowhere"}
    try:
        applied = run("tenant", "apply", "-f", str(file), env=environment)
        assert applied.returncode == 0, applied.stderr
        found = json.loads(run("doctor", "--json", env=environment).stdout)
        grades = {each["what"].split()[0]: each["grade"] for each in found if "waits for" in each["what"]}
        assert grades == {f"waits-{wanted}": "failure" if wanted > replicas else "warning" if wanted < replicas else "good" for wanted in (1, 2, 3)}
    finally:
        redis.stop()
