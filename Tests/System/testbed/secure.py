"""A Redis that takes nobody without a certificate and a name, and gives the nodes' user just the rights that satgate asks for."""
from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from .node import run

# what makes a new key of that kind
EC, RSA = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"], ["rsa:2048"]
ADMIN, GATEWAY = "admin", "satgate"


class Certificates:
    """An authority with what it has issued, and another one: PEM files `<name>.crt` and `<name>.key`.

    `server` and `client` are good, for `localhost` and 127.0.0.1; `expired` is over; `elsewhere` is for another host; `other` is the other
    authority."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(exist_ok=True)
        for name in ("ca", "other"):
            self._openssl("req", "-x509", "-newkey", *EC, "-nodes", "-days", "30", "-subj", f"/CN={name}",
                          "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", self.key(name), "-out", self.crt(name))
        for name, names, days in (("server", "DNS:localhost,IP:127.0.0.1", 30), ("client", "DNS:client", 30),
                                  ("elsewhere", "DNS:elsewhere.example", 30), ("expired", "DNS:localhost,IP:127.0.0.1", -1)):
            self.issue(name, names, days)

    def issue(self, name: str, names: str, days: int = 30, kind: list[str] = EC) -> None:
        """A certificate of the authority for these names, with a key of that kind."""
        request = str(self._directory / f"{name}.csr")
        self._openssl("req", "-new", "-newkey", *kind, "-nodes", "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}",
                      "-keyout", self.key(name), "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.crt("ca"), "-CAkey", self.key("ca"), "-CAcreateserial", "-days", str(days),
                      "-copy_extensions", "copyall", "-out", self.crt(name))

    def crt(self, name: str) -> str:
        return str(self._directory / f"{name}.crt")

    def key(self, name: str) -> str:
        return str(self._directory / f"{name}.key")

    @staticmethod
    def _openssl(*words: str) -> None:
        made = subprocess.run(["openssl", *words], capture_output=True, text=True)
        assert made.returncode == 0, made.stderr


class Security:
    """What servers, clients and nodes need to talk: TLS both ways, an operator who may do all, and the nodes' user by `doctor --acl`."""

    def __init__(self, directory: Path) -> None:
        self.certificates = Certificates(directory / "tls")
        self.password_file = directory / "redis-password"
        self.password_file.write_text("gateway-test-only\n")
        self.acl = directory / "users.acl"
        self.acl.write_text(f"user default off resetpass\nuser {ADMIN} on >admin-test-only ~* &* +@all\n{rule('gateway-test-only')}\n")

    def arguments(self, port: int, certificate: str = "server") -> list[str]:
        """What makes a redis-server talk to these only, on that port."""
        return ["--port", "0", "--tls-port", str(port), "--tls-cert-file", self.certificates.crt(certificate), "--tls-key-file",
                self.certificates.key(certificate), "--tls-ca-cert-file", self.certificates.crt("ca"), "--tls-auth-clients", "yes",
                "--aclfile", str(self.acl)]

    @property
    def among_servers(self) -> list[str]:
        """How those of a cluster talk to each other: likewise, replicas as the operator."""
        return ["--tls-cluster", "yes", "--tls-replication", "yes", "--masteruser", ADMIN, "--masterauth", "admin-test-only"]

    @property
    def client(self) -> dict[str, Any]:
        """For redis-py, as the operator."""
        return {"ssl": True, "ssl_ca_certs": self.certificates.crt("ca"), "ssl_certfile": self.certificates.crt("client"),
                "ssl_keyfile": self.certificates.key("client"), "ssl_check_hostname": False, "username": ADMIN, "password": "admin-test-only"}

    @property
    def settings(self) -> dict[str, str]:
        """Of nodes and commands."""
        return {"SATGATE_REDIS_USERNAME": GATEWAY, "SATGATE_REDIS_PASSWORD_FILE": str(self.password_file),
                "SATGATE_REDIS_TLS_CA_FILE": self.certificates.crt("ca"), "SATGATE_REDIS_TLS_CERTIFICATE_FILE": self.certificates.crt("client"),
                "SATGATE_REDIS_TLS_KEY_FILE": self.certificates.key("client"), "SATGATE_REDIS_TLS_SERVER_NAME": "localhost"}


def rule(password: str) -> str:
    """The line of an ACL file that `satgate doctor --acl` asks for."""
    printed = run("doctor", "--acl")
    assert printed.returncode == 0, printed.stderr
    words = printed.stdout.split()
    assert words[:3] == ["ACL", "SETUSER", GATEWAY] and ">PASSWORD" in words, printed.stdout
    return " ".join(["user", *words[2:]]).replace(">PASSWORD", f">{password}")
