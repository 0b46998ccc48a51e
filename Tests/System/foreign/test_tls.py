"""Both ports over TLS, with a key of either kind, as testssl.sh looks at servers, by `openssl s_client`: all that it can offer, one by one."""
from __future__ import annotations

import http.client
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from testbed.secure import EC, RSA, Certificates

ANY = "@SECLEVEL=0"
# each makes a key of its own for the connection, and seals with what authenticates too
SOUND = re.compile(r"ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)")
SUITES = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
WEAK_GROUPS = ["P-192", "P-224", "secp160r1", "sect163k1", "sect233r1", "secp192k1"]
KINDS = {"EC": EC, "RSA": RSA}


@dataclass
class Port:
    number: int
    authority: str
    # what s_client says of how the port proved its key
    kind: str

    def ask(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """One connection by s_client, which is ended where `typed` ends."""
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.number}", *words], input=typed, capture_output=True, text=True,
                              timeout=30)

    def opens(self, *words: str) -> bool:
        """Whether there is a connection with these words' demands."""
        told = self.ask(*words).stdout
        return bool(re.search(r"^New, TLSv1\.\d, Cipher is (?!\(NONE\))", told, re.MULTILINE))


@pytest.fixture(scope="module")
def ports(site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], Port]]:
    directory = tmp_path_factory.mktemp("secured")
    certificates = Certificates(directory / "made")
    made, nodes = {}, []
    for kind, key in KINDS.items():
        certificates.issue(kind, "DNS:localhost,IP:127.0.0.1", kind=key)
        files = {f"SATGATE_{port}_TLS_{part}_FILE": path for port in ("LISTEN", "ADMIN")
                 for part, path in (("CERTIFICATE", certificates.crt(kind)), ("KEY", certificates.key(kind)))}
        node = site.cell.node(f"secured-{kind}", **files, **site.operators.settings)
        nodes.append(node)
        made[kind, "agents"] = Port(node.port, certificates.crt("ca"), kind)
        made[kind, "operators"] = Port(int(node.admin.rpartition(":")[2]), certificates.crt("ca"), kind)
    yield made
    for node in nodes:
        node.stop()


@pytest.fixture(params=[(kind, port) for kind in KINDS for port in ("agents", "operators")], ids=lambda each: f"{each[1]}, {each[0]}")
def port(request: pytest.FixtureRequest, ports: dict[tuple[str, str], Port]) -> Iterator[Port]:
    """After each test it answers who asks as one should."""
    found = ports[request.param]
    yield found
    connection = http.client.HTTPSConnection("localhost", found.number, timeout=15, context=ssl.create_default_context(cafile=found.authority))
    connection.request("GET", "/mcp" if request.param[1] == "agents" else "/healthz")
    assert connection.getresponse().status == (401 if request.param[1] == "agents" else 200)
    connection.close()


def known(*words: str) -> list[str]:
    """The ciphers that this openssl can offer."""
    told = subprocess.run(["openssl", "ciphers", "-s", *words, f"ALL:COMPLEMENTOFALL:{ANY}"], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return told.stdout.strip().split(":")


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_versions_below_1_2_are_not_spoken(port: Port, version: str):
    assert not port.opens(version, "-cipher", f"ALL:{ANY}")


def test_only_ciphers_that_authenticate_and_look_forward_are_spoken(port: Port):
    offered = [cipher for cipher in known("-tls1_2") if not cipher.startswith("TLS_")]
    weak = [cipher for cipher in offered if not SOUND.fullmatch(cipher)]
    assert len(weak) > 50
    told = port.ask("-tls1_2", "-cipher", ":".join([*weak, ANY]))
    assert "Cipher is (NONE)" in told.stdout, re.findall("Cipher is .*", told.stdout)
    sound = [cipher for cipher in offered if SOUND.fullmatch(cipher) and port.kind in cipher.replace("ECDSA", "EC").split("-")]
    assert len(sound) == 3 and all(port.opens("-tls1_2", "-cipher", cipher) for cipher in sound), sound
    newest = {suite for suite in (*SUITES, "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256") if port.opens("-tls1_3", "-ciphersuites", suite)}
    assert newest == SUITES


def test_only_curves_of_128_bits_and_more_are_agreed_on(port: Port):
    for version in ("-tls1_2", "-tls1_3"):
        assert port.opens(version, "-groups", "X25519:P-256") and port.opens(version, "-groups", "P-256")
    assert not port.opens("-tls1_2", "-cipher", f"ECDHE:{ANY}", "-groups", ":".join(WEAK_GROUPS))


def test_signatures_by_sha_1_are_not_made(port: Port):
    assert not port.opens("-tls1_2", "-sigalgs", "RSA+SHA1:ECDSA+SHA1", "-cipher", f"ALL:{ANY}")
    assert port.opens("-tls1_2", "-sigalgs", "RSA+SHA256:ECDSA+SHA256")


def test_a_client_cannot_have_it_begin_anew(port: Port):
    # R on a line of its own has s_client do that
    told = port.ask("-tls1_2", typed="R\n")
    assert "RENEGOTIATING" in told.stderr and told.returncode != 0 and ":error:" in told.stderr, told
    assert "Secure Renegotiation IS supported" in told.stdout


def test_nothing_is_compressed_nor_taken_early(port: Port):
    for version in ("-tls1_2", "-tls1_3"):
        told = port.ask(version, "-comp").stdout
        assert "Compression: NONE" in told
    assert "Max Early Data: 0" in port.ask("-tls1_3", typed="x").stdout or "Early data was not sent" in told


def test_a_client_that_was_made_to_fall_back_is_told(port: Port):
    told = port.ask("-tls1_2", "-fallback_scsv")
    assert "inappropriate fallback" in told.stderr, told.stderr


@pytest.mark.parametrize("name", ["-verify_hostname localhost", "-verify_ip 127.0.0.1"])
def test_the_chain_holds_for_its_names_and_no_other(port: Port, name: str):
    told = port.ask("-CAfile", port.authority, "-verify_return_error", *name.split())
    assert "Verify return code: 0 (ok)" in told.stdout and f"CN = {port.kind}" in told.stdout, told
    assert port.ask("-CAfile", port.authority, "-verify_return_error", "-verify_hostname", "elsewhere.example").returncode != 0


def test_http_1_1_is_all_that_is_agreed_on(port: Port):
    assert "ALPN protocol: http/1.1" in port.ask("-alpn", "h2,http/1.1").stdout
    for other in ("h2", "h2c", "http/1.0", "spdy/3", "acme-tls/1"):
        assert "ALPN protocol:" not in port.ask("-alpn", other).stdout, other


def test_what_is_no_handshake_is_not_answered_as_http(port: Port):
    for sent in (b"GET / HTTP/1.1\r\n\r\n", b"\x80\x2e\x01\x00\x02", b"\x16\x03\x01\xff\xff" + b"\x01" * 70_000, b"\x18\x03\x02\x00\x03\x01\x40\x00", b"\0" * 1000):
        with socket.create_connection(("127.0.0.1", port.number), timeout=20) as connection:
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                got = connection.recv(4096)
            except OSError:  # it has hung up already
                got = b""
        assert not got.startswith(b"HTTP"), (sent[:20], got)
