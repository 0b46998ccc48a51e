#!/usr/bin/env python3
"""The everything server of the SDK that is installed, with what it lacks:

  ask_url         asks its user to open a link (elicitation in URL mode)
  annotate        answers with the `_meta` that the request brought

usage: as everything_server.py
"""
from __future__ import annotations

from importlib.metadata import version
from typing import Any

import mcp.types as t

GENERATION = int(version("mcp").split(".")[0])

if GENERATION == 1:
    import everything_server_v1 as everything
else:
    import everything_server as everything

LINK = "https://example.com/sign-in"
MORE = ["ask_url", "annotate"]


def definitions() -> list[t.Tool]:
    return [t.Tool.model_validate({"name": name, "description": name, "inputSchema": {"type": "object"}}) for name in MORE]


def text(words: str, meta: dict[str, Any] | None = None) -> t.CallToolResult:
    return t.CallToolResult.model_validate({"content": [{"type": "text", "text": words}], **({"_meta": meta} if meta else {})})


def build_1(name: str, size: int) -> Any:
    server = build(name, size)
    listed, called = server.request_handlers[t.ListToolsRequest], server.request_handlers[t.CallToolRequest]

    async def tools(request: t.ListToolsRequest) -> t.ServerResult:
        answer = await listed(request)
        if not answer.root.nextCursor:
            answer.root.tools += definitions()
        return answer

    async def call(request: t.CallToolRequest) -> t.ServerResult:
        if request.params.name not in MORE:
            return await called(request)
        everything.STATS["calls"][request.params.name] += 1
        context = server.request_context
        if request.params.name == "annotate":
            meta = request.params.meta.model_dump(exclude_none=True) if request.params.meta else {}
            return t.ServerResult(text("annotated", {key: value for key, value in meta.items() if "/" in key}))
        answer = await context.session.elicit_url("Sign in", LINK, "link-1", related_request_id=context.request_id)
        return t.ServerResult(text(answer.action))
    server.request_handlers[t.ListToolsRequest], server.request_handlers[t.CallToolRequest] = tools, call
    return server


def build_2(name: str, size: int) -> Any:
    server = build(name, size)
    listed, called = (server._request_handlers[method] for method in ("tools/list", "tools/call"))

    async def tools(context: Any, params: Any) -> t.ListToolsResult:
        answer = await listed.handler(context, params)
        return answer if answer.next_cursor else answer.model_copy(update={"tools": answer.tools + definitions()})

    async def call(context: Any, params: t.CallToolRequestParams) -> Any:
        if params.name not in MORE:
            return await called.handler(context, params)
        if not params.input_responses:
            everything.STATS["calls"][params.name] += 1
        if params.name == "annotate":
            return text("annotated", {key: value for key, value in (context.meta or {}).items() if key.startswith("test.example/")})
        if context.protocol_version != everything.MODERN:
            answer = await context.session.elicit_url("Sign in", LINK, "link-1", related_request_id=context.request_id)
            return text(answer.action)
        answer = (params.input_responses or {}).get("link")
        if answer is not None:
            return text(answer.action)
        able = context.session.client_capabilities
        if able is None or able.elicitation is None or able.elicitation.url is None:
            raise everything.MCPError(code=t.MISSING_REQUIRED_CLIENT_CAPABILITY, message="needs elicitation by URL",
                                      data={"requiredCapabilities": {"elicitation": {"url": {}}}})
        return t.InputRequiredResult.model_validate({"resultType": "input_required", "inputRequests": {"link": {
            "method": "elicitation/create", "params": {"mode": "url", "message": "Sign in", "url": LINK}}}})
    server.add_request_handler("tools/list", listed.params_type, tools)
    server.add_request_handler("tools/call", called.params_type, call)
    return server


build = everything.build
everything.build = build_1 if GENERATION == 1 else build_2

if __name__ == "__main__":
    everything.main()
