"""What the servers of a cluster tell each other when something is published at one of them."""
from __future__ import annotations

from pathlib import Path

import arithmetic
from resp import Connection, encoded
from testbed.topologies import RedisCluster

COUNT = 300


def told(links: list[Connection], kind: str) -> int:
    """Messages of a kind that all servers together have sent each other."""
    said = [line.split(":") for link in links for line in link("CLUSTER", "INFO").splitlines()]
    return sum(int(count) for name, count in said if name == f"cluster_stats_messages_{kind}_sent")


def heard(ear: Connection, channel: str) -> None:
    """All of them come, in order, and nothing else."""
    for number in range(COUNT):
        kind, where, text = ear.reply()
        assert kind.endswith("message") and (where, text) == (channel, str(number))


def test_publish_is_told_to_every_server_and_spublish_to_those_of_its_shard(tmp_path: Path) -> None:
    cluster = RedisCluster(tmp_path)
    servers = len(cluster.servers)
    links = [Connection(each.port) for each in cluster.servers]
    channel = "satgate:node:0000000000000000"
    owner = cluster.master_of(channel)
    ears, near = [Connection(each.port) for each in cluster.servers], Connection(cluster.servers[owner].port)
    try:
        for ear in ears:
            ear("SUBSCRIBE", "satgate:control")
        near("SSUBSCRIBE", channel)
        before = told(links, "publish"), told(links, "publishshard")
        for name, where in (("PUBLISH", "satgate:control"), ("SPUBLISH", channel)):
            links[owner].many([encoded(name, where, number) for number in range(COUNT)])
        for ear in ears:
            heard(ear, "satgate:control")
        heard(near, channel)
        # each is counted before its publisher is answered
        classic, sharded = told(links, "publish") - before[0], told(links, "publishshard") - before[1]
        print(f"\n{servers} servers: {COUNT} by PUBLISH were {classic} messages between them, {COUNT} by SPUBLISH {sharded}")
        assert classic == arithmetic.bus(COUNT, servers)
        assert sharded == arithmetic.sharded_bus(COUNT, replicas=1)
    finally:
        for link in (*links, *ears, near):
            link.close()
        cluster.stop()
