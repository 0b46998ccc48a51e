"""`satgate doctor` where Redis is behind sentinels."""
from __future__ import annotations

import json
from pathlib import Path

from testbed.node import run
from testbed.topologies import Sentinels


def found(redis: Sentinels) -> dict[str, str]:
    """What it finds about Redis, with its grade."""
    result = run("doctor", "--json", env={"SATGATE_REDIS_URL": redis.url, "SATGATE_KEYS_FILE": "/nowhere"})
    return {finding["what"]: finding["grade"] for finding in json.loads(result.stdout) if finding["area"] == "redis"}


def grade(findings: dict[str, str], *words: str) -> str | None:
    """Of the one finding that has all these words."""
    grades = [grade for what, grade in findings.items() if all(word in what for word in words)]
    assert len(grades) <= 1, findings
    return grades[0] if grades else None


def test_it_says_who_is_master_which_sentinels_answer_and_whether_they_could_replace_it(tmp_path: Path) -> None:
    redis = Sentinels(tmp_path)
    try:
        master = f"127.0.0.1:{redis.servers[redis.master()].port}"
        whole = found(redis)
        assert grade(whole, f"of 3 sentinels 3 name {master} as master") == "good", whole
        assert grade(whole, "2 replicas follow", "min-replicas-to-write 0") == "warning"
        assert grade(whole, "do not answer") is None and grade(whole, "could not replace") is None
        redis.servers[redis.master()].ask("CONFIG", "SET", "min-replicas-to-write", "1")
        redis.sentinels[0].kill()
        fewer = found(redis)
        assert grade(fewer, "1 of 3 sentinels do not answer", f"127.0.0.1:{redis.sentinels[0].port}") == "warning", fewer
        assert grade(fewer, f"of 3 sentinels 2 name {master} as master") == "good"
        assert grade(fewer, "2 replicas follow", "which writes only while it has enough of them") == "good"
        redis.sentinels[1].kill()
        result = run("doctor", "--json", env={"SATGATE_REDIS_URL": redis.url, "SATGATE_KEYS_FILE": "/nowhere"})
        assert "of 3 sentinels 1 answer, and 1 name the same master mymaster" in result.stderr, result.stderr
    finally:
        redis.stop()
