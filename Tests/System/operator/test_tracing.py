"""Traces as a collector gets them, and as upstreams are told of them."""
from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed.agent import Agent, Stream
from testbed.collector import Collector, Span
from testbed.node import Cell, Node, tenant
from testbed.process import free_port, soon
from testbed.redis_server import RedisServer
from testbed.stateless import Stateless
from testbed.tap import Tap
from testbed.upstream import LightUpstream

INTERNAL, SERVER, CLIENT = 1, 2, 3
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE}-{PARENT}-01"
STAGES = ["authenticate", "session", "read", "route", "reserve", "forward", "settle", "answer"]


@dataclass
class Place:
    cell: Cell
    old: Tap
    new: Tap


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Two upstreams, one of each era, with a tap before each."""
    directory = tmp_path_factory.mktemp("tracing")
    redis = RedisServer(directory)
    upstreams = [LightUpstream(directory, "old"), LightUpstream(directory, "new", era="modern")]
    old, new = (Tap(upstream.port) for upstream in upstreams)
    cell = Cell(directory, redis, [tenant("acme", {"old": old.url, "new": new.url}, naming="always", tariff={"default": 1, "tools": {"*fail": 1}},
                                          budgets={"team": {"limit": 100_000}, "empty": {"limit": 0}}, default_budget="team")])
    yield Place(cell, old, new)
    for part in (old, new, *upstreams, redis):
        part.stop()


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.stop()


@pytest.fixture
def node(place: Place, collector: Collector) -> Iterator[Node]:
    """A node that traces everything."""
    node = place.cell.node("traced", SATGATE_TRACING_OTLP_ENDPOINT=collector.url)
    yield node
    assert node.stop() == 0


async def servers(collector: Collector, count: int, method: str = "tools/call") -> list[Span]:
    """The spans of so many requests."""
    def found() -> list[Span] | None:
        spans = [span for span in collector.spans if span.kind == SERVER and span.attributes.get("mcp.method.name") == method]
        return spans if len(spans) >= count else None
    return await soon(f"{count} spans of {method}", found)


def stages(collector: Collector, server: Span) -> dict[str, Span]:
    """The stages below the span of a request."""
    below = [span for span in collector.spans if span.parent == server.id]
    assert all(span.trace == server.trace for span in below)
    return {span.attributes["satgate.stage"]: span for span in below}


def told(tap: Tap) -> tuple[dict[str, str], dict[str, Any]]:
    """The headers and the `_meta` of the last call at an upstream."""
    call = [exchange for exchange in tap.take() if any(said.get("method") == "tools/call" for said in exchange.said)][-1]
    return call.headers, call.said[0]["params"].get("_meta", {})


async def call(node: Node, cell: Cell, era: str, tool: str, meta: dict[str, Any] | None = None, token: str | None = None, **headers: str) -> Any:
    """A call by an agent of that era."""
    token = token or cell.mint()
    if era == "modern":
        async with Stateless(token) as agent:
            return await agent.ask(node, "tools/call", {"name": tool, "arguments": {"text": "x"}}, meta, **headers)
    async with Agent(token) as agent:
        await agent.open(node)
        message = {"jsonrpc": "2.0", "id": 7, "method": "tools/call",
                   "params": {"name": tool, "arguments": {"text": "x"}, **({"_meta": meta} if meta else {})}}
        return await agent.request("POST", node.mcp, json.dumps(message).encode(), agent.headers(**headers))


@pytest.mark.parametrize("era", ["legacy", "modern"])
@pytest.mark.parametrize("upstream", ["old", "new"])
async def test_a_call_has_a_span_with_one_for_each_stage_below_it(place, collector, node, era, upstream):
    reply = await call(node, place.cell, era, f"{upstream}__echo", {"traceparent": SAMPLED, "tracestate": "rojo=1"})
    assert reply.text == "x"
    server, = await servers(collector, 1)
    assert (server.name, server.trace, server.parent, server.state) == (f"tools/call {upstream}__echo", TRACE, PARENT, "rojo=1")
    assert server.attributes["gen_ai.tool.name"] == f"{upstream}__echo" and server.attributes["gen_ai.operation.name"] == "execute_tool"
    assert server.attributes["satgate.tenant"] == "acme" and server.attributes["jsonrpc.request.id"]
    assert ("mcp.session.id" in server.attributes) == (era == "legacy")
    assert server.resource["service.name"] == "satgate" and server.resource["service.instance.id"]
    below = stages(collector, server)
    assert list(sorted(below, key=lambda stage: below[stage].began)) == STAGES
    assert all(server.began <= span.began <= span.ended <= server.ended for span in below.values())
    assert not server.error and not any(span.error for span in below.values())
    forward = below["forward"]
    assert (forward.kind, forward.name) == (CLIENT, "tools/call echo")
    assert {span.kind for stage, span in below.items() if stage != "forward"} == {INTERNAL}
    headers, meta = told(getattr(place, upstream))
    expected = f"00-{TRACE}-{forward.id}-01"
    assert (headers["traceparent"], headers["tracestate"]) == (expected, "rojo=1")
    assert (meta["traceparent"], meta["tracestate"]) == (expected, "rojo=1")


async def test_the_headers_name_the_parent_where_the_message_does_not_and_are_linked_where_it_does(place, collector, node):
    await call(node, place.cell, "legacy", "old__echo", traceparent=SAMPLED)
    server, = await servers(collector, 1)
    assert (server.trace, server.parent, server.links) == (TRACE, PARENT, [])
    other = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    await call(node, place.cell, "modern", "new__echo", {"traceparent": SAMPLED}, traceparent=other)
    server = (await servers(collector, 2))[1]
    assert (server.trace, server.parent, server.links) == (TRACE, PARENT, [("a" * 32, "b" * 16)])


async def test_what_fails_says_so_without_a_word_of_what_was_said(place, collector, node):
    assert (await call(node, place.cell, "legacy", "old__fail")).status == 200
    server, = await servers(collector, 1)
    assert server.error and server.attributes["error.type"] == "tool_error"
    reply = await call(node, place.cell, "legacy", "old__echo", token=place.cell.mint("acme", "--budget", "empty"))
    assert reply.code == -32000
    server = (await servers(collector, 2))[1]
    assert server.error and server.attributes["error.type"] == "-32000" and server.attributes["satgate.refusal"] == "budget_exhausted"
    assert stages(collector, server)["reserve"].error and "forward" not in stages(collector, server)
    await call(node, place.cell, "modern", "no__such_tool")
    server = (await servers(collector, 3))[2]
    assert server.name == "tools/call" and "no__such_tool" not in str(server)


async def test_other_requests_and_the_oldest_transport_have_spans_too(place, collector, node):
    async with Stream(place.cell.mint(), node) as stream:
        await stream.open()
        await stream.ask(node, "tools/list")
        assert (await stream.call(node, "old__echo", text="x"))["result"]
    listed, = await servers(collector, 1, "tools/list")
    assert listed.name == "tools/list"
    server, = await servers(collector, 1)
    assert {"read", "route", "reserve", "forward", "settle", "answer"} <= set(stages(collector, server))


async def test_what_is_not_sampled_is_passed_on_and_not_sent(place, collector, node):
    await call(node, place.cell, "legacy", "old__echo", {"traceparent": SAMPLED[:-1] + "0"})
    headers, meta = told(place.old)
    assert headers["traceparent"].startswith(f"00-{TRACE}-") and headers["traceparent"].endswith("-00") and PARENT not in headers["traceparent"]
    assert meta["traceparent"] == headers["traceparent"]
    await call(node, place.cell, "legacy", "old__echo", {"traceparent": SAMPLED.replace("00f067", "11f067")})
    assert [server.parent for server in await servers(collector, 1)] == ["11f067aa0ba902b7"]


async def test_a_ratio_of_the_traces_that_begin_here_is_sent(place, collector):
    node = place.cell.node("some", SATGATE_TRACING_OTLP_ENDPOINT=collector.url, SATGATE_TRACING_SAMPLE_RATIO="0.5")
    async with Agent(place.cell.mint()) as agent:
        await agent.open(node)
        for _ in range(100):
            assert (await agent.call(node, "old__echo", text="x")).text == "x"
    assert node.stop() == 0
    traces = {span.trace for span in collector.spans if span.attributes.get("mcp.method.name") == "tools/call"}
    assert 20 <= len(traces) <= 80
    for server in (span for span in collector.spans if span.kind == SERVER and span.name == "tools/call old__echo"):
        assert len(stages(collector, server)) == len(STAGES)


async def test_without_tracing_the_agents_context_passes_as_it_is(place):
    node = place.cell.node("untraced")
    odd = {"traceparent": "not one", "tracestate": "x" * 600, "baggage": "a=b"}
    await call(node, place.cell, "legacy", "old__echo", odd, traceparent=SAMPLED, tracestate="rojo=1", baggage="a=b")
    headers, meta = told(place.old)
    assert meta == odd
    assert (headers["traceparent"], headers["tracestate"]) == (SAMPLED, "rojo=1") and "baggage" not in headers
    await call(node, place.cell, "modern", "new__echo", odd, traceparent="not one")
    headers, meta = told(place.new)
    assert {key: meta[key] for key in odd} == odd and "traceparent" not in headers
    assert node.stop() == 0


async def test_a_collector_that_asks_for_it_is_sent_the_same_again(place, collector, node):
    collector.answers = [(503, 2), (429, None)]
    await call(node, place.cell, "legacy", "old__echo", {"traceparent": SAMPLED})
    server, = await servers(collector, 1)
    assert server.trace == TRACE
    assert collector.times[1] - collector.times[0] >= 1.9, "Retry-After is kept to"
    assert collector.paths == ["/v1/traces"] * len(collector.paths)
    assert collector.headers[0]["content-type"] == "application/json"


async def test_calls_go_on_and_the_node_stops_in_time_whatever_the_collector_does(place):
    silent = socket.create_server(("127.0.0.1", free_port()))
    slow = Collector()
    slow.delay = 5
    for name, url in {"down": f"http://127.0.0.1:{free_port()}", "silent": f"http://127.0.0.1:{silent.getsockname()[1]}", "slow": slow.url}.items():
        node = place.cell.node(f"to-{name}", SATGATE_TRACING_OTLP_ENDPOINT=url)
        async with Agent(place.cell.mint()) as agent:
            await agent.open(node)
            end = time.monotonic() + 2
            while time.monotonic() < end:
                begun = time.monotonic()
                assert (await agent.call(node, "old__echo", text="x")).text == "x"
                assert time.monotonic() - begun < 2, name
        begun = time.monotonic()
        assert node.process.stop(15) == 0 and time.monotonic() - begun < 12, name
        assert ("spans are not taken" in node.process.log.read_text()) == (name == "down")
    slow.stop()
    silent.close()


async def test_what_has_ended_is_sent_when_the_node_stops(place, collector):
    node = place.cell.node("stopping", SATGATE_TRACING_OTLP_ENDPOINT=collector.url)
    async with Agent(place.cell.mint()) as agent:
        await agent.open(node)
        assert (await agent.call(node, "old__echo", text="x")).text == "x"
    assert node.stop() == 0
    assert [span for span in collector.spans if span.name == "tools/call old__echo"]


async def test_headers_for_the_collector_come_from_a_file(place, collector, tmp_path: Path):
    file = tmp_path / "headers"
    file.write_text("# for the collector\nAuthorization: Bearer collectors-own\n")
    node = place.cell.node("headed", SATGATE_TRACING_OTLP_ENDPOINT=collector.url, SATGATE_TRACING_HEADERS_FILE=str(file))
    await call(node, place.cell, "modern", "new__echo")
    await servers(collector, 1)
    assert collector.headers[0]["authorization"] == "Bearer collectors-own"
    assert node.stop() == 0 and "collectors-own" not in node.process.log.read_text()
