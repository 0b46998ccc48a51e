"""What dashboards are told besides money."""
from __future__ import annotations

import json

from testbed.agent import Agent
from testbed.node import attenuate
from testbed.process import soon


def of_nobody(cluster, kind):
    """The events of one type that no proved tenant has."""
    entries = cluster.redis.client.xrange("satgate:audit")
    return [event for _, fields in entries if (event := json.loads(fields["event"]))["type"] == kind]


async def test_a_refused_token_is_told_to_its_tenant_only_when_its_signature_is_proved(cluster):
    expired = attenuate(cluster.cell.mint(), "expires = 1000")
    forged = cluster.cell.mint()[:-4] + "AAAA"
    for token in (expired, forged, None):
        async with Agent(token) as agent:
            assert (await agent.ask(cluster.a, "initialize", {})).status == 401

    async def told():
        mine = {event["data"]["error"] for event in cluster.books.events("auth_failure", "audit")}
        nobodys = {event["data"]["error"] for event in of_nobody(cluster, "auth_failure")}
        return "expired" in mine and {"bad_signature", "no_token"} <= nobodys and not {"bad_signature", "no_token"} & mine
    await soon("each refusal stands where it belongs", told)


async def test_a_session_is_told_from_its_beginning_to_its_end(cluster):
    async with Agent(cluster.cell.mint("acme", "--budget", "mine")) as agent:
        session = await agent.open(cluster.a)
        await agent.close(cluster.b)

    async def told():
        kinds = [kind for kind in ("session_connect", "session_close")
                 if any(event["sessionId"] == session for event in cluster.books.events(kind, "audit"))]
        return kinds == ["session_connect", "session_close"]
    await soon("connect and close are kept", told)


async def test_a_call_outside_the_scope_is_told_as_what_it_is(cluster):
    async with Agent(cluster.cell.mint("acme", "--budget", "mine", "--scope", "echo")) as agent:
        session = await agent.open(cluster.a)
        reply = await agent.call(cluster.a, "fail")
        assert (reply.code, reply.label) == (-32001, "scope")

    async def told():
        return any(event.get("sessionId") == session and event["data"] == {
            "tool": "fail", "cost": 0, "error": "scope", "enforced": True} for event in cluster.books.events("auth_failure", "audit"))
    await soon("the refusal is kept", told)
