"""`satgate doctor` as an operator reads it, and the rule that gives a Redis user the rights that nodes need."""
from __future__ import annotations

import json
import re
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed.agent import Agent
from testbed.node import BINARY, Cell, Node, run, tenant
from testbed.operators import Operators
from testbed.process import ROOT, clean_environment, eventually
from testbed.redis_server import RedisServer
from testbed.stateless import Stateless
from testbed.upstream import LightUpstream


@dataclass
class Ward:
    """A node that lacks nothing."""
    redis: RedisServer
    upstream: LightUpstream
    cell: Cell
    node: Node
    settings: dict[str, str]

    def examine(self, **settings: str) -> tuple[int, list[dict[str, Any]]]:
        """The exit status and the findings, with other settings too."""
        result = run("doctor", "--json", env={**self.settings, **settings})
        return result.returncode, json.loads(result.stdout)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    directory = tmp_path_factory.mktemp("doctor")
    server, upstream, operators = RedisServer(directory, durable=True), LightUpstream(directory), Operators(directory)
    server.client.config_set("maxmemory", "1gb")
    cell = Cell(directory, server, [tenant("acme", {"light": upstream.url}, budgets={"team": {"limit": 100}}, default_budget="team")])
    settings = {**cell.environment, **operators.settings, "SATGATE_UPSTREAMS_ALLOW_NETWORKS": "127.0.0.0/8"}
    for file in (cell.keys, operators.file):
        file.chmod(0o600)
    node = cell.node("well", **operators.settings, SATGATE_UPSTREAMS_ALLOW_NETWORKS="127.0.0.0/8")
    yield Ward(server, upstream, cell, node, settings)
    assert node.stop() == 0
    upstream.stop()
    server.stop()


def bad(findings: list[dict[str, Any]]) -> list[str]:
    """What is not good; each must say why and what to do."""
    found = [each for each in findings if each["grade"] != "good"]
    assert all(each["why"] and each["fix"] for each in found), found
    return [f"{each['grade']} {each['area']}: {each['what']}" for each in found]


def test_where_nothing_is_wrong_all_is_good(ward):
    status, findings = ward.examine()
    assert (status, bad(findings)) == (0, []), findings
    assert {each["area"] for each in findings} == {"configuration", "redis", "keys", "tenants", "zones", "upstreams", "nodes"}
    shown = run("doctor", env=ward.settings)
    assert shown.returncode == 0 and shown.stdout.splitlines()[-1] == f"{len(findings)} good, 0 warnings, 0 failures"


def test_what_is_risky_is_warned_of(ward, tmp_path: Path):
    status, findings = ward.examine(
        SATGATE_LISTEN_HOST="0.0.0.0", SATGATE_ADMIN_HOST="0.0.0.0", SATGATE_ADMIN_TOKENS_FILE="", SATGATE_SSE_TOKEN_IN_QUERY="true",
        SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS="true", SATGATE_LISTEN_PROT="1")
    shown = "\n".join(bad(findings))
    assert status == 1 and "failure" not in shown
    for risk in ("listens on 0.0.0.0, and the header Host", "sse.token_in_query", "operators' port listens on 0.0.0.0", "admin.tokens_file is not set",
                 "allow_private_networks", "SATGATE_LISTEN_PROT is no setting"):
        assert risk in shown, shown
    keys = tmp_path / "keys.yaml"
    keys.write_text(json.dumps({"keys": [{"id": "wide", "any_tenant": True, "secret_hex": secrets.token_hex(32)}]}))
    keys.chmod(0o644)
    config = tmp_path / "node.yaml"
    config.write_text("listne: {host: x}\nlog: {level: info}\n")
    result = run("doctor", "--json", "--config", str(config), env={**ward.settings, "SATGATE_KEYS_FILE": str(keys)})
    shown = "\n".join(bad(json.loads(result.stdout)))
    assert result.returncode == 1 and "wide is of any tenant" in shown and "can be read by every user" in shown and "listne.host" in shown


def test_what_fails_is_named_with_what_to_do(ward, tmp_path: Path):
    status, findings = ward.examine(SATGATE_REDIS_URL="redis://127.0.0.1:1")
    assert status == 2 and any("redis: it is out of reach" in line for line in bad(findings))
    status, findings = ward.examine(SATGATE_KEYS_FILE="/nowhere", SATGATE_ZONES=str(tmp_path))
    assert status == 2 and {"keys", "zones"} <= {each["area"] for each in findings if each["grade"] == "failure"}
    status, findings = ward.examine(SATGATE_LISTEN_PORT="much")
    assert status == 2 and any("would not start" in line for line in bad(findings))
    ward.redis.client.config_set("maxmemory-policy", "allkeys-lru")
    ward.redis.client.config_set("maxmemory", 0)
    ward.upstream.freeze()
    try:
        status, findings = ward.examine()
    finally:
        ward.upstream.thaw()
        ward.redis.client.config_set("maxmemory-policy", "noeviction")
        ward.redis.client.config_set("maxmemory", "1gb")
    shown = "\n".join(bad(findings))
    assert status == 2 and "maxmemory-policy is allkeys-lru" in shown and "maxmemory is not set" in shown and "light of acme is down" in shown


def rule(prefix: str, password: str) -> list[str]:
    """The arguments of the rule that the program prints."""
    result = run("doctor", "--acl", "--user", "node", env={"SATGATE_REDIS_PREFIX": prefix, "SATGATE_KEYS_FILE": "/nowhere"})
    assert result.returncode == 0, result.stderr
    words = result.stdout.split()
    assert words[:2] == ["ACL", "SETUSER"]
    return [f">{password}" if word.startswith(">") else word for word in words]


async def test_a_user_with_just_that_rule_serves_calls_events_and_the_doctor(tmp_path):
    server, upstream, operators = RedisServer(tmp_path, durable=True), LightUpstream(tmp_path), Operators(tmp_path)
    server.client.config_set("repl-diskless-sync-delay", 0)
    replica = RedisServer(tmp_path_of(tmp_path), durable=True)
    replica.client.replicaof("127.0.0.1", server.port)
    password = secrets.token_hex(16)
    server.client.execute_command(*rule("own:", password))
    server.client.config_set("maxmemory", "1gb")
    url = f"redis://node:{password}@127.0.0.1:{server.port}"
    cell = Cell(tmp_path, server, [tenant("acme", {"light": upstream.url}, budgets={"team": {"limit": 100, "window": "day", "zone": "UTC"}}, default_budget="team",
                                          rate_limits={"tenant": "1000/s"}, durability={"mode": "durable", "replicas": 1, "timeout": "5s"})])
    cell.environment |= {"SATGATE_REDIS_URL": url, "SATGATE_REDIS_PREFIX": "own:", **operators.settings}
    server.client.config_resetstat()
    node = cell.node("bounded")
    try:
        eventually("the replica is there", lambda: server.client.info("replication")["connected_slaves"] == 1)
        async with Agent(cell.mint()) as agent, Stateless(cell.mint()) as other:
            await agent.open(node)
            assert (await agent.call(node, "echo", text="x")).text == "x"
            assert (await other.call(node, "echo", text="x")).text == "x"
            delegated = await agent.ask(node, "satgate/delegate", {"amount": 3})
            await agent.close(node)
        env = {**clean_environment(), **cell.environment, "SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "true"}
        for command in (["budget", "list", "--tenant", "acme"], ["budget", "audit", "--tenant", "acme", "--all"], ["budget", "top-up", "--tenant", "acme", "team", "5"],
                        ["tenant", "list"], ["upstreams", "list"], ["sessions", "list"], ["nodes"], ["events"]):
            result = subprocess.run([BINARY, *command], env=env, capture_output=True, text=True, timeout=60)
            assert result.returncode == 0, (command, result.stdout, result.stderr)
        for path in ("tenants", "nodes", "sessions", "events", "activity", "tenants/acme/tokens", "tenants/acme/budgets", "upstreams"):
            operators.get(node, path)
        with operators.api(node) as api:
            assert api.post("tenants/acme/revocations", json={"token": cell.mint()}).status_code == 200
        result = subprocess.run([BINARY, "doctor", "--json"], env=env, capture_output=True, text=True, timeout=60)
        assert not [each for each in json.loads(result.stdout) if each["grade"] == "failure"], result.stdout
        assert delegated.status == 200
    finally:
        stopped = node.stop()
    denied = [entry for entry in server.client.acl_log() if entry["username"] == "node"]
    assert stopped == 0 and not denied, denied
    assert "NOPERM" not in node.process.log.read_text()
    # what the rule lacks is found missing
    for lack in ("-wait", "-hset", "-psubscribe", "-xinfo"):
        server.client.execute_command("ACL", "SETUSER", "node", lack)
    result = subprocess.run([BINARY, "doctor", "--json"], env=env, capture_output=True, text=True, timeout=60)
    lacking, = [each["what"] for each in json.loads(result.stdout) if each["area"] == "redis" and each["grade"] == "failure"]
    assert result.returncode == 2 and lacking == "its user may not: HSET, PSUBSCRIBE, WAIT, XINFO|STREAM"
    for part in (upstream, replica, server):
        part.stop()


def tmp_path_of(path: Path) -> Path:
    """Another directory, for another server."""
    other = path / "replica"
    other.mkdir()
    return other


def test_every_command_that_the_sources_name_stands_in_the_rule():
    used = set()
    for file in (ROOT / "Sources" / "Store" / "Scripts").glob("*.lua"):
        used |= {name.upper() for name in re.findall(r"call\('([A-Za-z]+)'", file.read_text())}
    for module in ("Store", "Redis"):
        for file in (ROOT / "Sources" / module).rglob("*.swift"):
            used |= set(re.findall(r'(?:command|send|EncodedCommand)\(\["([A-Z]+)"', file.read_text()))
    assert len(used) > 35
    rights = {word[1:].split("|")[0].upper() for word in rule("satgate:", "x") if word.startswith("+")}
    assert used <= rights, used - rights


def test_every_setting_is_known_to_the_doctor_and_stands_in_the_readme():
    sources = "".join(file.read_text() for file in (ROOT / "Sources" / "satgate").rglob("*.swift"))
    read = set(re.findall(r'(?:forKey: |integer\(|required\(|reader\.text\(|reader\.time\()"([a-z_.]+)"', sources))
    ports = set(re.findall(r'PortTLS\([^()]*of: "(\w+)"\)', sources))
    read |= {f"{port}.tls.{name}" for port in ports for name in re.findall(r'await text\("([a-z_]+)"\)', sources)}
    known = set(re.findall(r'"([a-z_.]+)"', re.search(r"static let keys: Set<String> = \[(.*?)\]", sources, re.S)[1]))
    assert read == known and len(known) > 25
    table = (ROOT / "README.md").read_text().split("## Settings")[1].split("\n## ")[0]
    assert not [key for key in known if f"`SATGATE_{key.replace('.', '_').upper()}`" not in table]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_scripts_of_their_shell(shell, tmp_path: Path):
    result = run("completions", shell)
    assert result.returncode == 0 and "doctor" in result.stdout
    script = tmp_path / "script"
    script.write_text(result.stdout)
    if shell == "bash":
        assert subprocess.run(["bash", "-n", str(script)], capture_output=True).returncode == 0
        words = subprocess.run(["bash", "-c", f"source {script}; complete -p satgate"], capture_output=True, text=True)
        assert words.returncode == 0 and "satgate" in words.stdout
    assert run("completions", "csh").returncode != 0
