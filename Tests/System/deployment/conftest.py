"""The overlays of k8s/overlays as `kubectl apply -k` would send them."""
from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed.process import ROOT

BIN = Path(sys.executable).parent
K8S = ROOT / "k8s"
OVERLAYS = sorted(each.name for each in (K8S / "overlays").iterdir() if each.is_dir())
NODE = {"app.kubernetes.io/name": "satgate", "app.kubernetes.io/component": "node"}


def kustomized(directory: Path) -> str:
    result = subprocess.run([BIN / "kubectl", "kustomize", directory], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stdout


def chosen(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    """Whether a label selector of `matchLabels` alone chooses the labels; an empty one chooses all."""
    assert selector is not None and set(selector) <= {"matchLabels"}
    return selector.get("matchLabels", {}).items() <= labels.items()


@dataclass
class Rendered:
    """One overlay."""
    name: str
    text: str
    objects: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.objects = list(yaml.safe_load_all(self.text))

    def all(self, *kinds: str) -> list[dict[str, Any]]:
        return [each for each in self.objects if each["kind"] in kinds]

    def one(self, kind: str, name: str) -> dict[str, Any]:
        found = [each for each in self.all(kind) if each["metadata"]["name"] == name]
        assert len(found) == 1, f"{self.name} has {len(found)} of {kind}/{name}"
        return found[0]

    @property
    def node(self) -> dict[str, Any]:
        """The pod of a node."""
        return self.one("Deployment", "satgate")["spec"]["template"]

    @property
    def container(self) -> dict[str, Any]:
        [found] = self.node["spec"]["containers"]
        return found

    def pods(self) -> dict[str, dict[str, Any]]:
        """All pod templates, by `kind/name`."""
        return {f"{each['kind']}/{each['metadata']['name']}": each["spec"]["template"]
                for each in self.all("Deployment", "StatefulSet", "DaemonSet", "Job")}

    def config_map(self, prefix: str) -> dict[str, str]:
        [found] = [each for each in self.all("ConfigMap") if each["metadata"]["name"].startswith(prefix)]
        return found["data"]

    @property
    def settings(self) -> dict[str, Any]:
        """The node's settings."""
        return yaml.safe_load(self.config_map("satgate-config")["satgate.yaml"])


_rendered: dict[str, Rendered] = {}


def overlay(name: str) -> Rendered:
    if name not in _rendered:
        _rendered[name] = Rendered(name, kustomized(K8S / "overlays" / name))
    return _rendered[name]


@pytest.fixture(params=OVERLAYS)
def rendered(request: pytest.FixtureRequest) -> Rendered:
    return overlay(request.param)
