"""`subscriptions/listen` of agents without a session, and what every open stream of a tenant is told when lists change."""
from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed.agent import Agent, Listener, Stream
from testbed.node import Cell, Node, run, tenant
from testbed.process import soon
from testbed.redis_server import RedisServer
from testbed.schema import MODERN, schema
from testbed.sdk import connect
from testbed.shelf import Shelf
from testbed.stateless import SUBSCRIPTION, Stateless, Subscription
from testbed.topologies import any_redis
from testbed.upstream import LightUpstream

ALL = {"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True}
# what a change may take until agents hear of it, on a machine that is busy
SOON = 4.0


def changed(kind: str) -> str:
    return f"notifications/{kind}/list_changed"


@dataclass
class Wire:
    redis: RedisServer
    shelf: Shelf
    light: LightUpstream
    cell: Cell
    a: Node
    b: Node


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    directory = tmp_path_factory.mktemp("listen")
    redis = any_redis(directory)
    shelf = Shelf()
    light = LightUpstream(directory, tools=["echo", "fail"])
    cell = Cell(directory, redis, [
        *(tenant(name, {"shelf": shelf.url}, unbudgeted="allow") for name in ("acme", "other")),
        tenant("clear", {"light": light.url}, unbudgeted="allow", naming="never")])
    a, b = (cell.node(name, SATGATE_LOOPS="2", SATGATE_SSE_KEEPALIVE="200", SATGATE_LIMITS_SUBSCRIPTIONS="4") for name in "ab")
    yield Wire(redis, shelf, light, cell, a, b)
    assert (a.stop(), b.stop()) == (0, 0), "a node ends with 0 after SIGTERM"
    shelf.stop()
    light.stop()
    redis.stop()


def methods(listener: Any) -> list[str]:
    messages = listener.messages if isinstance(listener, Listener) else listener.stray
    if isinstance(listener, Subscription):
        assert faults(listener) == []
    return [message["method"] for message in messages]


def faults(stream: Subscription) -> list[str]:
    """What is wrong by the protocol's schema with what the stream has brought."""
    return [fault for message in stream.messages for fault in (
        schema(MODERN).asked(message, "Server") if "method" in message else schema(MODERN).answered(message, "subscriptions/listen"))]


async def hear(listeners: list[Any], wanted: list[list[str]]) -> float:
    """Each has heard exactly what is wanted, and nothing more comes; how long the last one took."""
    begun = time.monotonic()

    async def heard():
        return all(len(methods(listener)) >= len(each) for listener, each in zip(listeners, wanted))
    await soon("all are told", heard, within=SOON, every=0.005)
    took = time.monotonic() - begun
    await asyncio.sleep(0.3)
    assert [sorted(methods(listener)) for listener in listeners] == [sorted(each) for each in wanted]
    return took


async def test_a_subscription_is_acknowledged_first_with_what_it_will_tell_and_every_message_bears_its_id(wire):
    async with Stateless(wire.cell.mint()) as agent, AsyncExitStack() as stack:
        asked = {**ALL, "promptsListChanged": False, "resourceSubscriptions": ["a://1"], "taskIds": ["x"]}
        streams = [await stack.enter_async_context(Subscription(agent, wire.a, number, **asked)) for number in ("1", 1)]
        for stream, number in zip(streams, ("1", 1)):
            assert stream.status == 200 and stream.headers["x-accel-buffering"] == "no" and "mcp-session-id" not in stream.headers
            assert stream.messages == [{
                "jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged",
                "params": {"_meta": {SUBSCRIPTION: number}, "notifications": {"toolsListChanged": True, "resourcesListChanged": True}}}]
        wire.shelf.put("resourceTemplates", {"uriTemplate": "b://{x}", "name": "x"})
        wire.shelf.put("prompts", {"name": "p"}, {"name": "p2"})
        await hear(streams, [[changed("resources")]] * 2)
        for stream, number in zip(streams, ("1", 1)):
            assert stream.stray == [{"jsonrpc": "2.0", "method": changed("resources"), "params": {"_meta": {SUBSCRIPTION: number}}}]
        silent = await stack.enter_async_context(Subscription(agent, wire.b, 3))
        assert silent.messages[0]["params"]["notifications"] == {}


BAD: dict[str, Any] = {
    "no filter": {}, "a filter that is a list": {"notifications": []}, "a flag that is a number": {"notifications": {"toolsListChanged": 1}},
    "URIs that are one text": {"notifications": {"resourceSubscriptions": "a://1"}},
    "URIs that are numbers": {"notifications": {"resourceSubscriptions": [1]}}}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_filter_is_refused(wire, name):
    async with Stateless(wire.cell.mint()) as agent:
        reply = await agent.ask(wire.a, "subscriptions/listen", BAD[name])
        assert (reply.status, reply.code) == (400, -32602), reply.raw


async def test_an_agent_in_a_session_has_no_subscriptions(wire):
    async with Agent(wire.cell.mint()) as agent:
        await agent.open(wire.a)
        assert (await agent.ask(wire.a, "subscriptions/listen", {"notifications": ALL})).code == -32601


async def test_an_agent_has_only_so_many_open_at_a_node_and_others_have_theirs(wire):
    token = wire.cell.mint()
    async with Stateless(token) as agent, Stateless(wire.cell.mint()) as other, AsyncExitStack() as stack:
        held = [await stack.enter_async_context(Subscription(agent, wire.a, number, **ALL)) for number in range(4)]
        assert [stream.status for stream in held] == [200] * 4
        for _ in range(2):
            async with Subscription(agent, wire.a, "more", **ALL) as refused:
                assert refused.status == 429 and refused.refusal["id"] == "more"
                assert refused.refusal["error"]["code"] == -31005 and refused.refusal["error"]["data"] == {"error": "too_many_streams"}
        for elsewhere in (Subscription(other, wire.a, 1, **ALL), Subscription(agent, wire.b, 1, **ALL)):
            async with elsewhere as stream:
                assert stream.status == 200

        async def free():
            async with Subscription(agent, wire.a, "again", **ALL) as stream:
                return stream.status == 200
        await held[0].__aexit__()
        await soon("a closed one makes room", free, within=SOON)


async def test_a_subscription_keeps_its_agent_present_and_says_so(wire):
    feed = wire.redis.client.pubsub()
    feed.subscribe("satgate:events:acme")
    async with Stateless(wire.cell.mint("acme", "--label", "present")) as agent, Subscription(agent, wire.b, **ALL) as stream:
        events: list[dict[str, Any]] = []

        async def seen(kind: str):
            while message := feed.get_message(timeout=0.01):
                if message["type"] == "message":
                    events.append(json.loads(message["data"]))
            return next((event for event in events if event["type"] == kind), None)
        connected = await soon("it is seen to come", lambda: seen("session_connect"), within=SOON)
        assert connected["data"]["transport"] == "stateless"
        key = f"satgate:{{acme}}:session:{connected['sessionId']}"
        wire.redis.client.pexpire(key, 30_000)

        async def alive():
            return stream.comments >= 2 and wire.redis.client.pttl(key) > 60_000
        await soon("it is kept alive", alive, within=SOON)
        kept = await soon("that is told", lambda: seen("session_keepalive"), within=SOON)
        assert kept["sessionId"] == connected["sessionId"]
        # should it be lost it comes again
        wire.redis.client.delete(key)

        async def back():
            return wire.redis.client.exists(key)
        await soon("it is there again", back, within=SOON)
    feed.close()


async def test_a_subscription_ends_with_a_result_when_its_token_expires(wire):
    async with Stateless(wire.cell.mint("acme", "--expires", "2s")) as agent, Subscription(agent, wire.a, "x", **ALL) as stream:
        await asyncio.wait_for(stream.closed.wait(), SOON)
        ended(stream, "x")


async def test_a_subscription_ends_with_a_result_when_its_node_stops(wire):
    node = wire.cell.node("leaving")
    async with Stateless(wire.cell.mint()) as agent, Subscription(agent, node, 7, **ALL) as stream:
        assert await asyncio.to_thread(node.stop) == 0
        await asyncio.wait_for(stream.closed.wait(), SOON)
        ended(stream, 7)


def ended(stream: Subscription, number: Any) -> None:
    assert faults(stream) == []
    last = stream.messages[-1]
    assert last["id"] == number and last["result"]["resultType"] == "complete" and len(stream.messages) == 2
    assert last["result"]["_meta"][SUBSCRIPTION] == number and last["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "satgate"


async def test_clients_of_the_sdk_hear_what_they_listen_for_at_either_node_and_see_it(wire):
    async with AsyncExitStack() as stack:
        heard: list[list[str]] = []
        clients = []
        for node in (wire.a, wire.b):
            client = await stack.enter_async_context(connect(node.mcp, wire.cell.mint("other")))
            assert client.modern
            for kinds in ({"tools_list_changed": True}, {"prompts_list_changed": True, "resources_list_changed": True}):
                subscription = await stack.enter_async_context(client.listen(**kinds))
                assert {name for name, wanted in subscription.honored.model_dump().items() if wanted} == set(kinds)
                heard.append([])
                stack.callback(asyncio.create_task(collect(subscription, heard[-1])).cancel)
            clients.append(client)
        wire.shelf.put("prompts", {"name": "seen"})

        async def told():
            return all(kinds for kinds in heard[1::2])
        await soon("they hear of it", told, within=SOON, every=0.01)
        for client in clients:
            assert [prompt["name"] for prompt in await client.prompts()] == ["seen"]
        await asyncio.sleep(0.3)
        assert heard == [[], ["PromptsListChanged"]] * 2


async def collect(subscription: Any, heard: list[str]) -> None:
    async for event in subscription:
        heard.append(type(event).__name__)


async def everywhere(wire: Wire, stack: AsyncExitStack, name: str = "acme") -> list[Any]:
    """A stream of every kind at every node, of as many agents."""
    listeners: list[Any] = []
    for node in (wire.a, wire.b):
        agent = await stack.enter_async_context(Agent(wire.cell.mint(name)))
        await agent.open(wire.a)
        listeners.append(await stack.enter_async_context(Listener(agent, node)))
        stream = await stack.enter_async_context(Stream(wire.cell.mint(name), node))
        offered = (await stream.open())["capabilities"]
        assert all(offered[kind]["listChanged"] is True for kind in ("tools", "prompts", "resources")), offered
        listeners.append(stream)
        stateless = await stack.enter_async_context(Stateless(wire.cell.mint(name)))
        found = (await stateless.ask(node, "server/discover")).result["capabilities"]
        assert all(found[kind]["listChanged"] is True for kind in ("tools", "prompts", "resources")), found
        listeners.append(await stack.enter_async_context(Subscription(stateless, node, **ALL)))
        listeners.append(await stack.enter_async_context(Subscription(stateless, node, 2, promptsListChanged=True)))
    return listeners


async def test_every_stream_of_a_tenant_at_every_node_is_told_once_of_exactly_the_lists_that_changed(wire):
    async with AsyncExitStack() as stack:
        listeners = await everywhere(wire, stack)
        strangers = await everywhere(wire, stack, "other")

        async def listening():
            return wire.shelf.listeners >= 2
        await soon("the nodes listen upstream", listening, within=SOON)
        wanted: list[list[str]] = [[] for _ in listeners]

        def expect(*kinds: str) -> None:
            for number, each in enumerate(wanted):
                each += [changed(kind) for kind in kinds if number % 4 != 3 or kind == "prompts"]
        for kind, item in (
            ("tools", {"name": "t2", "inputSchema": {"type": "object"}}), ("prompts", {"name": "p3"}), ("resources", {"uri": "a://2", "name": "r"}),
            ("resourceTemplates", {"uriTemplate": "c://{x}", "name": "x"}),
        ):
            wire.shelf.put(kind, item)
            expect("resources" if kind == "resourceTemplates" else kind)
            took = await hear(listeners + strangers, wanted + wanted)
            print(f"a change of the upstream's {kind} reached all after {took:.2f} s")
        # prices of one tenant are shown with its tools; then its upstream goes by another name, which is in no list but where it collides
        before = [list(each) for each in wanted]
        document = tenant("acme", {"shelf": wire.shelf.url}, unbudgeted="allow", tariff={"default": 7})
        apply(wire, document)
        expect("tools")
        print(f"prices reached all after {await hear(listeners + strangers, wanted + before):.2f} s")
        apply(wire, {**document, "upstreams": []})
        expect("tools", "prompts", "resources")
        print(f"that there is no upstream reached all after {await hear(listeners + strangers, wanted + before):.2f} s")


def apply(wire: Wire, document: dict[str, Any]) -> None:
    file = wire.cell.directory / "applied.yaml"
    file.write_text(json.dumps({"tenants": [document]}))
    applied = run("tenant", "apply", "-f", str(file), env={"SATGATE_REDIS_URL": wire.redis.url})
    assert applied.returncode == 0, applied.stderr


async def test_agents_of_a_transparent_tenant_are_told_and_promised_what_its_upstream_announces(wire):
    async with Agent(wire.cell.mint("clear")) as agent, Stateless(wire.cell.mint("clear")) as stateless, AsyncExitStack() as stack:
        async def known():
            return set((await stateless.ask(wire.b, "server/discover")).result["capabilities"]) == {"tools"}
        await soon("the upstream is known", known, within=SOON)
        subscription = await stack.enter_async_context(Subscription(stateless, wire.b, **ALL))
        assert subscription.messages[0]["params"]["notifications"] == {"toolsListChanged": True}
        await agent.open(wire.a)
        first = await stack.enter_async_context(Listener(agent, wire.b))
        later = await stack.enter_async_context(Listener(agent, wire.b))
        await asyncio.wait_for(first.closed.wait(), SOON)
        await hear([later, subscription], [[changed("tools")], []])
        wire.light.show("echo")
        await hear([later, subscription], [[changed("tools")] * 2, [changed("tools")]])


async def test_a_later_stream_of_a_session_begins_with_one_change_of_each_kind(wire):
    async with Agent(wire.cell.mint("other")) as agent, AsyncExitStack() as stack:
        await agent.open(wire.a)
        first = await stack.enter_async_context(Listener(agent, wire.a))
        later = await stack.enter_async_context(Listener(agent, wire.b))
        await hear([first, later], [[], [changed(kind) for kind in ("tools", "prompts", "resources")]])
