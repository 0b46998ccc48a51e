"""`satgate upstreams test`: what an operator sees of upstreams from where the command runs."""
from __future__ import annotations

import json
from pathlib import Path

from testbed.node import run
from testbed.process import BUILD, free_port
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream


def test_upstreams_are_tried_from_here_whatever_carries_them(redis_server: RedisServer, tmp_path: Path):
    redis_server.client.flushall()
    light = LightUpstream(tmp_path, "light", token="s3cret")
    modern = LightUpstream(tmp_path, "modern", era="modern")
    upstreams = [
        {"name": "light", "url": light.url, "headers": {"Authorization": "Bearer ${env:LIGHT_TOKEN}"}},
        {"name": "modern", "url": modern.url},
        {"name": "oldest", "url": light.sse, "transport": "sse", "headers": {"Authorization": "Bearer ${env:LIGHT_TOKEN}"}},
        {"name": "process", "command": [str(BUILD / "light-upstream"), "--stdio"]},
        {"name": "gone", "url": f"http://127.0.0.1:{free_port()}/mcp"},
    ]
    tenants = tmp_path / "tenants.yaml"
    tenants.write_text(json.dumps({"tenants": [{"name": "acme", "upstreams": upstreams}]}))
    environment = {"SATGATE_REDIS_URL": redis_server.url, "SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "true", "LIGHT_TOKEN": "s3cret"}
    assert run("tenant", "apply", "-f", str(tenants), env=environment).returncode == 0

    tried = run("upstreams", "test", "acme", "--json", env=environment)
    assert tried.returncode == 1, "one of them is not there"
    found = {report["upstream"]: report for report in json.loads(tried.stdout)}
    assert list(found) == [upstream["name"] for upstream in upstreams], "in document order"
    assert {name: (report["standing"], report.get("transport"), report.get("revision")) for name, report in found.items()} == {
        "light": ("up", "streamable-http", "2025-11-25"), "modern": ("up", "streamable-http", "2026-07-28"),
        "oldest": ("up", "sse", "2025-11-25"), "process": ("up", "stdio", "2025-11-25"), "gone": ("down", None, None)}
    assert found["gone"]["reason"] == "connection refused"
    assert all(report["tools"] > 1 for report in found.values() if report["standing"] == "up")

    one = run("upstreams", "test", "acme", "light", env=environment)
    assert one.returncode == 0 and one.stdout.startswith("light  up  streamable-http  2025-11-25"), one.stdout
    assert "s3cret" not in tried.stdout + tried.stderr + one.stdout + one.stderr

    wrong = run("upstreams", "test", "acme", "light", env={**environment, "LIGHT_TOKEN": "wrong"})
    assert wrong.returncode == 1 and wrong.stdout == "light  down: HTTP 401\n"
    refused = run("upstreams", "test", "acme", "light", env={**environment, "SATGATE_UPSTREAMS_ALLOW_PRIVATE_NETWORKS": "false"})
    assert refused.returncode == 1 and refused.stdout == "light  down: address not allowed\n"
    for unknown in (["nobody"], ["acme", "nothing"]):
        assert run("upstreams", "test", *unknown, env=environment).returncode == 1
