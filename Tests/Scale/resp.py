"""Just enough of Redis' protocol to count with: no package is needed for it."""
from __future__ import annotations

import socket
from typing import Any


def encoded(*words: str | bytes | int) -> bytes:
    """A command, or a message as it is pushed."""
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


class Connection:
    """One connection; an error that Redis answers is raised."""

    def __init__(self, port: int, patience: float = 30) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), patience)
        self._file = self.socket.makefile("rb")

    def __call__(self, *words: str | bytes | int) -> Any:
        self.socket.sendall(encoded(*words))
        return self.reply()

    def many(self, commands: list[bytes]) -> list[Any]:
        """The answers to encoded commands that are sent together."""
        self.socket.sendall(b"".join(commands))
        return [self.reply() for _ in commands]

    def reply(self) -> Any:
        line = self._file.readline()
        if not line:
            raise ConnectionError("Redis hung up")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        if int(rest) < 0:
            return None
        if kind == b"$":
            return self._file.read(int(rest) + 2)[:-2].decode(errors="replace")
        return [self.reply() for _ in range(int(rest))]

    def info(self, *sections: str) -> dict[str, str]:
        """The fields of INFO."""
        return dict(line.split(":", 1) for line in self("INFO", *sections).splitlines() if ":" in line)

    def close(self) -> None:
        self._file.close()
        self.socket.close()


class Meter:
    """What a Redis has done since the last look."""

    FIELDS = {"commands": "total_commands_processed", "in": "total_net_input_bytes", "out": "total_net_output_bytes"}

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.reply = self._size = 0
        self._before = self._look()

    def _look(self) -> dict[str, float]:
        info = self.connection.info("all")
        # The answer to the look before is in what Redis has sent since.
        self.reply = self._size
        self._size = sum(len(name) + len(value) + 3 for name, value in info.items())
        found = {name: float(info[field]) for name, field in self.FIELDS.items()}
        for key, value in info.items():
            if key.startswith("cmdstat_"):
                found[key[8:]] = float(value.split("calls=")[1].split(",")[0])
        return found

    def since(self) -> dict[str, float]:
        """Differences to the last look, which this becomes: commands (those in scripts too), bytes in and out, calls by command."""
        now, before = self._look(), self._before
        self._before = now
        return {name: value - before.get(name, 0) for name, value in now.items()}


def told_between(links: list[Connection], kind: str) -> int:
    """Messages of a kind (publish, publishshard) that all servers of a cluster together have sent each other."""
    said = [line.split(":") for link in links for line in link("CLUSTER", "INFO").splitlines()]
    return sum(int(count) for name, count in said if name == f"cluster_stats_messages_{kind}_sent")
