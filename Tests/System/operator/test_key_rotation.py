"""Root keys and admin tokens are replaced without anybody being locked out meanwhile."""
from __future__ import annotations

import json
import secrets
from pathlib import Path

import httpx

from testbed.agent import Agent
from testbed.node import Cell, run, tenant
from testbed.operators import Operators
from testbed.process import eventually
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream


async def _status(node, token: str) -> int:
    """How a node answers an agent that comes with the token."""
    async with Agent(token) as agent:
        return (await agent.ask(node, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}})).status


async def test_a_new_root_key_is_accepted_beside_the_old_one_until_that_is_removed(tmp_path: Path):
    redis, upstream = RedisServer(tmp_path), LightUpstream(tmp_path)
    cell = Cell(tmp_path, redis, [tenant("acme", {"light": upstream.url}, budgets={"team": {"limit": 100}}, default_budget="team")])

    def keys(*ids: str) -> None:
        cell.keys.write_text(json.dumps({"keys": [{"id": each, "tenant": "acme", "secret_hex": secret[each]} for each in ids]}))

    def mint(key: str) -> str:
        made = run("token", "mint", "--keys", str(cell.keys), "--key", key, "--expires", "1h")
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    secret = {each: secrets.token_hex(32) for each in ("old", "new")}
    keys("old")
    old = mint("old")
    node = cell.node("turning")
    assert await _status(node, old) == 200
    keys("old", "new")
    new = mint("new")
    # not yet: the node has read its keys at its start
    assert await _status(node, new) == 401
    assert node.stop() == 0
    node.start()
    assert (await _status(node, old), await _status(node, new)) == (200, 200)
    assert node.stop() == 0
    keys("new")
    node.start()
    assert (await _status(node, old), await _status(node, new)) == (401, 200)
    assert node.stop() == 0
    upstream.stop()
    redis.stop()


def test_a_new_admin_token_is_accepted_beside_the_old_one_until_that_is_removed_without_a_restart(site, tmp_path: Path):
    operators = Operators(tmp_path)
    node = site.cell.node("turned", **operators.settings)

    def status(token: str) -> int:
        return httpx.get(f"{node.admin}/api/v1/me", headers={"Authorization": f"Bearer {token}"}, trust_env=False).status_code

    old, new = operators.tokens["admin"], secrets.token_hex(24)
    assert (status(old), status(new)) == (200, 401)
    operators.tokens["next"], operators.roles["next"] = new, "admin"
    operators.write()
    eventually("the new token is accepted", lambda: status(new) == 200, within=10)
    assert status(old) == 200
    del operators.tokens["admin"]
    operators.write()
    eventually("the old token is refused", lambda: status(old) == 401, within=10)
    assert status(new) == 200
    assert node.stop() == 0
