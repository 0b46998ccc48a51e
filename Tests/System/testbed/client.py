"""Clients of the official SDKs with everything that they can do, each kept to one revision, all that they hear kept as it came."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import mcp.types as t
import pytest
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from .schema import MODERN, faults_of_server
from .sdk import GENERATION, Connection, _asked, _json, http
from .wire import Exchange

if GENERATION == 1:
    from mcp import ClientSession
else:
    from mcp import Client


@dataclass(frozen=True)
class Kind:
    """A client: its name, the path it goes to, the revision that it speaks."""
    name: str
    path: str
    revision: str
    mode: str = "auto"

    @property
    def modern(self) -> bool:
        return self.revision == MODERN

    def since(self, revision: str) -> bool:
        """Whether its revision is that one or a later one."""
        return self.revision >= revision


KINDS = {
    1: [Kind("sse-2024-11-05", "sse", "2024-11-05"),
        *(Kind(f"http-{revision}", "mcp", revision) for revision in ("2025-03-26", "2025-06-18", "2025-11-25"))],
    2: [Kind("auto", "mcp", MODERN), Kind("pinned-2026-07-28", "mcp", MODERN, MODERN), Kind("legacy", "mcp", "2025-11-25", "legacy")],
}[GENERATION]


def of(kinds: list[Kind]) -> Callable[[Any], Any]:
    """Marks a test that is for these kinds only; where the SDK that is installed has none of them there is no such test."""
    return pytest.mark.parametrize("kind", kinds, ids=lambda kind: kind.name) if kinds else lambda _: None


class Recorder(http.AsyncBaseTransport):
    """Keeps each request and its answer."""

    def __init__(self) -> None:
        self._inner = http.AsyncHTTPTransport(limits=http.Limits(max_connections=None))
        self.exchanges: list[Exchange] = []

    async def handle_async_request(self, request: Any) -> Any:
        exchange = Exchange(request.method, request.url.path, dict(request.headers), await request.aread())
        self.exchanges.append(exchange)
        response = await self._inner.handle_async_request(request)
        exchange.status, exchange.answered = response.status_code, {name.lower(): value for name, value in response.headers.items()}
        response.stream = _Kept(response.stream, exchange.answer)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Kept(http.AsyncByteStream):
    def __init__(self, stream: Any, kept: bytearray) -> None:
        self._stream, self._kept = stream, kept

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._kept.extend(piece)
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


@dataclass
class Person:
    """Who sits before a client: is asked, is told. `able`: what can be asked for, of "sampling", "elicitation", "roots"."""
    able: tuple[str, ...] = ("sampling", "elicitation", "roots")
    answer: dict[str, Any] = field(default_factory=lambda: {"action": "accept", "content": {"name": "Zoë"}})
    questions: list[dict[str, Any]] = field(default_factory=list)
    logs: list[dict[str, Any]] = field(default_factory=list)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def elicit(self, _: Any, params: Any) -> Any:
        self.questions.append(_json(params))
        return t.ElicitResult(**(self.answer if getattr(params, "mode", "form") != "url" else {"action": "accept"}))

    async def sample(self, _: Any, params: Any) -> Any:
        self.questions.append(_json(params))
        return t.CreateMessageResult(role="assistant", model="a-model", content=t.TextContent(type="text", text="four"))

    async def roots(self, _: Any) -> Any:
        self.questions.append({"method": "roots/list"})
        return t.ListRootsResult(roots=[t.Root(uri="file:///home/zoe", name="home"), t.Root(uri="file:///srv")])

    async def log(self, params: Any) -> None:
        self.logs.append(_json(params))

    async def hear(self, message: Any) -> None:
        message = getattr(message, "root", message)
        if not isinstance(message, Exception) and getattr(message, "method", "").startswith("notifications/"):
            self.told.append((message.method, _json(message.params) if message.params else {}))

    def heard(self, method: str) -> list[dict[str, Any]]:
        return [params for heard, params in self.told if heard == method]

    @property
    def callbacks(self) -> dict[str, Any]:
        asked = {"sampling": ("sampling_callback", self.sample), "elicitation": ("elicitation_callback", self.elicit),
                 "roots": ("list_roots_callback", self.roots)}
        return {"logging_callback": self.log, "message_handler": self.hear, **dict(asked[each] for each in self.able)}


class Agent(Connection):
    """The client of a kind, connected."""

    def __init__(self, kind: Kind, session: Any, recorder: Recorder) -> None:
        super().__init__(session, None, None, [])
        self.kind = kind
        self.modern = kind.modern
        self.recorder = recorder

    @property
    def session(self) -> Any:
        """The SDK's session, whatever generation it is of."""
        return self._session if GENERATION == 1 else self._session.session

    def faults(self) -> list[str]:
        """What it was sent that is not as the schema of its revision says."""
        return faults_of_server(self.recorder.exchanges, self.kind.revision)

    async def ask(self, tool: str, arguments: dict[str, Any] | None = None, meta: dict[str, Any] | None = None,
                  progress: Callable[..., Any] | None = None) -> dict[str, Any]:
        """The tool's result, `_meta` having been sent with it; raises `Refused` for a JSON-RPC error."""
        return await _asked(self._session.call_tool(tool, arguments or {}, progress_callback=progress, meta=meta))

    async def set_level(self, level: str) -> None:
        await _asked(self._session.set_logging_level(level))

    async def subscribe(self, uri: str) -> None:
        await _asked(self._session.subscribe_resource(uri))

    async def unsubscribe(self, uri: str) -> None:
        await _asked(self._session.unsubscribe_resource(uri))

    async def give_up(self, call: asyncio.Task[Any]) -> None:
        """Cancels the call that was made last, as its revision has it: by a notification, or by hanging up."""
        if GENERATION == 1:
            number = self._session._request_id - 1
            await self._session.send_notification(t.ClientNotification(t.CancelledNotification(
                method="notifications/cancelled", params=t.CancelledNotificationParams(requestId=number, reason="the user left"))))
            # the SDK waits for an answer that must not come
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)


if GENERATION == 1:
    class _Pinned(ClientSession):
        """Offers one revision, and of its abilities those that the revision knows."""
        offer = ""

        async def send_request(self, request: Any, *others: Any, **more: Any) -> Any:
            if isinstance(request.root, t.InitializeRequest):
                request.root.params.protocolVersion = self.offer
                able = request.root.params.capabilities
                if self.offer < "2025-11-25" and able.elicitation:
                    able.elicitation = t.ElicitationCapability() if self.offer >= "2025-06-18" else None
            return await super().send_request(request, *others, **more)


@asynccontextmanager
async def join(kind: Kind, base: str, token: str, person: Person | None = None, log_level: str | None = None) -> AsyncIterator[Agent]:
    """Connects to the gateway at `base`; `log_level`: which a client without a session states in each request."""
    person = person or Person()
    headers, recorder = {"Authorization": f"Bearer {token}"}, Recorder()

    def client(headers: Any = None, timeout: Any = None, auth: Any = None) -> Any:
        return http.AsyncClient(headers=headers, timeout=timeout or http.Timeout(30, read=120), auth=auth, trust_env=False, transport=recorder)

    async with AsyncExitStack() as stack:
        if kind.path == "sse":
            transport = sse_client(f"{base}/sse", headers=headers, httpx_client_factory=client)
        else:
            transport = streamable_http_client(f"{base}/mcp", http_client=await stack.enter_async_context(client(headers)))
        if GENERATION == 1:
            streams = await stack.enter_async_context(transport)
            session = _Pinned(streams[0], streams[1], **person.callbacks)
            session.offer = kind.revision
            await stack.enter_async_context(session)
            agreed = (await session.initialize()).protocolVersion
        else:
            session = await stack.enter_async_context(Client(transport, mode=kind.mode, log_level=log_level, **person.callbacks))
            agreed = session.protocol_version
        assert agreed == kind.revision, agreed
        yield Agent(kind, session, recorder)
