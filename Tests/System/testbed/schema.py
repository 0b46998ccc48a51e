"""The protocol's own JSON schemas, and who may say what by them."""
from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema.validators import validator_for

from .wire import Exchange

FILES = Path(__file__).parents[1] / "schema"
MODERN = "2026-07-28"
VERSION_META = "io.modelcontextprotocol/protocolVersion"
# Requests whose result is empty have no result of their own in the schemas.
EMPTY = {"ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"}


class Schema:
    """One version's."""

    def __init__(self, version: str) -> None:
        self.version = version
        whole = json.loads((FILES / f"{version}.json").read_text())
        self._key = "$defs" if "$defs" in whole else "definitions"
        self._definitions = whole[self._key]
        self._whole = whole
        self._validators: dict[str, Any] = {}
        self._methods = {
            name: definition["properties"]["method"]["const"] for name, definition in self._definitions.items()
            if "const" in definition.get("properties", {}).get("method", {})}

    def faults(self, definition: str, value: Any) -> list[str]:
        """What is wrong with the value by that definition."""
        if definition not in self._validators:
            schema = {"$schema": self._whole["$schema"], "$ref": f"#/{self._key}/{definition}", self._key: self._definitions}
            self._validators[definition] = validator_for(schema)(schema)
        return [f"{self.version} {definition} at {'/'.join(map(str, error.absolute_path)) or 'the top'}: {error.message[:300]}"
                for error in self._validators[definition].iter_errors(value)]

    def asked(self, message: dict[str, Any], by: str) -> list[str]:
        """Faults of a request or notification which the `Server` or the `Client` sends."""
        kind = "Request" if "id" in message else "Notification"
        allowed = [each["$ref"].rpartition("/")[2] for each in self._definitions.get(f"{by}{kind}", {}).get("anyOf", [])]
        named = [name for name in allowed if self._methods.get(name) == message.get("method")]
        if not named:
            return [f"{self.version} has no {message.get('method')} that a {by} may send"]
        return self.faults(named[0], message) + self.faults(f"JSONRPC{kind}", message)

    def answered(self, message: dict[str, Any], method: str) -> list[str]:
        """Faults of an answer to a request of that method."""
        if "error" in message:
            return self.faults("JSONRPCErrorResponse" if "JSONRPCErrorResponse" in self._definitions else "JSONRPCError", message)
        envelope = "JSONRPCResultResponse" if "JSONRPCResultResponse" in self._definitions else "JSONRPCResponse"
        return self.faults(envelope, message) + self.faults(self._result(method, message["result"]), message["result"])

    def _result(self, method: str, result: Any) -> str:
        if self.version == MODERN and result.get("resultType") == "input_required":
            return "InputRequiredResult"
        if method in EMPTY:
            return "EmptyResult"
        return next(name for name, each in self._methods.items() if each == method and name.endswith("Request")).removesuffix("Request") + "Result"


schema = cache(Schema)


def _id(message: dict[str, Any]) -> tuple[str, Any]:
    return type(message["id"]).__name__, message["id"]


def faults_of_server(exchanges: list[Exchange], version: str) -> list[str]:
    """What satgate said wrong to one agent, that it agreed with on this version (or on none: every request is of the modern one)."""
    methods = {_id(message): message["method"] for exchange in exchanges for message in exchange.said if "id" in message and "method" in message}
    found = []
    for exchange in exchanges:
        # a probe of the other era is answered in that era
        spoken = exchange.headers.get("mcp-protocol-version", version)
        judge = schema(spoken if spoken == MODERN else version)
        for message in exchange.heard:
            if "method" in message:
                found += judge.asked(message, "Server")
            elif message.get("id") is None:
                found += judge.answered(message, "ping") if "error" in message else [f"an answer to nothing: {message}"]
            elif _id(message) not in methods:
                found.append(f"an answer to what nobody asked: {message}")
            else:
                found += judge.answered(message, methods[_id(message)])
    return found


def faults_of_client(exchanges: list[Exchange]) -> list[str]:
    """What satgate said wrong to its upstreams. Requests say their version; only `initialize` asks for one."""
    asked = {(exchange.headers.get("mcp-session-id"), _id(message)): message["method"]
             for exchange in exchanges for message in exchange.heard if "id" in message and "method" in message}
    found = []
    for exchange in exchanges:
        for message in exchange.said:
            version = exchange.headers.get("mcp-protocol-version") or message.get("params", {}).get("protocolVersion")
            assert version, message
            if "method" in message:
                found += schema(version).asked(message, "Client")
            else:
                method = asked.get((exchange.headers.get("mcp-session-id"), _id(message)))
                found += schema(version).answered(message, method) if method else [f"an answer to what nobody asked: {message}"]
    return found
