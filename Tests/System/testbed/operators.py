"""Operators: their tokens in a file that nodes read, and the admin API as they use it."""
from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import httpx

from .node import Node


class Operators:
    """An admin tokens file with an operator of each role: `reader` and `admin`."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "admin-tokens.yaml"
        self.tokens = {"reader": secrets.token_hex(24), "admin": secrets.token_hex(24)}
        self.roles = {"reader": "read", "admin": "admin"}
        self.write()

    @property
    def settings(self) -> dict[str, str]:
        """What makes a node accept these tokens."""
        return {"SATGATE_ADMIN_TOKENS_FILE": str(self.file)}

    def write(self) -> None:
        """Writes the file anew, in one step."""
        entries = [{"name": name, "role": self.roles[name], "token": token} for name, token in self.tokens.items()]
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps({"tokens": entries}))
        fresh.rename(self.file)

    def headers(self, name: str = "admin") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[name]}"}

    def api(self, node: Node, name: str = "admin") -> httpx.Client:
        """The API of that node as this operator: paths begin behind `/api/v1`."""
        return httpx.Client(base_url=f"{node.admin}/api/v1", headers=self.headers(name), timeout=30, trust_env=False)

    def get(self, node: Node, path: str, name: str = "reader", **query: Any) -> Any:
        """The JSON of a GET that must succeed."""
        with self.api(node, name) as client:
            response = client.get(path, params=query)
        assert response.status_code == 200, f"{path}: {response.status_code} {response.text[:500]}"
        return response.json()
