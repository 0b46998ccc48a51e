"""Upstreams at addresses where no node should go."""
from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.agent import Agent
from testbed.books import Books
from testbed.node import Cell, Node, run, tenant
from testbed.process import eventually, free_port, soon
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream

OPEN = "127.0.0.9"


class Door:
    """Counts who comes to that address; `answer`: what each is told."""

    def __init__(self, host: str, port: int, answer: bytes = b"") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family)
        self._answer = answer
        self.came = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            self.came += 1
            with peer:
                peer.settimeout(2)
                try:
                    peer.recv(1 << 16)
                    peer.sendall(self._answer)
                except OSError:
                    pass

    def stop(self) -> None:
        self._socket.close()


def spellings(port: int) -> dict[str, str]:
    """This machine and its neighbours, as they can be spelled."""
    hosts = ["127.0.0.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0", "0", "localhost", "LOCALHOST", "[::1]", "[::]",
             "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "169.254.169.254", "2852039166",
             "[fd00:ec2::254]", "[fe80::1]", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255"]
    return {f"u{number}": f"http://{host}:{port}/mcp" for number, host in enumerate(hosts)}


@pytest.fixture
def redis(tmp_path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.stop()


async def test_no_spelling_of_an_address_and_no_redirect_leads_a_node_where_it_may_not_go(tmp_path, redis):
    """Row 31."""
    port = free_port()
    inside = [Door("127.0.0.1", port), Door("::1", port)]
    targets = [f"http://127.0.0.1:{port}/mcp", f"http://[::1]:{port}/mcp", f"//2130706433:{port}/mcp", "http://169.254.169.254/", "file:///etc/passwd",
               f"gopher://127.0.0.1:{port}/", f"http://{OPEN}:{port}@127.0.0.1:{port}/"]
    redirects = [Door(OPEN, free_port(), b"HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % target.encode()) for target in targets]
    spelled = spellings(port)
    led = {f"r{number}": f"http://{OPEN}:{door._socket.getsockname()[1]}/mcp" for number, door in enumerate(redirects)}
    cell = Cell(tmp_path, redis, [tenant("acme", {**spelled, **led}, unbudgeted="allow")])
    node = cell.node("closed", SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS="false", SATGATE_UPSTREAMS_ALLOW_NETWORKS=f"{OPEN}/32")
    try:
        books = Books(redis)

        def down() -> dict[str, str]:
            return {event["data"]["upstream"]: event["data"]["reason"] for event in books.events("upstream_down", "audit")}
        eventually("all are down", lambda: len(down()) == len(spelled) + len(led), within=20)
        assert {name: reason for name, reason in down().items() if name in spelled} == dict.fromkeys(spelled, "address not allowed")
        assert all(door.came for door in redirects), "the redirects were met"
        assert not any(door.came for door in inside), "and not followed"
        async with Agent(cell.mint()) as agent:
            await agent.open(node)
            assert (await agent.call(node, "ping")).status == 200
        log = node.process.log.read_text()
        assert "passwd" not in log and "169.254" not in log
    finally:
        assert node.stop() == 0
        for door in [*inside, *redirects]:
            door.stop()


class Names:
    """A machine of a node's own, as far as names go: what they mean can be changed under its feet."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "hosts"
        self.wrapper = ["unshare", "--mount", "--propagation", "private", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(self._file)]

    def point(self, name: str, address: str) -> None:
        self._file.write_text(f"127.0.0.1 localhost\n{address} {name}\n")


async def test_a_name_that_turns_elsewhere_after_it_was_good_leads_nowhere(tmp_path, redis):
    """Row 31: the address is judged at each connection, and is the one that is connected to."""
    port = free_port()
    good, inside = LightUpstream(tmp_path, port=port, host=OPEN), Door("127.0.0.1", port)
    names = Names(tmp_path)
    names.point("tools.example", OPEN)
    cell = Cell(tmp_path, redis, [tenant("acme", {"up": f"http://tools.example:{port}/mcp"}, unbudgeted="allow")])
    node = Node("named", cell, {"SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "false", "SATGATE_UPSTREAMS_ALLOW_NETWORKS": f"{OPEN}/32"}, names.wrapper)
    try:
        async with Agent(cell.mint()) as agent:
            await agent.open(node)
            await soon("the tool is served", lambda: _echoes(agent, node), within=15)
            names.point("tools.example", "127.0.0.1")
            good.kill()

            async def refused() -> bool:
                reply = await agent.call(node, "up__echo", text="x")
                return reply.code == -32002 and b"address not allowed" in reply.raw
            await soon("the new address is refused", refused, within=15)
        assert not inside.came
    finally:
        assert node.stop() == 0
        inside.stop()


async def _echoes(agent: Agent, node: Node) -> bool:
    return bool((await agent.call(node, "up__echo", text="x")).result)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://example.com/", "javascript:alert(1)", "//example.com/mcp", "/mcp",
                                 "http://user:pass@example.com/mcp", "http:///mcp", "http://exa mple.com/",
                                 "http://example.com:99999/mcp", "http://example.com/\nHost: x", "http://example.com/#x",
                                 "unix:///run/redis.sock"])
def test_an_address_that_is_none_is_refused_in_the_document(tmp_path, redis, url):
    """Row 31."""
    file = tmp_path / "tenants.yaml"
    file.write_text(json.dumps({"tenants": [{"name": "acme", "upstreams": [{"name": "up", "url": url}]}]}))
    assert run("tenant", "apply", "-f", str(file), env={"SATGATE_REDIS_URL": redis.url}).returncode != 0
    assert not redis.client.exists("satgate:{acme}:tenant")
