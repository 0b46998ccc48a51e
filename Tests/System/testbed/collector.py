"""An OpenTelemetry collector that keeps what it is sent by OTLP over HTTP, and can be made to fail."""
from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from .process import free_port


@dataclass
class Span:
    """A span as OpenTelemetry's own schema reads it, ids in hex."""
    name: str
    kind: int
    trace: str
    id: str
    parent: str
    state: str
    began: int
    ended: int
    error: bool
    attributes: dict[str, Any]
    links: list[tuple[str, str]]
    resource: dict[str, Any] = field(default_factory=dict)


def _binary(value: Any) -> Any:
    """OTLP writes ids in hex where protobuf's JSON has base64."""
    if isinstance(value, dict):
        return {key: base64.b64encode(bytes.fromhex(inner)).decode() if key in ("traceId", "spanId", "parentSpanId") else _binary(inner)
                for key, inner in value.items()}
    return [_binary(each) for each in value] if isinstance(value, list) else value


def _attributes(pairs: Any) -> dict[str, Any]:
    assert len({pair.key for pair in pairs}) == len(pairs), "an attribute is said twice"
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def decode(body: bytes) -> list[Span]:
    """The spans of a request; whatever the schema does not know is an error."""
    request = json_format.ParseDict(_binary(json.loads(body)), ExportTraceServiceRequest())
    found = []
    for group in request.resource_spans:
        for scope in group.scope_spans:
            found += [
                Span(span.name, span.kind, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.trace_state,
                     span.start_time_unix_nano, span.end_time_unix_nano, span.status.code == 2, _attributes(span.attributes),
                     [(link.trace_id.hex(), link.span_id.hex()) for link in span.links], _attributes(group.resource.attributes))
                for span in scope.spans]
    return found


class Collector:
    """Listens at `url`. `answers`: (status, seconds for Retry-After) for the next requests; `delay`: seconds before each answer."""

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.bodies: list[bytes] = []
        self._read: list[list[Span]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.answers: list[tuple[int, int | None]] = []
        self.delay = 0.0
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.times.append(time.monotonic())
                time.sleep(collector.delay)
                status, pause = collector.answers.pop(0) if collector.answers else (200, None)
                if status == 200:
                    collector.bodies.append(body)
                    collector.paths.append(self.path)
                    collector.headers.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(status)
                if pause is not None:
                    self.send_header("Retry-After", str(pause))
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        # a node that stops does not wait for a slow answer
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def spans(self) -> list[Span]:
        for body in self.bodies[len(self._read):]:
            self._read.append(decode(body))
        return [span for spans in self._read for span in spans]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
