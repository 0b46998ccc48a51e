"""Debian's Prometheus and promtool, unpacked by setup.sh, and a reader of their text format."""
from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx

from .node import Node
from .process import BUILD, Process, eventually, free_port

PROGRAMS = BUILD.parent / "prometheus" / "usr" / "bin"
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")


def page(node: Node) -> str:
    """The node's metrics as text."""
    response = httpx.get(f"{node.admin}/metrics", timeout=30, trust_env=False)
    assert response.status_code == 200 and response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return response.text


def samples(text: str) -> dict[str, float]:
    """Each series with its labels as written."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        name = match[1] + (f"{{{match[2]}}}" if match[2] else "")
        assert name not in found, f"twice: {name}"
        found[name] = float(match[3])
    return found


def promtool(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(PROGRAMS / "promtool"), *arguments], input=text, capture_output=True, text=True, timeout=60)


class Prometheus:
    """A Prometheus that scrapes these nodes every 200 ms."""

    def __init__(self, directory: Path, nodes: list[Node], rules: Path | None = None) -> None:
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        targets = [node.admin.removeprefix("http://") for node in nodes]
        configuration = {
            "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms"},
            "scrape_configs": [{"job_name": "satgate", "static_configs": [{"targets": targets}]}],
            **({"rule_files": [str(rules)]} if rules else {})}
        file = directory / "prometheus.json"
        file.write_text(json.dumps(configuration))  # JSON is YAML
        self.process = Process("prometheus", [
            str(PROGRAMS / "prometheus"), f"--config.file={file}", f"--storage.tsdb.path={directory / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}"], directory)
        eventually("Prometheus is ready", self._ready, within=30)

    def _ready(self) -> bool:
        assert self.process.running, self.process.tail()
        try:
            return httpx.get(f"{self.base}/-/ready", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def get(self, path: str, **query: str) -> Any:
        response = httpx.get(f"{self.base}/api/v1/{path}", params=query, timeout=30, trust_env=False)
        assert response.status_code == 200, response.text
        return response.json()["data"]

    def value(self, query: str) -> float | None:
        """The first value of an instant query."""
        result = self.get("query", query=query)["result"]
        return float(result[0]["value"][1]) if result else None

    def stop(self) -> int:
        return self.process.stop(grace=15)
