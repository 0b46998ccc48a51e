"""What must not be reached, by whatever spelling, and what the README says of the API."""
from __future__ import annotations

import json
import re
import socket
import subprocess
from urllib.parse import urlsplit

import httpx
import pytest

from testbed.process import ROOT, clean_environment


def raw(base: str, target: str, method: str = "GET", *fields: str) -> tuple[int, str]:
    """The status and the whole answer to a request whose target is sent as it is."""
    at = urlsplit(base)
    with socket.create_connection((at.hostname, at.port), timeout=15) as connection:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {at.netloc}", "Connection: close", *fields, "", ""]
        connection.sendall("\r\n".join(lines).encode("latin-1"))
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return int(answer.split(b" ", 2)[1]), answer.decode("latin-1")


TRICKS = ["/api/v1/tenants", "//api/v1/tenants", "/api//v1/tenants", "/api/v1//tenants", "/api/v1/tenants/", "/api/v1/./tenants",
          "/api/v1/../v1/tenants", "/%61pi/v1/tenants", "/api/v1/%2e%2e/v1/tenants", "/api%2fv1%2ftenants", "/mcp/..;/api/v1/tenants",
          "/mcp/../api/v1/tenants", "/;/api/v1/tenants", "/api/v1/tenants;x=1", "/healthz/../api/v1/tenants", "/login/../tenants",
          "/api/v1/login/../tenants", "/api/v1/login%2f..%2ftenants", "/API/V1/TENANTS", "/api/v1/tenants?token=x", "/api/v1/tenants#x",
          "/api/v1/tenants%00", "http://elsewhere/api/v1/tenants"]


@pytest.mark.parametrize("target", TRICKS)
def test_no_spelling_of_a_path_gets_past_the_door(site, target):
    status, answer = raw(site.a.admin, target)
    assert status in (400, 401, 404), answer
    assert '"light"' not in answer and "acme" not in answer
    status, answer = raw(site.a.admin, target, "DELETE")
    assert status in (400, 401, 404, 405), answer


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/readyz?verbose", "/metrics", "/api/v1/me", "/api/v1/tenants", "/api/v1/openapi.json",
                                  "/monitor.js", "/login", *TRICKS])
def test_nothing_of_the_admin_side_answers_at_the_agents_port(site, path):
    token = site.operators.tokens["admin"]
    for method in ("GET", "POST", "PUT", "DELETE"):
        status, answer = raw(site.a.base, path, method, f"Authorization: Bearer {token}", "Content-Length: 0")
        assert status in (400, 401, 404, 405, 406), answer
        assert "openapi" not in answer and "tenants" not in answer.lower().split("\r\n\r\n", 1)[-1]


def test_an_agents_token_is_no_operators_and_the_other_way_round(site):
    agent = site.cell.mint("acme")
    assert httpx.get(f"{site.a.admin}/api/v1/me", headers={"Authorization": f"Bearer {agent}"}, trust_env=False).status_code == 401
    with httpx.Client(trust_env=False, headers={**site.operators.headers(), "Accept": "application/json, text/event-stream"}) as client:
        assert client.post(site.a.mcp, json={"jsonrpc": "2.0", "id": 1, "method": "ping"}).status_code == 401


def test_other_methods_of_known_paths_are_told_which_there_are(site):
    with site.operators.api(site.a) as api:
        for method, path, allowed in [("PATCH", "tenants/acme", "DELETE, GET, HEAD, PUT"), ("POST", "sessions", "GET, HEAD"),
                                      ("GET", "tenants/acme/mode", "PUT"), ("REPORT", "nodes", "GET, HEAD"), ("OPTIONS", "login", "POST")]:
            answer = api.request(method, path)
            assert (answer.status_code, answer.json()["code"], answer.headers["allow"]) == (405, "method_not_allowed", allowed)
        head = api.head("nodes")
        assert head.status_code == 200 and head.text == "" and head.headers["content-type"] == "application/json"
        assert api.head("tenants/nobody").status_code == 404
        assert api.get("nothing").json() == {"type": "about:blank", "title": "Not Found", "status": 404, "code": "not_found", "detail": "no such path"}


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=-1", "limit=1e2", "limit=", "limit=x", "tenant=_", "tenant=..", "order=none",
                                   "after=x", "after=acme@1", "after=acme@99999999999999999999-" + "0" * 32])
def test_a_parameter_out_of_range_is_refused(site, query):
    with site.operators.api(site.a) as api:
        answer = api.get(f"sessions?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.text


@pytest.mark.parametrize("path", ["tenants/..", "tenants/%2e%2e", "tenants/a%2Fb", "tenants/{acme}", "tenants/a%00", "tenants/" + "a" * 65,
                                  "tenants/acme/budgets/_other", "tenants/acme/budgets/_cap.x", "tenants/%C3%A9"])
def test_a_name_that_breaks_its_rule_is_refused_before_anything_is_asked(site, path):
    status, answer = raw(site.a.admin, f"/api/v1/{path}", "GET", f"Authorization: Bearer {site.operators.tokens['reader']}")
    assert status in (400, 404), answer
    assert path.rsplit("/", 1)[-1] not in answer.split("\r\n\r\n", 1)[1], "nothing of the request is repeated"


def test_redis_out_of_reach_is_told_and_ends(site, tmp_path):
    from testbed.operators import Operators
    from testbed.node import Cell
    from testbed.redis_server import RedisServer
    redis, operators = RedisServer(tmp_path), Operators(tmp_path)
    node = Cell(tmp_path, redis, [{"name": "acme", "upstreams": []}]).node("alone", SATGATE_REDIS_TIMEOUT="500", **operators.settings)
    with operators.api(node) as api:
        assert api.get("tenants").status_code == 200
        redis.stop()
        for method, path, body in [("GET", "tenants", None), ("GET", "nodes", None), ("GET", "sessions", None),
                                   ("PUT", "tenants/acme/mode", {"mode": "soft"}), ("POST", "tenants/acme/tokens", {"expiresIn": 60})]:
            answer = api.request(method, path, json=body)
            assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "store_unavailable", "1"), path
        assert api.get("me").status_code == 200
    node.kill()


def test_the_example_of_the_readme_does_what_it_says(site):
    text = (ROOT / "README.md").read_text()
    example = re.search(r"<!-- operator -->\n```sh\n(.*?)```\n<!-- /operator -->", text, re.S)
    with site.operators.api(site.a) as api:
        before = api.put("tenants/acme/budgets/team", json={"limit": 100_000}).json()["budget"]["limit"]
        done = subprocess.run(["bash", "-e", "-c", example.group(1)], capture_output=True, text=True, timeout=60, env={
            **clean_environment(), "API": f"{site.a.admin}/api/v1", "TOKEN": site.operators.tokens["admin"]})
        assert done.returncode == 0, done.stdout + done.stderr
        sessions, budgets, change, mode, token = (json.loads(line) for line in done.stdout.splitlines())
        assert "items" in sessions and "team" in [item["account"] for item in budgets["items"]]
        assert change["budget"]["limit"] == before + 250.5 and mode["outcome"] == "updated" and token["token"]
        assert api.get("tenants/acme").json()["mode"] == "soft"
        assert api.put("tenants/acme/mode", json={"mode": "hard"}).status_code == 200
