#!/usr/bin/env python3
"""Computes the tables of k8s/SCALING.md from what was measured and from what is assumed.

usage: plan.py [--inputs FILE] [--write | --check] [--agents N] [--calls-per-minute X] …

Without --write or --check it prints the tables, with what the options assume instead of the page's assumptions.
"""
from __future__ import annotations

import argparse
import dataclasses
import difflib
import json
import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import arithmetic

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "k8s" / "SCALING.md"
INPUTS = HERE / "inputs.json"
DAY = 86_400.0
LEDGER_CAP, AUDIT_CAP = 1_000_000, 100_000  # entries of a tenant that are kept
TOMBSTONE = 600.0  # seconds
MINUTES = 120  # that a tenant's counts are kept
SHIPPED_STREAMS = 5_000.0  # of a node, by k8s/components/fleet/autoscaler.yaml
MAXCLIENTS = 10_000  # of Redis, where nothing else is said
LOOKERS, RAREST = 4, 12  # nodes that look as often as one alone; how many times more rarely each of many looks at most


@dataclass
class Assumptions:
    """What the plan is for; each may be given as an option."""
    agents: float = 1_000_000
    calls_per_minute: float = 1.0  # of one agent
    streams: float = 0.3  # share of the agents with an open stream
    agents_per_tenant: float = 1000
    session_hours: float = 8.0  # that a session lasts
    call_seconds: float = 2.0  # that a call takes at its upstream
    keyed: float = 0.1  # share of calls with an idempotency key
    answer_bytes: float = 2000  # of a keyed call, kept for retries
    deliveries_per_minute: float = 0.2  # messages outside any answer, of one agent with a stream
    cancels_per_hour: float = 0.1  # of one agent
    ledger_days: float = 30.0  # that an operator wants to look back
    ledger_entries: float = LEDGER_CAP  # of a tenant, at most: ledger.entries
    dashboards: float = 2
    loops: float = 2  # event loops of a node, each on a core
    node_streams: float = 20_000  # that a node may hold
    node_busy: float = 0.4  # share of its loops' time that a node spends at most
    redis_busy: float = 0.4  # the same of a Redis
    replicas: float = 1  # of each shard
    publish: float = 0  # 1: events.publish, 0: they are only kept

    @property
    def tenants(self) -> float:
        return math.ceil(self.agents / self.agents_per_tenant)

    @property
    def calls(self) -> float:
        """A second."""
        return self.agents * self.calls_per_minute / 60

    @property
    def open_streams(self) -> float:
        return self.agents * self.streams

    @property
    def session_changes(self) -> float:
        """Sessions that begin, and as many that end, a second."""
        return self.agents / (self.session_hours * 3600)

    @property
    def controls(self) -> float:
        """Messages to all nodes, a second: ended sessions and cancelled requests."""
        return self.session_changes + self.agents * self.cancels_per_hour / 3600

    @property
    def deliveries(self) -> float:
        return self.open_streams * self.deliveries_per_minute / 60


def pair(inputs: dict[str, Any], what: str, nodes: int) -> float:
    """What a tenant costs each of so many nodes a second: the more there are, the more rarely each looks whether the care is free."""
    share = min(max(nodes // LOOKERS, 1), RAREST)
    return inputs["pair"][what] / share + inputs["pair_in_use"][what] + inputs["refresh"][what] / 60


class Plan:
    """The arithmetic: `inputs` as measure.py writes them."""

    def __init__(self, inputs: dict[str, Any], assumed: Assumptions, nodes: int | None = None, shards: int | None = None) -> None:
        self.inputs, self.assumed = inputs, assumed
        self.nodes = nodes or self._nodes()
        self.shards = shards or self._shards()

    # What nodes carry

    def node_parts(self) -> dict[str, float]:
        """Seconds of CPU a second, all nodes together; without what grows with their number."""
        a, i = self.assumed, self.inputs
        return {"calls": a.calls * i["call"]["node_us"] / 1e6, "signs of life of streams": a.open_streams / 15 * i["stream"]["node_us"] / 1e6,
                "sessions": a.session_changes * i["session"]["node_us"] / 1e6, "deliveries": a.deliveries * i["message"]["delivery_us"] / 1e6}

    def node_own(self, n: int) -> dict[str, float]:
        """The same of each of `n` nodes, whatever it serves."""
        a, i = self.assumed, self.inputs
        return {"heartbeats and probes": i["node"]["node_us"] / 1e6, "control messages": a.controls * i["message"]["control_us"] / 1e6,
                "tenants": a.tenants * pair(i, "node_us", n) / 1e6}

    def _nodes(self) -> int:
        room = self.assumed.loops * self.assumed.node_busy - sum(self.node_own(1).values())
        if room <= 0:
            raise SystemExit("plan: what a node does for itself takes all of its time")
        return max(3, math.ceil(sum(self.node_parts().values()) / room), math.ceil(self.assumed.open_streams / self.assumed.node_streams))

    # What Redis carries

    @property
    def published(self) -> float:
        """Messages by the classic PUBLISH, a second."""
        return self.assumed.controls + self.assumed.publish * self.events

    @property
    def events(self) -> float:
        """A second."""
        a = self.assumed
        return (a.calls * self.inputs["call"]["publishes"] + a.open_streams / 15 + 2 * a.session_changes)

    def redis_parts(self) -> dict[str, float]:
        """Seconds of CPU a second, all shards together, without what they tell each other."""
        a, i, n = self.assumed, self.inputs, self.nodes
        hear = i["fanout"]["delivery_us"]
        return {
            "calls": a.calls * i["call"]["redis_us"] / 1e6,
            "signs of life of streams": a.open_streams / 15 * i["stream"]["redis_us"] / 1e6,
            "sessions": a.session_changes * i["session"]["redis_us"] / 1e6,
            "nodes": n * i["node"]["redis_us"] / 1e6,
            "tenants": a.tenants * i["tenant"]["redis_us"] / 1e6,
            "pairs of node and tenant": n * a.tenants * pair(i, "redis_us", n) / 1e6,
            "control messages": a.controls * (i["fanout"]["publish_us"] + n * hear) / 1e6,
            "deliveries": a.deliveries * (i["fanout"]["publish_us"] + hear) / 1e6,
            "dashboards": a.publish * self.events * a.dashboards * hear / 1e6,
        }

    def bus_cpu(self, shards: int) -> float:
        """Seconds of CPU a second that each shard spends on what the servers of the cluster tell each other."""
        if shards < 2:
            return 0.0
        i, servers = self.inputs["bus"], shards * (1 + self.assumed.replicas)
        return self.published * (i["publish_us"] * (servers - 1) / shards + i["hear_us"] * (shards - 1) / shards) / 1e6

    def bus_bytes(self) -> float:
        """Bytes a second that each shard's master sends to the other servers."""
        servers = self.shards * (1 + self.assumed.replicas)
        return arithmetic.bus(self.published, servers) * self.inputs["bus"]["bytes"] / self.shards if self.shards > 1 else 0.0

    def shard_busy(self, shards: int) -> float:
        return sum(self.redis_parts().values()) / shards + self.bus_cpu(shards)

    def _shards(self) -> int:
        for shards in range(1, 1001):
            if self.shard_busy(shards) <= self.assumed.redis_busy:
                return shards
        return 0

    def memory(self) -> dict[str, float]:
        """Bytes in Redis, all shards together, one copy of each."""
        a, m, c = self.assumed, self.inputs["memory"], self.inputs["call_memory"]
        entries = a.calls / a.tenants * a.ledger_days * DAY
        return {
            "sessions": a.agents * self.inputs["session"]["redis"],
            "tokens": a.agents * m["token"],
            "open holds": a.calls * a.call_seconds * c["hold"],
            "ended holds, 10 min": a.calls * TOMBSTONE * m["tombstone"],
            "records of keyed calls, 10 min": a.calls * a.keyed * TOMBSTONE * (c["record"] - c["record_answer"] + a.answer_bytes),
            "ledgers": a.tenants * min(a.ledger_entries, entries) * m["ledger_entry"],
            "other events": a.tenants * min(AUDIT_CAP, entries) * m["audit_entry"],
            "counts of minutes": a.tenants * MINUTES * m["minute"],
            "tenants": a.tenants * self.inputs["tenant_memory"]["redis"],
        }

    def connections(self, loops: float, shards: int, durable: bool = False) -> dict[str, float]:
        """Of one node to all shards together."""
        return {"commands": loops * shards, "commands of durable tenants": loops * shards if durable else 0, "operators": shards,
                "subscriptions": 1 if shards == 1 else 2}


# The page

def number(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    digits = 2 - math.floor(math.log10(abs(value)))
    text = f"{value:.{max(0, min(digits, 4))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def size(value: float) -> str:
    for unit, least in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if value >= least:
            return f"{number(value / least)} {unit}"
    return f"{number(value)} B"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine(inputs: dict[str, Any]) -> str:
    m = inputs["machine"]
    return (f"Measured on {m['cores']:.0f} virtual cores ({m['processor']}) shared with other programs (load average "
            f"{number(min(m['load'].values()))} to {number(max(m['load'].values()))} when the parts began),\n{m.get('runs', 1)} runs, Redis {m['redis']}, "
            "one event loop a node, all over loopback.")


def carries(inputs: dict[str, Any]) -> str:
    call = inputs["call"]
    stream, session = inputs["stream"], inputs["session"]
    return table(["", "node CPU", "Redis CPU", "commands", "to Redis", "from Redis"], [
        ["a governed call", f"{number(call['node_us'])} us", f"{number(call['redis_us'])} us",
         f"{number(call['scripts'])} scripts, {number(call['publishes'])} messages", size(call["in"]), size(call["out"])],
        ["an open stream, every 15 s", f"{number(stream['node_us'])} us", f"{number(stream['redis_us'])} us", number(stream["commands"]),
         size(stream["in"]), size(stream["out"])],
        ["a session that begins", f"{number(session['node_us'])} us", f"{number(session['redis_us'])} us", "", "", ""],
        ["a message to all nodes, at each of them", f"{number(inputs['message']['control_us'])} us", f"{number(inputs['fanout']['delivery_us'])} us",
         "", "", size(arithmetic.pushed(arithmetic.PREFIX + 'control', 47))],
        ["a message to one node", f"{number(inputs['message']['delivery_us'])} us",
         f"{number(inputs['fanout']['publish_us'] + inputs['fanout']['delivery_us'])} us", "1",
         size(arithmetic.delivery(300).received), size(arithmetic.delivery(300).sent)],
        ["a message by PUBLISH in a cluster, for each further server", "", f"{number(inputs['bus']['publish_us'])} us there, "
         f"{number(inputs['bus']['hear_us'])} us here", "", "", size(inputs["bus"]["bytes"])],
    ])


def limits(inputs: dict[str, Any]) -> str:
    call = inputs["call"]
    return table(["", "calls a second"], [
        ["one event loop, all of its time", number(1e6 / call["node_us"])],
        ["one event loop, 40 % busy", number(0.4e6 / call["node_us"])],
        ["one Redis, or one shard, 40 % busy with nothing else", number(0.4e6 / call["redis_us"])],
        ["one Redis, all of its time: also the most of one tenant, which is in one slot", number(1e6 / call["redis_us"])],
    ])


def idle(inputs: dict[str, Any]) -> str:
    def row(name: str, what: dict[str, float], by: float = 1) -> list[str]:
        return [name, number(what["commands"] / by), size(what["in"] / by), size(what["out"] / by), f"{number(what['redis_us'] / by)} us",
                f"{number(what['node_us'] / by)} us" if what["node_us"] else ""]
    return table(["a second, while nobody calls", "commands", "to Redis", "from Redis", "Redis CPU", "node CPU"], [
        row("a node", inputs["node"]), row("a tenant (its two sweepers and who cares for its upstreams)", inputs["tenant"]),
        row("a pair of node and tenant", inputs["pair"]), row("… whose agents that node has served within 10 min, besides", inputs["pair_in_use"]),
        row("… whose document is read again every 60 s, besides", inputs["refresh"], 60)])


def kept(inputs: dict[str, Any]) -> str:
    m, c = inputs["memory"], inputs["call_memory"]
    return table(["in Redis", "bytes", "how long"], [
        ["a session", number(inputs["session"]["redis"]), "30 min behind its last request; an open stream renews it"],
        ["a token that calls were made with", number(m["token"]), "until it expires"],
        ["an account", number(m["account"]), "for good; caps and delegated budgets until a day after they expire"],
        ["an open hold", number(c["hold"]), "while the call runs"],
        ["an ended hold", number(m["tombstone"]), "10 min"],
        ["a record under an idempotency key", f"{number(c['record'] - c['record_answer'])} and the answer", "10 min"],
        ["an entry of the ledger", number(m["ledger_entry"]), "at most `ledger.entries` of a tenant: 1,000,000"],
        ["another event", number(m["audit_entry"]), "at most about 100,000 of a tenant"],
        ["a tenant without upstreams", number(inputs["tenant_memory"]["redis"]), "for good"],
        ["a connection that is subscribed to a channel", number(inputs["fanout"]["connection"]), ""],
    ]) + "\n\n" + table(["at the node", "bytes"], [
        ["an open stream with its connection and session", number(inputs["stream"]["memory"])],
        ["a tenant without upstreams", number(inputs["tenant_memory"]["node"])],
        ["a node that serves nobody", size(inputs["node"]["memory"])]])


def assumptions(plan: Plan) -> str:
    a = plan.assumed
    return table(["assumed", ""], [
        ["agents", number(a.agents)], ["calls of an agent a minute", number(a.calls_per_minute)],
        ["agents with an open stream", f"{a.streams:.0%}"], ["agents of a tenant", number(a.agents_per_tenant)],
        ["a session lasts", f"{number(a.session_hours)} h"], ["a call takes", f"{number(a.call_seconds)} s"],
        ["calls with an idempotency key", f"{a.keyed:.0%}, with an answer of {number(a.answer_bytes)} bytes"],
        ["messages outside of answers", f"{number(a.deliveries_per_minute)} a minute for an agent with a stream"],
        ["cancelled requests", f"{number(a.cancels_per_hour)} an hour for an agent"],
        ["dashboards that watch all events", number(a.dashboards)],
        ["`events.publish`", "true" if a.publish else "false"],
        ["event loops of a node", f"{number(a.loops)}, at most {a.node_busy:.0%} busy; at most {number(a.node_streams)} streams"],
        ["a shard", f"at most {a.redis_busy:.0%} busy, {number(a.replicas)} replica"],
    ])


def traffic(plan: Plan) -> str:
    a = plan.assumed
    return table(["which makes, a second", ""], [
        ["calls", number(a.calls)], ["signs of life of streams", number(a.open_streams / 15)],
        ["sessions that begin, and that end", number(a.session_changes)], ["messages to all nodes", number(a.controls)],
        ["messages to one node", number(a.deliveries)], ["events", number(plan.events)]])


def needed(plan: Plan, loud: Plan) -> str:
    a = plan.assumed
    rows = [["nodes' CPU: " + name, f"{number(value)} cores"] for name, value in plan.node_parts().items()]
    rows += [[f"… of each node: {name}", f"{number(value)} cores"] for name, value in plan.node_own(plan.nodes).items()]
    rows += [["Redis' CPU: " + name, f"{number(value)} cores"] for name, value in plan.redis_parts().items()]
    rows += [["**nodes**", f"**{plan.nodes}**: {number(a.calls / plan.nodes)} calls/s and {number(a.open_streams / plan.nodes)} streams each"],
             ["**shards**", shard_words(plan)], ["**shards with `events.publish=true`**", shard_words(loud)]]
    small = Plan(plan.inputs, dataclasses.replace(a, node_streams=SHIPPED_STREAMS))
    rows.append([f"with {number(SHIPPED_STREAMS)} streams a node, as the autoscaler in `components/fleet` asks", f"{small.nodes} nodes, {small.shards} shards"])
    return table(["what is needed", ""], rows)


def shard_words(plan: Plan) -> str:
    if not plan.shards:
        return "no number of them is enough"
    return f"**{plan.shards}**, each {plan.shard_busy(plan.shards):.0%} busy, {plan.bus_cpu(plan.shards):.0%} with the cluster's bus, {size(plan.bus_bytes())}/s to the other servers"


def memory(plan: Plan) -> str:
    parts = plan.memory()
    rows = [[name, size(value)] for name, value in parts.items()]
    rows.append(["**all**, without replicas", f"**{size(sum(parts.values()))}**, {size(sum(parts.values()) / max(1, plan.shards))} a shard"])
    rows.append(["at each node: its streams, its tenants, itself", size(
        plan.assumed.open_streams / plan.nodes * plan.inputs["stream"]["memory"] + plan.assumed.tenants * plan.inputs["tenant_memory"]["node"]
        + plan.inputs["node"]["memory"])])
    return table(["memory", ""], rows)


def connections(plan: Plan) -> str:
    rows = []
    for nodes, shards, loops, durable in ((plan.nodes, max(1, plan.shards), plan.assumed.loops, False), (plan.nodes, max(1, plan.shards), plan.assumed.loops, True),
                                          (1000, 1, 2, False), (1000, 10, 2, False), (1000, 10, 4, True)):
        of_node = plan.connections(loops, shards, durable)
        each = nodes * (sum(of_node.values()) - of_node["subscriptions"]) / shards + nodes * of_node["subscriptions"] / shards
        rows.append([number(nodes), number(shards), number(loops), "yes" if durable else "no", number(sum(of_node.values())),
                     number(nodes * sum(of_node.values())), number(each) + (" (above `maxclients`)" if each > MAXCLIENTS else "")])
    return table(["nodes", "shards", "loops", "durable tenants", "connections of a node", "of all", "at each shard"], rows)


def thousand(plan: Plan) -> str:
    """What grows with the number of nodes, at several numbers of them."""
    a, i = plan.assumed, plan.inputs
    rows = []
    columns = (10, plan.nodes, 100, 1000)
    def row(name: str, values: list[str]) -> None:
        rows.append([name, *values])
    row("heartbeats, from Redis", [size(n * arithmetic.beat().sent) + "/s" for n in columns])
    row("… were the list told at each of them", [size(n * arithmetic.beat().sent + arithmetic.roll_call(n).sent) + "/s" for n in columns])
    row("a node that comes or goes, from Redis", [size(arithmetic.roll_call(n).sent) for n in columns])
    row("all that nodes do by themselves, Redis CPU", [f"{number(n * i['node']['redis_us'] / 1e6)} cores" for n in columns])
    row("one message to all nodes, Redis CPU", [f"{number((i['fanout']['publish_us'] + n * i['fanout']['delivery_us']) / 1000)} ms" for n in columns])
    row(f"{number(a.controls)} such messages a second, Redis CPU",
        [f"{number(a.controls * (i['fanout']['publish_us'] + n * i['fanout']['delivery_us']) / 1e6)} cores" for n in columns])
    row("… from Redis", [size(a.controls * arithmetic.control(47, n).sent) + "/s" for n in columns])
    row(f"{number(a.tenants)} tenants at each of them, Redis CPU", [f"{number(n * a.tenants * pair(i, 'redis_us', n) / 1e6)} cores" for n in columns])
    row("… commands a second", [number(n * a.tenants * pair(i, "commands", n)) for n in columns])
    return table(["nodes", *[number(n) for n in columns]], rows)


def marks(plan: Plan) -> str:
    inputs = plan.inputs
    return table(["", ""], [
        ["pairs of node and tenant that keep one Redis 10 % busy, 50 nodes or more", number(0.1e6 / pair(inputs, "redis_us", 50))],
        ["nodes at which a message to all costs Redis as much as a call", number(inputs["call"]["redis_us"] / inputs["fanout"]["delivery_us"])],
        ["open streams whose signs of life keep one Redis 10 % busy", number(0.1e6 * 15 / inputs["stream"]["redis_us"])],
        ["hours in which a tenant of this plan fills its ledger", number(plan.assumed.ledger_entries / (plan.assumed.calls / plan.assumed.tenants) / 3600)]])


def tables(inputs: dict[str, Any], assumed: Assumptions) -> dict[str, str]:
    plan = Plan(inputs, assumed)
    loud = Plan(inputs, dataclasses.replace(assumed, publish=1), nodes=plan.nodes)
    return {"machine": machine(inputs), "carries": carries(inputs), "limits": limits(inputs), "idle": idle(inputs), "kept": kept(inputs),
            "assumptions": assumptions(plan), "traffic": traffic(plan), "needed": needed(plan, loud), "memory": memory(plan),
            "connections": connections(plan), "thousand": thousand(plan),
            "marks": marks(plan)}


def written(page: str, found: dict[str, str]) -> str:
    """The page with each table between its marks."""
    for name, text in found.items():
        page, count = re.subn(rf"(<!-- plan: {name} -->\n).*?(<!-- end -->)", lambda match: f"{match[1]}{text}\n{match[2]}", page, flags=re.S)
        if count != 1:
            raise SystemExit(f"plan: the page has {count} places for {name}")
    return page


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--inputs", type=Path, default=INPUTS)
    options.add_argument("--write", action="store_true", help="write the tables into the page")
    options.add_argument("--check", action="store_true", help="fail where the page says something else")
    for field in dataclasses.fields(Assumptions):
        options.add_argument("--" + field.name.replace("_", "-"), type=float, default=field.default)
    arguments = options.parse_args()
    assumed = Assumptions(**{field.name: getattr(arguments, field.name) for field in dataclasses.fields(Assumptions)})
    found = tables(json.loads(arguments.inputs.read_text()), assumed)
    if not (arguments.write or arguments.check):
        print("\n\n".join(f"# {name}\n\n{text}" for name, text in found.items()))
        return 0
    before = PAGE.read_text()
    after = written(before, found)
    if arguments.write:
        PAGE.write_text(after)
    elif before != after:
        sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), after.splitlines(True), "k8s/SCALING.md", "what the script says"))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
