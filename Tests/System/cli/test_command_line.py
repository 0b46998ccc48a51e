"""The command line as a person meets it: the demo, the tokens, the README's subscriber."""
from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.agent import Agent
from testbed.node import BINARY, Cell, attenuate, run, tenant
from testbed.process import ROOT, Process, eventually, free_port, soon
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream


def marked(mark: str) -> list[str]:
    """Command lines of the processes that carry the mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
    return found


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, str, dict[str, str]]:
    """An empty temporary directory, a mark, and the environment of a demo with both."""
    mark = uuid.uuid4().hex
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return scratch, mark, {**kept, "HOME": str(tmp_path), "TMPDIR": str(scratch), "SATGATE_TEST_MARK": mark}


def test_the_demo_plays_its_script_and_leaves_nothing_behind(place):
    scratch, mark, environment = place
    result = subprocess.run([BINARY, "demo", "--once"], env=environment, cwd=scratch, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr
    eventually("no process of the demo is left", lambda: not marked(mark), within=15)
    assert list(scratch.iterdir()) == []
    for shown in ("http://127.0.0.1:", "curl ", "claude mcp add", "budget_spend", "ping"):
        assert shown in result.stdout, f"{shown!r} is missing in:\n{result.stdout}"
    assert re.search(r"budget_exhausted|insufficient_budget", result.stdout)


def test_the_demo_cleans_up_when_interrupted(place):
    scratch, mark, environment = place
    child = subprocess.Popen([BINARY, "demo"], env=environment, cwd=scratch, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        shown = ""
        for line in child.stdout:
            shown += line
            if "claude mcp add" in line:
                break
        assert child.poll() is None, f"the demo stays up until Ctrl-C:\n{shown}"
        child.send_signal(signal.SIGINT)
        assert child.wait(15) in (0, 130, -signal.SIGINT)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        child.stdout.close()
    eventually("no process of the demo is left", lambda: not marked(mark), within=15)
    assert list(scratch.iterdir()) == []


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[Cell]:
    directory = tmp_path_factory.mktemp("cli")
    upstream = LightUpstream(directory)
    yield Cell(directory, redis_server, [tenant("acme", {"light": upstream.url}, tariff={"default": 3}, budgets={"team": {"limit": 10}}, default_budget="team")])
    upstream.stop()


def key(cell: Cell) -> str:
    return re.search(r'"secret_hex": "([0-9a-f]{64})"', cell.keys.read_text())[1]


def verify(cell: Cell, token: str, *arguments: str, root: str | None = None) -> tuple[str, int]:
    """The first word printed, and the exit status."""
    result = run("token", "verify", "--root-key-hex", root or key(cell), "--token", token, *arguments)
    return (result.stdout.split() or [""])[0], result.returncode


@pytest.mark.parametrize("encoding", ["v2", "v1", "v2-json", "satgate"])
def test_a_minted_token_verifies_in_every_encoding(cell, encoding):
    token = cell.mint("acme", "--encoding", encoding, "--scope", "echo", "--budget-limit", "5")
    assert verify(cell, token) == ("authorized", 0)
    assert verify(cell, token, "--tenant", "acme", "--tool", "echo", "--cost", "5") == ("authorized", 0)
    assert verify(cell, token, "--tool", "fail") == ("unauthorized", 1)
    assert verify(cell, token, "--tenant", "other") == ("unauthorized", 1)
    assert verify(cell, token, "--now", "2099-01-01T00:00:00Z") == ("unauthorized", 1)
    narrowed = attenuate(token, "scope = ping")
    assert verify(cell, narrowed, "--tool", "echo") == ("unauthorized", 1)
    assert verify(cell, attenuate(token, "colour = blue")) == ("unauthorized", 1)


def test_what_is_no_token_is_malformed(cell):
    for text in ("hello", "", "AAAA", "%%%"):
        assert verify(cell, text) == ("malformed", 2), text
    assert verify(cell, cell.mint(), root="00" * 32) == ("unauthorized", 1)


def test_inspect_shows_the_caveats_and_no_secret(cell):
    result = run("token", "inspect", "--token", cell.mint("acme", "--scope", "echo", "--label", "somebody"))
    assert result.returncode == 0, result.stderr
    for shown in ("tenant_id = acme", "scope = echo", "label = somebody", "expires = "):
        assert shown in result.stdout, result.stdout
    assert key(cell) not in result.stdout
    assert run("token", "inspect", "--token", "garbage").returncode != 0


def test_wrong_usage_is_told_on_stderr(cell):
    for arguments in (["token", "mint"], ["token", "mint", "--keys", "/nowhere", "--key", "k", "--expires", "1h"], ["nonsense"],
                      ["token", "mint", "--keys", str(cell.keys), "--key", "unknown", "--expires", "1h"],
                      ["token", "attenuate", "--token", "garbage", "--caveat", "label = x"], ["serve", "--config", "/nowhere.yaml"]):
        result = run(*arguments)
        assert result.returncode not in (0, None) and result.stderr.strip() and not result.stdout.strip(), (arguments, result)
        assert result.returncode > 0, f"{arguments} crashed: {result.returncode}"
    assert run("--help").returncode == 0


async def test_a_node_configured_by_a_file(cell, tmp_path):
    """The same keys as the environment's, nested in YAML."""
    port = free_port()
    config = tmp_path / "node.yaml"
    config.write_text(f"""
listen: {{host: 127.0.0.1, port: {port}}}
redis: {{url: "{cell.redis.url}", prefix: "satgate:"}}
tenants: {{file: "{cell.tenants}"}}
keys: {{file: "{cell.keys}"}}
log: {{level: info}}
loops: 1
""")
    process = Process("configured", [BINARY, "serve", "--config", str(config)], tmp_path, {"SATGATE_DRAIN_ANNOUNCE": "0"})
    try:
        await soon("the node is ready", lambda: f"listening on http://127.0.0.1:{port}" in process.printed())
    finally:
        assert process.stop() == 0, process.tail()


def subscriber_of(readme: str) -> str:
    """The Python text between the README's `subscriber` markers."""
    found = re.search(r"<!-- subscriber -->\s*```python\n(.*?)```\s*<!-- /subscriber -->", readme, re.S)
    assert found, "no subscriber between its markers in README.md"
    return found[1]


async def test_the_readmes_subscriber_prints_the_events_of_a_call(cell, tmp_path):
    shown = subscriber_of((ROOT / "README.md").read_text())
    assert len([line for line in shown.splitlines() if line.strip()]) <= 10
    script = tmp_path / "subscriber.py"
    script.write_text(shown)
    node = cell.node("watched")
    subscriber = Process("subscriber", [sys.executable, "-u", str(script), cell.redis.url], tmp_path)
    try:
        await soon("the subscriber listens", lambda: cell.redis.client.pubsub_numpat() >= 1)
        async with Agent(cell.mint()) as agent:
            await agent.open(node)
            assert (await agent.call(node, "echo", text="watched")).text == "watched"
            await soon("its events are printed", lambda: all(kind in subscriber.printed() for kind in ("session_connect", "tool_call", "budget_spend")))
            lines = subscriber.printed().splitlines()
            spend = next(line for line in lines if "budget_spend" in line)
            assert "acme" in spend and re.search(r'"cost": 3\b', spend) and re.search(r'"remaining": 7\b', spend), spend
            for _ in range(3):
                refused = await agent.call(node, "echo", text="more")
            assert refused.code == -32000
            await agent.close(node)
        await soon("the refusal and the end are printed", lambda: "session_close" in subscriber.printed()
                   and re.search("insufficient_budget|budget_exhausted", subscriber.printed()))
        assert "watched" not in "".join(lines), "an event carries no arguments"
    finally:
        subscriber.stop()
        node.stop()
