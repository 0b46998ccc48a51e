"""What Redis does for nodes that talk through it: the arithmetic that k8s/SCALING.md is made with, and that the simulation checks.

Sizes are those on the wire: a command as it is sent, a message as it is pushed to each who hears it.
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from resp import encoded

SCRIPTS = Path(__file__).resolve().parents[2] / "Sources" / "Store" / "Scripts"
PREFIX = "satgate:"
NODE = "0" * 16
SESSION = "0" * 32
VERSION = "1" * 16  # microseconds since 1970
KEEPALIVE = 15.0  # seconds between two signs of life of a stream
PROBE = 1.0  # seconds between two probes of a subscriber
BEAT = 1.0  # seconds between two heartbeats of a node
LOOK = 10.0  # seconds until a connection asks for the server's clock and role
HOLDERS = 2  # nodes that sweep for a tenant
TENANT = "tenant-1"


def pushed(channel: str, size: int) -> int:
    """Bytes of a message with a payload of that size, for each who hears it."""
    return len(encoded("message", channel, b"x" * size))


def heard_by_pattern(channel: str, size: int, pattern: str = PREFIX + "events:*") -> int:
    """Bytes of the same for a subscriber of a pattern."""
    return len(encoded("pmessage", pattern, channel, b"x" * size))


def published(channel: str, size: int) -> int:
    """Bytes of the command that publishes it."""
    return len(encoded("PUBLISH", channel, b"x" * size))


@dataclass(frozen=True)
class Cost:
    """What one thing makes Redis do: commands that reach it, bytes in and out."""
    commands: float
    received: float
    sent: float

    def times(self, count: float) -> Cost:
        return Cost(self.commands * count, self.received * count, self.sent * count)

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.commands + other.commands, self.received + other.received, self.sent + other.sent)


def beat() -> Cost:
    """A heartbeat while no node comes or goes."""
    command = encoded("EVALSHA", "0" * 40, 1, PREFIX + "nodes", NODE, 3000, VERSION)
    return Cost(1, len(command), len(encoded(VERSION)))


def roll_call(nodes: int) -> Cost:
    """What all nodes are sent once one of them has come or gone."""
    return Cost(0, 0, nodes * nodes * len(encoded(NODE)[4:]))


def probe() -> Cost:
    """A subscriber that makes sure of its connection."""
    return Cost(1, published(PREFIX + "node:" + NODE, 0), 4 + pushed(PREFIX + "node:" + NODE, 0))


def delivery(size: int) -> Cost:
    """A message from one node to another."""
    channel, size = PREFIX + "node:" + NODE, len(SESSION) + 1 + size
    return Cost(1, published(channel, size), 4 + pushed(channel, size))


def control(size: int, nodes: int) -> Cost:
    """A message to all nodes."""
    channel = PREFIX + "control"
    return Cost(1, published(channel, size), 3 + len(str(nodes)) + nodes * pushed(channel, size))


def event(size: int, dashboards: int) -> Cost:
    """An event that a script publishes: it is told to the script about as it is published, and to those who watch."""
    return Cost(0, size, dashboards * heard_by_pattern(PREFIX + "events:" + TENANT, size))


def batch() -> Cost:
    """A run of the script that publishes events, without the events."""
    keys = [f"{PREFIX}{{{TENANT}}}:{name}" for name in ("audit", "ledger:head", "ledger")]
    return Cost(1, len(encoded("EVALSHA", "0" * 40, 3, *keys, f"{PREFIX}events:{TENANT}")), 4)


def taught() -> Cost:
    """That script sent whole, to a Redis that does not know it yet."""
    return Cost(1, sum((SCRIPTS / name).stat().st_size for name in ("prelude.lua", "record.lua")), 50)


def facts(size: int) -> Cost:
    """What a node says of itself."""
    return Cost(1, len(encoded("SET", PREFIX + "nodes:" + NODE, b"x" * size, "PX", 5000)), 5)


def look() -> Cost:
    """A connection that asks for the server's clock and role."""
    return Cost(2, len(encoded("TIME")) + len(encoded("ROLE")), len(encoded("1" * 10, "1" * 6)) + 30)


def bus(classic: float, servers: int) -> float:
    """Messages that the servers of a cluster send each other for so many that are published by PUBLISH."""
    return classic * (servers - 1)


def sharded_bus(messages: float, replicas: int) -> float:
    """The same for SPUBLISH: only the shard's own servers are told."""
    return messages * replicas
