"""Schemathesis at the agents' port: no 5xx, no status, type or shape that the document does not have, 405 for other methods, 401 without a token.

At the operators' port it runs in `operator/test_openapi.py`, by the document that the node serves."""
from __future__ import annotations

import random
import re
from pathlib import Path

import httpx

from testbed import stateless
from testbed.schemathesis import drive

# What is wrong with a message is said by JSON-RPC, mostly under 200; which sessions there are is no part of a document.
BY_DESIGN = "positive_data_acceptance,negative_data_rejection,missing_required_header"


def test_the_agents_port_is_as_a_document_of_it_says(site):
    seed = random.randrange(1 << 32)
    # without the streams of GET /sse and of sessions that there are: they do not end
    run = drive(str(Path(__file__).with_name("agents.json")), site.cell.directory, site.token, "--url", site.node.base, "--max-examples", "100",
                "--seed", str(seed), "--exclude-checks", BY_DESIGN)
    print(f"seed {seed}", *re.findall(r"^.*(?:generated|passed).*$", run.stdout, re.MULTILINE), sep="\n")
    assert run.returncode == 0, f"seed {seed}\n" + run.stdout[-20_000:] + run.stderr[-2_000:]
    sent = stateless.message("tools/call", {"name": "echo", "arguments": {"text": "canary"}})
    answer = httpx.post(site.node.mcp, json=sent, headers={**stateless.headers(sent), "Authorization": f"Bearer {site.token}"}, trust_env=False)
    assert answer.status_code == 200 and answer.json()["result"]["content"][0]["text"] == "canary", answer.text
