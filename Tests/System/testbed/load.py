"""Load in a process of its own: connections that call tools through the nodes at a steady rate, every call written down.

usage: python -m testbed.load PLAN.json SAMPLES.json
"""
from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from .process import Process, eventually

# What a call may end with when its upstream is in trouble; anything else is a fault of the node.
CLEAR = ("upstream_error", "upstream_timeout")


@dataclass
class Plan:
    """`connections` spread evenly over `ports` and over `tools`, each calling `rate` times a second for `seconds`."""
    ports: list[int]
    token: str
    tools: dict[str, str]  # upstream → the tool to call there, an echo
    connections: int
    rate: float
    seconds: float
    patience: float = 10.0  # no answer after so long is none at all


class Sample(NamedTuple):
    """One call; times are of the monotonic clock, which all processes of a machine share."""
    upstream: str
    began: float
    ended: float
    outcome: str  # "result", "<code> <data.error>", "HTTP <status> <data.error>", or what else went wrong
    port: int = 0  # of the node

    @property
    def is_result(self) -> bool:
        return self.outcome == "result"

    @property
    def is_clear(self) -> bool:
        """A result, or an error that names the upstream's trouble."""
        return self.is_result or self.outcome.endswith(CLEAR)


class Round:
    """What a load brought."""

    def __init__(self, samples: list[Sample]) -> None:
        self.samples = samples

    def outcomes(self, which: Callable[[Sample], bool] = lambda _: True) -> Counter[str]:
        return Counter(f"{sample.upstream}: {sample.outcome}" for sample in self.samples if which(sample))

    def unclear(self) -> Counter[str]:
        """What was neither an answer nor a clear error."""
        return self.outcomes(lambda sample: not sample.is_clear)

    def percentile(self, share: float, which: Callable[[Sample], bool] = lambda _: True) -> float:
        """Milliseconds within which that share of the results came."""
        times = sorted(sample.ended - sample.began for sample in self.samples if sample.is_result and which(sample))
        assert times, "no results"
        return 1000 * times[min(len(times) - 1, int(share * len(times)))]

    def __str__(self) -> str:
        counts = Counter(sample.outcome for sample in self.samples)
        return ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())


class Load:
    """A running load."""

    def __init__(self, directory: Path, name: str, plan: Plan) -> None:
        self._seconds = plan.seconds
        self._patience = plan.patience
        self._samples = directory / f"{name}.samples.json"
        description = directory / f"{name}.plan.json"
        description.write_text(json.dumps(asdict(plan)))
        self.process = Process(name, [sys.executable, "-m", "testbed.load", str(description), str(self._samples)], directory,
                               {"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONDONTWRITEBYTECODE": "1"})
        eventually("the load runs", self._runs, within=30)
        self.began = float(self.process.printed().split()[1])

    def _runs(self) -> bool:
        assert self.process.running, self.process.tail()
        return self.process.printed().endswith("\n")

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def finish(self) -> Round:
        """Waits for its end."""
        eventually("the load has ended", lambda: not self.process.running, within=self._seconds + self._patience + 10, every=0.1)
        assert self.process.stop() == 0, self.process.tail()
        return Round([Sample(*fields) for fields in json.loads(self._samples.read_text())])


class Connection(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection with at most one request under way."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answer = parse(self._buffer)
        if answer and self._answer and not self._answer.done():
            self._buffer.clear()
            self._answer.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._answer and not self._answer.done():
            self._answer.set_exception(ConnectionError("closed" if error is None else type(error).__name__))

    async def exchange(self, request: bytes, patience: float) -> tuple[int, bytes, bytes]:
        """(status, head, body) of the answer."""
        assert self._transport, "not connected"
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await asyncio.wait_for(self._answer, patience)

    def close(self) -> None:
        if self._transport:
            self._transport.abort()


def parse(buffer: bytearray) -> tuple[int, bytes, bytes] | None:
    """(status, head in lower case, body) once the response is whole."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(buffer[:end]).lower()
    status = int(head[9:12])
    if b"transfer-encoding: chunked" in head:
        return _chunks(status, head, buffer, end + 4)
    mark = head.find(b"content-length:")
    length = int(head[mark + 15:].split(b"\r\n", 1)[0]) if mark >= 0 else 0
    if len(buffer) < end + 4 + length:
        return None
    return status, head, bytes(buffer[end + 4:end + 4 + length])


def _chunks(status: int, head: bytes, buffer: bytearray, start: int) -> tuple[int, bytes, bytes] | None:
    body = b""
    while True:
        line = buffer.find(b"\r\n", start)
        if line < 0:
            return None
        size = int(bytes(buffer[start:line]).split(b";")[0], 16)
        if len(buffer) < line + 4 + size:
            return None
        if not size:
            return status, head, body
        body += buffer[line + 2:line + 2 + size]
        start = line + 4 + size


class Caller:
    """One connection's calls, all to one node and one upstream."""

    def __init__(self, plan: Plan, number: int) -> None:
        self._plan = plan
        self._port = plan.ports[number % len(plan.ports)]
        self._upstream = list(plan.tools)[number // len(plan.ports) % len(plan.tools)]
        self._tool = plan.tools[self._upstream]
        self._number = number
        self._session = ""
        self._connection: Connection | None = None
        self.samples: list[Sample] = []

    async def open(self) -> None:
        """Opens the session."""
        status, head, body = await self._post({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "load", "version": "1"}}})
        assert status == 200, (status, body)
        session = head.partition(b"mcp-session-id:")[2].split(b"\r\n", 1)[0].strip()
        self._session = f"Mcp-Session-Id: {session.decode()}\r\n"
        status, _, body = await self._post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert status == 202, (status, body)

    async def run(self, start: float) -> None:
        """Calls at its own beat, shifted against the others'; a call that takes longer than a beat takes the place of the next."""
        beat = 1 / self._plan.rate
        due = start + beat * (self._number / self._plan.connections)
        count = 0
        while due < start + self._plan.seconds:
            await asyncio.sleep(max(0, due - time.monotonic()))
            began = time.monotonic()
            count += 1
            outcome = await self._call(f"{self._number}-{count}")
            now = time.monotonic()
            self.samples.append(Sample(self._upstream, began, now, outcome, self._port))
            due += beat * max(1, int((now - due) / beat) + 1)

    async def _call(self, text: str) -> str:
        try:
            status, _, body = await self._post({"jsonrpc": "2.0", "id": text, "method": "tools/call", "params": {
                "name": self._tool, "arguments": {"text": text}}})
        except TimeoutError:
            return "no answer"
        except (ConnectionError, OSError) as error:
            return f"connection lost: {error}"
        return judge(status, body, text)

    async def _post(self, message: dict[str, object]) -> tuple[int, bytes, bytes]:
        if not self._connection or not self._connection.is_open:
            _, self._connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", self._port)
        body = json.dumps(message).encode()
        request = (f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nContent-Type: application/json\r\n"
                   "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n"
                   f"Authorization: Bearer {self._plan.token}\r\n{self._session}Content-Length: {len(body)}\r\n\r\n").encode() + body
        try:
            return await self._connection.exchange(request, self._plan.patience)
        except TimeoutError:
            self._connection.close()
            raise


def judge(status: int, body: bytes, text: str) -> str:
    """What the answer to a call was."""
    if body.startswith((b"event:", b"data:", b"id:", b":")):
        lines = [line[5:].strip() for line in body.splitlines() if line.startswith(b"data:") and len(line) > 6]
        body = lines[-1] if lines else b""
    try:
        message = json.loads(body)
    except ValueError:
        return f"HTTP {status}, no JSON"
    error = message.get("error")
    if status != 200 or message.get("id") != text:
        label = (error.get("data") or {}).get("error") if error and message.get("id") == text else None
        return f"HTTP {status} {label or error}"
    if error:
        return f"{error['code']} {(error.get('data') or {}).get('error', error['message'])}"
    result = message["result"]
    if result.get("isError"):
        return "isError"
    return "result" if result["content"][0].get("text") == text else "another's answer"


async def drive(plan: Plan) -> list[Sample]:
    callers = [Caller(plan, number) for number in range(plan.connections)]
    for start in range(0, len(callers), 8):
        await asyncio.gather(*(caller.open() for caller in callers[start:start + 8]))
    begin = time.monotonic() + 0.05
    print("from", begin, flush=True)
    await asyncio.gather(*(caller.run(begin) for caller in callers))
    return _sorted(sample for caller in callers for sample in caller.samples)


def _sorted(samples: Iterable[Sample]) -> list[Sample]:
    return sorted(samples, key=lambda sample: sample.began)


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(asyncio.run(drive(Plan(**json.loads(Path(sys.argv[1]).read_text()))))))
