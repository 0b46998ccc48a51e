"""Some calls through the official Python client, each retried under its key until it has a definitive answer."""
from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from testbed import sdk
from testbed.light_agent import Kind, Sample

PATIENCE = 90.0
SILENCE = 30.0  # seconds without an answer, after which the node is given up; what was under way is cancelled by that
KEY = "io.satgate/idempotencyKey"
# What says nothing definitive of the call.
PASSING = {"node_lost", "in_progress", "store_unavailable", None}


class Official(threading.Thread):
    """One client that calls `echo`; when it loses its node it connects to the next."""

    def __init__(self, bank: Any, calls: int, kind: Kind) -> None:
        super().__init__(daemon=True)
        self._bank, self._calls, self._kind = bank, calls, kind
        self._ending = False
        self._samples: list[Sample] = []
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._converse())
        except Exception as error:  # the test's own thread tells it
            self._error = error

    def finish(self) -> list[Sample]:
        """What became of the calls; the one under way is the last."""
        self._ending = True
        self.join(PATIENCE + 30)
        assert not self.is_alive(), "the official client hangs"
        if self._error:
            raise self._error
        return self._samples

    async def _converse(self) -> None:
        call, began, attempts, node = 0, time.monotonic(), 0, 0
        while call < self._calls and not (self._ending and not attempts):
            node += 1
            mode = "auto" if node % 2 else "legacy"
            try:
                async with asyncio.timeout(SILENCE) as silence, sdk.connect(
                        self._bank.nodes[node % len(self._bank.nodes)].mcp, self._bank.token, mode=mode) as client:
                    while call < self._calls and not (self._ending and not attempts):
                        attempts += 1
                        outcome = await self._call(client, f"official-{call}")
                        self._samples.append(Sample(f"official-{call}", self._kind, "", attempts, began, time.monotonic(), outcome, ""))
                        call, began, attempts = call + 1, time.monotonic(), 0
                        silence.reschedule(asyncio.get_running_loop().time() + SILENCE)
            except BaseException as error:
                if not _passes(error):
                    raise
                if attempts and time.monotonic() - began > PATIENCE:
                    self._samples.append(Sample(f"official-{call}", self._kind, "", attempts, began, time.monotonic(), "undecided", str(error)))
                    call, attempts = call + 1, 0
                await asyncio.sleep(0.05)

    async def _call(self, client: sdk.Connection, name: str) -> str:
        result = await client.call(self._kind.tool, {"text": name, "call": name}, meta={KEY: name})
        return "tool_error" if result.get("isError") else "result" if result["content"][0]["text"] == name else "another's result"


def _passes(error: BaseException) -> bool:
    """Whether it only says that a node was lost."""
    if isinstance(error, BaseExceptionGroup):
        return all(_passes(each) for each in error.exceptions)
    if isinstance(error, sdk.Refused):
        return error.data.get("error") in PASSING
    return isinstance(error, Exception)
