"""`satgate budget`: what an operator sees of a tenant's accounts and does to them."""
from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testbed.node import run
from testbed.process import free_port
from testbed.redis_server import RedisServer

TENANT = "tenants: [{name: acme, upstreams: [], budgets: {team: {limit: 100}}}]\n"
CAP = "_cap." + "c" * 64


@pytest.fixture
def satgate(redis_server: RedisServer, tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Runs `satgate budget …` for a tenant whose books are open: exit status, standard output, standard error."""
    redis_server.client.flushall()
    file = tmp_path / "tenants.yaml"
    file.write_text(TENANT)
    applied = run("tenant", "apply", "-f", str(file), env={"SATGATE_REDIS_URL": redis_server.url})
    assert applied.returncode == 0, applied.stderr

    def budget(*arguments: Any, tenant: str = "acme", **environment: str) -> tuple[int, str, str]:
        result = run("budget", *map(str, arguments), "--tenant", tenant, env={"SATGATE_REDIS_URL": redis_server.url, **environment})
        return result.returncode, result.stdout, result.stderr
    return budget


def ledger(redis_server: RedisServer) -> list[dict[str, Any]]:
    return [json.loads(fields["event"]) for _, fields in redis_server.client.xrange("satgate:{acme}:ledger")]


def rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines()]


def test_a_limit_is_set_and_topped_up_and_who_did_it_is_told(satgate, redis_server):
    assert satgate("set", "team", "10.5") == (0, "team: limit 10.5 (a new account), available 10.5\n", "")
    assert satgate("top-up", "team", "0.000001") == (0, "team: limit 10.500001 (before: 10.5), available 10.500001\n", "")
    assert satgate("set", "team", "3") == (0, "team: limit 3 (before: 10.500001), available 3\n", "")
    events = ledger(redis_server)
    assert [(event["type"], event["data"]["reason"], event["data"]["limit"]) for event in events] == [
        ("budget_set", "set", 10.5), ("budget_set", "top_up", 10.500001), ("budget_set", "set", 3)]
    assert {event["data"]["by"] for event in events} == {f"cli:{getpass.getuser()}"}
    assert satgate("get", "team")[1].splitlines()[0].split()[:3] == ["account", "limit", "available"]
    assert rows(satgate("get", "team")[1])[1] == ["team", "3", "3", "0", "0", "0", "0", "-"]


def test_a_change_repeated_under_its_id_is_made_once(satgate, redis_server):
    satgate("set", "team", 1)
    first = satgate("top-up", "team", 2, "--request-id", "monday-1")
    assert first == (0, "team: limit 3 (before: 1), available 3\n", "")
    satgate("top-up", "team", 5)
    assert satgate("top-up", "team", 2, "--request-id", "monday-1") == first
    assert satgate("top-up", "team", 3, "--request-id", "monday-1")[::2] == (1, "satgate: the request id stands for another change\n")
    assert json.loads(satgate("get", "team", "--json")[1])["limit"] == 8
    assert len(ledger(redis_server)) == 3


def test_everything_is_told_in_json_too(satgate):
    made = json.loads(satgate("set", "team", "12.25", "--json")[1])
    assert (made["account"], made["limit"], made["available"], made["over"], made["version"], made["rolledBack"]) == \
        ("team", 12.25, 12.25, 0, 1, False)
    assert "previous" not in made
    assert json.loads(satgate("top-up", "team", 1, "--json")[1])["previous"] == 12.25
    assert json.loads(satgate("get", "team", "--json")[1])["limit"] == 13.25
    assert [account["account"] for account in json.loads(satgate("list", "--json")[1])] == ["team"]
    assert json.loads(satgate("audit", "team", "--json")[1]) == {"accounts": 1, "entries": 2, "differences": []}


def test_all_accounts_are_listed_the_tenants_first_the_caps_last(satgate, redis_server):
    for account in (CAP, "team", "_tenant", "alpha"):
        assert satgate("set", account, 5)[0] == 0
    end = 1_800_000_000_000
    redis_server.client.hset("satgate:{acme}:account:alpha", mapping={"window": end, "mark": "1", "spent": 7_000_000, "over": 2_000_000})
    status, out, _ = satgate("list")
    assert status == 0 and [row[0] for row in rows(out)] == ["account", "_tenant", "alpha", "team", CAP]
    assert rows(out)[2] == ["alpha", "5", "0", "0", "7", "0", "2", "2027-01-15T08:00:00Z", "rolled", "back"]
    assert [row[0] for row in rows(satgate("list", "--budgets-only")[1])] == ["account", "_tenant", "alpha", "team"]
    shown = json.loads(satgate("get", "alpha", "--json")[1])
    assert (shown["windowEnd"], shown["rolledBack"], shown["over"]) == ("2027-01-15T08:00:00Z", True, 2)
    assert satgate("list", "--json", tenant="other") == (0, "[]\n", "")


def test_an_account_that_lost_writes_goes_on_when_it_is_told_to(satgate, redis_server):
    satgate("set", "team", 5)
    key = "satgate:{acme}:account:team"
    epoch = redis_server.client.hget(key, "epoch")
    redis_server.client.hset(key, "mark", "1")
    status, out, err = satgate("resume", "team")
    assert (status, err) == (0, "") and out.startswith("team: limit 5")
    assert redis_server.client.hget(key, "mark") is None and redis_server.client.hget(key, "epoch") != epoch
    assert ledger(redis_server)[-1]["data"]["by"] == f"cli:{getpass.getuser()}"
    assert satgate("audit", "team")[0] == 0


def test_each_difference_is_a_line_and_the_exit_status_tells(satgate, redis_server):
    satgate("set", "team", 5)
    satgate("set", "other", 6)
    assert satgate("audit", "team") == (0, "1 account, 2 entries: no difference\n", "")
    assert satgate("audit", "--all") == (0, "2 accounts, 2 entries: no difference\n", "")
    redis_server.client.hset("satgate:{acme}:account:team", mapping={"limit": 7_000_000, "held": 1})
    lines = ["team: limit is 7, by the entries 5", "team: held is 0.000001, by the open holds 0"]
    assert satgate("audit", "team") == (1, "\n".join(lines) + "\n1 account, 2 entries: 2 differences\n", "")
    status, out, _ = satgate("audit", "--all", "--json")
    assert status == 1 and [found["what"] for found in json.loads(out)["differences"]] == [line.split(": ")[1] for line in lines]
    assert satgate("audit", "other")[0] == 0
    assert satgate("audit", "nobody") == (1, "nobody: no such account\n1 account, 2 entries: 1 difference\n", "")


def test_exit_statuses_tell_what_failed(satgate, redis_server):
    assert satgate("get", "nobody")[::2] == (1, "satgate: no such account: nobody of acme\n")
    assert satgate("top-up", "nobody", 1)[0] == 1
    assert satgate("resume", "nobody")[0] == 1
    assert satgate("set", "team", 5, tenant="other")[::2] == (1, "satgate: the books of other are not open: apply its document first\n")
    satgate("set", "team", "9007199254.740991")
    assert satgate("top-up", "team", "0.000001")[::2] == (1, "satgate: the limit would be too large\n")
    for amount in ("1.0000001", "-1", "1e3", "9007199254.740992", ""):
        assert satgate("set", "team", amount)[0] == 64, amount
    for account in ("_cap.xyz", "_x", "a b", ""):
        assert satgate("get", account)[0] == 64, account
    for arguments in (("set", "team", 1, "--request-id", "a b"), ("audit",), ("audit", "team", "--all")):
        assert satgate(*arguments)[0] == 64, arguments
    assert satgate("get", "team", tenant="A B")[0] == 64
    nowhere = f"redis://127.0.0.1:{free_port()}"
    assert satgate("get", "team", SATGATE_REDIS_URL=nowhere, SATGATE_REDIS_TIMEOUT="300")[0] == 69
    assert satgate("get", "team", SATGATE_REDIS_URL="http://x")[0] == 78
    redis_server.client.set("satgate:{acme}:account:broken", "x")
    assert satgate("get", "broken")[0] == 1


def test_where_it_is_not_known_whether_a_change_was_made_the_id_to_repeat_it_is_told(satgate, redis_server):
    """Redis takes the connection and then says nothing while the script is under way."""
    satgate("set", "team", 5)
    redis_server.client.config_set("maxmemory", "1")
    try:
        status, out, err = satgate("top-up", "team", 1, SATGATE_REDIS_TIMEOUT="300")
    finally:
        redis_server.client.config_set("maxmemory", "0")
    assert (status, out) == (69, "")
    request = err.split("--request-id ")[1].split()[0]
    repeated = satgate("top-up", "team", 1, "--request-id", request)
    assert repeated == (0, "team: limit 6 (before: 5), available 6\n", "")
    assert satgate("top-up", "team", 1, "--request-id", request) == repeated
