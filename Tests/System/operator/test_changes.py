"""What operators change by the admin API: who may, what comes of it at every node, and that it is told."""
from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from testbed.agent import Agent
from testbed.node import run, tenant
from testbed.process import eventually, soon
from testbed.upstream import LightUpstream


def told(site, name: str, kind: str, stream: str = "audit") -> list[dict[str, Any]]:
    """The events of that type, oldest first."""
    kept = [json.loads(fields["event"]) for _, fields in site.redis.client.xrange(f"satgate:{{{name}}}:{stream}")]
    return [event for event in kept if event["type"] == kind]


@pytest.fixture
def api(site):
    with site.operators.api(site.a) as client:
        yield client


def test_a_reader_changes_nothing(site):
    with site.operators.api(site.a, "reader") as reader:
        for method, path in [("PUT", "tenants/acme"), ("DELETE", "tenants/acme"), ("PUT", "tenants/acme/mode"),
                             ("PUT", "tenants/acme/budgets/team"), ("POST", "tenants/acme/budgets/team/top-up"),
                             ("POST", "tenants/acme/budgets/team/resume"), ("POST", "tenants/acme/tokens"),
                             ("POST", "tenants/acme/revocations"), ("POST", "tenants/acme/upstreams/light/approve"),
                             ("DELETE", f"tenants/acme/sessions/{'0' * 32}")]:
            answer = reader.request(method, path, json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_document_is_put_as_it_was_got_and_every_node_follows(site, api):
    got = api.get("tenants/other").json()
    document = got["document"]
    assert document["name"] == "other" and got["source"] == "file"
    assert api.put("tenants/other", json=document).json() == {"outcome": "unchanged", "version": got["version"]}
    document["budgets"]["more"] = {"limit": 5.25, "window": "day"}
    done = api.put("tenants/other", json=document, params={"version": got["version"]})
    assert done.json() == {"outcome": "updated", "version": got["version"] + 1}
    stale = api.put("tenants/other", json=document, params={"version": got["version"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert told(site, "other", "tenant_changed")[-1]["data"] == {
        "change": "updated", "version": got["version"] + 1, "source": "apply", "by": "api:admin"}
    assert site.operators.get(site.b, "tenants/other")["document"]["budgets"]["more"]["limit"] == 5.25


@pytest.mark.parametrize("change, place", [
    ({"upstreams": [{"name": "Bad", "url": "http://x/"}]}, "upstreams[0].name: "), ({"budgets": {"team": {"limit": "much"}}}, "budgets.team.limit: "),
    ({"colour": "red"}, "colour: unknown key"), ({"name": "acme"}, "name: another than in the path"), ({"mode": "lax"}, "mode: ")])
def test_a_document_that_breaks_a_rule_is_refused_with_the_place(site, api, change, place):
    document = {**api.get("tenants/other").json()["document"], **change}
    refused = api.put("tenants/other", json=document)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_document")
    assert refused.json()["detail"].startswith(place)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"name":null}', b"[" * 10_000, b'{"a":1e999}',
                                  b'{"name":"other","upstreams":' + b"[" * 400 + b"]" * 400 + b"}", b'{"name":"other","upstreams":{},"upstreams":{}}', b'\xff\xfe{"a":1}'])
@pytest.mark.parametrize("path", ["tenants/other", "tenants/other/mode", "tenants/acme/budgets/team"])
def test_a_body_that_is_no_such_document_is_refused(api, path, body):
    refused = api.put(path, content=body, headers={"Content-Type": "application/json"})
    assert refused.status_code == 400 and refused.json()["status"] == 400, refused.text


def test_a_body_of_another_type_or_too_large_a_one_is_refused(api):
    assert api.put("tenants/other/mode", content=b'{"mode":"hard"}', headers={"Content-Type": "text/plain"}).status_code == 415
    large = json.dumps({"mode": "x" * (1 << 20)}).encode()
    assert api.put("tenants/other/mode", content=large, headers={"Content-Type": "application/json"}).status_code == 413


async def test_a_tenant_comes_changes_its_mode_and_goes(site, api):
    document = tenant("fleeting", {"light": site.upstream.url}, budgets={"small": {"limit": 1}}, default_budget="small")
    assert api.put("tenants/fleeting", json=document).json() == {"outcome": "created", "version": 1}
    assert api.put("tenants/fleeting/mode", json={"mode": "observe"}).json() == {"outcome": "updated", "version": 2}
    assert site.operators.get(site.b, "tenants/fleeting")["mode"] == "observe"
    refused = api.put("tenants/fleeting/mode", json={"mode": "hard", "why": "because"})
    assert refused.status_code == 400 and "unknown field" in refused.json()["detail"]
    no_key = api.post("tenants/fleeting/tokens", json={"expiresIn": 60})
    assert (no_key.status_code, no_key.json()["code"]) == (409, "no_key")
    assert api.delete("tenants/fleeting").status_code == 204
    assert api.delete("tenants/fleeting").status_code == 404
    assert api.get("tenants/fleeting").status_code == 404
    assert [event["data"]["change"] for event in told(site, "fleeting", "tenant_changed")] == ["created", "updated", "deleted"]
    assert {event["data"]["by"] for event in told(site, "fleeting", "tenant_changed")} == {"api:admin"}


def test_an_account_is_set_and_topped_up_once_for_each_request(site, api):
    made = api.put("tenants/acme/budgets/fresh", json={"limit": 10.5, "requestId": "one"}).json()
    assert made["outcome"] == "done" and made["previous"] is None and made["budget"]["limit"] == 10.5
    for _ in range(2):
        topped = api.post("tenants/acme/budgets/fresh/top-up", json={"amount": 0.000001, "requestId": "two"}).json()
        assert topped["budget"]["limit"] == 10.500001 and topped["previous"] == 10.5 and topped["requestId"] == "two"
    again = api.put("tenants/acme/budgets/fresh", json={"limit": 11, "requestId": "one"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    shown = site.operators.get(site.b, "tenants/acme/budgets/fresh")
    assert shown["available"] == 10.500001 and shown["kind"] == "budget" and shown["rolledBack"] is False
    events = [event for event in told(site, "acme", "budget_set", "ledger") if event["budgetId"] == "fresh"]
    assert [(event["data"]["by"], event["data"]["request"]) for event in events] == [("api:admin", "one"), ("api:admin", "two")]
    missing = api.post("tenants/acme/budgets/nothing/top-up", json={"amount": 1})
    assert (missing.status_code, missing.json()["code"]) == (404, "no_account")
    assert api.put("tenants/nobody/budgets/b", json={"limit": 1}).json()["code"] == "books_closed"
    assert api.post("tenants/acme/budgets/fresh/resume").json()["outcome"] == "done"


@pytest.mark.parametrize("limit", [-1, 0.0000001, 1e10, "1", None, True, 9007199254.740992])
def test_an_amount_is_a_number_of_at_most_six_digits(api, limit):
    assert api.put("tenants/acme/budgets/fresh", json={"limit": limit}).status_code == 400


async def test_accounts_are_audited(site, api):
    async with Agent(site.cell.mint("acme", "--budget", "team")) as agent:
        await agent.open(site.a)
        await agent.ask(site.b, "tools/call", {"name": "echo", "arguments": {"text": "x"}})
    report = api.get("tenants/acme/audit").json()
    assert report["isSound"] is True and report["entries"] >= 1 and report["differences"] == []
    one = api.get("tenants/acme/budgets/team/audit").json()
    assert one["isSound"] is True and one["accounts"] == 1
    books = api.get("tenants/acme/budgets").json()["items"]
    assert [item["account"] for item in books] == sorted(item["account"] for item in books if item["kind"] == "budget")
    site.redis.client.hincrby("satgate:{acme}:account:team", "spent", 1_000_000)
    broken = api.get("tenants/acme/budgets/team/audit").json()
    site.redis.client.hincrby("satgate:{acme}:account:team", "spent", -1_000_000)
    assert broken["isSound"] is False and broken["differences"][0]["account"] == "team"
    assert api.get("tenants/nobody/audit").status_code == 404


async def test_a_minted_token_works_is_told_without_its_text_and_ends_when_it_is_revoked(site, api):
    minted = api.post("tenants/acme/tokens", json={
        "budget": "team", "limit": 3, "scopes": ["echo, light:*"], "label": "from the console", "expiresIn": 600})
    assert minted.status_code == 201 and minted.headers["cache-control"] == "no-store"
    token = minted.json()
    async with Agent(token["token"]) as agent:
        await agent.open(site.b)
        reply = await agent.ask(site.a, "tools/call", {"name": "echo", "arguments": {"text": "x"}})
        assert reply.result, reply.raw
        event = told(site, "acme", "token_minted")[-1]
        assert event["tokenId"] == token["tokenId"] and event["budgetId"] == "team" and event["data"]["by"] == "api:admin"
        assert event["data"]["label"] == "from the console" and event["data"]["expiresAt"] == token["expiresAt"]
        assert token["token"] not in json.dumps(event)
        shown = run("token", "inspect", "--token", token["token"], "--json")
        assert json.loads(shown.stdout)["id"] == token["tokenId"]
        assert api.post("tenants/other/revocations", json={"token": token["token"]}).status_code == 400
        assert api.post("tenants/acme/revocations", json={"token": token["token"]}).json() == {
            "outcome": "revoked", "tokenId": token["tokenId"]}
        assert api.post("tenants/acme/revocations", json={"tokenId": token["tokenId"]}).json()["outcome"] == "known"

        async def refused() -> bool:
            return (await agent.ask(site.b, "tools/list")).status == 401
        await soon("the token is refused", refused, within=15)
    assert token["tokenId"] in [item["tokenId"] for item in site.operators.get(site.b, "tenants/acme/revocations")["items"]]
    revoked = told(site, "acme", "token_revoked")[-1]
    assert revoked["tokenId"] == token["tokenId"] and revoked["data"] == {"source": "api", "by": "api:admin"}


@pytest.mark.parametrize("wish", [
    {}, {"expiresIn": 0}, {"expiresIn": 90 * 86_400 + 1}, {"expiresIn": 60, "budget": "_tenant"}, {"expiresIn": 60, "limit": -1},
    {"expiresIn": 60, "scopes": ["a,,b"]}, {"expiresIn": 60, "label": "a\nb"}, {"expiresIn": 60, "label": "x" * 2000},
    {"expiresIn": 60, "forEver": True}, {"expiresIn": 1.5}])
def test_a_token_that_could_not_be_used_is_not_minted(site, api, wish):
    before = len(told(site, "acme", "token_minted"))
    assert api.post("tenants/acme/tokens", json=wish).status_code == 400
    assert len(told(site, "acme", "token_minted")) == before


@pytest.mark.parametrize("key", ["none", "key-other"])
def test_a_token_is_signed_by_a_key_of_its_tenant_only(api, key):
    refused = api.post("tenants/acme/tokens", json={"expiresIn": 60, "key": key})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_key")
    assert api.post("tenants/acme/tokens", json={"expiresIn": 60, "key": "key-acme"}).status_code == 201


def test_changed_tools_are_approved_and_that_is_told(site, api, tmp_path):
    upstream = LightUpstream(tmp_path, "changing")
    assert api.put("tenants/pinned", json=tenant("pinned", {"changing": {"url": upstream.url, "pin_tools": True}})).status_code == 200

    def changed() -> list[str]:
        return [tool for each in api.get("upstreams", params={"tenant": "pinned"}).json()["items"] for tool in each["changedTools"]]
    eventually("its tools are listed", lambda: api.get("upstreams", params={"tenant": "pinned"}).json()["items"])
    upstream.describe("echo", "Something else now.")
    eventually("the change is seen", lambda: changed() == ["echo"], within=30)
    assert api.post("tenants/pinned/upstreams/changing/approve", params={"tool": "echo"}).status_code == 204
    assert changed() == []
    event = told(site, "pinned", "upstream_approved")
    assert [each["data"] for each in event] == [{"upstream": "changing", "tool": "echo", "by": "api:admin"}]
    assert api.delete("tenants/pinned").status_code == 204
    upstream.stop()


def test_what_is_not_known_is_not_approved(site, api):
    eventually("the upstream is up", lambda: [
        each for each in api.get("upstreams", params={"tenant": "acme"}).json()["items"] if each["standing"] == "up"])
    assert api.post("tenants/acme/upstreams/nothing/approve").status_code == 404
    assert api.post("tenants/acme/upstreams/light/approve", params={"tool": "gone"}).status_code == 404
    assert api.post("tenants/acme/upstreams/light/approve").status_code == 204
    # it is approved already; a pin that is another makes it a change
    assert told(site, "acme", "upstream_approved") == []


def test_changes_by_the_command_line_say_who_made_them(site):
    import getpass
    me = f"cli:{getpass.getuser()}"
    environment = site.cell.environment
    token = site.cell.mint("acme")
    assert run("token", "revoke", "--token", token, env=environment).returncode == 0
    assert told(site, "acme", "token_revoked")[-1]["data"] == {"source": "cli", "by": me}


def test_what_is_changed_by_a_cookie_must_come_from_the_page_itself(site):
    base = f"{site.a.admin}/api/v1"
    with httpx.Client(trust_env=False) as browser:
        assert browser.post(f"{base}/login", json={"token": site.operators.tokens["admin"]}).status_code == 204
        assert browser.get(f"{base}/me").json()["role"] == "admin"
        path = f"{base}/tenants/acme/budgets/cookie"
        for origin in (None, "http://evil.example", "null", site.b.admin):
            headers = {"Origin": origin} if origin else {}
            assert browser.put(path, json={"limit": 1}, headers=headers).status_code == 401, origin
        assert browser.put(path, json={"limit": 1}, headers={"Origin": site.a.admin}).status_code == 200
        assert browser.post(f"{base}/logout").status_code == 204
