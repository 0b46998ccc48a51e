"""Nodes and Redis that show each other certificates, the nodes as a user with just the rights that `satgate doctor --acl` prints."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis

from testbed.agent import Agent, Listener
from testbed.books import Books
from testbed.node import BINARY, Cell, run, tenant
from testbed.operators import Operators
from testbed.feed import Watcher
from testbed.process import Process, eventually, free_port, soon
from testbed.redis_server import RedisServer
from testbed.secure import GATEWAY, Security
from testbed.topologies import RedisCluster
from testbed.upstream import LightUpstream


class Vault:
    """A secured Redis, a light upstream, and what nodes need."""

    def __init__(self, directory: Path, is_cluster: bool) -> None:
        self.directory = directory
        self.security = Security(directory)
        self.redis = RedisCluster(directory, security=self.security) if is_cluster else RedisServer(directory, security=self.security)
        self.upstream = LightUpstream(directory)
        self.operators = Operators(directory)
        document = tenant("acme", {"light": self.upstream.url}, tariff={"default": 1}, budgets={"team": {"limit": 1000}}, default_budget="team")
        self.cell = Cell(directory, self.redis, [document])
        self.cell.environment.update({**self.security.settings, **self.operators.settings})
        self.books = Books(self.redis)

    def refusals(self) -> list[str]:
        """What Redis did not let somebody do."""
        entries = [entry for each in self.clients for entry in each.acl_log()]
        return [f"{entry['username']}: {entry['reason']} {entry['object']} ({entry['context']})" for entry in entries]

    @property
    def clients(self) -> list[redis.Redis]:
        """One of each server."""
        return [server.client(5) for server in self.redis.servers] if isinstance(self.redis, RedisCluster) else [self.redis.client]

    def end(self) -> None:
        self.upstream.stop()
        self.redis.stop()


@pytest.fixture(params=["one server", "cluster"])
def vault(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Vault]:
    made = Vault(tmp_path, is_cluster=request.param == "cluster")
    yield made
    made.end()


async def test_the_everyday_path_needs_no_right_but_those_printed(vault: Vault) -> None:
    a, b = vault.cell.node("a"), vault.cell.node("b")
    async with Agent(vault.cell.mint("acme", "--budget", "team")) as agent, Watcher(vault.operators, b, tenant="acme") as watcher:
        await agent.open(a)
        assert {"echo", "ping"} <= {tool["name"] for tool in (await agent.ask(b, "tools/list")).result["tools"]}
        async with Listener(agent, b) as listener:
            assert (await agent.call(a, "echo", text="x")).text == "x"
            vault.upstream.show("echo")
            await soon("the stream hears of it", lambda: listener.messages)
        given = await agent.ask(b, "satgate/delegate", {"budget": 5, "expiresIn": "1h"})
        assert given.result, given.raw
        await soon("the dashboard sees the call", lambda: "tool_call" in watcher.kinds())
        assert vault.books.quiet("team").spent == 1_000_000
        for words in (("sessions",), ("nodes",), ("budget", "get", "team", "--tenant", "acme"), ("budget", "audit", "--all", "--tenant", "acme"),
                      ("token", "revoke", "--token", agent._http.headers["authorization"].split()[1])):
            done = run(*words, env=vault.cell.environment)
            assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        await soon("the token is refused", lambda: refused(agent, b))
    found = json.loads(run("doctor", "--json", env=vault.cell.environment).stdout)
    assert not [finding for finding in found if finding["area"] == "redis" and finding["grade"] == "failure"], found
    assert (a.stop(), b.stop()) == (0, 0)
    assert vault.refusals() == [], "Redis refused the nodes something"
    for client in vault.clients:
        assert client.execute_command("ACL", "WHOAMI") == "admin" and GATEWAY in client.acl_users()


async def refused(agent: Agent, node) -> bool:
    return (await agent.ask(node, "ping")).status == 401


@pytest.mark.parametrize("wrong, certificate, settings, reason", [
    ("its certificate is over", "expired", {}, "CERTIFICATE_VERIFY_FAILED"),
    ("its certificate is for another host", "elsewhere", {}, "find localhost in certificate"),
    ("another authority is trusted", "server", {"SATGATE_REDIS_TLS_CA_FILE": "other"}, "CERTIFICATE_VERIFY_FAILED"),
    ("the node shows no certificate", "server", {"SATGATE_REDIS_TLS_CERTIFICATE_FILE": "", "SATGATE_REDIS_TLS_KEY_FILE": ""}, "CERTIFICATE_REQUIRED"),
])
def test_a_redis_that_is_not_trusted_is_not_used_and_the_node_says_why(
        tmp_path: Path, wrong: str, certificate: str, settings: dict[str, str], reason: str) -> None:
    security = Security(tmp_path)
    server = RedisServer(tmp_path, security=security, certificate=certificate)
    cell = Cell(tmp_path, server, [tenant("acme", {})])
    changed = {**security.settings, **settings}
    if changed["SATGATE_REDIS_TLS_CA_FILE"] == "other":
        changed["SATGATE_REDIS_TLS_CA_FILE"] = security.certificates.crt("other")
    environment = {key: value for key, value in {**cell.environment, **changed}.items() if value}
    admin = free_port()
    node = Process("node", [BINARY, "serve"], tmp_path, {
        **environment, "SATGATE_LISTEN_PORT": str(free_port()), "SATGATE_ADMIN_PORT": str(admin), "SATGATE_LOOPS": "1"})
    try:
        eventually("the node says why", lambda: re.search(reason, node.log.read_text()), within=30)
        answer = eventually("readiness is answered", lambda: ask(admin), within=30)
        assert answer.status_code == 503, answer.text
        assert node.running and "listening on" not in node.printed()
        assert "gateway-test-only" not in node.log.read_text() + node.printed()
    finally:
        node.kill()
        Process.live.remove(node)
        server.stop()


def ask(port: int) -> httpx.Response | None:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False)
    except httpx.ConnectError:
        return None
