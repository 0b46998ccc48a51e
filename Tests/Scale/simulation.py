"""Drives the program that plays the nodes (Tests/Fixtures/Simulation)."""
from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import arithmetic
from testbed.process import BUILD, clean_environment, eventually


class Simulation:
    """Nodes of one process; it ends when its input does, so with us whatever happens."""

    def __init__(self, directory: Path, **plan: Any) -> None:
        file, self._output, self._log = directory / "plan.json", directory / "simulation.out", directory / "simulation.log"
        file.write_text(json.dumps({"prefix": arithmetic.PREFIX, "tenants": 10, "patience": 30, **plan}))
        with open(self._output, "wb") as output, open(self._log, "wb") as log:
            self._child = subprocess.Popen([str(BUILD / "simulation"), str(file)], stdin=subprocess.PIPE, stdout=output, stderr=log,
                                           env=clean_environment(), text=True)

    def __enter__(self) -> Simulation:
        eventually("all nodes live and hear", lambda: self._said("ready"), within=240)
        return self

    def play(self) -> dict[str, Any]:
        """Has the traffic go on until all of it is heard; what was sent and heard."""
        self._tell()
        return json.loads(eventually("the traffic is over", lambda: self._said("{"), within=240))

    def __exit__(self, *_: object) -> None:
        if self._child.poll() is None:
            self._tell()
            try:
                self._child.wait(60)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait(10)
        self._child.stdin.close()

    def _tell(self) -> None:
        self._child.stdin.write("\n")
        self._child.stdin.flush()

    def _said(self, begin: str) -> str | None:
        assert self._child.poll() is None, self._log.read_text()[-4000:]
        return next((line for line in self._output.read_text().splitlines() if line.startswith(begin)), None)
