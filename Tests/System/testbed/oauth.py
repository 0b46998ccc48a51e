"""A node that takes access tokens, and what its operator writes about their issuers."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .books import Books
from .issuer import Issuer
from .node import Cell, Node
from .redis_server import RedisServer
from .upstream import LightUpstream

# what the first issuer's scopes open here
SCOPES = {"tools:echo": "echo", "tools:all": "*", "tools:beta": "beta:*"}


@dataclass
class Site:
    """`staff` is of two tenants and has scopes; `shop`, whose metadata lie at a path, is of one tenant, and names budgets."""
    redis: RedisServer
    cell: Cell
    node: Node
    staff: Issuer
    shop: Issuer
    light: LightUpstream
    books: Books

    @property
    def metadata(self) -> str:
        return f"{self.node.base}/.well-known/oauth-protected-resource/mcp"

    def statement(self) -> dict[str, Any]:
        return statement(self.node.mcp, self.staff, self.shop)


def statement(resource: str, staff: Issuer, shop: Issuer) -> dict[str, Any]:
    """What the operator writes."""
    return {"resource": resource, "name": "The tools", "refresh": 1000, "issuers": [
        {"issuer": staff.url, "tenant": {"claim": "org.id", "values": {"org-1": "acme", "org-2": "other"}},
         "scope": {"claim": "scope", "values": SCOPES}, "budget": "team", "label": {"claim": "name"}},
        {"issuer": shop.url, "keys_url": f"{shop.url}/keys", "audience": ["shop-tools", "more-tools"], "tenant": "acme",
         "budget": {"claim": "plan", "values": {"gold": "team", "small": "little"}}, "limit": "5"}]}
