"""TLS at both ports, as openssl and httpx see it: versions, certificates that change under open streams, clients' certificates, floods."""
from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from testbed.agent import Agent, Listener
from testbed.node import Cell, Node, run, tenant
from testbed.process import eventually
from testbed.prometheus import page, samples
from testbed.redis_server import RedisServer
from testbed.secure import Certificates
from testbed.upstream import LightUpstream


@dataclass
class Gate:
    cell: Cell
    certificates: Certificates
    node: Node
    files: Path

    def put(self, certificate: str, key: str | None = None) -> None:
        """Swaps both files at once, as Kubernetes does: a link to a directory is replaced."""
        fresh = self.files / f"..{time.monotonic_ns()}"
        fresh.mkdir()
        (fresh / "tls.crt").write_bytes(Path(self.certificates.crt(certificate)).read_bytes())
        (fresh / "tls.key").write_bytes(Path(self.certificates.key(key or certificate)).read_bytes())
        link = self.files / "..new"
        link.symlink_to(fresh.name)
        link.rename(self.files / "..data")

    def reloads(self, outcome: str) -> float:
        return samples(page(self.node))[f'satgate_tls_reloads_total{{outcome="{outcome}",port="agents"}}']


def settings(files: Path) -> dict[str, str]:
    return {"SATGATE_LISTEN_TLS_CERTIFICATE_FILE": str(files / "tls.crt"), "SATGATE_LISTEN_TLS_KEY_FILE": str(files / "tls.key"),
            "SATGATE_LIMITS_HEAD_TIME": "2000"}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    directory = tmp_path_factory.mktemp("tls")
    redis, upstream, certificates = RedisServer(directory), LightUpstream(directory), Certificates(directory / "made")
    cell = Cell(directory, redis, [tenant("acme", {"light": upstream.url}, budgets={"team": {"limit": 100_000}}, default_budget="team")])
    files = directory / "mounted"
    files.mkdir()
    for name in ("tls.crt", "tls.key"):
        (files / name).symlink_to(f"..data/{name}")
    gate = Gate(cell, certificates, None, files)  # type: ignore[arg-type]
    gate.put("server")
    gate.node = cell.node("node", **settings(files))
    yield gate
    gate.node.stop()
    upstream.stop()
    redis.stop()


def s_client(port: int, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *words], input="", capture_output=True, text=True, timeout=30)


def shown(port: int) -> str:
    """The common name of the certificate that a new connection is shown."""
    found = re.search(r"subject=.*?CN ?= ?(\S+)", s_client(port).stdout)
    return found[1] if found else ""


async def canary(gate: Gate) -> None:
    async with Agent(gate.cell.mint()) as agent:
        await agent.open(gate.node)
        assert (await agent.call(gate.node, "echo", text="canary")).text == "canary"


async def test_an_agent_that_knows_the_authority_is_served(gate):
    context = ssl.create_default_context(cafile=gate.certificates.crt("ca"))
    async with httpx.AsyncClient(verify=context, trust_env=False) as client:
        assert (await client.get(f"{gate.node.base}/mcp")).status_code == 401
        assert (await client.get(f"https://localhost:{gate.node.port}/mcp")).status_code == 401
    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=gate.certificates.crt("other")), trust_env=False) as client:
            await client.get(f"{gate.node.base}/mcp")
    await canary(gate)


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
async def test_an_old_version_is_refused(gate, version):
    tried = s_client(gate.node.port, version, "-cipher", "ALL:@SECLEVEL=0")
    assert tried.returncode != 0 and "alert protocol version" in tried.stderr, tried.stderr
    await canary(gate)


@pytest.mark.parametrize("version, named", [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
async def test_the_two_newest_versions_are_spoken_with_forward_secrecy(gate, version, named):
    told = s_client(gate.node.port, version, "-CAfile", gate.certificates.crt("ca"), "-verify_return_error").stdout
    assert f"New, {named}" in told and "Verify return code: 0 (ok)" in told, told
    assert "Secure Renegotiation IS supported" in told or named == "TLSv1.3"
    assert re.search(r"(Peer|Server) Temp Key: (X25519|ECDH)", told), told


@pytest.mark.parametrize("cipher", ["NULL", "RC4", "3DES", "DES", "kRSA", "aNULL", "EXPORT"])
async def test_a_weak_cipher_is_not_spoken(gate, cipher):
    tried = s_client(gate.node.port, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
    assert tried.returncode != 0


async def test_http_1_1_is_all_that_is_spoken(gate):
    assert "ALPN protocol: http/1.1" in s_client(gate.node.port, "-alpn", "h2,http/1.1").stdout
    assert "ALPN protocol: h2" not in s_client(gate.node.port, "-alpn", "h2").stdout


async def test_plain_http_at_a_secure_port_is_not_answered(gate):
    with socket.create_connection(("127.0.0.1", gate.node.port), timeout=10) as connection:
        connection.sendall(b"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        try:
            received = connection.recv(4096)
        except ConnectionResetError:
            received = b""
    assert not received.startswith(b"HTTP")
    await canary(gate)


async def test_a_new_certificate_is_shown_to_new_connections_and_open_streams_stay(gate):
    gate.put("server")
    eventually("the first is shown", lambda: shown(gate.node.port) == "server")
    async with Agent(gate.cell.mint()) as agent:
        await agent.open(gate.node)
        async with Listener(agent, gate.node) as stream:
            taken = gate.reloads("taken")
            gate.put("elsewhere")
            eventually("the new one is shown", lambda: shown(gate.node.port) == "elsewhere")
            assert gate.reloads("taken") == taken + 1
            assert (await agent.call(gate.node, "echo", text="x")).text == "x"
            assert stream.status == 200 and not stream.closed.is_set()
            # what cannot be used changes nothing: a key of another, a certificate that is over, half a file
            for number, (certificate, key) in enumerate([("server", "elsewhere"), ("expired", None)]):
                refused = gate.reloads("refused")
                gate.put(certificate, key)
                eventually("it was looked at", lambda: gate.reloads("refused") == refused + 1)
                assert shown(gate.node.port) == "elsewhere", number
            refused = gate.reloads("refused")
            whole = Path(gate.certificates.crt("server")).read_bytes()
            (gate.files / "..data" / "tls.crt").write_bytes(whole[:len(whole) // 2])
            eventually("it was looked at", lambda: gate.reloads("refused") == refused + 1)
            assert shown(gate.node.port) == "elsewhere"
            gate.put("server")
            eventually("the good one is shown", lambda: shown(gate.node.port) == "server")
            assert (await agent.call(gate.node, "echo", text="y")).text == "y"
            assert not stream.closed.is_set()
    log = gate.node.process.log.read_text()
    assert "is not that of the certificate" in log and "PRIVATE KEY" not in log


async def test_a_handshake_that_does_not_end_is_cut_off(gate):
    name = 'satgate_connections_cut_total{reason="handshake"}'
    before = samples(page(gate.node))[name]
    connections = [socket.create_connection(("127.0.0.1", gate.node.port), timeout=20) for _ in range(20)]
    for number, connection in enumerate(connections):
        # a record's header, that promises more than ever comes
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[:number])
    await canary(gate)
    eventually("all are cut", lambda: samples(page(gate.node))[name] - before == 20)
    for connection in connections:
        connection.close()
    await canary(gate)


async def test_a_flood_of_handshakes_leaves_calls_their_time(gate):
    async def called(agent: Agent) -> float:
        begun = time.monotonic()
        assert (await agent.call(gate.node, "echo", text="x")).text == "x"
        return time.monotonic() - begun

    flood = subprocess.Popen(
        ["sh", "-c", f"while :; do echo | openssl s_client -connect 127.0.0.1:{gate.node.port} -tls1_2 >/dev/null 2>&1; done"],
        start_new_session=True)
    try:
        async with Agent(gate.cell.mint()) as agent:
            await agent.open(gate.node)
            end = time.monotonic() + 3
            times = []
            while time.monotonic() < end:
                times.append(await called(agent))
    finally:
        os.killpg(flood.pid, 9)
        flood.wait()
    assert len(times) > 20 and sorted(times)[len(times) * 99 // 100] < 1.0, sorted(times)[-5:]


@pytest.mark.parametrize("word", ["optional", "required"])
async def test_clients_show_certificates_where_they_must(gate, word):
    node = gate.cell.node(f"clients-{word}", **settings(gate.files), SATGATE_LISTEN_TLS_CLIENT_CA_FILE=gate.certificates.crt("ca"),
                          SATGATE_LISTEN_TLS_CLIENT_CERTIFICATES=word)
    try:
        def status(*chain: str) -> int:
            context = ssl.create_default_context(cafile=gate.certificates.crt("ca"))
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            for name in chain:
                context.load_cert_chain(gate.certificates.crt(name), gate.certificates.key(name))
            try:
                with httpx.Client(verify=context, trust_env=False) as client:
                    return client.get(f"{node.base}/mcp").status_code
            except (httpx.TransportError, ssl.SSLError):
                return 0
        assert status("client") == 401
        assert status("other") == 0
        assert status() == (401 if word == "optional" else 0)
    finally:
        node.stop()


async def test_the_operators_port_speaks_it_too_and_health_asks_so(gate):
    files = {"SATGATE_ADMIN_TLS_CERTIFICATE_FILE": gate.certificates.crt("server"), "SATGATE_ADMIN_TLS_KEY_FILE": gate.certificates.key("server")}
    node = gate.cell.node("operators", **files)
    try:
        assert node.admin.startswith("https://")
        context = ssl.create_default_context(cafile=gate.certificates.crt("ca"))
        with httpx.Client(verify=context, trust_env=False) as client:
            assert client.get(f"{node.admin}/healthz").status_code == 200
            assert client.get(f"{node.admin}/").status_code == 200
        port = node.admin.rpartition(":")[2]
        assert s_client(int(port), "-tls1_1", "-cipher", "ALL:@SECLEVEL=0").returncode != 0
        asked = run("health", env={**files, "SATGATE_ADMIN_PORT": port})
        assert (asked.returncode, asked.stdout) == (0, "ok\n"), asked.stderr
        assert run("health", env={"SATGATE_ADMIN_PORT": port}).returncode == 1
    finally:
        node.stop()


def test_half_a_pair_stops_the_start_and_the_doctor_says_what_is_wrong(gate, tmp_path):
    keys = {"SATGATE_KEYS_FILE": str(gate.cell.keys), "SATGATE_REDIS_URL": gate.cell.redis.url}
    mismatched = {"SATGATE_LISTEN_TLS_CERTIFICATE_FILE": gate.certificates.crt("server"), "SATGATE_LISTEN_TLS_KEY_FILE": gate.certificates.key("client")}
    started = run("serve", env={**keys, **mismatched})
    assert started.returncode == 78 and "is not that of the certificate" in started.stderr
    assert "is not that of the certificate" in run("doctor", env={**keys, **mismatched}).stdout
    over = {"SATGATE_LISTEN_TLS_CERTIFICATE_FILE": gate.certificates.crt("expired"), "SATGATE_LISTEN_TLS_KEY_FILE": gate.certificates.key("expired")}
    assert "certificate is over" in run("doctor", env={**keys, **over}).stdout
