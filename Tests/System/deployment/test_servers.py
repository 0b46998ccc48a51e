"""The scripts of the overlays sentinel and cluster, run as their pods run them: each server at an address and under a name of its own, in a
network of its own, with this machine's redis-server."""
from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Rendered, overlay
from test_settings import Pod
from testbed.node import BINARY
from testbed.process import Process, clean_environment, eventually

PLACES = {"/run/secrets/redis": "secrets", "/etc/redis": "etc", "/run/redis": "run", "/data": "data"}


class Namespace:
    """The pods of an overlay's StatefulSets, on loopback addresses of a network that nobody else sees."""

    def __init__(self, rendered: Rendered, directory: Path) -> None:
        self.rendered, self.directory = rendered, directory
        self.secrets = {name: secrets.token_hex(16) for name in ("password", "replication", "operator")}
        sets = {each["metadata"]["name"]: each["spec"] for each in rendered.all("StatefulSet")}
        names = [f"{name}-{number}.{spec['serviceName']}" for name, spec in sets.items() for number in range(spec["replicas"])]
        self.addresses = {name: f"127.0.1.{index + 1}" for index, name in enumerate(names)}
        self.commands = {f"{name}-{number}.{spec['serviceName']}": spec["template"]["spec"]["containers"][0]["command"]
                         for name, spec in sets.items() for number in range(spec["replicas"])}
        hosts = directory / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in self.addresses.items()))
        (directory / "bin").mkdir()
        (directory / "bin/hostname").write_text('#!/bin/sh\necho "$POD_NAME"\n')
        (directory / "bin/hostname").chmod(0o755)
        self.holder = Process("network", [
            "unshare", "--net", "--mount", "sh", "-c", f"ip link set lo up && mount --bind {hosts} /etc/hosts && echo up && exec sleep 600"], directory)
        eventually("the network is up", lambda: "up" in self.holder.printed() or not self.holder.running)
        assert self.holder.running, self.holder.tail()
        self.running: dict[str, Process] = {}

    def inside(self, *command: str) -> list[str]:
        return ["nsenter", f"--target={self.holder.pid}", "--net", "--mount", "--", *command]

    def lay(self, name: str) -> Path:
        """A pod's volumes; those that are kept stay as they are."""
        place = self.directory / name
        for inside, outside in PLACES.items():
            (place / outside).mkdir(parents=True, exist_ok=True)
        for file, text in self.rendered.config_map("redis-files").items():
            for inside, outside in PLACES.items():
                text = text.replace(inside, str(place / outside))
            (place / "etc" / file).write_text(text)
        for file, value in self.secrets.items():
            (place / "secrets" / file).write_text(value)
        return place

    def environment(self, name: str) -> dict[str, str]:
        return {"POD_NAME": name.partition(".")[0], "POD_IP": self.addresses.get(name, ""),
                "PATH": f"{self.directory / 'bin'}:{clean_environment()['PATH']}"}

    def script(self, name: str, command: list[str]) -> list[str]:
        assert command[0] == "/bin/sh" and len(command) == 2
        return ["/bin/sh", command[1].replace("/etc/redis", str(self.lay(name) / "etc"))]

    def start(self, name: str) -> None:
        self.running[name] = Process(name, self.inside(*self.script(name, self.commands[name]), "--bind", self.addresses[name]), self.directory,
                                     self.environment(name))

    def start_all(self) -> None:
        for name in self.commands:
            self.start(name)

    def kill(self, name: str) -> None:
        """The pod's end, without a word."""
        process = self.running.pop(name)
        # with what its script has begun beside it
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        Process.live.remove(process)

    def ask(self, name: str, *command: str, port: int = 6379, user: str = "operator") -> str:
        result = subprocess.run(
            self.inside("redis-cli", "-h", name, "-p", str(port), *(["--user", user] if port == 6379 else []), "--no-auth-warning", *command),
            capture_output=True, text=True, timeout=20,
            env={**clean_environment(), **({"REDISCLI_AUTH": self.secrets["operator"]} if port == 6379 else {})})
        return result.stdout.strip()

    def node(self, *command: str) -> subprocess.CompletedProcess[str]:
        """The program as a node's pod has it, in this network."""
        place = self.directory / "node"
        if not place.exists():
            place.mkdir()
            Pod(self.rendered, place, self.secrets["password"]).mount()
        return subprocess.run(self.inside(BINARY, *command, "--config", f"{place}/etc/satgate/config/satgate.yaml"), capture_output=True, text=True,
                              timeout=60, env=clean_environment())

    def stop(self) -> None:
        for name in list(self.running):
            self.kill(name)
        self.holder.stop()


@pytest.fixture
def namespace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Namespace]:
    if os.getuid():
        pytest.skip("a network of its own needs root")
    namespace = Namespace(overlay(request.param), tmp_path)
    namespace.start_all()
    yield namespace
    namespace.stop()


def satisfied(namespace: Namespace) -> None:
    """The program, with the settings and the secret of a node's pod, finds nothing in this Redis that would fail it, and writes there."""
    document = namespace.directory / "acme.yaml"
    document.write_text("tenants: [{name: acme, upstreams: []}]\n")
    eventually("a tenant is applied", lambda: namespace.node("tenant", "apply", "-f", str(document)).returncode == 0, within=60, every=0.5)
    findings = json.loads(namespace.node("doctor", "--json").stdout)
    assert not [each for each in findings if each["grade"] == "failure"], findings
    assert any(each["area"] == "redis" and each["grade"] == "good" for each in findings)


def master(namespace: Namespace) -> str:
    """What two sentinels say."""
    said = [namespace.ask(f"sentinel-{number}.sentinel", "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "satgate", port=26379).partition("\n")[0]
            for number in range(3)]
    return next((name for name in said if said.count(name) >= 2), "")


def replicas(namespace: Namespace, name: str) -> int:
    lines = dict(line.strip().split(":", 1) for line in namespace.ask(name, "INFO", "replication").splitlines() if ":" in line)
    return int(lines.get("connected_slaves", -1)) if lines.get("role") == "master" else -1


@pytest.mark.parametrize("namespace", ["sentinel"], indirect=True)
def test_a_master_that_is_lost_is_replaced_and_comes_back_as_a_replica(namespace: Namespace):
    eventually("the master has two replicas", lambda: replicas(namespace, "redis-0.redis") == 2, within=60, every=0.2)
    assert master(namespace) == "redis-0.redis"
    assert namespace.ask("redis-0.redis", "CONFIG", "GET", "min-replicas-to-write").split() == ["min-replicas-to-write", "1"]
    eventually("the sentinels know each other", lambda: all(
        namespace.ask(f"sentinel-{number}.sentinel", "SENTINEL", "CKQUORUM", "satgate", port=26379).startswith("OK 3")
        for number in range(3)), within=60, every=0.2)
    # A sentinel asks the master for its replicas every 10 s only, and can choose none of which it has not heard.
    eventually("the sentinels know both replicas", lambda: all(
        namespace.ask(f"sentinel-{number}.sentinel", "SENTINEL", "REPLICAS", "satgate", port=26379).splitlines().count("name") == 2
        for number in range(3)), within=60, every=0.2)
    eventually("it writes, now that replicas keep up", lambda: namespace.ask("redis-0.redis", "SET", "kept", "1") == "OK", within=60, every=0.2)
    assert namespace.ask("redis-0.redis", "WAIT", "2", "10000") == "2"
    satisfied(namespace)
    namespace.kill("redis-0.redis")
    chosen = eventually("another master is chosen", lambda: (name := master(namespace)) != "redis-0.redis" and name, within=60, every=0.2)
    eventually("it is one", lambda: namespace.ask(chosen, "ROLE").startswith("master"), within=60, every=0.2)
    namespace.start("redis-0.redis")
    eventually("the old one follows it", lambda: namespace.ask("redis-0.redis", "ROLE").split()[:2] == ["slave", chosen], within=60, every=0.2)
    assert namespace.ask("redis-0.redis", "GET", "kept") == "1"
    satisfied(namespace)


def nodes(namespace: Namespace, asked: str = "redis-0.redis") -> list[list[str]]:
    return [line.split() for line in namespace.ask(asked, "CLUSTER", "NODES").splitlines()]


def whole(namespace: Namespace) -> bool:
    """Each server has reached each other one, at the address that it has now."""
    addresses = set(namespace.addresses.values())
    for name in namespace.addresses:
        known = nodes(namespace, name)
        if {line[1].partition(":")[0] for line in known} != addresses or any("fail" in line[2] or line[7] != "connected" for line in known):
            return False
        if "cluster_state:ok" not in namespace.ask(name, "CLUSTER", "INFO"):
            return False
    return True


@pytest.mark.parametrize("namespace", ["cluster"], indirect=True)
def test_the_job_makes_a_cluster_once_and_its_servers_find_each_other_again_at_other_addresses(namespace: Namespace):
    command = namespace.rendered.pods()["Job/redis-cluster-create"]["spec"]["containers"][0]["command"]
    for _ in range(2):
        job = subprocess.run(namespace.inside(*namespace.script("create", command)), capture_output=True, text=True, timeout=90,
                             env={**clean_environment(), **namespace.environment("create")})
        assert job.returncode == 0, job.stdout + job.stderr
    eventually("the cluster is whole", lambda: whole(namespace), within=60, every=0.2)

    def kinds() -> list[int]:
        return [len([line for line in nodes(namespace) if kind in line[2]]) for kind in ("master", "slave")]
    eventually("each master has a replica", lambda: kinds() == [3, 3], within=60, every=0.2)
    assert {line[1].rpartition(",")[2] for line in nodes(namespace)} == {name for name in namespace.addresses}
    assert namespace.ask("redis-0.redis", "CONFIG", "GET", "cluster-require-full-coverage").split()[1] == "no"
    satisfied(namespace)
    # all pods are replaced: none has the address that the others remember
    for name in list(namespace.running):
        namespace.kill(name)
    for name, address in namespace.addresses.items():
        namespace.addresses[name] = address.replace("127.0.1.", "127.0.2.")
    (namespace.directory / "hosts").write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in namespace.addresses.items()))
    namespace.start_all()
    eventually("the cluster is whole again", lambda: whole(namespace), within=60, every=0.2)
    satisfied(namespace)
