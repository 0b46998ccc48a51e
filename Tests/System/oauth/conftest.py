"""One node that takes the access tokens of two authorization servers, and macaroons beside them."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.books import Books
from testbed.issuer import Issuer
from testbed.node import Cell, tenant
from testbed.oauth import Site, statement
from testbed.process import free_port
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream

@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("oauth")
    redis = RedisServer(directory)
    light, beta = LightUpstream(directory, tools=["echo"]), LightUpstream(directory, "beta", tools=["structured"])
    port = free_port()
    resource = f"http://127.0.0.1:{port}/mcp"
    staff, shop = Issuer(resource), Issuer("shop-tools", "/shop")
    staff.claims = {"org": {"id": "org-1"}, "scope": "openid tools:all"}
    shop.claims = {"plan": "gold"}
    cell = Cell(directory, redis, [
        tenant("acme", {"light": light.url, "beta": beta.url}, tariff={"default": 1},
               budgets={"team": {"limit": 100_000}, "little": {"limit": 2}}, unbudgeted="refuse"),
        tenant("other", {"light": light.url}, budgets={"team": {"limit": 100}}, unbudgeted="refuse")])
    file = directory / "oauth.yaml"
    file.write_text(json.dumps(statement(resource, staff, shop)))
    node = cell.node("a", SATGATE_LISTEN_PORT=str(port), SATGATE_OAUTH_FILE=str(file))
    yield Site(redis, cell, node, staff, shop, light, Books(redis))
    assert node.stop() == 0, "a node ends with 0 after SIGTERM"
    for server in (staff, shop, light, beta, redis):
        server.stop()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path
