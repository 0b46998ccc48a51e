"""One node with TLS at neither port, its operators, and an upstream that counts."""
from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbed import stateless
from testbed.node import Cell, Node, tenant
from testbed.operators import Operators
from testbed.raw import request
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream


@dataclass
class Site:
    node: Node
    cell: Cell
    upstream: LightUpstream
    operators: Operators
    token: str

    def post(self, message: dict[str, Any], *more: tuple[str, str | bytes]) -> bytes:
        """The bytes of a request of an agent without a session."""
        fields = {"Host": "127.0.0.1", "Authorization": f"Bearer {self.token}", **stateless.headers(message)}
        return request([*fields.items(), *more], json.dumps(message).encode())

    def call(self, text: str, *more: tuple[str, str | bytes]) -> bytes:
        """The bytes of a call that is answered with that text."""
        return self.post(stateless.message("tools/call", {"name": "echo", "arguments": {"text": text}}, text), *more)


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("foreign")
    redis, upstream, operators = RedisServer(directory), LightUpstream(directory), Operators(directory)
    cell = Cell(directory, redis, [tenant("acme", {"light": upstream.url}, tariff={"default": 1}, budgets={"team": {"limit": 1_000_000}},
                                          default_budget="team")])
    node = cell.node("node", **operators.settings)
    yield Site(node, cell, upstream, operators, cell.mint())
    assert node.stop() == 0, "a node ends with 0 after SIGTERM"
    upstream.stop()
    redis.stop()
