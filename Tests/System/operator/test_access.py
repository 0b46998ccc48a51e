"""Who gets into the admin API."""
from __future__ import annotations

import httpx

from testbed.node import run


def test_the_api_wants_a_token_and_tells_who_it_takes_one_for(site):
    assert httpx.get(f"{site.a.admin}/api/v1/me", trust_env=False).status_code == 401
    assert httpx.get(f"{site.a.admin}/healthz", trust_env=False).text == "ok\n"
    seen = [site.operators.get(node, "me", name) for node in (site.a, site.b) for name in ("reader", "admin")]
    assert [(me["name"], me["role"]) for me in seen] == [("reader", "read"), ("admin", "admin")] * 2
    assert seen[0]["node"] == seen[1]["node"] != seen[2]["node"]


def test_a_node_whose_port_is_taken_says_which_and_ends(site):
    for setting, port in (("SATGATE_ADMIN_PORT", site.a.admin.rsplit(":", 1)[1]), ("SATGATE_LISTEN_PORT", str(site.a.port))):
        settings = {"SATGATE_ADMIN_PORT": "0", "SATGATE_LISTEN_PORT": "0", **site.cell.environment, setting: port}
        ended = run("serve", env=settings)
        assert ended.returncode == 78 and f"127.0.0.1:{port} ({setting}) cannot be opened" in ended.stderr, ended.stderr
