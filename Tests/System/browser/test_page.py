"""The dashboard as a page: what it weighs, whom it asks, how it is used."""
from __future__ import annotations

import asyncio
import re

import httpx

from testbed.agent import REVISION, Agent
from testbed.process import ROOT

PICTURES = ROOT / ".build" / "screenshots"
VIEWS = {"overview": "o", "sessions": "s", "events": "e", "budgets": "b", "upstreams": "u", "tokens": "t", "shadow": "h", "nodes": "n"}
LIMIT = 80_000
HOSTILE = '<img src=x onerror="window.hacked=1"><b>bold</b>'


def test_all_of_it_is_small_and_under_a_strict_policy(site):
    with httpx.Client(base_url=site.nodes["a"].admin, trust_env=False) as client:
        page = client.get("/")
        assert "'unsafe" not in page.headers["content-security-policy"]
        assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)", page.text), "nothing is inline"
        todo, sizes = {"monitor.css", "monitor.js"}, {"": len(page.content)}
        while todo:
            name = todo.pop()
            answer = client.get(f"/{name}")
            assert answer.status_code == 200, name
            assert client.get(f"/{name}", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
            sizes[name] = len(answer.content)
            todo |= {found for found in re.findall(r'from "\./([\w.]+)"', answer.text) if found not in sizes}
    assert sum(sizes.values()) <= LIMIT, sizes


async def test_every_view_is_reached_and_used_by_keyboard_alone(site):
    async with site.page(None) as page:
        assert await page.value("document.activeElement.id") == "login-token"
        await page.type("no such token at all")
        await page.press("Enter")
        await page.shows("This is no admin token.", "#login-error")
        page.excused = page.failures[:]
        assert len(page.excused) == 1 and "401" in page.excused[0]
        await page.type(site.operators.tokens["admin"])
        await page.press("Tab")
        assert await page.value("document.activeElement.textContent") == "Sign in"
        await page.press("Enter")
        await page.shows("Overview", "nav [aria-current]")
        for view, key in VIEWS.items():
            await page.press("g")
            await page.press(key)
            await page.until(f"location.hash.startsWith('#{view}')")
            await page.until("document.querySelectorAll('main > :not([hidden])').length === 1")
            assert await page.value("document.title.length > 10")
        await page.press("g")
        await page.press("s")
        await page.press("/")
        assert await page.value("document.activeElement.ariaLabel") == "Filter sessions"
        await page.press("Escape")
        await page.press("?")
        await page.shows("Keyboard shortcuts", "dialog")
        await page.press("Escape")
        await page.until("!document.querySelector('dialog')")
        # whatever is stopped at by Tab shows that it has the focus, and has a name
        for _ in range(25):
            await page.press("Tab")
            assert await page.value(
                "(() => { const each = document.activeElement; if (each === document.body) return true;"
                " return (each.ariaLabel || each.textContent || each.labels?.[0]?.textContent || '').trim() !== ''"
                " && getComputedStyle(each).outlineStyle !== 'none'; })()"), await page.value("document.activeElement.outerHTML")


async def test_what_an_agent_calls_itself_is_text(site):
    # outside of the protocol's own clients, which would not say such things
    async with Agent(site.cell.mint("acme", "--label", HOSTILE)) as agent:
        reply = await agent.ask(site.nodes["a"], "initialize", {
            "protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": HOSTILE, "version": "<i>1</i>"}})
        agent.session = reply.headers["mcp-session-id"]
        async with site.page() as page:
            await agent.call(site.nodes["a"], "echo", text="x")
            for view in ("sessions", "events", "tokens"):
                await page.visit(view)
                await page.shows(HOSTILE, "main")
            await page.click("tbody tr:has(td)")
            assert await page.value("document.querySelectorAll('main img, main b b, dialog img, dialog b').length") == 0
            assert await page.value("window.hacked === undefined")
        await agent.close(site.nodes["a"])


async def test_an_operator_who_may_only_read_is_offered_nothing_else(site):
    async with site.page("reader") as page:
        await page.shows("may only read", "header")
        for view in VIEWS:
            await page.visit(view)
            assert await page.value("[...document.querySelectorAll('main button.small, main button.primary')].filter((each) => each.offsetParent).length") == 0
        assert await page.value("[...document.querySelectorAll('main td select')].every((each) => each.disabled)")


async def test_a_login_that_is_over_comes_back_to_what_was_looked_at(site):
    tokens = dict(site.operators.tokens)
    async with site.page() as page:
        await page.visit("sessions")
        await page.press("/")
        await page.type("nothing like this")
        site.operators.tokens["admin"] = tokens["admin"][::-1]
        site.operators.write()
        await page.shows("Sign in to go on where you were.", "#login")
        await asyncio.sleep(0.5)
        page.excused = page.failures[:]
        assert all("401" in failure or "WebSocket" in failure for failure in page.excused)
        await page.type(site.operators.tokens["admin"])
        await page.press("Enter")
        await page.shows("Live ·", "#link")
        assert await page.value("location.hash") == "#sessions"
        assert await page.value("document.querySelector('main > :not([hidden]) .filter').value") == "nothing like this"
    site.operators.tokens = tokens
    site.operators.write()


async def test_it_looks_well_in_light_and_dark_on_a_phone_and_on_4k(site):
    async with Agent(site.cell.mint("acme", "--budget", "small", "--label", "nightly-job")) as agent:
        await agent.open(site.nodes["a"])
        for _ in range(4):
            await agent.call(site.nodes["b"], "echo", text="x")
        async with site.page() as page:
            await page.shows("small", ".alerts")
            for theme in ("light", "dark"):
                await page.prefer(prefers_color_scheme=theme)
                for view in VIEWS:
                    await page.visit(view)
                    await page.until("!document.querySelector('main > :not([hidden])').innerText.includes('Loading…')")
                    await page.photograph(PICTURES / f"{theme}-{view}.png")
            for name, width, height, scale, is_phone in (("phone", 360, 760, 2, True), ("4k", 3840, 2160, 1, False)):
                await page.size(width, height, scale, is_phone)
                await page.prefer(prefers_color_scheme="light")
                for view in VIEWS:
                    await page.visit(view)
                    await page.until("!document.querySelector('main > :not([hidden])').innerText.includes('Loading…')")
                    assert await page.value("document.documentElement.scrollWidth <= innerWidth"), f"{view} fits {width} pixels"
                    await page.photograph(PICTURES / f"{name}-{view}.png")
            for theme in ("light", "dark"):
                await page.prefer(prefers_color_scheme=theme)
                assert await page.value(CONTRAST) == [], f"texts are to be read well in the {theme}"


# texts of the page whose contrast with what is behind them is below 4.5
CONTRAST = """(() => {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return paint.getImageData(0, 0, 1, 1).data;
  };
  const light = (colour) => {
    const [r, g, b] = [...colour].map((each) => each / 255).map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = rgba(getComputedStyle(each).backgroundColor);
      if (colour[3] > 200) return colour;
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  for (const element of document.querySelectorAll("#app *")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join("");
    if (!text || !element.offsetParent) continue;
    const pair = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) poor.add(`${text.slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return [...poor];
})()"""
