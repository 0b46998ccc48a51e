"""A Redis, or something on the way to it, that answers what it should not, and others who write where only nodes should."""
from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from testbed.books import Books
from testbed.liar import Liar
from testbed.node import BINARY, Cell, tenant
from testbed.process import Process, clean_environment, eventually, free_port, soon
from testbed.raw import request
from testbed.redis_server import RedisServer
from testbed.secure import Security
from testbed.stateless import Stateless
from testbed.upstream import LightUpstream


class Line:
    """A node of its own, whose Redis lies about the holds of calls."""

    def __init__(self, directory: Path) -> None:
        self.redis, self.light = RedisServer(directory), LightUpstream(directory)
        self.liar = Liar(self.redis.port, b":hold:")
        document = tenant("acme", {"light": self.light.url}, budgets={"team": {"limit": 1000}}, default_budget="team")
        cell = Cell(directory, self.redis, [document])
        cell.environment["SATGATE_REDIS_URL"] = self.liar.url
        self.node = cell.node("node", SATGATE_REDIS_TIMEOUT="1000", SATGATE_HOLD_LEASE="2000")
        self.token = cell.mint()
        self.books = Books(self.redis)

    def stop(self) -> None:
        assert self.node.stop() == 0
        self.liar.stop()
        self.light.stop()
        self.redis.stop()


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    made = Line(tmp_path_factory.mktemp("liar"))
    yield made
    made.stop()


LIES = {
    "an error": b"-ERR made up\r\n", "nothing": b"$-1\r\n", "no array": b"*-1\r\n", "a number": b":5\r\n", "a text": b"+OK\r\n", "an empty array": b"*0\r\n",
    "an array of nothing": b"*3\r\n$-1\r\n$-1\r\n$-1\r\n", "a bulk of 1 GB": b"$1073741824\r\nxxxx", "a bulk of a negative length": b"$-5\r\n",
    "an array of a billion": b"*1000000000\r\n", "100,000 arrays in one another": b"*1\r\n" * 100_000, "no protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "a push out of turn": b">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n", "bytes": bytes(range(256)) * 16, "a number beyond any": b":99999999999999999999\r\n"}
# replies by themselves, though none of them is that script's
READABLE = {"an error", "nothing", "no array", "a number", "a text", "an empty array", "an array of nothing"}
UNREADABLE, UNREACHABLE = (200, -31000, "no_account"), (503, -32603, "store_unavailable")


@pytest.mark.parametrize("name", [*LIES, "a truncated reply", "a bulk without end"])
async def test_a_reply_that_is_none_makes_no_call_and_breaks_nothing(line, name):
    """Row 43."""
    async with Stateless(line.token) as agent:
        await soon("it serves", lambda: _serves(agent, line), within=10)
        before, ran = line.node.process.resident(), line.light.calls("echo")
        spent = line.books.quiet("team").spent
        line.liar.forever = name == "a bulk without end"
        line.liar.hangs_up = name == "a truncated reply"
        line.liar.lie = {"a truncated reply": b"*3\r\n$10\r\nabc", "a bulk without end": b"$1073741824\r\n" + b"x" * 65536}.get(name) or LIES[name]
        told = line.liar.told
        reply = await agent.call(line.node, "echo", text="x")
        assert line.liar.told > told
        line.liar.lie, line.liar.forever, line.liar.hangs_up = None, False, False
        assert (reply.status, reply.code, reply.label) == (UNREADABLE if name in READABLE else UNREACHABLE), reply.raw
        assert line.light.calls("echo") == ran
        await soon("it serves again", lambda: _serves(agent, line), within=10)
        assert line.books.quiet("team").spent == spent + 1_000_000 * (line.light.calls("echo") - ran)
        eventually("memory is back", lambda: line.node.process.resident() <= before * 1.1, within=10)


async def _serves(agent: Stateless, line: Line) -> bool:
    return bool((await agent.call(line.node, "echo", text="canary")).result)


PAYLOADS = {
    "nothing": b"", "zeros": b"\0" * 1000, "bytes": os.urandom(4096), "no JSON": b"hello", "an empty object": b"{}", "brackets": b"[" * 100_000,
    "another version": json.dumps({"v": 99, "version": 99, "kind": "session_ended", "session": "0" * 32, "tenant": "acme"}).encode(),
    "another tenant's": json.dumps({"tenant": "other}:x{", "session": "../", "message": {"jsonrpc": "2.0"}}).encode(), "words": b"session " * 1000,
    "2 MB": b"x" * 2_000_000, "100 MB": b"[" * 100_000_000}


@pytest.mark.parametrize("name", PAYLOADS)
async def test_a_message_that_no_node_has_sent_is_dropped(gate, name):
    """Row 42."""
    client = gate.redis.connect()
    channels = [channel for channel in client.pubsub_channels("satgate:*")]
    assert channels
    session = await gate.session()
    for channel in channels:
        client.publish(channel, PAYLOADS[name])
    gate.canary()

    def listens() -> bool:
        return all(count for _, count in client.pubsub_numsub(*channels))
    await soon("it listens again to all that it did", listens, within=15)
    answer = await gate.ask(request(gate.fields(Mcp_Session_Id=session), b'{"jsonrpc":"2.0","id":1,"method":"ping"}'))
    assert answer.status == 200, "nobody's session has ended"
    assert gate.node.process.running


def _told(directory: Path, cell: Cell, reason: str, status: int | None = 503) -> str:
    """A node that says why it cannot use its Redis, and goes on trying; its log. `status`: of its readiness, where it has no connection."""
    admin = free_port()
    node = Process("node", [BINARY, "serve"], directory, {
        **clean_environment(), **cell.environment, "SATGATE_LISTEN_PORT": str(free_port()), "SATGATE_ADMIN_PORT": str(admin), "SATGATE_LOOPS": "1"})

    def ready() -> int:
        try:
            return httpx.get(f"http://127.0.0.1:{admin}/readyz", trust_env=False).status_code
        except httpx.ConnectError:
            return 0
    try:
        eventually("the node says why", lambda: re.search(reason, node.log.read_text()), within=30)
        assert status is None or eventually("readiness is answered", ready, within=30) == status and "listening on" not in node.printed()
        assert node.running
        return node.log.read_text() + node.printed()
    finally:
        node.kill()
        Process.live.remove(node)


def test_a_redis_without_tls_is_not_talked_to_where_tls_is_wanted(tmp_path):
    """Row 44; what else is wrong with a certificate is tried in topologies."""
    server = RedisServer(tmp_path)
    cell = Cell(tmp_path, server, [tenant("acme", {})])
    cell.environment["SATGATE_REDIS_URL"] = f"rediss://node:canary-password@127.0.0.1:{server.port}"
    server.client.config_resetstat()
    assert "canary-password" not in _told(tmp_path, cell, "no reply to the handshake")
    assert not server.client.info("commandstats").get("cmdstat_auth"), "nothing was said in the clear"
    server.stop()


def test_a_redis_of_old_tls_is_not_talked_to(tmp_path):
    """Row 44."""
    security = Security(tmp_path)
    port = free_port()
    server = Process("redis", ["redis-server", *security.arguments(port), "--bind", "127.0.0.1", "--dir", str(tmp_path), "--save", "",
                               "--tls-protocols", "TLSv1.1", "--tls-ciphers", "ALL:@SECLEVEL=0"], tmp_path)
    cell = Cell.__new__(Cell)
    cell.environment = {**security.settings, "SATGATE_REDIS_URL": f"rediss://127.0.0.1:{port}", "SATGATE_KEYS_FILE": str(tmp_path / "keys.yaml")}
    (tmp_path / "keys.yaml").write_text(json.dumps({"keys": [{"id": "k", "tenant": "acme", "secret_hex": os.urandom(32).hex()}]}))
    assert "gateway-test-only" not in _told(tmp_path, cell, "PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|HANDSHAKE_FAILURE")
    server.stop()


@pytest.mark.parametrize("lack, named", [("-evalsha", "EVALSHA|evalsha"), ("resetchannels", "channel"), ("resetkeys", "key")])
def test_a_user_of_redis_that_may_not_do_what_nodes_do_is_told_of(tmp_path, lack, named):
    """Row 45; the doctor names all that lacks at once."""
    server = RedisServer(tmp_path)
    server.client.execute_command("ACL", "SETUSER", "node", "on", ">canary-password", "~*", "&*", "+@all", lack)
    cell = Cell(tmp_path, server, [tenant("acme", {})])
    cell.environment["SATGATE_REDIS_URL"] = f"redis://node:canary-password@127.0.0.1:{server.port}"
    assert "canary-password" not in _told(tmp_path, cell, f"NOPERM.*({named})", status=None)
    server.stop()


def test_a_node_that_may_not_hear_the_others_is_not_ready(tmp_path):
    """Row 45."""
    server = RedisServer(tmp_path)
    server.client.execute_command("ACL", "SETUSER", "node", "on", ">canary-password", "~*", "&*", "+@all", "resetchannels")
    cell = Cell(tmp_path, server, [tenant("acme", {})])
    cell.environment["SATGATE_REDIS_URL"] = f"redis://node:canary-password@127.0.0.1:{server.port}"
    node = cell.node("node")

    def checks() -> dict[str, str]:
        """What is good and what is not, as `/readyz` tells it."""
        answer = httpx.get(f"{node.admin}/readyz?verbose", trust_env=False)
        return {"status": str(answer.status_code)} | {name: mark for mark, name in re.findall(r"\[([+-])\] (\w+)", answer.text)}
    wanted = {"status": "503", "redis": "+", "tenants": "+", "drain": "+", "messages": "-"}
    eventually("all is good but the channels", lambda: wanted.items() <= checks().items(), within=15)
    server.client.execute_command("ACL", "SETUSER", "node", "allchannels")
    eventually("it is ready", lambda: checks()["status"] == "200", within=15)
    assert node.stop() == 0
    server.stop()
