"""The official SDK's clients find the authorization server by themselves, get a token there, and a wider one where it is too narrow."""
from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientMetadata

from testbed.issuer import Issuer
from testbed.oauth import Site
from testbed.sdk import GENERATION, WAYS, connect

RETURN = "http://127.0.0.1:9/return"


class Store:
    """What the client keeps."""

    def __init__(self) -> None:
        self.tokens: Any = None
        self.client: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        self.client = client_info


def provider(site: Site) -> OAuthClientProvider:
    """The SDK's own, with somebody before it who consents to everything."""
    answers: list[dict[str, str]] = []

    async def visit(url: str) -> None:
        async with httpx.AsyncClient(trust_env=False) as browser:
            answered = await browser.get(url)
        assert answered.status_code == 302
        answers.append({name: values[0] for name, values in parse_qs(urlsplit(answered.headers["location"]).query).items()})

    async def returned() -> Any:
        answer = answers.pop()
        if GENERATION == 1:
            return answer["code"], answer["state"]
        from mcp.shared.auth import AuthorizationCodeResult
        return AuthorizationCodeResult(**answer)

    wanted = OAuthClientMetadata(client_name="tests", redirect_uris=[RETURN], grant_types=["authorization_code", "refresh_token"],
                                 response_types=["code"], token_endpoint_auth_method="none")
    return OAuthClientProvider(site.node.mcp, wanted, Store(), visit, returned)


@pytest.mark.parametrize("way", [way for way in WAYS if way.startswith("mcp")])
async def test_a_client_that_has_no_token_gets_one_from_the_issuer_that_the_gateway_names(site, way):
    site.staff.asked.clear()
    async with connect(f"{site.node.base}/{way}", None, auth=provider(site)) as connection:
        assert {tool["name"] for tool in await connection.tools()} >= {"ping", "echo", "structured"}
        result = await connection.call("echo", {"text": "from the SDK"})
    assert result["content"][0]["text"] == "from the SDK"
    assert site.staff.asked.count("/token") == 1, "one token does for all"
    assert site.staff.scopes[-1] == ["tools:all", "tools:beta", "tools:echo"], "the scopes that the gateway names"


@pytest.fixture
def stingy(site: Site) -> Any:
    """The issuer grants less than is asked for, the first time."""
    return Stinted(site.staff)


class Stinted:
    def __init__(self, issuer: Issuer) -> None:
        self.granted = 0
        make = issuer.token

        def token(*arguments: Any, **claims: Any) -> str:
            self.granted += 1
            return make(*arguments, **(claims | ({"scope": "tools:echo"} if self.granted == 1 else {})))
        self.make, self.issuer = make, issuer
        issuer.token = token  # type: ignore[method-assign]

    def end(self) -> None:
        self.issuer.token = self.make  # type: ignore[method-assign]


@pytest.mark.parametrize("way", [way for way in WAYS if way.startswith("mcp")])
async def test_a_client_whose_token_is_too_narrow_for_a_call_gets_a_wider_one_and_makes_the_call(site, stingy, way):
    try:
        async with connect(f"{site.node.base}/{way}", None, auth=provider(site)) as connection:
            # its first request brings the first token
            assert [tool["name"] for tool in await connection.tools()] == ["ping", "echo"]
            result = await connection.call("structured")
    finally:
        stingy.end()
    assert result["structuredContent"]["temperature"] == 21.5
    assert stingy.granted == 2
    assert {"tools:echo", "tools:all"} <= set(site.staff.scopes[-1]), "what it has and what would do"
