"""`satgate sessions` and `nodes`, and lists that are shown again and again."""
from __future__ import annotations

import getpass
import json
import os
import pty
import re
import subprocess
import time

from testbed.agent import Agent
from testbed.node import BINARY, run
from testbed.process import clean_environment, eventually


async def test_sessions_are_listed_as_the_api_has_them_and_ended(site):
    environment = site.cell.environment
    async with Agent(site.cell.mint("acme", "--label", "by command")) as agent:
        await agent.open(site.a)
        listed = run("sessions", "list", "--tenant", "acme", "--json", env=environment)
        assert listed.returncode == 0, listed.stderr
        shown = [each for each in json.loads(listed.stdout) if each["session"] == agent.session]
        assert shown == [each for each in site.operators.get(site.b, "sessions", tenant="acme", limit=1000)["items"]
                         if each["session"] == agent.session]
        table = run("sessions", "list", env=environment).stdout.splitlines()
        assert table[0].split() == ["TENANT", "SESSION", "AGENT", "ERA", "TRANSPORT", "NODE", "OPENED", "LAST", "SEEN", "CALLS", "CREDITS", "LABEL"]
        row = next(line for line in table if agent.session in line)
        assert row.startswith("acme") and row.endswith("by command")
        assert len(run("sessions", "list", "--limit", "1", "--tenant", "acme", env=environment).stdout.splitlines()) == 2

        closed = run("sessions", "close", agent.session, "--tenant", "acme", env=environment)
        assert (closed.returncode, closed.stdout) == (0, f"{agent.session} closed\n")
        again = run("sessions", "close", agent.session, "--tenant", "acme", env=environment)
        assert again.returncode == 1 and "no such session" in again.stderr
        assert (await agent.ask(site.b, "tools/list")).status == 404
    events = [json.loads(fields["event"]) for _, fields in site.redis.client.xrange("satgate:{acme}:audit")]
    ended = [event for event in events if event["type"] == "session_close" and event["sessionId"] == agent.session]
    assert [event["data"] for event in ended] == [{"by": f"cli:{getpass.getuser()}"}]


def test_the_nodes_are_listed(site):
    def both() -> list[dict]:
        nodes = json.loads(run("nodes", "--json", env=site.cell.environment).stdout)
        return nodes if len(nodes) == 2 and all(node["host"] for node in nodes) else []
    nodes = eventually("both nodes", both)
    table = run("nodes", env=site.cell.environment).stdout.splitlines()
    assert table[0].split()[:3] == ["NODE", "HOST", "VERSION"] and [line.split()[0] for line in table[1:]] == [node["node"] for node in nodes]


def test_a_wrong_use_of_the_commands_is_told(site):
    for wrong in (["sessions", "close", "x", "--tenant", "acme"], ["sessions", "close", "0" * 32, "--tenant", "{a}"],
                  ["sessions", "list", "--limit", "0"], ["sessions", "list", "--tenant", "NO"]):
        assert run(*wrong, env=site.cell.environment).returncode == 64, wrong


def watched(site, *arguments: str, terminal: bool = False) -> str:
    """What the command prints within about two rounds."""
    environment = {**clean_environment(), **site.cell.environment}
    reading, writing = pty.openpty() if terminal else os.pipe()
    child = subprocess.Popen([BINARY, *arguments, "--watch"], stdout=writing, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment)
    os.close(writing)
    printed, end = b"", time.monotonic() + 20
    try:
        while time.monotonic() < end:
            printed += os.read(reading, 65536)
            if terminal and printed.count(b"\x1b[2J") >= 2 or not terminal and printed.count(b"\n") >= 2:
                break
    finally:
        child.terminate()
        child.wait(10)
        os.close(reading)
    return printed.decode()


def test_lists_are_shown_again_in_their_place_on_a_terminal(site):
    text = watched(site, "upstreams", "list", terminal=True)
    assert text.startswith("\x1b[H\x1b[2J") and text.count("UPSTREAM") >= 2


def test_lists_are_shown_again_plainly_where_there_is_no_terminal(site):
    for arguments in (["nodes", "--json"], ["budget", "list", "--tenant", "acme", "--json"], ["sessions", "list", "--json"]):
        lines = watched(site, *arguments).splitlines()
        assert len(lines) >= 2 and all(isinstance(json.loads(line), list) for line in lines[:2]) and "\x1b" not in "".join(lines)


def test_what_takes_longer_than_a_second_says_so_where_someone_sees_it(redis_server):
    environment = {**clean_environment(), "SATGATE_REDIS_URL": redis_server.url}
    for terminal in (True, False):
        redis_server.client.execute_command("CLIENT", "PAUSE", 1800)
        reading, writing = pty.openpty() if terminal else os.pipe()
        ended = subprocess.run([BINARY, "tenant", "list"], stderr=writing, stdin=subprocess.DEVNULL, capture_output=False,
                               stdout=subprocess.PIPE, env=environment, timeout=60)
        os.write(writing, b".")
        os.close(writing)
        told = os.read(reading, 65536).decode()
        os.close(reading)
        assert ended.returncode == 0, told
        assert (re.search(r"\rworking|working \u2026 1 s", told.replace("\x1b[K", "")) is not None) == terminal, told


def test_what_is_printed_takes_the_place_of_the_progress(redis_server, tmp_path):
    environment = {**clean_environment(), "SATGATE_REDIS_URL": redis_server.url}
    tenants = tmp_path / "tenants.yaml"
    tenants.write_text(json.dumps({"tenants": [{"name": "acme", "upstreams": []}]}))
    assert run("tenant", "apply", "-f", str(tenants), env=environment).returncode == 0
    for arguments, line, status in ((["tenant", "list"], "acme  version 1", 0), (["tenant", "get", "none"], "satgate: no such tenant", 1)):
        redis_server.client.execute_command("CLIENT", "PAUSE", 1700)
        reading, writing = pty.openpty()
        ended = subprocess.run([BINARY, *arguments], stdout=writing, stderr=writing, stdin=subprocess.DEVNULL, env=environment, timeout=60)
        os.close(writing)
        told = os.read(reading, 65536).decode()
        os.close(reading)
        assert ended.returncode == status and "working \u2026 1 s" in told
        assert re.search(rf"\r\x1b\[K{line}", told), repr(told)
