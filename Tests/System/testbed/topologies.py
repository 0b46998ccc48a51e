"""Redis as an operator runs it who wants it to outlive a server: three sentinels over a master with two replicas, or a cluster of
three masters with a replica each. Both are stated to the servers as if they had found each other long ago, so they stand within seconds."""
from __future__ import annotations

import atexit
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from .process import BUILD, Process, eventually, free_port
from .redis_server import RedisServer

if TYPE_CHECKING:
    from .secure import Security

# What `any_redis` starts: nothing said, "sentinels" or "cluster".
WANTED = os.environ.get("SATGATE_TEST_TOPOLOGY", "")
MASTER = "mymaster"
SLOTS = 16384
PLAIN = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0",
         "--loglevel", "notice"]


class Instance:
    """One redis-server; what it knows of the others is in its directory, and is there again after `start`."""

    def __init__(self, name: str, directory: Path, port: int, *arguments: str, secrets: dict[str, Any] | None = None,
                 ahead: int = 0) -> None:
        """`secrets`: what a client shows, for redis-py; `ahead`: seconds by which its wall clock is wrong."""
        self.name, self.port, self.directory = name, port, directory / name
        self._secrets = secrets or {}
        self._environment = {"LD_PRELOAD": str(BUILD / "libWrongClock.so"), "WRONG_CLOCK": str(ahead)} if ahead else {}
        self.directory.mkdir(exist_ok=True)
        self._arguments = arguments
        self.process: Process | None = None
        self.is_frozen = False

    def start(self) -> None:
        """Starts it; does not wait."""
        self.process = Process(self.name, ["redis-server", *self._arguments], self.directory, self._environment)

    @property
    def is_up(self) -> bool:
        return self.process is not None and self.process.running and not self.is_frozen

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        Process.live.remove(self.process)
        self.is_frozen = False

    def freeze(self) -> None:
        assert self.process
        self.process.freeze()
        self.is_frozen = True

    def thaw(self) -> None:
        assert self.process
        self.process.thaw()
        self.is_frozen = False

    def stop(self) -> None:
        if self.process in Process.live:
            self.process.stop()
        self.is_frozen = False

    def client(self, patience: float = 0.25) -> redis.Redis:
        """Straight to it; nothing is tried twice."""
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=patience, socket_connect_timeout=patience, protocol=2,
                           retry=Retry(NoBackoff(), 0), **self._secrets)

    def ask(self, *words: Any, patience: float = 0.25) -> Any:
        """The answer to one command over a connection of its own; None where there is none, errors included."""
        try:
            with self.client(patience) as client:
                return client.execute_command(*words)
        except (redis.RedisError, OSError):
            return None


class Topology:
    """What both have in common: their redis-servers by number, and a client that finds the right one."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory / name
        self.directory.mkdir()
        self.servers: list[Instance] = []
        self.url = ""
        self._connections: list[Any] = []
        self._shelf: list[Topology] | None = None

    def connect(self) -> Any:
        """A client of its own, for another thread."""
        raise NotImplementedError

    @property
    def client(self) -> Any:
        if not self._connections:
            self._connections.append(self.connect())
        return self._connections[0]

    def master(self) -> int:
        """The number of the server that is the master, as those say who decide it."""
        raise NotImplementedError

    def kill(self, number: int) -> None:
        self.servers[number].kill()

    def freeze(self, number: int) -> None:
        self.servers[number].freeze()

    def thaw(self, number: int) -> None:
        self.servers[number].thaw()

    def start(self, number: int) -> None:
        """Starts a killed one again, with nothing in it but what it knew of the others."""
        self.servers[number].start()
        eventually(f"{self.servers[number].name} answers", lambda: self.servers[number].ask("PING"), within=20)

    def now(self) -> int:
        """Redis' own clock, unix milliseconds: all of them run on this machine."""
        up = next(server for server in self.servers if server.is_up)
        seconds, micros = up.client(5).time()
        return seconds * 1000 + micros // 1000

    def silence_replicas(self, number: int) -> list[int]:
        """Freezes the replicas of a master and cuts them off: from now on it alone has what is written. Their numbers; `thaw` them."""
        replicas = [self._at(int(port)) for _, port, _ in self.servers[number].client(5).role()[2]]
        for each in replicas:
            self.freeze(each)
        # what is in their sockets already they will have; cut off they get nothing more
        self.servers[number].ask("CLIENT", "KILL", "TYPE", "replica", patience=5)
        return replicas

    def _at(self, port: int) -> int:
        return next(number for number, server in enumerate(self.servers) if server.port == port)

    def _everybody(self) -> Iterator[Instance]:
        yield from self.servers

    def shelve(self, shelf: list[Topology]) -> Topology:
        """From now on `stop` only empties it and puts it on the shelf."""
        self._shelf = shelf
        return self

    def stop(self) -> None:
        if self._shelf is not None:
            for server in self.servers:
                server.ask("FLUSHALL", patience=10)  # replicas refuse, and follow
            return self._shelf.append(self)
        for each in self._everybody():
            each.stop()


class Sentinels(Topology):
    """Servers 0 (the first master), 1 and 2, and three sentinels, whose majority decides."""

    def __init__(self, directory: Path, *more: str, name: str = "sentinels", down_after: int = 1000, hurried: bool = False) -> None:
        """`more`: arguments of the redis-servers; `down_after`: milliseconds of silence until a sentinel takes the master for dead;
        `hurried`: sentinels look and talk more often than usual, so a demoted master follows the new one within 2 s instead of 10."""
        super().__init__(directory, name)
        self._ports = [free_port() for _ in range(3)]
        doors = [free_port() for _ in range(3)]
        ids = [random.randbytes(20).hex() for _ in range(3)]
        for number, port in enumerate(self._ports):
            file = self.directory / f"redis-{number}" / "redis.conf"
            server = Instance(f"redis-{number}", self.directory, port, str(file), *PLAIN, *more)
            file.write_text(f"port {port}\ndir {file.parent}\n" + (f"replicaof 127.0.0.1 {self._ports[0]}\n" if number else ""))
            self.servers.append(server)
        self.sentinels = []
        for number, door in enumerate(doors):
            file = self.directory / f"sentinel-{number}" / "sentinel.conf"
            self.sentinels.append(Instance(f"sentinel-{number}", self.directory, door, str(file), "--sentinel"))
            others = [f"sentinel known-sentinel {MASTER} 127.0.0.1 {doors[each]} {ids[each]}" for each in range(3) if each != number]
            file.write_text("\n".join([
                f"port {door}", "bind 127.0.0.1", f"dir {file.parent}", f"sentinel myid {ids[number]}",
                f"sentinel monitor {MASTER} 127.0.0.1 {self._ports[0]} 2", f"sentinel down-after-milliseconds {MASTER} {down_after}",
                f"sentinel failover-timeout {MASTER} 6000", f"sentinel parallel-syncs {MASTER} 2",
                *[f"sentinel known-replica {MASTER} 127.0.0.1 {port}" for port in self._ports[1:]], *others]) + "\n")
        for each in self._everybody():
            each.start()
        self.url = f"redis+sentinel://{','.join(f'127.0.0.1:{door}' for door in doors)}/{MASTER}"
        eventually("the sentinels agree", self.is_whole, within=30)
        for each in self.sentinels:
            # pinging only as often as a server may be silent they take a new master for dead now and then
            periods = ["PING-PERIOD", "200", *(["INFO-PERIOD", "1000", "PUBLISH-PERIOD", "500"] if hurried else [])]
            assert each.ask("SENTINEL", "DEBUG", *periods, patience=5), "the sentinels' periods"

    def _everybody(self) -> Iterator[Instance]:
        yield from self.servers
        yield from self.sentinels

    def connect(self) -> redis.Redis:
        sentinel = Sentinel([("127.0.0.1", each.port) for each in self.sentinels], socket_timeout=0.5, protocol=2)
        return sentinel.master_for(MASTER, decode_responses=True, socket_timeout=5, protocol=2)

    def is_whole(self) -> bool:
        """The master has both replicas, and the sentinels see all of it and each other."""
        number = self._named()
        if number is None or not all(server.is_up for server in self.servers):
            return False
        role = self.servers[number].ask("ROLE") or [""]
        if role[0] != "master" or len(role[2]) != 2:
            return False
        if any((server.ask("ROLE") or ["", "", "", ""])[3] != "connected" for each, server in enumerate(self.servers) if each != number):
            return False
        return all(self._sees(sentinel) for sentinel in self.sentinels)

    def _sees(self, sentinel: Instance) -> bool:
        """Nothing is amiss from where this sentinel looks, and a failover could be asked of it."""
        if not str(sentinel.ask("SENTINEL", "CKQUORUM", MASTER)).startswith("OK 3"):
            return False
        try:
            with sentinel.client() as client:
                master, replicas = client.sentinel_master(MASTER), client.sentinel_slaves(MASTER)
        except (redis.RedisError, OSError):
            return False
        fit = [each for each in replicas if not {"s_down", "o_down", "disconnected"} & set(str(each["flags"]).split(","))
               and each["master-link-status"] == "ok"]
        return len(fit) == 2 and not {"s_down", "o_down", "failover_in_progress"} & set(str(master["flags"]).split(","))

    def _named(self) -> int | None:
        """The server that a majority of the sentinels names."""
        said = [str(address[1]) for sentinel in self.sentinels if sentinel.is_up
                and (address := sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER))]
        most = max(said, key=said.count, default="")
        return self._at(int(most)) if said.count(most) >= 2 else None

    def master(self) -> int:
        return eventually("the sentinels name a master", lambda: None if (named := self._named()) is None else (named,), within=30)[0]

    def failover(self) -> None:
        """Orders one; returns when it is accepted, not when it is done."""
        def order() -> bool:
            # a sentinel that has not yet seen a fit replica refuses
            return any(sentinel.ask("SENTINEL", "FAILOVER", MASTER) for sentinel in self.sentinels if sentinel.is_up)
        eventually("a sentinel begins", order, within=30, every=0.1)

    def writable(self, other_than: int | None = None, within: float = 60) -> float:
        """Waits until the named master, another than that one, takes a write; when that was, on the monotonic clock."""
        def write() -> bool:
            number = self._named()
            return number is not None and number != other_than and self.servers[number].ask("SET", "probe", "x") is not None
        eventually("Redis takes a write", write, within, every=0.005)
        return time.monotonic()

    def followed(self, replicas: int, within: float = 60) -> float:
        """Waits until so many replicas of the named master have a write; when that was, on the monotonic clock."""
        def have() -> bool:
            number = self._named()
            if number is None or not self.servers[number].is_up:
                return False
            try:
                with self.servers[number].client(2) as client:
                    client.set("probe", "y")
                    return client.wait(replicas, 100) >= replicas
            except (redis.RedisError, OSError):
                return False
        eventually(f"{replicas} replicas follow", have, within, every=0.005)
        return time.monotonic()

    def recover(self) -> None:
        """Waits until nothing of the last failover is left."""
        eventually("the sentinels agree again", self.is_whole, within=90, every=0.05)


class RedisCluster(Topology):
    """Servers 0, 1 and 2 as the first masters, 3, 4 and 5 as their replicas; a server's bus is on a port of its own."""

    def __init__(self, directory: Path, *more: str, name: str = "redis-cluster", node_timeout: int = 2000,
                 security: Security | None = None, ahead: dict[int, int] | None = None) -> None:
        """`more`: arguments of the redis-servers; `node_timeout`: milliseconds of silence until the others take a server for dead;
        `security`: they talk to those only whom that names, to each other too; `ahead`: by how many seconds clocks of servers are wrong."""
        super().__init__(directory, name)
        self._secrets = security.client if security else {}
        ports, buses = [free_port() for _ in range(6)], [free_port() for _ in range(6)]
        ids = [random.randbytes(20).hex() for _ in range(6)]
        for number, (port, bus) in enumerate(zip(ports, buses)):
            door = [*security.arguments(port), *security.among_servers] if security else ["--port", str(port)]
            server = Instance(
                f"redis-{number}", self.directory, port, *door, "--dir", str(self.directory / f"redis-{number}"), *PLAIN,
                "--cluster-enabled", "yes", "--cluster-port", str(bus), "--cluster-config-file", "nodes.conf", "--cluster-node-timeout",
                str(node_timeout), "--cluster-announce-ip", "127.0.0.1", "--cluster-allow-replica-migration", "no", *more,
                secrets=self._secrets, ahead=(ahead or {}).get(number, 0))
            lines = []
            for other in range(6):
                role = f"slave {ids[other - 3]}" if other > 2 else "master -"
                mine = "myself," if other == number else ""
                slots = f" {other * SLOTS // 3}-{(other + 1) * SLOTS // 3 - 1}" if other < 3 else ""
                lines.append(f"{ids[other]} 127.0.0.1:{ports[other]}@{buses[other]} {mine}{role} 0 0 {other % 3 + 1} connected{slots}")
            (server.directory / "nodes.conf").write_text("\n".join([*lines, "vars currentEpoch 3 lastVoteEpoch 0"]) + "\n")
            self.servers.append(server)
        self._ids = ids
        for each in self.servers:
            each.start()
        self.url = f"redis{'s' if security else ''}+cluster://{','.join(f'127.0.0.1:{port}' for port in ports)}"
        eventually("the cluster stands", self.is_whole, within=30)

    def connect(self) -> Any:
        nodes = [redis.cluster.ClusterNode("127.0.0.1", server.port) for server in self.servers if server.is_up]
        return redis.cluster.RedisCluster(startup_nodes=nodes, decode_responses=True, socket_timeout=5, protocol=2, **self._secrets)

    def is_whole(self) -> bool:
        """Every server says that all is well, and each of three masters has its replica."""
        roles = [server.ask("ROLE") or [""] for server in self.servers]
        states = [str(server.ask("CLUSTER", "INFO")) for server in self.servers]
        masters = [role for role in roles if role[0] == "master"]
        fit = [role for role in roles if role[0] == "slave" and role[3] == "connected"]
        return (len(masters) == 3 and len(fit) == 3 and all(len(role[2]) == 1 for role in masters)
                and all("ok" in state.split("cluster_state", 1)[-1][:6] for state in states) and self._is_agreed())

    def _is_agreed(self) -> bool:
        """All servers name the same owner of each slot."""
        said = {str(sorted((start, end, master[1]) for start, end, master, *_ in found)) if (found := server.ask("CLUSTER", "SLOTS")) else ""
                for server in self.servers}
        return len(said) == 1 and "" not in said

    @staticmethod
    def slot(key: str) -> int:
        return redis.crc.key_slot(key.encode())

    def _owner(self, slot: int) -> int | None:
        """Who owns the slot, as most of the servers say that answer."""
        said = []
        for server in (server for server in self.servers if server.is_up):
            for start, end, master, *_ in server.ask("CLUSTER", "SLOTS") or []:
                if start <= slot <= end:
                    said.append(master[1])
        most = max(said, key=said.count, default=None)
        return None if most is None else self._at(int(most))

    def master_of(self, key: str) -> int:
        """The number of the server that owns the key's slot."""
        return eventually("the slot has an owner", lambda: None if (owner := self._owner(self.slot(key))) is None else (owner,), within=30)[0]

    def master(self, key: str = "{acme}") -> int:
        return self.master_of(key)

    def replica_of(self, number: int) -> int:
        """The number of that master's replica."""
        return self._at(int(self.servers[number].client(5).role()[2][0][1]))

    def failover(self, key: str = "{acme}") -> None:
        """Orders the replica of the key's master to take over."""
        replica = self.replica_of(self.master_of(key))
        eventually("the replica begins", lambda: self.servers[replica].ask("CLUSTER", "FAILOVER"), within=30, every=0.1)

    def writable(self, other_than: int | None = None, within: float = 60, key: str = "probe:{acme}") -> float:
        """Waits until the key's master, another than that one, takes a write; when that was, on the monotonic clock."""
        slot = self.slot(key)

        def write() -> bool:
            owner = self._owner(slot)
            return owner is not None and owner != other_than and self.servers[owner].ask("SET", key, "x") is not None
        eventually("Redis takes a write", write, within, every=0.005)
        return time.monotonic()

    def move_slot(self, key: str = "{acme}", steps: int = 500, pause: float = 0.0, meanwhile: Callable[[], None] | None = None) -> float:
        """Moves the key's slot with all that is in it to the next master, as operators do under load; how many seconds that took.

        `steps`: in how many batches, of 20 keys at least; `pause`: seconds between two; `meanwhile` is called once, when half is moved."""
        slot, source = self.slot(key), self.master_of(key)
        target = next(each for each in (*range(source + 1, 6), *range(source)) if (self.servers[each].ask("ROLE") or [""])[0] == "master")
        began = time.monotonic()
        here, there = self.servers[source].client(30), self.servers[target].client(30)
        mine, other = here.execute_command("CLUSTER", "MYID"), there.execute_command("CLUSTER", "MYID")
        there.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", mine)
        here.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", other)
        total, moved = here.execute_command("CLUSTER", "COUNTKEYSINSLOT", slot), 0
        batch = max(20, total // steps)
        while keys := here.execute_command("CLUSTER", "GETKEYSINSLOT", slot, batch):
            here.execute_command("MIGRATE", "127.0.0.1", self.servers[target].port, "", 0, 20_000, "KEYS", *keys)
            moved += len(keys)
            if meanwhile and 2 * moved >= total:
                meanwhile()
                meanwhile = None
            time.sleep(pause)
        for each in (target, source, *(each for each in range(6) if each not in (target, source))):
            self.servers[each].ask("CLUSTER", "SETSLOT", slot, "NODE", other, patience=5)
        return time.monotonic() - began

    def recover(self) -> None:
        """Waits until all six stand again."""
        eventually("the cluster stands again", self.is_whole, within=90, every=0.05)


_shelf: list[Topology] = []


def any_redis(directory: Path) -> Any:
    """An empty Redis of the kind that `SATGATE_TEST_TOPOLOGY` names: a server of its own, sentinels, or a cluster.

    Who stops one of the latter two leaves it to the next test that wants one."""
    if not WANTED:
        return RedisServer(directory)
    if _shelf:
        return _shelf.pop()
    place = Path(tempfile.mkdtemp(prefix=f"satgate-{WANTED}-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    made = {"sentinels": Sentinels, "cluster": RedisCluster}[WANTED](place)
    return made.shelve(_shelf)
