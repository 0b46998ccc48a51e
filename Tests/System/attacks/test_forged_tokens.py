"""Tokens that nobody should be let in by."""
from __future__ import annotations

import json
import os
import time

import pytest

from testbed.agent import Agent
from testbed.forge import forged
from testbed.process import ROOT, soon
from testbed.raw import request

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
TENANT, LATER = "tenant_id = acme", "expires = 2100-01-01T00:00:00Z"
VECTORS = ROOT / "Tests" / "MacaroonsTests" / "macaroons.json"
# what is wrong with these is only when and for what they are shown; rows 5 to 7 are of that
ELSEWHERE = {"v1-wrong-key", "v2-wrong-key", "v2-wrong-tenant", "v2-tenant-prefix", "v2-expired", "v2-expires-exactly-now", "v2-tool-out-of-scope",
             "v2-over-budget"}
INVALID = [vector for vector in json.loads(VECTORS.read_text())["vectors"] if vector["expect"] != "authorized" and vector["name"] not in ELSEWHERE]


async def test_a_request_without_a_token_is_refused_and_told_to_nobodys_tenant(gate):
    """Row 1."""
    before = len(gate.told("auth_failure", None))
    answer = await gate.ask(request(gate.fields(Authorization=None), PING))
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    await soon("one event", lambda: len(gate.told("auth_failure", None)) == before + 1)
    event = gate.told("auth_failure", None)[-1]
    assert event["data"] == {"error": "no_token"} and "tenantId" not in event


@pytest.mark.parametrize("vector", INVALID, ids=[vector["name"] for vector in INVALID])
async def test_every_invalid_token_gets_the_same_refusal(gate, vector):
    """Row 2."""
    uniform = await gate.ask(request(gate.fields("nonsense"), PING))
    answer = await gate.ask(request(gate.fields(vector["token"] or " "), PING))
    assert (answer.status, answer.body) == (401, uniform.body)
    assert answer.headers["www-authenticate"].startswith("Bearer") and "tenant" not in answer.body.decode()


async def test_a_token_of_another_key_or_of_none_gets_it_too(gate):
    """Row 2."""
    uniform = await gate.ask(request(gate.fields("nonsense"), PING))
    for token in (forged(gate.cell, TENANT, LATER, key=os.urandom(32)), forged(gate.cell, TENANT, LATER, identifier="no-key:0"),
                  forged(gate.cell, TENANT, LATER, identifier="no colon"), forged(gate.cell, TENANT, LATER, identifier="key-other:0")):
        answer = await gate.ask(request(gate.fields(token), PING))
        assert (answer.status, answer.body, answer.headers) == (401, uniform.body, uniform.headers)


async def test_two_tokens_in_one_request_are_a_bad_request(gate):
    """Row 4."""
    both = [*gate.fields(), ("Authorization", f"Bearer {gate.other}")]
    lists = gate.fields(Authorization=f"Bearer {gate.token}, Bearer {gate.other}")
    for fields in (both, list(reversed(both)), lists, gate.fields(Authorization=f"Bearer {gate.token},bearer {gate.token}")):
        answer = await gate.ask(request(fields, PING))
        assert (answer.status, answer.code) == (400, -32600), answer


@pytest.mark.parametrize("caveats, reason", [
    ([TENANT], "no_expiry"), ([LATER], "no_tenant"), ([TENANT, LATER, "tenant_id = other"], "conflicting_tenants"),
    (["tenant_id = other", LATER], "wrong_tenant"), ([TENANT, LATER, "is_admin = true"], "unknown_caveat"),
    ([TENANT, LATER, "budget_limit = -5"], "unreadable_caveat"), ([TENANT, LATER, "budget_limit = NaN"], "unreadable_caveat"),
    ([TENANT, LATER, "budget_id = team"], "unsealed_budget")], ids=lambda value: value if isinstance(value, str) else "")
async def test_a_signed_token_that_says_too_little_or_what_nobody_knows_is_refused_and_told_to_its_tenant(gate, caveats, reason):
    """Row 5."""
    answer = await gate.ask(request(gate.fields(forged(gate.cell, *caveats)), PING))
    assert answer.status == 401, answer
    await soon("its event", lambda: _last(gate) == {"error": reason})


async def test_a_token_is_over_at_its_last_millisecond(gate):
    """Row 6."""
    now = gate.redis.now()
    for late in (1000, 1):
        token = forged(gate.cell, TENANT, f"expires = {now - late}")
        assert (await gate.ask(request(gate.fields(token), PING))).status == 401
    await soon("its event", lambda: _last(gate) == {"error": "expired"})
    # the same hand makes tokens that are good: it is the expiry that is refused
    sound = forged(gate.cell, TENANT, f"expires = {now + 1500}")
    async with Agent(sound) as agent:
        await agent.open(gate.node)
        await soon("it expires under its session", lambda: _status(agent, gate, 401), within=5)
        assert time.time() * 1000 >= now + 1400


def _last(gate) -> dict[str, str]:
    """What the tenant was told last of a token."""
    return next((event["data"] for event in reversed(gate.told("auth_failure"))), {})


async def _status(agent: Agent, gate, wanted: int) -> bool:
    reply = await agent.post(gate.node, json.loads(PING))
    assert reply.status in (200, wanted), reply.raw
    return reply.status == wanted
