"""The real program takes each overlay's settings and files, and serves behind the real Redis of the manifests."""
from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
import yaml

from conftest import K8S, OVERLAYS, Rendered, overlay
from testbed.node import BINARY, run
from testbed.process import Process, clean_environment, eventually, free_port

def certificate(directory: Path) -> None:
    """ca.crt, tls.crt and tls.key, as a Secret of type kubernetes.io/tls has them."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=satgate",
                    "-keyout", directory / "tls.key", "-out", directory / "tls.crt"], check=True, capture_output=True)
    (directory / "ca.crt").write_bytes((directory / "tls.crt").read_bytes())


@dataclass
class Pod:
    """A node's file system as the kubelet mounts it, below `root`."""
    rendered: Rendered
    root: Path
    password: str

    def mount(self) -> None:
        volumes = {each["name"]: each for each in self.rendered.node["spec"]["volumes"]}
        for mount in self.rendered.container["volumeMounts"]:
            place = self.root / mount["mountPath"].lstrip("/")
            place.mkdir(parents=True, exist_ok=True)
            volume = volumes[mount["name"]]
            if "configMap" in volume:
                for name, text in self.rendered.config_map(volume["configMap"]["name"]).items():
                    (place / name).write_text(text.replace("/etc/satgate/", f"{self.root}/etc/satgate/"))
            elif "secret" in volume:
                self._secret(volume["secret"]["secretName"], place)

    def _secret(self, name: str, place: Path) -> None:
        """What k8s/README.md tells an operator to put there."""
        if name == "satgate-keys":
            (place / "keys.yaml").write_text(json.dumps({"keys": [{"id": "k1", "tenant": "acme", "secret_hex": os.urandom(32).hex()}]}))
        elif name == "satgate-admin":
            (place / "tokens.yaml").write_text(json.dumps({"tokens": [{"name": "admin", "role": "admin", "token": secrets.token_hex(24)}]}))
        elif name == "satgate-redis":
            (place / "password").write_text(self.password)
        elif name == "satgate-redis-tls":
            certificate(place)
        else:
            assert name == "satgate-upstreams", f"nobody is told of the Secret {name}"
        for file in place.iterdir():
            file.chmod(0o440)

    @property
    def arguments(self) -> list[str]:
        return [each.replace("/etc/satgate/", f"{self.root}/etc/satgate/") for each in self.rendered.container["args"]]

    @property
    def config(self) -> str:
        return self.arguments[self.arguments.index("--config") + 1]


@pytest.fixture
def pod(rendered: Rendered, tmp_path: Path) -> Pod:
    pod = Pod(rendered, tmp_path, secrets.token_hex(16))
    pod.mount()
    return pod


def texts(value: Any) -> Iterator[str]:
    """All texts in a document."""
    if isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def test_the_program_knows_all_settings_and_finds_all_files(pod: Pod):
    assert pod.arguments[0] == "serve"
    files = [Path(text) for text in texts(yaml.safe_load(Path(pod.config).read_text())) if text.startswith("/")]
    assert len(files) >= 4
    assert [file for file in files if not file.is_file()] == []
    result = run("doctor", "--json", "--config", pod.config, env={"SATGATE_REDIS_TIMEOUT": "200"})
    findings = json.loads(result.stdout)
    failures = [each for each in findings if each["grade"] == "failure"]
    assert [each["area"] for each in failures] == ["redis"], failures
    assert not [each for each in findings if "no setting" in each["what"]], findings
    assert "out of reach" in failures[0]["what"]


def test_the_address_of_redis_is_one_that_a_node_goes_to(pod: Pod):
    result = run("nodes", "--config", pod.config, env={"SATGATE_REDIS_TIMEOUT": "200"})
    # 78 would be a setting that it does not take
    assert result.returncode == 69, result.stderr


def test_the_operator_is_told_of_every_secret_and_what_is_in_it():
    told = (K8S / "README.md").read_text()
    for name in OVERLAYS:
        volumes = [volume["secret"] for pod in overlay(name).pods().values() for volume in pod["spec"]["volumes"] if "secret" in volume]
        for volume in volumes:
            assert f"`{volume['secretName']}`" in told or f"generic {volume['secretName']} " in told, volume
    for file in ("keys.yaml", "tokens.yaml", "password=", "replication=", "operator=", "ca.crt", "tls.crt", "tls.key"):
        assert file in told, file


class Server:
    """A Redis started as its pod starts it: the image's script, with this machine's redis-server."""

    def __init__(self, rendered: Rendered, directory: Path, *options: str) -> None:
        self.port = free_port()
        self.secrets = {name: secrets.token_hex(16) for name in ("password", "replication", "operator")}
        places = {"/etc/redis": directory / "etc", "/run/redis": directory / "run", "/run/secrets/redis": directory / "secrets",
                  "/data": directory / "data"}
        for place in places.values():
            place.mkdir()
        for name, text in rendered.config_map("redis-files").items():
            for inside, outside in sorted(places.items(), reverse=True):
                text = text.replace(inside, str(outside))
            (places["/etc/redis"] / name).write_text(text)
        for name, value in self.secrets.items():
            (places["/run/secrets/redis"] / name).write_text(value)
        self.process = Process("redis", ["/bin/sh", str(places["/etc/redis"] / "start.sh"), "--port", str(self.port), "--bind", "127.0.0.1",
                                         *options], directory)
        eventually("Redis answers", self._answers)

    def client(self, user: str = "default", secret: str | None = None) -> redis.Redis:
        return redis.Redis(port=self.port, username=user if secret else None, password=self.secrets[secret] if secret else None,
                           decode_responses=True, protocol=2, socket_timeout=10)

    def _answers(self) -> bool:
        assert self.process.running, self.process.tail()
        try:
            return bool(self.client().ping())
        except (redis.ConnectionError, redis.BusyLoadingError, redis.TimeoutError):
            return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    server = Server(overlay("dev"), tmp_path_factory.mktemp("redis"))
    yield server
    server.process.stop()


def test_the_user_of_nodes_has_the_rights_that_the_program_asks_for():
    told = run("doctor", "--acl").stdout.split()
    assert told[:5] == ["ACL", "SETUSER", "satgate", "on", ">PASSWORD"]
    wanted = ["user", "satgate", "on", "#PASSWORD", *told[5:]]
    for name in ("dev", "sentinel", "cluster"):
        lines = overlay(name).config_map("redis-files")["users.acl"].splitlines()
        found = [line.split() for line in lines if line.startswith("user satgate ")]
        assert found == [wanted], f"the line of k8s/components/redis/users.acl must be: {' '.join(wanted)}"


def test_redis_keeps_the_books_and_lets_nobody_in_without_a_password(server: Server):
    config = server.client("operator", "operator").config_get("*")
    assert {key: config[key] for key in ("maxmemory-policy", "appendonly", "appendfsync", "protected-mode")} == {
        "maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec", "protected-mode": "no"}
    assert int(config["maxmemory"]) == 768 << 20
    limit = overlay("dev").pods()["StatefulSet/redis"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
    assert limit == "1Gi", "a quarter of it is to be left"
    assert server.client().ping()
    for command in (("GET", "x"), ("CONFIG", "GET", "*"), ("INFO",), ("PUBLISH", "a", "b")):
        with pytest.raises(redis.exceptions.NoPermissionError):
            server.client().execute_command(*command)
    with pytest.raises(redis.exceptions.NoPermissionError):
        server.client("satgate", "password").set("foreign", "1")
    with pytest.raises(redis.exceptions.AuthenticationError):
        server.client("satgate", "operator").ping()
    # what is made of passwords stands in memory only, and not in arguments
    argv = Path(f"/proc/{server.process.pid}/cmdline").read_bytes().decode()
    assert not any(value in argv for value in server.secrets.values())


def test_a_node_serves_with_the_settings_of_the_dev_overlay(server: Server, tmp_path: Path):
    pod = Pod(overlay("dev"), tmp_path, server.secrets["password"])
    pod.mount()
    ports = {"SATGATE_LISTEN_PORT": str(free_port()), "SATGATE_ADMIN_PORT": str(free_port())}
    environment = {**ports, "SATGATE_REDIS_URL": f"redis://127.0.0.1:{server.port}", "SATGATE_LISTEN_HOST": "127.0.0.1", "SATGATE_ADMIN_HOST": "127.0.0.1"}
    node = Process("node", [BINARY, *pod.arguments], tmp_path, environment)
    admin = f"http://127.0.0.1:{ports['SATGATE_ADMIN_PORT']}"

    def get(path: str) -> httpx.Response | None:
        assert node.running, node.tail()
        try:
            return httpx.get(admin + path, trust_env=False, timeout=5)
        except httpx.TransportError:
            return None
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        path = pod.rendered.container[probe]["httpGet"]["path"]
        eventually(f"{path} is good", lambda: (answer := get(path)) is not None and answer.status_code == 200)
    findings = json.loads(run("doctor", "--json", "--config", pod.config, env=environment).stdout)
    assert not [each for each in findings if each["grade"] == "failure"], findings
    # a mounted ConfigMap that changes is taken in by the running node, as is its tenant
    tenants = tmp_path / "etc/satgate/tenants/tenants.yaml"
    fresh = tenants.with_suffix(".new")
    fresh.write_text("tenants:\n  - {name: acme, upstreams: []}\n")
    fresh.rename(tenants)
    eventually("the tenant is known", lambda: "acme" in run("tenant", "list", "--config", pod.config, env=environment).stdout, every=0.2)
    assert node.stop(grace=30) == 0, node.tail()
