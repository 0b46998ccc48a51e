"""What the admin API shows of sessions, nodes, tenants, accounts and upstreams, at either node."""
from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone

import pytest

from testbed.agent import Agent
from testbed.node import tenant
from testbed.process import eventually, soon

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def since(text: str) -> timedelta:
    assert TIME.fullmatch(text), text
    return datetime.now(timezone.utc) - datetime.fromisoformat(text)


async def test_a_session_is_shown_at_every_node_until_an_operator_ends_it_on_all(site):
    token = site.cell.mint("acme", "--label", "sessions of a test")
    async with Agent(token) as agent:
        await agent.open(site.a)
        await agent.ask(site.b, "tools/list")
        for node in (site.a, site.b):
            found = [each for each in site.operators.get(node, "sessions", tenant="acme")["items"] if each["session"] == agent.session]
            assert len(found) == 1
            shown = found[0]
            assert shown["label"] == "sessions of a test" and shown["tenant"] == "acme" and shown["transport"] == "streamable"
            assert re.fullmatch(r"[0-9a-f]{64}", shown["token"]) and shown["era"] and shown["agent"]
            assert since(shown["openedAt"]) < timedelta(minutes=2) and since(shown["lastSeen"]) < timedelta(minutes=2)
            assert since(shown["expiresAt"]) < timedelta(minutes=-25)
        with site.operators.api(site.b) as api:
            assert api.delete(f"tenants/acme/sessions/{agent.session}").status_code == 204
            assert api.delete(f"tenants/acme/sessions/{agent.session}").status_code == 404
        reply = await agent.ask(site.a, "tools/list")
        assert reply.status == 404, "the agent is told to begin anew"
    closed = [event for event in events(site, "acme") if event["type"] == "session_close" and event["sessionId"] == agent.session]
    assert [event["data"].get("by") for event in closed] == ["api:admin"]


async def test_what_calls_cost_is_shown_with_their_session_and_their_account(site):
    token = site.cell.mint("acme", "--budget", "team")
    async with Agent(token) as agent:
        await agent.open(site.a)
        for _ in range(3):
            assert (await agent.call(site.b, "echo", text="x")).result
        node = site.operators.get(site.b, "me")["node"]

        def counted() -> dict | None:
            found = site.operators.get(site.a, "sessions", tenant="acme", limit=1000)["items"]
            return next((each for each in found if each["session"] == agent.session and each["calls"] == 3), None)
        shown = await soon("the session's calls are counted", counted)
        assert shown["credits"] == 6 and shown["node"] == node

        def burning() -> dict | None:
            account = site.operators.get(site.b, "tenants/acme/budgets/team")
            return account if account["burnPerHour"] else None
        account = await soon("the account's burn is known", burning)
        # six credits at least within nine minutes and a part of the tenth
        assert account["burnPerHour"] >= 36
        left = timedelta(hours=account["available"] / account["burnPerHour"])
        assert account["exhaustedAt"] is None or abs(-since(account["exhaustedAt"]) - left) < timedelta(minutes=5)
        listed = {each["account"]: each for each in site.operators.get(site.a, "tenants/acme/budgets", limit=1000)["items"]}
        assert listed["team"]["burnPerHour"] and listed["team"]["kind"] == "budget"


def events(site, name: str) -> list[dict]:
    return [json.loads(fields["event"]) for _, fields in site.redis.client.xrange(f"satgate:{{{name}}}:audit")]


@pytest.mark.parametrize("order", ["recent", "expiry"])
async def test_many_sessions_are_listed_page_by_page_each_once(site, order):
    with site.operators.api(site.a) as api:
        agents = [Agent(site.cell.mint(name)) for name in ("acme", "other") for _ in range(5)]
        for agent in agents:
            await agent.open(site.a)
        seen, after = [], None
        for _ in range(200):
            page = api.get("sessions", params={"limit": 3, "order": order, **({"after": after} if after else {})}).json()
            assert len(page["items"]) <= 3
            seen += page["items"]
            after = page["next"]
            if after is None:
                break
        assert after is None
        ids = [each["session"] for each in seen]
        assert len(set(ids)) == len(ids) and set(ids) >= {agent.session for agent in agents}
        assert [each["tenant"] for each in seen] == sorted(each["tenant"] for each in seen)
        ends = [each["expiresAt"] for each in seen if each["tenant"] == "acme"]
        assert ends == sorted(ends, reverse=order == "recent")
        for agent in agents:
            await agent.__aexit__()


def test_the_nodes_tell_what_they_are(site):
    def both() -> list[dict]:
        nodes = site.operators.get(site.a, "nodes")["items"]
        return nodes if len(nodes) == 2 and all(node["host"] for node in nodes) else []
    nodes = eventually("two nodes with their facts", both)
    me = site.operators.get(site.a, "me")
    assert [node["node"] for node in nodes if node["isThis"]] == [me["node"]]
    for node in nodes:
        assert node["version"] == me["version"] and node["rssBytes"] > 1 << 20 and node["streams"] >= 0 and node["calls"] >= 0
        assert since(node["lastSeen"]) < timedelta(seconds=30) and since(node["startedAt"]) < timedelta(minutes=30)


def test_tenants_accounts_and_upstreams_are_shown(site):
    tenants = {each["tenant"]: each for each in site.operators.get(site.b, "tenants")["items"]}
    assert set(tenants) >= {"acme", "other"}
    assert tenants["acme"]["upstreams"] == ["light"] and tenants["acme"]["budgets"] == 1 and tenants["acme"]["mode"] == "hard"
    assert tenants["acme"]["source"] in ("apply", "file") and since(tenants["acme"]["updatedAt"]) < timedelta(minutes=30)
    first = site.operators.get(site.b, "tenants", limit=1)
    assert [each["tenant"] for each in first["items"]] == ["acme"] and first["next"] == "acme"

    with site.operators.api(site.a) as api:
        assert api.get("tenants/nobody/budgets").status_code == 404
        assert api.get("tenants/acme/budgets/nothing").status_code == 404

    def up() -> list[dict]:
        found = site.operators.get(site.b, "upstreams", tenant="acme")["items"]
        return [each for each in found if each["standing"] == "up"]
    found = eventually("the upstream is up", up)[0]
    assert found["tenant"] == "acme" and found["upstream"] == "light" and found["tools"] > 0 and found["reason"] is None
    assert found["transport"] == "streamable-http" and found["latencyMs"] >= 0 and found["lastFailure"] is None
    seen, after = [], None
    while True:
        page = site.operators.get(site.a, "upstreams", limit=1, **({"after": after} if after else {}))
        seen += [(each["tenant"], each["upstream"]) for each in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == sorted(set(seen)) and {("acme", "light"), ("other", "light")} <= set(seen)
