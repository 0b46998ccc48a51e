"""The MCP servers behind the gateway, with the oracle of what really ran."""
from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from .process import BUILD, ROOT, Process, eventually, free_port

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Upstream:
    """An MCP server at `url` that counts at `/_stats`; started again it has the same port."""
    host = "127.0.0.1"

    def __init__(self, name: str, argv: list[str], directory: Path, port: int = 0) -> None:
        self.name = name
        self.port = port or free_port()
        self.url = f"http://{self.host}:{self.port}/mcp"
        self.sse = f"http://{self.host}:{self.port}/sse"
        self._argv = [*argv, "--port", str(self.port)]
        self._directory = directory
        self.start()

    def start(self, *more: str) -> None:
        """Starts it, with more arguments than the first time perhaps, and waits until it answers."""
        self.process = Process(self.name, [*self._argv, *more], self._directory)
        eventually(f"{self.name} answers", self._answers, within=30, every=0.01)

    def _answers(self) -> bool:
        assert self.process.running, self.process.tail()
        try:
            return bool(self.stats())
        except (urllib.error.URLError, ConnectionError, OSError):
            return False

    def _control(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.host}:{self.port}{path}", data, {"Content-Type": "application/json"})
        with _direct.open(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else {}

    def stats(self) -> dict[str, Any]:
        return self._control("/_stats")

    def calls(self, tool: str) -> int:
        """How often the tool really ran here."""
        return self.stats()["calls"].get(tool, 0)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        Process.live.remove(self.process)

    def freeze(self) -> None:
        """It hangs: connections are accepted, nothing is answered."""
        self.process.freeze()

    def thaw(self) -> None:
        self.process.thaw()

    def stop(self) -> None:
        self.process.stop()


LIGHT = str(BUILD / "light-upstream")


def flags(options: dict[str, Any]) -> list[str]:
    """`delay_all=True` → `--delay-all yes`; lists are joined by commas."""
    words = []
    for key, value in options.items():
        if isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, (list, tuple)):
            value = ",".join(value)
        words += [f"--{key.replace('_', '-')}", str(value)]
    return words


class LightUpstream(Upstream):
    """The project's own upstream, light enough for load and faults."""

    def __init__(self, directory: Path, name: str = "light", port: int = 0, **options: Any) -> None:
        """`port`: nobody else has it; `options`: those of `light-upstream`, as `era="modern"`, `delay=200`, `delay_all=True`, `tools=["echo"]`."""
        self.host = options.get("host", self.host)
        super().__init__(f"upstream-{name}", [LIGHT, "--name", name, *flags(options)], directory, port)

    def runs(self) -> dict[str, int]:
        """How often each call ran that named itself in its argument `call`."""
        return self._control("/_runs")

    def release(self) -> None:
        """Lets every parked call answer."""
        self._control("/_release", {})

    def reset(self) -> None:
        """Begins counting anew."""
        self._control("/_stats/reset", {})

    def behave(self, **mode: Any) -> None:
        """`hang=True`, `status=503`, `reset=True`, `drop=True`, `garbage=True`, `forgetSessions=True`; nothing: as it should."""
        self._control("/_mode", mode)

    def show(self, *tools: str) -> None:
        """Shows exactly these tools from now on and tells who listens."""
        self._control("/_tools", {"tools": list(tools)})

    def describe(self, tool: str, description: str) -> None:
        """Changes a tool's definition and tells who listens."""
        self._control("/_describe", {"tool": tool, "description": description})


class EverythingServer(Upstream):
    """The server of the official Python SDK; `generation` 1 or 2. It serves only who brings `token`."""

    def __init__(self, generation: int, token: str, directory: Path, more: bool = False) -> None:
        """`more`: with the tools of everything_more.py."""
        python = ROOT / ".build" / f"venv-mcp{generation}" / "bin" / "python"
        name = "everything_more.py" if more else "everything_server.py" if generation == 2 else "everything_server_v1.py"
        script = Path(__file__).parents[1] / "upstreams" / name
        super().__init__(f"everything-{generation}", [str(python), str(script), "--token", token], directory)


class FastMCPServer(Upstream):
    """A server of the FastMCP framework; it counts nothing."""

    def __init__(self, directory: Path) -> None:
        python = ROOT / ".build" / "venv-thirdparty" / "bin" / "python"
        super().__init__("fastmcp", [str(python), str(Path(__file__).parents[1] / "upstreams" / "fastmcp_server.py")], directory)

    def _answers(self) -> bool:
        assert self.process.running, self.process.tail()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
