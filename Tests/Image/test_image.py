"""The image, built without a registry and run by runc as Kubernetes runs it under the restricted profile."""
from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.agent import Agent
from testbed.node import Cell, tenant
from testbed.process import BUILD, ROOT, Process, eventually, free_port
from testbed.redis_server import RedisServer
from testbed.upstream import LightUpstream

pytest_plugins = ["testbed.plugin"]

BINARY_BUILT = Path(os.environ.get("SATGATE_RELEASE", ROOT / ".build/release/satgate"))
PLACE = Path(os.environ.get("SATGATE_IMAGE", ROOT / ".build/image-check"))
MOST = 90_000_000


class Image:
    """What build.sh made."""

    def __init__(self) -> None:
        subprocess.run([ROOT / "Tests/Image/build.sh", BINARY_BUILT, PLACE], check=True, stdout=subprocess.DEVNULL)
        self.rootfs = PLACE / "rootfs"
        self.settings: dict[str, Any] = json.loads((PLACE / "inspect.json").read_text())["Docker"]["config"]
        self.base: list[str] = json.loads((PLACE / "base.json").read_text())["OCIv1"]["rootfs"]["diff_ids"]

    def layers(self) -> list[int]:
        """The bytes of each layer above the base's, uncompressed."""
        def blob(digest: str) -> Path:
            return PLACE / "layers/blobs" / digest.replace(":", "/")
        index = json.loads((PLACE / "layers/index.json").read_text())
        manifest = json.loads(blob(index["manifests"][0]["digest"]).read_text())
        sizes = []
        for layer in manifest["layers"][len(self.base):]:
            with gzip.open(blob(layer["digest"])) as tar:
                sizes.append(sum(len(part) for part in iter(lambda: tar.read(1 << 20), b"")))
        return sizes


class Container:
    """One run of the image: its user, no right, a read-only root with a small /tmp, the network of this machine."""

    def __init__(self, image: Image, directory: Path, name: str, command: list[str], env: dict[str, str], mounts: dict[Path, str]) -> None:
        self.id = f"satgate-{os.getpid()}-{name}"
        self.state = directory / "runc"
        bundle = directory / f"bundle-{name}"
        bundle.mkdir()
        (bundle / "config.json").write_text(json.dumps(self._specification(image, command, env, mounts)))
        self.process = Process(name, ["runc", "--root", str(self.state), "run", "--bundle", str(bundle), self.id], directory)

    @staticmethod
    def _specification(image: Image, command: list[str], env: dict[str, str], mounts: dict[Path, str]) -> dict[str, Any]:
        user, group = (int(each) for each in image.settings["User"].split(":"))
        assert user and group
        plain = {"options": ["nosuid", "nodev", "noexec"]}
        return {
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": user, "gid": group}, "args": [*image.settings["Entrypoint"], *command], "cwd": "/",
                "env": [*image.settings["Env"], *(f"{name}={value}" for name, value in env.items())],
                "noNewPrivileges": True, "capabilities": {kind: [] for kind in ("bounding", "effective", "permitted", "inheritable", "ambient")},
            },
            "root": {"path": str(image.rootfs), "readonly": True},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc", **plain},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]},
                {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": [*plain["options"], "size=16m"]},
                *({"destination": inside, "type": "bind", "source": str(outside), "options": ["rbind", "ro"]} for outside, inside in mounts.items()),
            ],
            # the machine's network, for Redis and the upstream on loopback; no cgroup: not every machine lets one be made
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]},
        }

    def exec(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["runc", "--root", str(self.state), "exec", self.id, *command], capture_output=True, text=True, timeout=60)

    def remove(self) -> None:
        subprocess.run(["runc", "--root", str(self.state), "delete", "--force", self.id], capture_output=True, timeout=60)


@pytest.fixture(scope="session")
def image() -> Image:
    missing = [each for each in (BINARY_BUILT, BUILD / "light-upstream") if not each.exists()] + [
        each for each in ("buildah", "debootstrap", "runc") if not shutil.which(each)]
    assert not missing, f"not there: {missing} (make image-check makes them)"
    return Image()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


def test_our_layers_are_small(image):
    sizes = image.layers()
    binary = (image.rootfs / "usr/local/bin/satgate").stat().st_size
    print(f"\nour layers: {[f'{size / 1e6:.1f} MB' for size in sizes]}, together {sum(sizes) / 1e6:.1f} of {MOST / 1e6:.0f} MB; "
          f"the program is {binary / 1e6:.1f} MB of that")
    assert binary < sum(sizes) <= MOST


def test_the_image_says_how_it_is_to_be_run(image):
    assert image.settings["User"] == "65532:65532"
    assert image.settings["Entrypoint"] == ["/usr/local/bin/satgate"] and image.settings["Cmd"] == ["serve"]
    assert set(image.settings["ExposedPorts"]) == {"8080/tcp", "9090/tcp"}
    assert image.settings["Healthcheck"]["Test"] == ["CMD", "/usr/local/bin/satgate", "health"]


def test_only_what_is_needed_was_added(image):
    binary = image.rootfs / "usr/local/bin/satgate"
    assert binary.stat().st_mode & 0o7777 == 0o555 and binary.stat().st_uid == 0
    assert "Symbol table '.symtab'" not in subprocess.run(["readelf", "-sW", binary], capture_output=True, text=True, check=True).stdout
    assert (image.rootfs / "usr/share/zoneinfo/Europe/Berlin").exists() and (image.rootfs / "etc/ssl/certs/ca-certificates.crt").exists()
    for absent in ("usr/bin/curl", "usr/bin/openssl", "usr/bin/wget", "usr/bin/swift", "usr/bin/gcc", "usr/bin/python3", "source"):
        assert not (image.rootfs / absent).exists(), absent


async def test_it_serves_a_call_without_any_right_and_stops_when_told(image, redis, tmp_path: Path):
    upstream = LightUpstream(tmp_path)
    cell = Cell(tmp_path, redis, [tenant(
        "acme", {"light": upstream.url}, tariff={"default": 2}, budgets={"team": {"limit": 100, "window": "day", "zone": "Europe/Berlin"}},
        default_budget="team")])
    port, admin = free_port(), free_port()
    for file in (cell.keys, cell.tenants):
        # runc's user must be able to read them, as it can a Secret's files by fsGroup
        file.chmod(0o444)
    inside = {cell.keys: "/etc/satgate/keys.yaml", cell.tenants: "/etc/satgate/tenants.yaml"}
    node = Container(image, tmp_path, "node", image.settings["Cmd"], {
        "SATGATE_LISTEN_PORT": str(port), "SATGATE_ADMIN_PORT": str(admin), "SATGATE_REDIS_URL": redis.url,
        "SATGATE_KEYS_FILE": inside[cell.keys], "SATGATE_TENANTS_FILE": inside[cell.tenants],
        "SATGATE_UPSTREAMS_ALLOW_NETWORKS": "127.0.0.0/8"}, inside)
    try:
        eventually("the node listens", lambda: "listening on" in node.process.printed() or not node.process.running, within=30)
        assert node.process.running, node.process.tail()
        found = node.exec(*image.settings["Healthcheck"]["Test"][1:])
        assert (found.returncode, found.stdout) == (0, "ok\n"), found.stderr
        status = dict(line.split(":\t", 1) for line in node.exec("/bin/cat", "/proc/1/status").stdout.splitlines() if ":\t" in line)
        assert status["Uid"].split() == ["65532"] * 4 and status["Gid"].split() == ["65532"] * 4
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0 and status["NoNewPrivs"] == "1"
        written = node.exec("/bin/touch", "/usr/local/bin/other")
        assert written.returncode and "Read-only file system" in written.stderr

        class There:
            mcp = f"http://127.0.0.1:{port}/mcp"
            base = f"http://127.0.0.1:{port}"
        async with Agent(cell.mint("acme")) as agent:
            await agent.open(There)
            assert (await agent.call(There, "echo", text="out of a container")).text == "out of a container"
        assert redis.client.hget("satgate:{acme}:account:team", "spent") == "2000000"
        # runc passes the signal on
        assert node.process.stop(grace=30) == 0, node.process.tail()
    finally:
        node.remove()
        upstream.stop()


def test_nothing_but_what_is_built_from_gets_into_the_build(image, tmp_path: Path):
    recipe = tmp_path / "Dockerfile"
    recipe.write_text("FROM scratch\nCOPY . /\n")
    storage = ["--root", str(tmp_path / "store"), "--runroot", str(tmp_path / "run"), "--storage-driver", "vfs"]
    stray = ROOT / f"stray-{os.getpid()}.yaml"
    stray.write_text("a secret\n")
    try:
        subprocess.run(["buildah", *storage, "bud", "--isolation", "chroot", "--file", str(recipe), "--tag", "localhost/context", str(ROOT)],
                       check=True, capture_output=True)
    finally:
        stray.unlink()
    container = subprocess.run(["buildah", *storage, "from", "localhost/context"], check=True, capture_output=True, text=True).stdout.strip()
    context = Path(subprocess.run(["buildah", *storage, "mount", container], check=True, capture_output=True, text=True).stdout.strip())
    assert {each.name for each in context.iterdir()} - {"Package.resolved"} == {".build", "Makefile", "Package.swift", "Sources", "Tests"}
    assert [each.name for each in (context / ".build").rglob("*") if each.is_file()] == ["satgate"]
    assert not {"System", "Chaos", "Bench", "Image"} & {each.name for each in (context / "Tests").iterdir()}
    for target in ("MacaroonsTests", "Fixtures/Library", "Fixtures/WrongClock"):
        assert any((context / "Tests" / target).iterdir())
