"""What the servers of a cluster tell each other when something is published at one of them."""
from __future__ import annotations

from pathlib import Path

import arithmetic
from resp import Connection, encoded, told_between
from testbed.topologies import RedisCluster

COUNT = 300


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
        before = told_between(links, "publish"), told_between(links, "publishshard")
        for name, where in (("PUBLISH", "satgate:control"), ("SPUBLISH", channel)):
            links[owner].many([encoded(name, where, number) for number in range(COUNT)])
        for ear in ears:
            heard(ear, "satgate:control")
        heard(near, channel)
        # each is counted before its publisher is answered
        classic, sharded = told_between(links, "publish") - before[0], told_between(links, "publishshard") - before[1]
        print(f"\n{servers} servers: {COUNT} by PUBLISH were {classic} messages between them, {COUNT} by SPUBLISH {sharded}")
        assert classic == arithmetic.bus(COUNT, servers)
        assert sharded == arithmetic.sharded_bus(COUNT, replicas=1)
    finally:
        for link in (*links, *ears, near):
            link.close()
        cluster.stop()
