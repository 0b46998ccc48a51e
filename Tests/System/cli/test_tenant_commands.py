"""`satgate tenant`: what an operator does to the tenants' documents."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.node import run
from testbed.process import free_port
from testbed.redis_server import RedisServer

ACME = """tenants:
  - name: acme
    budgets:
      team:
        limit: 1000
    default_budget: team
    tariff:
      tools:
        "deep_*": 5
    upstreams:
      - name: search
        headers:
          Authorization: "Bearer ${env:SEARCH_TOKEN}"
        url: "http://127.0.0.1:9/mcp"
"""
OTHER = "  - name: other\n    upstreams: []\n"


@pytest.fixture
def satgate(redis_server: RedisServer) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Runs `satgate tenant …` on an empty Redis: exit status, standard output, standard error."""
    redis_server.client.flushall()

    def tenant(*arguments: Any, **environment: str) -> tuple[int, str, str]:
        result = run("tenant", *map(str, arguments), env={"SATGATE_REDIS_URL": redis_server.url, **environment})
        return result.returncode, result.stdout, result.stderr
    yield tenant


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "tenants.yaml"
        path.write_text(text)
        return path
    return write


def changes(redis_server: RedisServer, name: str) -> list[tuple[str, int]]:
    events = [json.loads(fields["event"]) for _, fields in redis_server.client.xrange(f"satgate:{{{name}}}:audit")]
    return [(event["data"]["change"], event["data"]["version"]) for event in events if event["type"] == "tenant_changed"]


def test_applying_is_idempotent_and_told(satgate, written, redis_server):
    file = written(ACME + OTHER)
    assert satgate("apply", "-f", file) == (0, "acme created version 1\nother created version 1\n", "")
    assert satgate("apply", "-f", file) == (0, "acme unchanged version 1\nother unchanged version 1\n", "")
    file = written(ACME.replace("1000", "2000") + OTHER)
    assert satgate("apply", "--file", file) == (0, "acme updated version 2\nother unchanged version 1\n", "")
    assert changes(redis_server, "acme") == [("created", 1), ("updated", 2)]
    assert redis_server.client.smembers("satgate:tenants") == {"acme", "other"}
    assert redis_server.client.hget("satgate:{acme}:ledger:head", "epoch")


def test_nothing_is_written_unless_all_is_valid(satgate, written, redis_server):
    file = written(ACME + "  - name: bad\n    colour: red\n    upstreams: []\n")
    status, out, err = satgate("apply", "-f", file)
    assert (status, out) == (1, "")
    assert err.startswith(f"{file}:16: tenants[1].colour: unknown key"), err
    assert redis_server.client.keys() == []


def test_a_secret_is_refused_and_neither_shown_nor_stored(satgate, written, redis_server):
    file = written(ACME.replace("${env:SEARCH_TOKEN}", "5ec7e7"))
    status, out, err = satgate("apply", "-f", file)
    assert (status, out) == (1, "")
    assert err == f"{file}:13: tenants[0].upstreams[0].headers.Authorization: would be stored in Redis; use ${{env:NAME}} or ${{file:PATH}}\n"
    assert redis_server.client.keys() == []


def test_what_get_prints_is_applied_again_without_a_change(satgate, written):
    satgate("apply", "-f", written(ACME), SEARCH_TOKEN="5ec7e7")
    status, out, _ = satgate("get", "acme", SEARCH_TOKEN="5ec7e7")
    assert (status, out) == (0, ACME)
    assert satgate("apply", "-f", written(out))[1] == "acme unchanged version 1\n"
    shown = json.loads(satgate("get", "acme", "--json")[1])
    assert (shown["name"], shown["version"], shown["source"]) == ("acme", 1, "apply")
    assert shown["document"]["upstreams"][0]["headers"] == {"Authorization": "Bearer ${env:SEARCH_TOKEN}"}
    assert satgate("get", "nobody")[::2] == (1, "satgate: no such tenant: nobody\n")


def test_listing_pruning_and_deleting(satgate, written, redis_server):
    satgate("apply", "-f", written(ACME + OTHER))
    status, out, _ = satgate("list")
    assert status == 0 and [line.split() for line in out.splitlines()] == [
        ["acme", "version", "1", "apply", "search"], ["other", "version", "1", "apply"]]
    listed = json.loads(satgate("list", "--json")[1])
    assert [(tenant["name"], tenant["version"], tenant["upstreams"]) for tenant in listed] == [("acme", 1, ["search"]), ("other", 1, [])]
    assert satgate("apply", "--prune", "-f", written(ACME)) == (0, "acme unchanged version 1\nother deleted\n", "")
    assert satgate("delete", "acme") == (0, "acme deleted\n", "")
    assert satgate("delete", "acme")[0] == 1
    assert satgate("list") == (0, "", "")
    assert satgate("list", "--json") == (0, "[]\n", "")
    assert redis_server.client.exists("satgate:{acme}:ledger:head"), "the books stay"
    assert changes(redis_server, "acme") == [("created", 1), ("deleted", 1)]


def test_a_difference_is_shown_line_by_line_and_told_by_the_exit_status(satgate, written):
    satgate("apply", "-f", written(ACME + OTHER))
    assert satgate("diff", "-f", written(ACME)) == (0, "", "")
    status, out, _ = satgate("diff", "-f", written(ACME.replace("1000", "2000") + OTHER))
    assert status == 1
    assert "-    limit: 1000\n+    limit: 2000\n" in out and "--- acme version 1\n" in out and "other" not in out
    status, out, _ = satgate("diff", "--prune", "-f", written(ACME))
    assert status == 1 and "-name: other\n" in out
    status, out, _ = satgate("diff", "-f", written(ACME + OTHER.replace("other", "new")))
    assert status == 1 and "+name: new\n" in out
    assert satgate("list")[1].count("version 1") == 2, "nothing was written"


def test_exit_statuses_tell_what_failed(satgate, written, tmp_path):
    nowhere = f"redis://127.0.0.1:{free_port()}"
    status, out, err = satgate("list", SATGATE_REDIS_URL=nowhere, SATGATE_REDIS_TIMEOUT="300")
    assert (status, out) == (69, "") and "Redis" in err
    for name, value in (("SATGATE_REDIS_URL", "http://x"), ("SATGATE_REDIS_PREFIX", "{x}"), ("SATGATE_REDIS_TIMEOUT", "1")):
        status, out, err = satgate("list", **{name: value})
        assert (status, out) == (78, "") and err, (name, err)
    assert satgate("list", "--config", "/nowhere.yaml")[0] == 78
    config = tmp_path / "node.yaml"
    config.write_text(f"redis: {{url: '{nowhere}', timeout: 300}}\n")
    result = run("tenant", "list", "--config", str(config), env={})
    assert result.returncode == 69, result.stderr
    assert satgate("get", "Not A Name")[0] == 64
    assert satgate("apply", "-f", "/nowhere.yaml")[::2] == (1, "/nowhere.yaml: cannot be read\n")
