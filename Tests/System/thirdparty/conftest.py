"""One tenant with every third-party server at once: over stdio mcp-server-time, -git and -fetch; over HTTP a FastMCP server and both
everything servers, each by Streamable HTTP and by HTTP+SSE."""
from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed.cluster import Cluster
from testbed.node import Node, tenant
from testbed.page import Page
from testbed.process import ROOT
from testbed.upstream import EverythingServer, FastMCPServer

PROGRAMS = ROOT / ".build" / "venv-thirdparty" / "bin"
UPSTREAM_TOKEN = "the-upstreams-own-credential"


@dataclass
class Bazaar:
    """The tenant's upstreams in the order of its document, and the node before them."""
    node: Node
    token: str
    repository: Path
    page: Page


def repository(directory: Path) -> Path:
    """A repository with one commit."""
    directory.mkdir()
    for words in (["init", "--quiet", "--initial-branch", "main"],
                  ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--allow-empty", "-m", "the first commit"]):
        subprocess.run(["git", *words], cwd=directory, check=True, capture_output=True)
    return directory


def process(name: str, *arguments: str, **environment: str) -> dict[str, Any]:
    return {"transport": "stdio", "command": [str(PROGRAMS / name), *arguments], "environment": environment, "timeout": "30s"}


@pytest.fixture(scope="package")
def bazaar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bazaar]:
    directory = tmp_path_factory.mktemp("thirdparty")
    files, page = repository(directory / "repository"), Page()
    servers = [FastMCPServer(directory), EverythingServer(2, UPSTREAM_TOKEN, directory), EverythingServer(1, UPSTREAM_TOKEN, directory)]
    demo, newer, older = servers
    headers = {"Authorization": "Bearer ${env:UP_TOKEN}"}
    cluster = Cluster(directory, 1, ["acme"], UP_TOKEN=UPSTREAM_TOKEN)
    cluster.apply(tenant("acme", {
        "time": process("mcp-server-time", "--local-timezone", "UTC"),
        "git": process("mcp-server-git", "--repository", str(files), PATH="/usr/bin:/bin", HOME=str(directory)),
        # no PATH to Node.js, of which this server would install a package at its first page
        "fetch": process("mcp-server-fetch", "--allow-private-ips", PATH="/nonexistent"),
        "demo": {"url": demo.url},
        "newer": {"url": newer.url, "headers": headers},
        "newer-sse": {"url": newer.sse, "transport": "sse", "headers": headers},
        "older": {"url": older.url, "transport": "streamable-http", "headers": headers},
        "older-sse": {"url": older.sse, "transport": "auto", "headers": headers},
    }, budgets={"team": {"limit": 100_000}}, default_budget="team"))
    yield Bazaar(cluster.nodes[0], cluster.cell.mint(), files, page)
    cluster.stop()
    for server in servers:
        server.stop()
    page.stop()
