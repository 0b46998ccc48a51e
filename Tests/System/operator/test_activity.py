"""What nodes count of calls: added up over nodes within about a second, for show and no money."""
from __future__ import annotations

import asyncio
import time
from datetime import datetime

from testbed.agent import Agent
from testbed.node import Cell, attenuate, tenant
from testbed.process import eventually


def session(site, agent: Agent) -> dict:
    items = site.operators.get(site.a, "sessions", tenant="acme", limit=1000)["items"]
    return next(each for each in items if each["session"] == agent.session)


def totals(site, **query) -> dict:
    minutes = site.operators.get(site.b, "activity", **query)["minutes"]
    return {name: sum(each[name] for each in minutes) for name in ("calls", "errors", "refused", "unenforced", "credits")}


async def test_calls_and_credits_of_a_session_served_by_two_nodes_add_up(site):
    before, everywhere = totals(site, tenant="acme"), totals(site)
    async with Agent(site.cell.mint("acme", "--label", "counted")) as agent:
        await agent.open(site.a)
        for node, count in ((site.a, 7), (site.b, 5)):
            for _ in range(count):
                reply = await agent.call(node, "echo", text="x")
                assert "result" in reply.message, reply.message
        shown = eventually("all is counted", lambda: session(site, agent)["calls"] == 12 and session(site, agent))
        assert shown["credits"] == 24 and shown["node"] in {site.operators.get(node, "me")["node"] for node in (site.a, site.b)}

        def grown() -> dict | None:
            now, all_tenants = totals(site, tenant="acme"), totals(site)
            return now if now["calls"] - before["calls"] == 12 and all_tenants["calls"] - everywhere["calls"] >= 12 else None
        now = eventually("the minutes tell of it", grown)
        assert now["credits"] - before["credits"] == 24 and now["errors"] == before["errors"] and now["refused"] == before["refused"]

        tokens = site.operators.get(site.a, "tenants/acme/tokens", limit=1000)["items"]
        mine = next(each for each in tokens if each["token"] == shown["token"])
        assert (mine["label"], mine["calls"], mine["credits"]) == ("counted", 12, 24)
        assert mine["parents"] and mine["roots"] == mine["parents"][::-1] and mine["budget"] is None
        assert datetime.fromisoformat(mine["firstSeen"]) <= datetime.fromisoformat(mine["lastSeen"])


def test_the_minutes_are_as_many_as_asked_for_and_the_empty_ones_are_there(site):
    minutes = site.operators.get(site.a, "activity", tenant="other", minutes=90)["minutes"]
    assert len(minutes) == 90
    times = [datetime.fromisoformat(each["at"]).timestamp() for each in minutes]
    assert times == [times[0] + 60 * place for place in range(90)] and 0 <= time.time() - times[-1] < 120
    assert minutes[0] | {"at": ""} == {
        "at": "", "calls": 0, "errors": 0, "refused": 0, "unenforced": 0, "credits": 0, "p50Ms": None, "p95Ms": None, "p99Ms": None}
    with site.operators.api(site.a) as api:
        assert [api.get("activity", params={"minutes": count}).status_code for count in ("0", "121", "x")] == [400, 400, 400]
        assert api.get("tenants/nobody/tokens").status_code == 404
        assert api.get("tenants/acme/tokens", params={"after": "x"}).status_code == 400


async def test_refusals_are_counted_and_what_would_have_been_refused_too(site, tmp_path):
    cell = Cell(tmp_path, site.redis, [
        tenant("lenient", {"light": site.upstream.url}, budgets={"small": {"limit": 1}}, default_budget="small", mode="soft"),
        tenant("strict", {"light": site.upstream.url}, budgets={"small": {"limit": 1}}, default_budget="small")])
    node = cell.node("modes", **site.operators.settings)
    for name, expected in (("lenient", (3, 0, 2, 3)), ("strict", (1, 2, 0, 1))):
        async with Agent(cell.mint(name)) as agent:
            await agent.open(node)
            for _ in range(3):
                await agent.call(node, "echo", text="x")
        eventually(f"the calls of the {name} tenant are counted", lambda: tuple(
            totals(site, tenant=name)[each] for each in ("calls", "refused", "unenforced", "credits")) == expected)
        minute = max(site.operators.get(site.a, "activity", tenant=name)["minutes"], key=lambda each: each["calls"])
        assert 0 < minute["p50Ms"] <= minute["p95Ms"] <= minute["p99Ms"] < 60_000
    assert node.stop() == 0


async def test_tokens_are_listed_page_by_page_with_what_they_come_from(site):
    root = site.cell.mint("other")
    child = attenuate(root, "label = child")
    for token in (root, child):
        async with Agent(token) as agent:
            await agent.open(site.a)
            assert "result" in (await agent.call(site.a, "echo", text="x")).message

    def listed() -> list[dict]:
        seen, after = [], None
        while True:
            page = site.operators.get(site.b, "tenants/other/tokens", limit=1, **({"after": after} if after else {}))
            seen += page["items"]
            after = page["next"]
            if after is None:
                break
        assert len({each["token"] for each in seen}) == len(seen)
        return seen

    def related() -> tuple[dict, dict] | None:
        items = listed()
        leaf = next((each for each in items if each["label"] == "child"), None)
        above = [each for each in items if leaf and each["token"] in leaf["parents"]]
        return (above[0], leaf) if above else None
    above, leaf = eventually("both were seen", related)
    assert above["label"] is None and leaf["token"] not in above["parents"] and leaf["roots"][0] in above["roots"] + [above["token"]]


async def test_a_killed_node_loses_at_most_a_second_and_one_that_stops_nothing(site):
    async with Agent(site.cell.mint("acme")) as agent:
        dying, stopping = (site.cell.node(name, SATGATE_LOOPS="1", **site.operators.settings) for name in ("dying", "stopping"))
        await agent.open(site.a)
        for _ in range(5):
            assert "result" in (await agent.call(dying, "echo", text="x")).message
        await asyncio.sleep(1.5)  # what was counted by now is written down
        eventually("the first calls are counted", lambda: session(site, agent)["calls"] == 5)
        for _ in range(3):
            assert "result" in (await agent.call(dying, "echo", text="x")).message
        dying.kill()
        known = session(site, agent)["calls"]
        assert 5 <= known <= 8
        for _ in range(4):
            assert "result" in (await agent.call(stopping, "echo", text="x")).message
        assert stopping.stop() == 0
        assert session(site, agent)["calls"] == known + 4
