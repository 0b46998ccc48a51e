"""One node under attack. After each attack it answers a call as if nothing had been, and has given back what memory the attack took."""
from __future__ import annotations

import asyncio
import http.client
import json
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed import stateless
from testbed.agent import BOTH, REVISION
from testbed.books import MICROS, Books
from testbed.hostile import HostileUpstream, honest
from testbed.node import Cell, Node, tenant
from testbed.process import eventually
from testbed.raw import Answer, Fields, exchange, request
from testbed.redis_server import RedisServer
from testbed.upstream import LIGHT, LightUpstream

# of the memory that a node had before an attack
ROOM = 1.10


@dataclass
class Gate:
    """The node, what is behind it, and agents of two tenants."""
    node: Node
    cell: Cell
    redis: RedisServer
    light: LightUpstream
    mortal: LightUpstream
    hostile: HostileUpstream
    books: Books
    token: str
    other: str

    def fields(self, token: str | None = None, **more: str | bytes | None) -> Fields:
        """What an agent of the tenant sends in a session's era, and has the connection end with the answer. `more`: fields by their names with
        `_` for `-`, in the place of the usual ones; None: left out."""
        usual: dict[str, Any] = {
            "Host": f"127.0.0.1:{self.node.port}", "Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json",
            "Accept": BOTH, "Connection": "close"}
        changed = {name.replace("_", "-"): value for name, value in more.items()}
        return [(name, value) for name, value in {**usual, **changed}.items() if value is not None]

    def stateless(self, message: dict[str, Any], token: str | None = None, **more: str | bytes | None) -> bytes:
        """The bytes of a request of an agent without a session."""
        own = {name.replace("-", "_"): value for name, value in stateless.headers(message).items()}
        return request(self.fields(token, **{**own, **more}), json.dumps(message).encode())

    def call(self, tool: str, token: str | None = None, number: Any = 1, meta: dict[str, Any] | None = None, **arguments: Any) -> bytes:
        """The bytes of a call of an agent without a session."""
        return self.stateless(stateless.message("tools/call", {"name": tool, "arguments": arguments}, number, meta), token)

    async def send(self, sent: bytes, within: float = 20.0) -> list[Answer]:
        """All answers until the node ends the connection."""
        return await exchange(self.node.port, sent, within)

    async def ask(self, sent: bytes, within: float = 20.0) -> Answer:
        """The one answer that there is, behind which the node ends the connection."""
        found = await self.send(sent, within)
        assert len(found) == 1, found
        return found[0]

    async def session(self, token: str | None = None) -> str:
        """The id of a new session."""
        hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": "attacks", "version": "1"}}}
        answer = await self.ask(request(self.fields(token), json.dumps(hello).encode()))
        assert answer.status == 200, answer
        return answer.headers["mcp-session-id"]

    @property
    def ran(self) -> int:
        """How many calls have come through to any upstream."""
        return sum(sum(upstream.stats()["calls"].values()) for upstream in (self.light, self.mortal)) + self.hostile.calls

    def spent(self, account: str = "team") -> float:
        """Credits, once nothing is held any more."""
        return self.books.quiet(account).spent / MICROS

    def told(self, kind: str, tenant: str | None = "acme") -> list[dict[str, Any]]:
        """The events of that type, of the tenant; None: those of no proved tenant."""
        if tenant:
            return Books(self.redis, tenant).events(kind, "audit")
        entries = [json.loads(fields["event"]) for _, fields in self.redis.client.xrange("satgate:audit")]
        return [event for event in entries if event["type"] == kind]

    def canary(self) -> None:
        """A call over a connection of its own succeeds."""
        result = self._asked("tools/call", {"name": "light__echo", "arguments": {"text": "canary"}})
        assert result["content"][0]["text"] == "canary"

    def lists(self, *names: str) -> bool:
        """Whether there are tools of these names."""
        return set(names) <= {tool["name"] for tool in self._asked("tools/list", {})["tools"]}

    def _asked(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The result of a request over a connection of its own, from outside of any loop."""
        sent = stateless.message(method, params, "canary")
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=15)
        try:
            connection.request("POST", "/mcp", json.dumps(sent), {**stateless.headers(sent), "Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        assert answer.status == 200 and "result" in json.loads(body), f"{answer.status} {body[:500]!r}"
        return json.loads(body)["result"]


@pytest.fixture(scope="package")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # a thousand connections at once, and the node inherits it
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    directory = tmp_path_factory.mktemp("attacks")
    redis, light, mortal, hostile = RedisServer(directory), LightUpstream(directory), LightUpstream(directory, "mortal"), HostileUpstream()
    lying = {"url": hostile.url, "timeout": "2s", "reports_cost": True}
    pipes = {"command": [LIGHT, "--stdio", "--name", "$(touch owned);`touch owned`|touch owned"], "environment": {"MARK": "$(touch owned)"}}
    acme = tenant("acme", {"light": light.url, "mortal": mortal.url, "hostile": lying, "pipes": pipes}, naming="always", tariff={"default": 1},
                  budgets={"team": {"limit": 1_000_000}, "ten": {"limit": 10}}, default_budget="team")
    cell = Cell(directory, redis, [acme, tenant("other", {"light": light.url}, naming="always", unbudgeted="allow")])
    keys = json.loads(cell.keys.read_text())
    # the key of the vectors, so that it is their caveats and signatures that are judged
    keys["keys"].append({"id": "kid-1", "tenant": "acme", "secret_hex": b"test-root-key-32-bytes-long!!!!!".hex()})
    cell.keys.write_text(json.dumps(keys))
    node = cell.node("node", SATGATE_LOG_LEVEL="debug", SATGATE_REDIS_TIMEOUT="20000")
    made = Gate(node, cell, redis, light, mortal, hostile, Books(redis), cell.mint(), cell.mint("other"))
    eventually("all upstreams are there", lambda: made.lists("light__echo", "mortal__echo", "hostile__sly", "pipes__process"), within=20)
    # what a thousand connections take is kept for the next thousand, by the allocator
    asyncio.run(_busy(made))
    yield made
    assert node.stop() == 0, "a node ends with 0 after SIGTERM"
    hostile.stop()
    for part in (light, mortal, redis):
        part.stop()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def _busy(gate: Gate) -> None:
    await asyncio.gather(*(gate.ask(gate.call("light__echo", text="x"), within=60) for _ in range(1000)))


@pytest.fixture(autouse=True)
def serves_on(gate: Gate) -> Iterator[None]:
    """What is asserted behind every attack."""
    gate.canary()
    before = gate.node.process.resident()
    yield
    gate.hostile.trick = honest
    gate.canary()
    eventually(f"memory is back at {before:.1f} MiB", lambda: gate.node.process.resident() <= before * ROOM, within=10)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each attack by itself has a minute."""
    for item in items:
        if Path(__file__).parent in item.path.parents and not item.get_closest_marker("limit"):
            item.add_marker(pytest.mark.limit(60))
