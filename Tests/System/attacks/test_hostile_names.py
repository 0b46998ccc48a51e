"""Names that would be something else where they are put: a tag, a glob, a channel, a command line."""
from __future__ import annotations

import json
import re

import pytest

from testbed.node import run
from testbed.raw import request

NAMES = ["a}b", "{a}", "a{b", "*", "a*", "a?", "[a]", "a\nb", "a\0b", "a:b", "a b", "A", "_x", "", "a" * 65, "../a", "é", "a\u200b"]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_name_that_could_be_a_tag_or_a_pattern_is_refused(gate, name):
    """Row 41."""
    before = set(gate.redis.client.scan_iter(count=1000))
    for document in ({"name": name, "upstreams": []}, {"name": "fresh", "upstreams": [], "budgets": {name: {"limit": 1}}},
                     {"name": "fresh", "upstreams": [{"name": name, "url": "https://example.com/mcp"}]}):
        file = gate.cell.directory / "names.yaml"
        file.write_text(json.dumps({"tenants": [document]}))
        assert run("tenant", "apply", "-f", str(file), env=gate.cell.environment).returncode != 0, document
    fresh = set(gate.redis.client.scan_iter(count=1000)) - before
    assert not [key for key in fresh if "fresh" in key], fresh


# what names may stand in which keys
KEYS = re.compile(r"satgate:(\{(acme|other|sound|_)\}:[a-z]+(:[A-Za-z0-9._-]+)*(:[0-9a-f-]+)*|[a-z]+(:[A-Za-z0-9._-]+)*)\Z")


async def test_no_name_that_an_agent_gives_makes_a_key_of_another_shape(gate):
    """Row 41."""
    for name in ["}{acme}:account:team", "{other}", "*", "a\nb", "satgate:control", "x" * 200]:
        for method, params in (("tools/call", {"name": name}), ("prompts/get", {"name": name}), ("resources/read", {"uri": name}),
                               ("resources/subscribe", {"uri": name}), ("tools/list", {"cursor": name}),
                               ("tools/call", {"name": "light__echo", "arguments": {"text": name}, "_meta": {"io.satgate/idempotencyKey": name}})):
            body = json.dumps({"jsonrpc": "2.0", "id": name, "method": method, "params": params}).encode()
            answer = await gate.ask(request(gate.fields(Mcp_Session_Id=await gate.session()), body))
            assert answer.status in (200, 400)
    strange = [key for key in gate.redis.client.scan_iter(count=1000) if not KEYS.match(key)]
    assert not strange


async def test_a_command_is_run_as_its_words_stand_by_no_shell_and_with_nothing_of_the_nodes_own(gate):
    """Row 53."""
    answer = await gate.ask(gate.call("pipes__process", arguments="; touch owned", command="touch owned"))
    directory, *environment = answer.text.splitlines()
    assert {each.partition("=")[0] for each in environment} == {"PATH", "MARK"}
    assert "MARK=$(touch owned)" in environment
    assert not (gate.cell.directory / "owned").exists()
    del directory
