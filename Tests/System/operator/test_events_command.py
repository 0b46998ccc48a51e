"""`satgate events`: what has happened, and what happens, on the command line and by the README's examples."""
from __future__ import annotations

import json
import re
import sys

from testbed.agent import Agent
from testbed.node import BINARY, run
from testbed.process import ROOT, Process, soon


async def calls(site, count=1):
    async with Agent(site.cell.mint("acme")) as agent:
        await agent.open(site.a)
        for _ in range(count):
            assert (await agent.call(site.a, "echo", text="shown")).text == "shown"
        await agent.close(site.a)


def kept(site):
    entries = []
    for stream in ("ledger", "audit"):
        entries += [json.loads(fields["event"]) for _, fields in site.redis.client.xrange(f"satgate:{{acme}}:{stream}")]
    return sorted(entries, key=lambda event: event["seq"])


async def test_the_newest_are_shown_as_lines_or_as_json(site):
    await calls(site, 2)
    await soon("the end of the session is kept", lambda: kept(site)[-1]["type"] in ("session_close", "tool_call"))
    shown = run("events", "--tenant", "acme", "--last", "3", "--json", env=site.cell.environment)
    assert shown.returncode == 0, shown.stderr
    events = [json.loads(line) for line in shown.stdout.splitlines()]
    assert events == kept(site)[-3:]
    lines = run("events", "--tenant", "acme", "--type", "budget_spend", env=site.cell.environment).stdout.splitlines()
    spends = [event for event in kept(site) if event["type"] == "budget_spend"][-20:]
    assert [line.split()[:3] for line in lines] == [[event["timestamp"], "acme", "budget_spend"] for event in spends]
    assert "cost=2" in lines[-1] and "tool=echo" in lines[-1]
    cursor = f"acme@{events[0]['epoch']}-{events[0]['seq']}"
    rest = run("events", "--tenant", "acme", "--after", cursor, "--json", env=site.cell.environment).stdout.splitlines()
    assert [json.loads(line) for line in rest] == events[1:]
    assert run("events", "--after", "x", env=site.cell.environment).returncode == 64


async def test_what_happens_is_followed_from_the_newest_on(site, tmp_path):
    await calls(site)
    process = Process("follower", [BINARY, "events", "--follow", "--tenant", "acme", "--last", "2", "--json"], tmp_path, site.cell.environment)
    try:
        await soon("the newest are shown", lambda: process.printed().count("\n") >= 2)
        await calls(site, 2)
        await soon("what happens is shown", lambda: process.printed().count('"session_close"') >= 1
                   and process.printed().count('"budget_spend"') >= 2)
        seqs = [json.loads(line)["seq"] for line in process.printed().splitlines() if '"seq"' in line]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs))), "each once, in order"
    finally:
        process.stop()


async def test_the_readmes_watcher_prints_what_happens_and_goes_on_after_its_node(site, tmp_path):
    found = re.search(r"<!-- watcher -->\s*```python\n(.*?)```\s*<!-- /watcher -->", (ROOT / "README.md").read_text(), re.S)
    assert found, "no watcher between its markers in README.md"
    script = tmp_path / "watcher.py"
    script.write_text(found[1])
    node = site.cell.node("watched", **site.operators.settings)
    url, token = node.admin.replace("http:", "ws:") + "/api/v1/events", site.operators.tokens["reader"]
    watcher = Process("watcher", [sys.executable, "-u", str(script), url, token, site.b.admin.replace("http:", "ws:") + "/api/v1/events"], tmp_path)
    try:
        await soon("it is greeted", lambda: "hello" in watcher.printed())
        await calls(site)
        await soon("a call is shown", lambda: "budget_spend" in watcher.printed() and "session_close" in watcher.printed())
        node.kill()
        await calls(site, 2)
        await soon("the other node goes on", lambda: watcher.printed().count("budget_spend") >= 3)
        assert watcher.printed().count("budget_spend") == 3 and "gap" not in watcher.printed()
    finally:
        watcher.stop()
