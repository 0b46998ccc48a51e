"""Who gets into the admin API."""
from __future__ import annotations

import httpx


def test_the_api_wants_a_token_and_tells_who_it_takes_one_for(site):
    assert httpx.get(f"{site.a.admin}/api/v1/me", trust_env=False).status_code == 401
    assert httpx.get(f"{site.a.admin}/healthz", trust_env=False).text == "ok\n"
    seen = [site.operators.get(node, "me", name) for node in (site.a, site.b) for name in ("reader", "admin")]
    assert [(me["name"], me["role"]) for me in seen] == [("reader", "read"), ("admin", "admin")] * 2
    assert seen[0]["node"] == seen[1]["node"] != seen[2]["node"]
