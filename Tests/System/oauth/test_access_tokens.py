"""Access tokens of authorization servers beside macaroons: what proves one, what it is worth, and what its holder is told."""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from testbed.agent import Agent, Reply
from testbed.books import MICROS
from testbed.issuer import Issuer, Key
from testbed.node import run
from testbed.oauth import SCOPES, Site
from testbed.stateless import Stateless

ALL = " ".join(sorted(SCOPES))


async def call(site: Site, token: str, tool: str = "echo", **arguments: Any) -> Reply:
    async with Stateless(token) as agent:
        return await agent.call(site.node, tool, **({"text": "hello"} if tool == "echo" else arguments))


def challenge(reply: Reply) -> dict[str, str]:
    """The parameters of the one challenge."""
    scheme, _, rest = reply.headers["www-authenticate"].partition(" ")
    assert scheme == "Bearer"
    pairs = (pair.partition("=") for pair in rest.split(", ")) if rest else ()
    return {name: value.strip('"') for name, _, value in pairs}


async def failures(site: Site, reason: str) -> int:
    return sum(event["data"].get("error") == reason for event in site.books.events("auth_failure", "audit"))


# MARK: what is taken


async def test_a_token_of_an_issuer_makes_a_call_which_is_charged_to_the_budget_of_its_terms(site):
    await call(site, site.staff.token())
    before = site.books.quiet("team").spent
    reply = await call(site, site.staff.token(name="Zoë"))
    assert reply.text == "hello"
    assert site.books.quiet("team").spent - before == 1 * MICROS
    event = site.books.events("tool_call", "audit")[-1]
    assert event["data"]["tool"] == "echo" and event["budgetId"] == "team"


async def test_a_session_goes_on_with_a_renewed_token_and_is_nobody_elses(site):
    async with Agent(site.staff.token()) as agent:
        await agent.open(site.node)
        session = agent.session
    async with Agent(site.staff.token()) as agent:
        agent.session = session
        assert (await agent.call(site.node, "echo", text="again")).text == "again"
    for other in (site.staff.token(sub="max"), site.staff.token(client_id="another"), site.shop.token(sub="zoe"), site.cell.mint()):
        async with Agent(other) as agent:
            agent.session = session
            assert (await agent.call(site.node, "echo", text="mine?")).status == 404


async def test_the_tenant_is_the_one_that_the_issuers_claim_stands_for(site):
    async with Stateless(site.staff.token(org={"id": "org-2"})) as agent:
        tools = [tool["name"] for tool in (await agent.ask(site.node, "tools/list")).result["tools"]]
    assert "echo" in tools and "structured" not in tools


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"])
@pytest.mark.parametrize("named", ["named", "nameless"])
async def test_every_public_key_algorithm_proves_a_token(site, keys, algorithm, named):
    key = Key(algorithm, algorithm if named == "named" else None, **({} if named == "named" else {"alg": None, "use": None}))
    keys(key)
    assert (await taken(site, key)).text == "hello"


async def taken(site: Site, key: Key) -> Reply:
    """The first answer that is none of a node that cannot have the key yet."""
    deadline = time.monotonic() + 10
    while (reply := await call(site, site.staff.token(key))).status != 200:
        assert time.monotonic() < deadline, reply.raw
    return reply


@pytest.fixture
def keys(site: Site) -> Iterator[Any]:
    """Lists these keys besides the issuer's own, for a while."""
    own = site.staff.keys

    def list_(*more: Key) -> None:
        site.staff.keys = [*own, *more]
    yield list_
    site.staff.keys = own


async def test_macaroons_go_on_beside_access_tokens(site):
    assert (await call(site, site.cell.mint("acme", "--budget", "team"))).text == "hello"


async def test_the_upstream_never_sees_the_token(site):
    token = site.staff.token()
    await call(site, token)
    assert token not in json.dumps(site.light.stats())


# MARK: what is refused


def none_of_it(token: str) -> str:
    head, payload, _ = token.split(".")
    return f"{encoded({'alg': 'none', 'typ': 'at+jwt'})}.{payload}.AAAA"


def tampered(token: str) -> str:
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "==")) | {"org": {"id": "org-2"}}
    return f"{head}.{encoded(claims)}.{signature}"


def confused(issuer: Issuer, token: str) -> str:
    """Signed with the public key as if it were a shared secret."""
    _, payload, _ = token.split(".")
    head = encoded({"alg": "HS256", "typ": "at+jwt", "kid": issuer.keys[0].kid})
    secret = json.dumps(issuer.keys[0].jwk).encode()
    return f"{head}.{payload}.{text(hmac.digest(secret, f'{head}.{payload}'.encode(), hashlib.sha256))}"


def encoded(value: Any) -> str:
    return text(json.dumps(value).encode())


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


STRANGER = Key("ES256", "first")
NOW = int(time.time())
HUGE = b'{"alg":"ES256","kid":"first","n":1e300}'
BAD = {
    "expired": lambda s: s.token(exp=NOW - 1), "without an end": lambda s: s.token(exp=None), "an end that is no time": lambda s: s.token(exp="soon"),
    "an end beyond all time": lambda s: s.token(exp=10**30), "only valid later": lambda s: s.token(nbf=NOW + 3600),
    "for another resource": lambda s: s.token(aud="https://elsewhere.example/mcp"), "for no resource": lambda s: s.token(aud=None),
    "of nobody": lambda s: s.token(sub=None), "of an empty name": lambda s: s.token(sub=""),
    "of an unknown issuer": lambda s: s.token(iss="https://evil.example"), "of no issuer": lambda s: s.token(iss=None),
    "of an unknown organisation": lambda s: s.token(org={"id": "org-9"}), "of no organisation": lambda s: s.token(org=None),
    "of two organisations": lambda s: s.token(org={"id": ["org-1", "org-2"]}),
    "signed by a stranger": lambda s: s.token(STRANGER), "signed by nobody": lambda s: none_of_it(s.token()),
    "with the public key as a secret": lambda s: confused(s, s.token()), "changed": lambda s: tampered(s.token()),
    "for another use": lambda s: s.token(header={"typ": "dpop+jwt"}), "with a header that must be understood": lambda s: s.token(header={"crit": ["x"], "x": 1}),
    "cut": lambda s: s.token()[:-1], "without its signature": lambda s: s.token().rpartition(".")[0] + ".",
    "padded": lambda s: s.token() + "==", "a header that is none": lambda s: f"e30.{s.token().split('.')[1]}.AAAA",
    "a number that no integer holds": lambda s: f"{text(HUGE)}.{s.token().split('.')[1]}.AAAA",
    "deeply nested": lambda s: f"{text(b'[' * 9000)}.{text(b'[' * 3000)}.AAAA", "dots": lambda s: "..", "too long": lambda s: s.token(x="x" * 20_000),
}


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_token_is_answered_with_401_and_where_to_find_a_good_one(site, kind):
    reply = await call(site, BAD[kind](site.staff))
    assert reply.status == 401, reply.raw
    assert challenge(reply) == {"error": "invalid_token", "scope": ALL, "resource_metadata": site.metadata}
    assert (await call(site, site.staff.token())).text == "hello", "the node goes on"


async def test_no_token_is_answered_with_where_to_find_one(site):
    async with Agent(None) as agent:
        reply = await agent.ask(site.node, "initialize", {})
    assert reply.status == 401
    assert challenge(reply) == {"scope": ALL, "resource_metadata": site.metadata}


@pytest.mark.parametrize("jwk", [{"use": "enc"}, {"kty": "oct", "k": "AAAA"}, {"crv": "P-999"}, {"alg": "ES384"}])
async def test_keys_of_a_set_that_are_for_something_else_prove_nothing_and_hide_no_other(site, keys, jwk):
    odd, good = Key("ES256", "odd", **jwk), Key("ES256", "good")
    keys(odd, good)
    assert (await taken(site, good)).text == "hello"
    assert (await call(site, site.staff.token(odd))).status == 401


async def test_a_weak_key_proves_nothing(site, keys):
    weak, good = Key("RS256", "weak", size=1024), Key("ES256", "beside")
    keys(weak, good)
    assert (await taken(site, good)).text == "hello"
    assert (await call(site, site.staff.token(weak))).status == 401


async def test_a_token_in_the_url_of_a_stream_is_not_looked_at(site):
    node = site.cell.node("q", SATGATE_SSE_TOKEN_IN_QUERY="true", SATGATE_OAUTH_FILE=str(site.cell.directory / "oauth.yaml"))
    try:
        async with Agent(None) as agent:
            reply = await agent.request("GET", f"{node.sse}?token={site.staff.token()}", headers={"Accept": "text/event-stream"})
        assert reply.status == 401
    finally:
        node.stop()


# MARK: scopes


async def test_what_the_scopes_do_not_open_is_not_listed_and_a_call_of_it_tells_which_scopes_would_do(site):
    token = site.staff.token(scope="openid tools:echo")
    async with Stateless(token) as agent:
        listed = (await agent.ask(site.node, "tools/list")).result["tools"]
    assert [tool["name"] for tool in listed] == ["ping", "echo"]
    reply = await call(site, token, "structured")
    assert (reply.status, reply.code, reply.label) == (403, -31001, "scope")
    assert challenge(reply) == {"error": "insufficient_scope", "scope": "openid tools:echo tools:all tools:beta", "resource_metadata": site.metadata}
    async with Agent(token) as agent:
        await agent.open(site.node)
        reply = await agent.call(site.node, "structured")
    assert (reply.status, reply.code) == (403, -32001)


async def test_a_macaroon_that_is_out_of_scope_is_told_so_in_the_answer(site):
    reply = await call(site, site.cell.mint("acme", "--budget", "team", "--scope", "echo"), "structured")
    assert (reply.status, reply.code) == (200, -31001) and "www-authenticate" not in reply.headers


@pytest.mark.parametrize("scope", ["openid profile", "", None])
async def test_a_token_whose_scopes_open_nothing_is_refused_whole(site, scope):
    reply = await call(site, site.staff.token(scope=scope))
    assert reply.status == 403
    assert challenge(reply) == {"error": "insufficient_scope", "scope": ALL, "resource_metadata": site.metadata}


async def test_scopes_may_be_a_list(site):
    assert (await call(site, site.staff.token(scope=["openid", "tools:echo"]))).text == "hello"


async def test_what_is_no_scope_never_comes_back_in_a_header(site):
    reply = await call(site, site.staff.token(scope='tools:echo a"b c\\d é'), "structured")
    assert challenge(reply)["scope"] == "tools:echo tools:all tools:beta"


# MARK: budgets


async def test_the_claim_of_the_budget_decides_who_pays(site):
    for _ in range(2):
        assert (await call(site, site.shop.token(plan="small"))).text == "hello"
    reply = await call(site, site.shop.token(plan="small"))
    assert (reply.code, reply.label) == (-31000, "budget_exhausted")


async def test_a_token_that_names_no_known_budget_is_refused(site):
    for plan in ("platinum", None):
        assert (await call(site, site.shop.token(plan=plan))).status == 401


async def test_the_limit_holds_for_one_subject_through_one_client_whatever_the_token(site):
    for _ in range(5):
        assert (await call(site, site.shop.token(sub="eve"))).text == "hello"
    assert (await call(site, site.shop.token(sub="eve"))).label in ("budget_exhausted", "insufficient_budget")
    assert (await call(site, site.shop.token(sub="eve", client_id="another"))).text == "hello"


async def test_either_audience_of_the_terms_will_do(site):
    assert (await call(site, site.shop.token(sub="ann", aud=["x", "more-tools"]))).text == "hello"
    assert (await call(site, site.shop.token(sub="ann", aud="other-tools"))).status == 401


async def test_a_subject_can_be_revoked(site):
    token = site.shop.token(sub="mallory")
    assert (await call(site, token)).text == "hello"
    identity = site.books.events("tool_call", "audit")[-1]["tokenId"]
    done = run("token", "revoke", "--id", identity, "--tenant", "acme", env=site.cell.environment)
    assert done.returncode == 0, done.stderr
    reply = await call(site, site.shop.token(sub="mallory"))
    assert (reply.status, challenge(reply)["error"]) == (401, "invalid_token")


# MARK: keys


async def test_a_new_key_is_known_as_soon_as_a_token_names_it_and_a_withdrawn_one_proves_nothing_any_more(site, keys):
    old, new = Key("ES256", "old"), Key("ES256", "new")
    keys(old)
    token = site.staff.token(old)
    async with Stateless(token) as agent:
        deadline = time.monotonic() + 10
        while (await agent.call(site.node, "echo", text="x")).status != 200:
            assert time.monotonic() < deadline
        keys(new)
        assert (await taken(site, new)).text == "hello"
        assert (await agent.call(site.node, "echo", text="x")).status == 401, "over the connection that had proved it too"
    assert (await call(site, token)).status == 401


async def test_tokens_of_unknown_keys_do_not_have_the_issuer_asked_more_than_once_a_second(site):
    begun, fetched = time.monotonic(), site.staff.fetches
    for number in range(50):
        assert (await call(site, site.staff.token(Key("ES256", f"unknown-{number}")))).status == 401
    assert site.staff.fetches - fetched <= 2 + 2 * (time.monotonic() - begun)


async def test_while_the_keys_cannot_be_had_nothing_is_said_of_the_token_and_afterwards_it_is_good(site, directory):
    late = Issuer("https://tools.example/mcp")
    late.status = 500
    file = directory / "oauth.yaml"
    file.write_text(json.dumps({"resource": "https://tools.example/mcp", "refresh": 1000, "issuers": [
        {"issuer": late.url, "tenant": "acme", "budget": "team"}]}))
    node = site.cell.node("late", SATGATE_OAUTH_FILE=str(file))
    try:
        async with Stateless(late.token()) as agent:
            reply = await agent.call(node, "echo", text="x")
            assert (reply.status, reply.label, reply.headers["retry-after"]) == (503, "keys_unavailable", "1")
            late.status = 200
            deadline = time.monotonic() + 15
            while (reply := await agent.call(node, "echo", text="x")).status != 200:
                assert reply.status == 503 and time.monotonic() < deadline
            late.stop()
            assert (await agent.call(node, "echo", text="x")).text == "x", "known keys go on proving"
    finally:
        node.stop()


async def test_metadata_of_another_issuer_are_not_believed(site, directory):
    liar = Issuer("https://tools.example/mcp")
    liar.stated = "https://elsewhere.example"
    file = directory / "oauth.yaml"
    file.write_text(json.dumps({"resource": "https://tools.example/mcp", "issuers": [{"issuer": liar.url, "tenant": "acme"}]}))
    found = doctor(site, str(file))
    assert [each for each in found if each["grade"] == "failure" and "no metadata of this issuer" in each["what"]], found
    liar.stop()


# MARK: metadata and operators


@pytest.mark.parametrize("path", ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"])
async def test_whoever_asks_is_told_what_the_gateway_is(site, path):
    async with Agent(None) as agent:
        reply = await agent.request("GET", site.node.base + path)
        assert reply.status == 200 and reply.headers["content-type"] == "application/json"
        assert reply.message == {
            "resource": site.node.mcp, "authorization_servers": [site.staff.url, site.shop.url], "scopes_supported": sorted(SCOPES),
            "bearer_methods_supported": ["header"], "resource_name": "The tools"}
        for other in ("/.well-known/oauth-protected-resource/sse", "/.well-known/oauth-protected-resources", "/.well-known/oauth-authorization-server"):
            assert (await agent.request("GET", site.node.base + other)).status == 404
        assert (await agent.request("POST", site.node.base + path, b"{}")).status == 405


async def test_a_node_without_issuers_has_no_metadata_and_takes_no_access_token(site):
    node = site.cell.node("plain")
    try:
        async with Agent(site.staff.token()) as agent:
            reply = await agent.ask(node, "initialize", {})
            assert (reply.status, reply.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
            assert (await agent.request("GET", f"{node.base}/.well-known/oauth-protected-resource")).status == 404
    finally:
        node.stop()


def doctor(site: Site, file: str) -> list[dict[str, Any]]:
    """What the doctor finds about the issuers of that file."""
    settings = {**site.cell.environment, "SATGATE_OAUTH_FILE": file}
    return [each for each in json.loads(run("doctor", "--json", env=settings).stdout) if each["area"] == "oauth"]


async def test_the_doctor_asks_the_issuers_for_their_keys_and_warns_of_one_that_may_name_any_tenant(site, directory):
    file = directory / "oauth.yaml"
    statement = site.statement()
    statement["issuers"][0]["tenant"] = {"claim": "tenant"}
    file.write_text(json.dumps(statement))
    found = doctor(site, str(file))
    assert {(each["grade"], each["what"]) for each in found} >= {
        ("warning", f"{site.staff.url} may name any tenant"), ("good", f"{site.shop.url} has 1 keys"), ("good", f"2 issuers in {file}")}


async def test_metrics_tell_of_the_issuers_keys(site):
    async with Agent(None) as agent:
        text = (await agent.request("GET", f"{site.node.admin}/metrics")).raw.decode()
    assert f'satgate_oauth_keys{{issuer="{site.staff.url}"}} 1' in text
    assert f'satgate_oauth_fetches_total{{issuer="{site.staff.url}",outcome="taken"}}' in text


@pytest.mark.parametrize(("change", "reason"), [
    ({"resource": "http://tools.example/mcp/"}, "resource: must be an http:// or https:// URL"), ({"issuers": []}, "no issuer is given"),
    ({"issuers": [{"issuer": "http://login.example", "tenant": "acme"}]}, "issuers[0].issuer: must be an https:// URL"),
    ({"issuers": [{"issuer": "https://login.example"}]}, "tenant: missing"),
    ({"issuers": [{"issuer": "https://login.example", "tenant": "Acme!"}]}, "issuers[0].tenant: must be a tenant's name"),
    ({"issuers": [{"issuer": "https://login.example", "tenant": "acme", "secret": "x"}]}, "issuers[0].secret: unknown key"),
    ({"issuers": [{"issuer": "https://login.example", "tenant": "acme", "scope": {"values": {}}}]}, "claim: missing"),
])
def test_a_file_that_says_too_little_or_what_nobody_reads_ends_the_start(site, directory, change, reason):
    file = directory / "oauth.yaml"
    file.write_text(json.dumps(site.statement() | change))
    done = run("serve", env={**site.cell.environment, "SATGATE_OAUTH_FILE": str(file)})
    assert done.returncode == 78 and reason in done.stderr, done.stderr
