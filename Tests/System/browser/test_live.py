"""What operators see happen, with real agents, upstreams and nodes."""
from __future__ import annotations

import asyncio
import json

from testbed.agent import Agent
from testbed.node import attenuate
from testbed.process import soon

ROWS = "[...document.querySelectorAll('main > :not([hidden]) tbody tr')]"


def row(*words: str) -> str:
    """The first row of the view that has all of these words, as an expression."""
    return f"{ROWS}.find((each) => {json.dumps(words)}.every((word) => each.innerText.includes(word)))"


def cell(label: str, *words: str) -> str:
    """What stands in that column of the row, without the separators of thousands."""
    return f"{row(*words)}?.querySelector('td[data-label={json.dumps(label)}]')?.innerText.replaceAll(',', '')"


async def test_agents_on_two_nodes_come_spend_and_are_sent_away(site):
    a, b = site.nodes["a"], site.nodes["b"]
    async with site.page() as page:
        await page.visit("sessions")
        async with (
            site.agent("mcp1", a.mcp, "--budget", "many", "--label", "first-agent") as first,
            site.agent("mcp2", f"{b.mcp}#legacy", "--budget", "many", "--label", "second-agent"),
            site.agent("mcp2", f"{a.mcp}#2026-07-28", "--budget", "many", "--label", "third-agent") as third,
        ):
            assert await third.call("echo") == "ok", "an agent without a session is there from its first call on"
            for label in ("first-agent", "second-agent", "third-agent"):
                await page.until(f"Boolean({row(label)})")
            assert await page.value(cell("Era", "third-agent")) == "2026-07-28"

            await page.visit("budgets")
            before = int(await page.until(cell("Available", "many")))
            for left in (before - 2, before - 4, before - 6):
                assert await first.call("echo") == "ok"
                await page.until(f"{cell('Available', 'many')} === '{left}'")

            await page.visit("sessions")
            await page.until(f"{cell('Calls', 'first-agent')} === '3' && {cell('Credits', 'first-agent')} === '6'")
            node = await page.value(f"{row('first-agent')}.querySelector('td[data-label=Node]').title")
            assert node == site.operators.get(a, "me")["node"]

            await page.value(f"{row('first-agent')}.querySelector('button').focus()")
            await page.press("Enter")
            await page.shows("Close the session of", "dialog")
            await page.click("dialog .grave")
            await page.shows("The session is closed.", "#toasts")
            await page.until(f"!{row('first-agent')}")
            assert await first.call("echo") != "ok", "its session is gone"
        await page.until(f"!{row('second-agent')}")


async def test_a_refused_call_is_seen_wherever_one_looks(site):
    async with site.page() as page, Agent(site.cell.mint("acme", "--budget", "small", "--label", "spender")) as agent:
        await agent.open(site.nodes["b"])
        while (await agent.call(site.nodes["b"], "echo", text="x")).label is None:
            pass
        await page.shows("insufficient_budget", "[aria-label='Latest refusals']")
        await page.until("Number(document.querySelectorAll('.tile')[1].innerText.match(/([0-9]+) in the hour/)?.[1]) > 0")
        await page.visit("events")
        await page.until(f"Boolean({row('insufficient_budget')})")
        await page.value(f"{row('insufficient_budget')}.focus()")
        await page.press("Enter")
        await page.shows('"enforced": true', "dialog pre")
        await page.press("Escape")


async def test_what_hard_mode_would_have_refused_is_counted(site):
    async with site.page() as page, Agent(site.cell.mint("acme", "--budget", "shown")) as agent:
        await agent.open(site.nodes["a"])
        for _ in range(3):
            assert (await agent.call(site.nodes["a"], "echo", text="x")).label is None
        await page.visit("shadow")
        await page.until(f"Boolean({row('acme', 'insufficient_budget', 'echo')})")
        await page.value(f"(() => {{ const each = {row('acme', 'hard', 'observe')}.querySelector('select'); each.value = 'soft';"
                         " each.dispatchEvent(new Event('change')); })()")
        await page.shows("from hard to soft", "dialog")
        await page.click("dialog .grave")
        await page.shows("acme is in soft mode now.", "#toasts")
        await page.until(f"{row('acme', 'observe')}?.querySelector('select').value === 'soft'")
        with site.operators.api(site.nodes["a"]) as api:
            assert api.put("tenants/acme/mode", json={"mode": "hard"}).status_code == 200


async def test_an_upstream_dies_and_recovers(site):
    async with site.page() as page:
        await page.visit("upstreams")
        await page.until(f"{cell('Standing', 'spare')} === 'up'")
        site.spare.kill()
        await page.until(f"{cell('Standing', 'spare')}?.startsWith('down')", within=90)
        assert len(await page.value(cell("Standing", "spare"))) > len("down "), "the reason is told"
        await page.visit("overview")
        await page.shows("acme / spare", ".alerts")
        site.spare.start()
        await page.visit("upstreams")
        await page.until(f"{cell('Standing', 'spare')} === 'up'", within=90)


async def test_a_budget_is_topped_up_and_a_token_minted_shown_once_and_revoked(site):
    async with site.page() as page:
        await page.visit("budgets")
        async with Agent(site.cell.mint("acme", "--budget", "many")) as agent:
            await agent.open(site.nodes["a"])
            await agent.call(site.nodes["a"], "echo", text="x")
        limit = float(await page.until(cell("Limit", "many")))
        await page.value(f"{row('many')}.querySelector('button').click()")
        await page.type("25.5")
        await page.press("Enter")
        await page.until(f"{cell('Limit', 'many')} === '{limit + 25.5:.1f}'")

        await page.visit("tokens")
        await page.click("main .tools .primary")
        await page.value("document.querySelector('dialog [name=label]').focus()")
        await page.type("minted-here")
        await page.press("Enter")
        token = await page.until("document.querySelector('dialog textarea')?.value")
        await page.press("Escape")
        async with Agent(token) as agent:
            await agent.open(site.nodes["a"])
            await agent.call(site.nodes["a"], "echo", text="x")
            await page.until(f"Boolean({row('minted-here')})")
            assert token not in await page.value("document.documentElement.outerHTML")
            await page.value(f"[...{row('minted-here')}.querySelectorAll('button')].at(-1).click()")
            await page.click("dialog .grave")
            await page.shows("The token is revoked.", "#toasts")

            async def is_refused() -> bool:
                return (await agent.ask(site.nodes["b"], "tools/list")).status == 401
            await soon("the token is refused", is_refused)


async def test_tokens_stand_below_those_they_were_made_from_with_what_all_have_spent(site):
    parent = site.cell.mint("acme", "--budget", "many", "--label", "a-parent")
    async with site.page() as page, Agent(parent) as one, Agent(attenuate(parent, "scope = echo")) as other:
        for agent in (one, other):
            await agent.open(site.nodes["a"])
            await agent.call(site.nodes["b"], "echo", text="x")
        await page.visit("tokens")
        await page.until(f"{cell('With children', 'a-parent')} === '4' && {cell('Spent', 'a-parent')} === '2'")
        assert await page.value(f"{row('a-parent ·')} === {row('a-parent')}.nextSibling")
        assert await page.value(cell("With children", "a-parent ·")) == "2"
        await page.value(f"{row('a-parent')}.querySelector('.fold').click()")
        await page.until(f"!{row('a-parent ·')}")


async def test_the_feed_is_bounded_and_waits_while_it_is_paused(site):
    async with site.page() as page, Agent(site.cell.mint("acme", "--budget", "many")) as agent:
        await page.visit("events")
        await agent.open(site.nodes["a"])
        session = agent.session
        await page.press("/")
        await page.type(session)
        await page.press("Enter")
        await page.until(f"{ROWS}.length === 1")
        await page.press("p")
        await asyncio.gather(*(agent.call(site.nodes["a"], "echo", text="x") for _ in range(30)))
        await page.until("Number(document.querySelector('[aria-pressed=true]').innerText.match(/[0-9]+/)[0]) >= 60")
        assert await page.value(f"{ROWS}.length") == 1
        await page.press("p")
        await page.until(f"{ROWS}.length === 61")
        for _ in range(10):
            await asyncio.gather(*(agent.call(site.nodes["a"], "echo", text="x") for _ in range(30)))
        await page.until(f"{ROWS}.length === 500")
        await agent.close(site.nodes["a"])


async def test_the_feed_goes_on_after_the_node_it_watched_is_killed(site):
    async with site.page() as page, Agent(site.cell.mint("acme", "--budget", "many")) as agent:
        watched = await source(page)
        killed = next(node for node in site.nodes.values() if site.operators.get(node, "me")["node"] == watched)
        other = next(node for node in site.nodes.values() if node is not killed)
        await page.visit("events")
        await agent.open(other)
        await page.press("/")
        await page.type(f"{agent.session} tool_call")
        await page.press("Enter")
        await page.value("void (window.told = '', new MutationObserver(() => told += document.getElementById('banner').innerText)"
                         ".observe(document.getElementById('banner'), { childList: true, subtree: true, attributes: true }))")
        calls = 0
        stopped = asyncio.Event()

        async def work() -> None:
            nonlocal calls
            while not stopped.is_set():
                assert (await agent.call(other, "echo", text="x")).label is None
                calls += 1
                await asyncio.sleep(0.05)
        working = asyncio.create_task(work())
        try:
            await page.until(f"{ROWS}.length > 5")
            killed.kill()
            await page.until("told.includes('Connection lost at') && document.getElementById('banner').hidden", within=45)
            assert await source(page) == site.operators.get(other, "me")["node"]
            page.excused = page.failures[:]
        finally:
            stopped.set()
            await working
            killed.start()
        await page.until(f"{ROWS}.length === {calls}")
        heard = [event for frame in page.frames if (event := json.loads(frame)).get("tenantId") == "acme"]
        assert all(event["type"] != "gap" for event in heard)
        numbers = [event["seq"] for event in heard if event.get("seq")]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "each event came once, in order, by one feed or the other"
        await agent.close(other)


async def source(page) -> str:
    """The node that the page's feed comes from."""
    return (await page.value("document.getElementById('link').title")).split()[-1]


async def test_hundreds_of_sessions_are_shown_page_by_page(site):
    token = site.cell.mint("other")
    agents = [Agent(token) for _ in range(230)]
    for first in range(0, len(agents), 46):
        await asyncio.gather(*(agent.open(site.nodes["a"]) for agent in agents[first:first + 46]))
    async with site.page() as page:
        await page.visit("sessions?tenant=other")
        await page.shows("1 to 100 of 230", "main > :not([hidden]) .pager")
        assert await page.value(f"{ROWS}.length") == 100
        await page.click(".pager [aria-label='Next page']")
        await page.click(".pager [aria-label='Next page']")
        await page.shows("201 to 230 of 230", "main > :not([hidden]) .pager")
        assert await page.value(f"{ROWS}.length") == 30
    await asyncio.gather(*(agent.close(site.nodes["a"]) for agent in agents))
    await asyncio.gather(*(agent.__aexit__() for agent in agents))
