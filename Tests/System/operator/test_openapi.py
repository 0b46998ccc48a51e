"""The API's own document drives the API: whatever it allows, and whatever it does not."""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from testbed.node import tenant
from testbed.process import ROOT

# What a tester that knows only the document cannot know: which names exist, the rules of a tenant's document, what is a token,
# and which parameters exclude each other.
CONFIGURATION = """
[parameters]
"path.tenant" = "playground"
"path.upstream" = "light"
"path.account" = "small"

[[operations]]
include-operation-id = "deleteTenant"
parameters = { "path.tenant" = "nobody" }

[[operations]]
include-operation-id = ["putTenant", "revoke", "login", "listEvents", "setLogLevel"]
checks.positive_data_acceptance.enabled = false
"""


@pytest.mark.parametrize("name", ["admin", "reader"])
def test_the_api_is_as_its_document_says(site, tmp_path: Path, name: str):
    """Schemathesis: no 5xx, no answer that is not in the document, none of another shape, 405 for other methods, 401 without a token."""
    with site.operators.api(site.a) as api:
        document = tenant("playground", {"light": site.upstream.url}, budgets={"small": {"limit": 100}}, default_budget="small")
        assert api.put("tenants/playground", json=document).status_code == 200
        assert api.put("tenants/playground/budgets/small", json={"limit": 100}).status_code == 200
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    environment = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    # a reader is refused what the document lets an operator of the other role do, which is seen without much drawing of lots
    roles = ["--exclude-checks", "positive_data_acceptance,negative_data_rejection", "--phases", "coverage"] if name == "reader" else []
    command = [str(Path(sys.executable).with_name("st")), "run", f"{site.a.admin}/api/v1/openapi.json", *roles,
               "-H", f"Authorization: Bearer {site.operators.tokens[name]}", "--max-examples", "10", "--seed", "1", "--no-color",
               "--generation-database", "none", "--request-timeout", "15", "--no-shrink", "--continue-on-failure"]
    tested = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    with site.operators.api(site.a) as api:
        assert api.delete("tenants/playground").status_code == 204
        assert api.put("log-level", json={"level": "info"}).status_code == 204
    assert tested.returncode == 0, tested.stdout[-20_000:] + tested.stderr[-2_000:]


def distinct(members: list[tuple[str, object]]) -> dict[str, object]:
    assert len(dict(members)) == len(members), f"one of these twice: {[name for name, _ in members]}"
    return dict(members)


def test_the_document_is_served_and_valid(site):
    json.loads((ROOT / "Sources" / "COpenAPI" / "openapi.json").read_text(), object_pairs_hook=distinct)
    document = site.operators.get(site.b, "openapi.json")
    assert document["openapi"] == "3.1.0" and document["servers"] == [{"url": "/api/v1"}]
    assert httpx.get(f"{site.a.admin}/api/v1/openapi.json", trust_env=False).status_code == 401


def test_every_route_stands_in_the_document_and_no_other(site):
    """As the sources have them: a route that no document tells of would be driven by no test."""
    document = site.operators.get(site.b, "openapi.json")
    told = {(method, path) for path, item in document["paths"].items() for method in item if method in ("get", "put", "post", "delete")}
    sources = "".join(file.read_text() for file in (ROOT / "Sources" / "Console").rglob("*.swift"))
    routed = {(method, f"/{path}") for method, path in re.findall(r'router\.(get|put|post|delete)\("([^"]+)"\)', sources)}
    assert routed - {("get", f"/{path}") for path in ("healthz", "readyz", "metrics")} == told
