"""Schemathesis, which knows of an HTTP API what its OpenAPI document says, and tries what that allows and what it does not."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def drive(document: str, directory: Path, token: str, *words: str, configuration: str = "", seconds: float = 300) -> subprocess.CompletedProcess[str]:
    """One run by the document at that address or path, with that bearer; its exit status is 0 where nothing was found."""
    (directory / "schemathesis.toml").write_text(configuration)
    environment = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    command = [str(Path(sys.executable).with_name("st")), "run", document, "-H", f"Authorization: Bearer {token}", "--no-color",
               "--generation-database", "none", "--request-timeout", "15", "--no-shrink", "--continue-on-failure", *words]
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, timeout=seconds)
