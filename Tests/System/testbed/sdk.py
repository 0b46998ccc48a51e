"""The official Python SDK, 1.x or 2.x, whichever is installed, behind one face. Answers are plain JSON, as on the wire."""
from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any

from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import PromptReference, ResourceTemplateReference

GENERATION = int(version("mcp").split(".")[0])

if GENERATION == 1:
    import httpx as http
    from mcp import ClientSession
    from mcp.shared.exceptions import McpError
else:
    import httpx2 as http
    from mcp import Client
    from mcp.shared.exceptions import MCPError as McpError


class Refused(Exception):
    """A JSON-RPC error that the SDK's client reported."""

    def __init__(self, error: Any) -> None:
        self.code: int = error.code
        self.message: str = error.message
        self.data: dict[str, Any] = error.data or {}
        super().__init__(f"{self.code} {self.message} {self.data}")


class _Spread(http.AsyncBaseTransport):
    """A load balancer without stickiness: POSTs and DELETEs go to each port in turn; GETs stay where they were sent."""

    def __init__(self, ports: list[int]) -> None:
        self._inner = http.AsyncHTTPTransport(limits=http.Limits(max_connections=None))
        self._ports = itertools.cycle(ports)

    async def handle_async_request(self, request: Any) -> Any:
        if request.method != "GET":
            request.url = request.url.copy_with(port=next(self._ports))
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


# How an agent of this SDK may come, as paths: by HTTP+SSE, as it does by default, and in each way that it can be told to.
WAYS = ["mcp", "sse"] if GENERATION == 1 else ["mcp", "mcp#2026-07-28", "mcp#legacy", "sse"]


class _Cut(http.AsyncBaseTransport):
    """Loses the connection of the first answer that is a stream, behind so many events; what is resumed goes to that port."""

    def __init__(self, events: int, port: int) -> None:
        self._inner = http.AsyncHTTPTransport(limits=http.Limits(max_connections=None))
        self._events, self._port = events, port
        self.resumed = 0

    async def handle_async_request(self, request: Any) -> Any:
        if "last-event-id" in request.headers:
            self.resumed += 1
            request.url = request.url.copy_with(port=self._port)
        response = await self._inner.handle_async_request(request)
        if request.method == "POST" and self._events and response.headers.get("content-type", "").startswith("text/event-stream"):
            response.stream, self._events = _Broken(response.stream, self._events), 0
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Broken(http.AsyncByteStream):
    def __init__(self, stream: Any, events: int) -> None:
        self._stream, self._events = stream, events

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for piece in self._stream:
            seen += piece.count(b"\n\n")
            yield piece
            if seen >= self._events:
                raise http.ReadError("the connection is lost")

    async def aclose(self) -> None:
        await self._stream.aclose()


class Connection:
    """A connected client of the SDK's: with a session, or modern, which is without."""

    def __init__(self, session: Any, initialized: Any, discovered: Any, session_ids: list[str]) -> None:
        self._session = session
        self._session_ids = session_ids
        self.modern = initialized is None
        self.initialized = _json(initialized) if initialized else {}
        self.discovered = _json(discovered) if discovered else {}

    @property
    def sessions(self) -> int:
        """How often the gateway gave it a session's id."""
        return len(self._session_ids)

    @property
    def session_id(self) -> str:
        """The id the gateway gave this session (Streamable HTTP)."""
        return self._session_ids[-1]

    async def tools(self) -> list[dict[str, Any]]:
        """All pages of the list."""
        return await self._pages(self._session.list_tools, "tools")

    async def prompts(self) -> list[dict[str, Any]]:
        """All pages of the list."""
        return await self._pages(self._session.list_prompts, "prompts")

    async def resources(self) -> list[dict[str, Any]]:
        """All pages of the list."""
        return await self._pages(self._session.list_resources, "resources")

    async def templates(self) -> list[dict[str, Any]]:
        """All pages of the list."""
        return await self._pages(self._session.list_resource_templates, "resourceTemplates")

    async def _pages(self, ask: Callable[..., Any], member: str) -> list[dict[str, Any]]:
        found, cursor = [], None
        while True:
            listed = _json(await (ask(cursor) if GENERATION == 1 else ask(cursor=cursor)))
            found += listed[member]
            cursor = listed.get("nextCursor")
            if not cursor:
                return found

    async def prompt(self, name: str, arguments: dict[str, str] | None = None) -> dict[str, Any]:
        """The prompt filled in; raises `Refused` for a JSON-RPC error."""
        return await _asked(self._session.get_prompt(name, arguments))

    async def read(self, uri: str) -> list[dict[str, Any]]:
        """The resource's contents; raises `Refused` for a JSON-RPC error."""
        return (await _asked(self._session.read_resource(uri)))["contents"]

    async def complete(self, kind: str, about: str, argument: str, value: str) -> list[str]:
        """Values for an argument of the `prompt` or `resource` template of that name; raises `Refused` for a JSON-RPC error."""
        reference = PromptReference(type="ref/prompt", name=about) if kind == "prompt" else ResourceTemplateReference(type="ref/resource", uri=about)
        answer = await _asked(self._session.complete(reference, {"name": argument, "value": value}))
        return answer["completion"]["values"]

    def listen(self, **kinds: bool) -> Any:
        """The SDK's own subscription to changes (2.x, without a session): a context that is entered once it is acknowledged."""
        return self._session.listen(**kinds)

    async def call(self, tool: str, arguments: dict[str, Any] | None = None, progress: Callable[..., Any] | None = None,
                   **more: Any) -> dict[str, Any]:
        """The tool's result; raises `Refused` for a JSON-RPC error. `more`: as the SDK calls it, `meta` of 2.x say."""
        try:
            return _json(await self._session.call_tool(tool, arguments or {}, progress_callback=progress, **more))
        except McpError as error:
            raise Refused(error.error) from error


async def _asked(question: Any) -> dict[str, Any]:
    try:
        return _json(await question)
    except McpError as error:
        raise Refused(error.error) from error


def _json(model: Any) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


@asynccontextmanager
async def connect(
    url: str, token: str | None, ports: list[int] | None = None, mode: str = "auto", heard: Callable[[Any], Any] | None = None,
    cut: tuple[int, int] | None = None, auth: Any = None,
) -> AsyncIterator[Connection]:
    """Connects as the SDK does by default: HTTP+SSE where the path is /sse, else Streamable HTTP. `ports`: spread over these nodes.

    `mode`, or `#mode` behind the URL: that of the SDK, "legacy" being a handshake whatever else is offered; `heard` is given the method
    of each notification; `cut`: the first answer that is a stream is lost behind so many events, and gone on with at that port; `auth`: what
    gets it tokens (of httpx)."""
    url, _, mode = url.partition("#") if "#" in url else (url, "", mode)
    ids: list[str] = []

    async def keep_session(response: Any) -> None:
        if "mcp-session-id" in response.headers:
            ids.append(response.headers["mcp-session-id"])

    def client(headers: Any = None, timeout: Any = None, auth: Any = None) -> Any:
        return http.AsyncClient(
            headers=headers, timeout=timeout or http.Timeout(30, read=120), auth=auth, trust_env=False,
            transport=_Spread(ports) if ports else _Cut(*cut) if cut else None, event_hooks={"response": [keep_session]})

    async def keep_message(message: Any) -> None:
        method = getattr(getattr(message, "root", message), "method", None)
        if heard and method:
            heard(method)

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with AsyncExitStack() as stack:
        if url.endswith("/sse"):
            transport = sse_client(url, headers=headers, httpx_client_factory=client)
        else:
            own = await stack.enter_async_context(client(headers, auth=auth))
            transport = streamable_http_client(url, http_client=own)
        if GENERATION == 1:
            streams = await stack.enter_async_context(transport)
            session = await stack.enter_async_context(ClientSession(streams[0], streams[1], message_handler=keep_message))
            initialized, discovered = await session.initialize(), None
        else:
            session = await stack.enter_async_context(Client(transport, mode=mode, message_handler=keep_message))
            initialized, discovered = session.session.initialize_result, session.session.discover_result
        yield Connection(session, initialized, discovered, ids)
