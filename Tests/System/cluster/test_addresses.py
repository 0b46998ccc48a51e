"""A URI that a result gave to an agent leads back to the upstream that gave it, at any node; where two gave the same, to either."""
from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from testbed.agent import Agent
from testbed.node import Cell, Node, tenant
from testbed.process import free_port, soon
from testbed.stateless import Stateless
from testbed.topologies import any_redis


class Library(ThreadingHTTPServer):
    """An MCP server with the tool `find`, whose result links to one resource and holds another, and that reads whatever it is asked for."""
    daemon_threads = True

    def __init__(self, name: str, listed: list[str]) -> None:
        self.name, self.listed, self.read = name, listed, []
        super().__init__(("127.0.0.1", free_port()), Shelf)
        self.url = f"http://127.0.0.1:{self.server_port}/mcp"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if method == "initialize":
            return {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}, "resources": {}, "prompts": {}},
                    "serverInfo": {"name": self.name, "version": "1"}}
        if method == "tools/list":
            return {"tools": [{"name": f"find_{self.name}", "inputSchema": {"type": "object"}}]}
        if method == "resources/list":
            return {"resources": [{"uri": uri, "name": uri} for uri in self.listed]}
        if method == "prompts/list":
            return {"prompts": [{"name": f"quote_{self.name}"}]}
        link = {"type": "resource_link", "uri": "lib://link", "name": "link"}
        held = {"type": "resource", "resource": {"uri": "lib://held", "text": self.name}}
        if method == "tools/call":
            return {"content": [link, held, {"type": "resource_link", "uri": "lib://listed", "name": "listed"}]}
        if method == "prompts/get":
            return {"messages": [{"role": "user", "content": held}]}
        if method == "resources/read":
            self.read.append(params["uri"])
            return {"contents": [{"uri": params["uri"], "text": f"{self.name} has {params['uri']}"}]}
        return {"resourceTemplates": []}


class Shelf(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = {"initialize", "tools/list", "resources/list", "resources/templates/list", "prompts/list", "prompts/get", "tools/call", "resources/read"}
        if "id" not in message:
            self._send(202, b"")
        elif message["method"] in known:
            result = self.server.answer(message["method"], message.get("params") or {})
            self._send(200, json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode())
        else:
            self._send(400, json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32600, "message": "no session"}}).encode())

    def do_GET(self) -> None:
        self._send(405, b"")

    def do_DELETE(self) -> None:
        self._send(405, b"")

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@dataclass
class City:
    cell: Cell
    a: Node
    b: Node
    east: Library
    west: Library


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    directory = tmp_path_factory.mktemp("city")
    redis = any_redis(directory)
    east, west = Library("east", ["lib://listed"]), Library("west", ["lib://listed", "lib://other"])
    cell = Cell(directory, redis, [
        tenant("acme", {"east": east.url, "west": west.url}, unbudgeted="allow"),
        tenant("single", {"west": west.url}, unbudgeted="allow")])
    a, b = cell.node("a"), cell.node("b")
    yield City(cell, a, b, east, west)
    assert (a.stop(), b.stop()) == (0, 0)
    for part in (east, west):
        part.shutdown()
        part.server_close()
    redis.stop()


def uris(result: dict[str, Any]) -> list[str]:
    """The URIs that a result names, in order."""
    items = result.get("content") or [message["content"] for message in result["messages"]]
    return [item["uri"] if item["type"] == "resource_link" else item["resource"]["uri"] for item in items]


async def listed(agent: Any, node: Node, *names: str) -> None:
    async def there() -> bool:
        return set(names) <= {tool["name"] for tool in (await agent.ask(node, "tools/list")).result["tools"]}
    await soon("the tools are listed", there)


async def read(agent: Any, node: Node, uri: str) -> str:
    reply = await agent.ask(node, "resources/read", {"uri": uri})
    assert reply.result, reply.raw
    assert reply.result["contents"][0]["uri"] == uri, "as it was asked for"
    return reply.result["contents"][0]["text"]


async def test_what_a_result_gave_leads_back_to_its_upstream_at_any_node(city):
    async with Agent(city.cell.mint()) as agent:
        await agent.open(city.a)
        await listed(agent, city.a, "find_east", "find_west")
        assert await read(agent, city.b, "lib://link") == "east has lib://link", "by document order"
        found = (await agent.ask(city.a, "tools/call", {"name": "find_west", "arguments": {}})).result
        assert uris(found) == ["lib://link", "lib://held", "west+lib://listed"]
        for node in (city.a, city.b):
            assert await read(agent, node, "lib://link") == "west has lib://link"
            assert await read(agent, node, "lib://held") == "west has lib://held"
            assert await read(agent, node, "west+lib://listed") == "west has lib://listed"
            assert await read(agent, node, "lib://listed") == "east has lib://listed"
        # the other has the same: its come with its name in front from now on
        later = (await agent.ask(city.b, "tools/call", {"name": "find_east", "arguments": {}})).result
        assert uris(later) == ["east+lib://link", "east+lib://held", "lib://listed"]
        for node in (city.a, city.b):
            assert await read(agent, node, "east+lib://link") == "east has lib://link"
            assert await read(agent, node, "lib://link") == "west has lib://link"
        again = (await agent.ask(city.b, "tools/call", {"name": "find_west", "arguments": {}})).result
        assert uris(again) == uris(found)
    async with Agent(city.cell.mint()) as other:
        await other.open(city.a)
        assert await read(other, city.a, "lib://held") == "east has lib://held", "another session was given nothing"


async def test_a_prompt_gives_uris_as_a_tool_does_and_an_agent_without_a_session_is_led_back_too(city):
    async with Stateless(city.cell.mint()) as agent:
        await listed(agent, city.a, "find_east", "find_west")
        assert uris((await agent.ask(city.a, "prompts/get", {"name": "quote_west"})).result) == ["lib://held"]
        assert await read(agent, city.b, "lib://held") == "west has lib://held"
        assert uris((await agent.ask(city.b, "prompts/get", {"name": "quote_east"})).result) == ["east+lib://held"]
        assert await read(agent, city.a, "east+lib://held") == "east has lib://held"


async def test_where_one_upstream_stands_alone_nothing_is_renamed_or_remembered(city):
    async with Agent(city.cell.mint("single")) as agent:
        session = await agent.open(city.a)
        await listed(agent, city.a, "find_west")
        found = (await agent.ask(city.a, "tools/call", {"name": "find_west", "arguments": {}})).result
        assert uris(found) == ["lib://link", "lib://held", "lib://listed"]
        assert await read(agent, city.b, "lib://link") == "west has lib://link"
        kept = city.cell.redis.client.hkeys(f"satgate:{{single}}:session:{session}")
        assert not any((key.decode() if isinstance(key, bytes) else key).startswith("@") for key in kept)
