"""The MCP servers behind the gateway, with the oracle of what really ran."""
from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from .process import BUILD, ROOT, Process, eventually, free_port

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Upstream:
    """An MCP server at `url` that counts at `/_stats`."""

    def __init__(self, name: str, argv: list[str], directory: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        self.process = Process(name, [*argv, "--port", str(self.port)], directory)
        eventually(f"{name} answers", self._answers, within=30)

    def _answers(self) -> bool:
        assert self.process.running, self.process.tail()
        try:
            return bool(self.stats())
        except (urllib.error.URLError, ConnectionError, OSError):
            return False

    def _control(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, {"Content-Type": "application/json"})
        with _direct.open(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else {}

    def stats(self) -> dict[str, Any]:
        return self._control("/_stats")

    def calls(self, tool: str) -> int:
        """How often the tool really ran here."""
        return self.stats()["calls"].get(tool, 0)

    def stop(self) -> None:
        self.process.stop()


class LightUpstream(Upstream):
    """The project's own upstream, light enough for load and faults."""

    def __init__(self, directory: Path, name: str = "light") -> None:
        super().__init__(f"upstream-{name}", [str(BUILD / "light-upstream"), "--name", name], directory)

    def release(self) -> None:
        """Lets every parked call answer."""
        self._control("/_release", {})


class EverythingServer(Upstream):
    """The server of the official Python SDK; `generation` 1 or 2. It serves only who brings `token`."""

    def __init__(self, generation: int, token: str, directory: Path) -> None:
        python = ROOT / ".build" / f"venv-mcp{generation}" / "bin" / "python"
        script = Path(__file__).parents[1] / "upstreams" / ("everything_server.py" if generation == 2 else "everything_server_v1.py")
        super().__init__(f"everything-{generation}", [str(python), str(script), "--token", token], directory)
