#!/usr/bin/env python3
"""Where a governed call's instructions go, counted by valgrind's callgrind: no other program on the machine changes the figure.

A node runs under callgrind at 64 connections; what was executed is divided by the calls and shown by stage and by kind of work. A function that
belongs to no stage (the Swift runtime, libc, NIO) is charged to those that call it, in proportion to what they spend in it. What the kernel does
is not in it: `perf record` tells that.

usage: hotpath.py [--binary FILE] [--peer satgate|stateless] [--seconds 15] [--profile FILE --calls N]
"""
from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from peers import ROOT
from rounds import Bench
from servers import Server, many_files, until

# The first that fits a demangled name.
STAGES = [(name, re.compile(pattern)) for name, pattern in (
    ("read the request (HTTP)", r"RequestReader|RequestHead\b|Gateway\.ExchangeHandler|Gateway\.Inbound|Gateway\.HeaderFields"),
    ("write the answer (HTTP)", r"Gateway\.HTTPReply|Gateway\.PostReply|Gateway\.MessageReply|Gateway\.StatelessReply|Gateway\.RoundReply"),
    ("authenticate", r"Authenticator|GrantCache|Clearing|KeyRing|Macaroons\.|RevokedTokens|Gateway\.Authentication"),
    ("session", r"SessionCache|KnownSession|RunningRequests"),
    ("observe (metrics, traces, tallies)", r"Observation|GatewayMetrics|UpstreamMetrics|RequestTrace|LoopActivity|Metrics|Telemetry|ActivityUpkeep"),
    ("reserve: make the command", r"RedisLedger.*[rR]eserve|Gateway\.CallExchange.*(reserve|charge|standing|ask)\b|Governance\.Charge\b|Tariff"),
    ("settle: make the command", r"RedisLedger.*[sS]ettle|Settlements|OpenHolds|Gateway\.CallExchange.*(settle|end|outcome)\b|EventFragments|CallReport"),
    ("ledger, either side", r"RedisLedger|KnownBooks|Store\."),
    ("Redis connection", r"\bRedis\.|redisReader|hiredis"),
    ("forward: read the answer", r"ResponseReader|ResponseHead\b|ResponseMessages|ResponseStream|UpstreamExchange|HTTPConnection.*(channelRead|received|settle)"
                                 r"|Upstreams\.HTTPExchange"),
    ("forward: send", r"Upstreams\."),
    ("route", r"Gateway\.CallExchange.*route|RoutedCall|Catalogue"),
    ("read the message (JSON)", r"RequestExchange|StreamableExchange|StatelessExchange|Gateway\.CallExchange.*\bread\b|ForwardedRequest"),
    ("answer: put the body together", r"Gateway\.CallExchange.*(pass|rendered|finish|answer)|MCPWire\.Answer|ContentView"),
    ("start and end the task", r"LoopTasks|LoopExecutor"),
    ("exchange, the rest", r"Gateway\.|Governance\.|Events\."),
)]
KINDS = [(name, re.compile(pattern)) for name, pattern in (
    ("reference counting", r"swift_(bridgeObject|unknownObject|)[rR]e(tain|lease)|RefCount|swift_isUniquely|swift_weak|swift_unowned"),
    ("allocation", r"malloc|\bfree\b|calloc|realloc|memalign|_int_free|unlink_chunk|swift_(alloc|dealloc|slow)|sysmalloc|swift_deallocClass"),
    ("exclusivity checks", r"swift_(begin|end)Access|AccessSet|SwiftTLSContext"),
    ("tasks", r"swift_task|swift_job|AsyncTask|TaskAllocator|withStatusRecordLock|swift_continuation|Executor|swift_async|StatusRecord|StackAllocator"),
    ("hashing", r"Hasher|hash\(into|_hash"),
    ("copying and comparing bytes", r"memcpy|memmove|memset|memcmp|elementsEqual|memchr"),
    ("String", r"Swift\.(String|Substring|_StringGuts|StaticString)"),
    ("types at run time", r"swift_getGenericMetadata|swift_instantiate|Metadata|swift_dynamicCast|conformsTo|WitnessTable|value witness|swift_getAssoc|outlined"),
    ("locks", r"pthread_mutex|Mutex|Lock"),
    ("NIO", r"NIO"),
    ("HTTPWire", r"HTTPWire"), ("MCPWire", r"MCPWire"), ("Redis, Store", r"\bRedis\.|Store\.|redis"), ("Upstreams", r"Upstreams"),
    ("Gateway", r"Gateway|Governance|Macaroons"), ("Swift's library", r"Swift\."))]


class Profile:
    """Self cost of functions and what each spends in those it calls, of a callgrind file."""

    def __init__(self, file: Path) -> None:
        self.own: dict[str, int] = defaultdict(int)
        self.spent: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        names: dict[str, str] = {}
        here = callee = ""
        is_call = False
        for line in file.open(errors="replace"):
            if found := re.match(r"(c?)fn=\((\d+)\)(?: (.*))?", line):
                if found[3]:
                    names[found[2]] = found[3].rstrip()
                if found[1]:
                    callee = names[found[2]]
                else:
                    here = names[found[2]]
            elif line.startswith("calls="):
                is_call = True
            elif found := re.match(r"[+*\-\d]\S* (\d+)$", line):
                if is_call:
                    self.spent[callee][here] += int(found[1])
                else:
                    self.own[here] += int(found[1])
                is_call = False
        self._demangle()

    def _demangle(self) -> None:
        names = sorted({*self.own, *self.spent})
        plain = subprocess.run(["swift", "demangle", "--compact"], input="\n".join(names), capture_output=True, text=True).stdout.splitlines()
        if len(plain) != len(names):
            plain = names
        self.names = dict(zip(names, plain))

    def by_kind(self) -> dict[str, int]:
        total: dict[str, int] = defaultdict(int)
        for name, cost in self.own.items():
            total[first(KINDS, self.names[name]) or "other"] += cost
        return total

    def by_stage(self) -> dict[str, int]:
        """Walks up from functions without a stage to their callers, until what is left is less than a thousandth."""
        total: dict[str, float] = defaultdict(float)
        stage = {name: first(STAGES, plain) for name, plain in self.names.items()}
        left: dict[str, float] = dict(self.own)
        whole = sum(left.values())
        while sum(left.values()) > whole / 1000:
            above: dict[str, float] = defaultdict(float)
            for name, cost in left.items():
                if stage[name]:
                    total[stage[name]] += cost
                    continue
                callers = {caller: spent for caller, spent in self.spent.get(name, {}).items() if caller != name}
                if not (of := sum(callers.values())):
                    total["event loop, tasks and what has no caller"] += cost
                    continue
                for caller, spent in callers.items():
                    above[caller] += cost * spent / of
            left = above if sum(above.values()) < sum(left.values()) * 0.9999 or not total else {}
            total["event loop, tasks and what has no caller"] += sum(above.values()) if not left else 0
        return total


def first(rules: list[tuple[str, re.Pattern[str]]], name: str) -> str | None:
    return next((label for label, pattern in rules if pattern.search(name)), None)


def profiled(directory: Path, binary: str, name: str, seconds: int) -> tuple[Path, int]:
    """A profile and the calls in it. Its debug information is taken off the program first: valgrind cannot read DWARF 5 of Swift's."""
    stripped, out = directory / "satgate", directory / "callgrind.out"
    subprocess.run(["objcopy", "--strip-debug", binary, str(stripped)], check=True)
    peers = ("satgate", "stateless") if name == "stateless" else (name,)
    bench = Bench(directory, str(stripped), peers, within=120, SATGATE_REDIS_TIMEOUT="20000", wrapper=[
        "valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"])
    node = bench.peers[name].server.child.pid

    def control(*words: str) -> None:
        subprocess.run(["callgrind_control", *words, str(node)], check=True, capture_output=True)

    bench.measure(name, 8, 3)
    control("-i", "on")
    bench.measure(name, 64, 3)
    control("-z")
    calls = bench.measure(name, 64, seconds)["calls"]
    control("-d")
    return until("the profile is written", lambda: next((file for file in directory.glob("callgrind.out.*") if file.stat().st_size), None)), calls


def tell(profile: Profile, calls: int) -> None:
    whole = sum(profile.own.values())
    print(f"\n{whole / calls / 1000:.0f} thousand instructions a call, without the kernel's ({calls} calls)")
    for what, parts in (("stage", profile.by_stage()), ("kind of work", profile.by_kind())):
        print(f"\n| {what} | thousand instructions | |\n|---|---|---|")
        for name, cost in sorted(parts.items(), key=lambda each: -each[1]):
            print(f"| {name} | {cost / calls / 1000:.1f} | {cost / whole:.1%} |")
    print("\n| function | instructions a call | |\n|---|---|---|")
    for name, cost in sorted(profile.own.items(), key=lambda each: -each[1])[:40]:
        print(f"| `{profile.names[name][:150]}` | {cost / calls:.0f} | {cost / whole:.1%} |")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=str(ROOT / ".build" / "release" / "satgate"))
    parser.add_argument("--peer", choices=["satgate", "stateless"], default="satgate")
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--profile", type=Path, help="tell this callgrind file, of so many --calls, instead of making one")
    parser.add_argument("--calls", type=int, default=1)
    options = parser.parse_args()
    if options.profile:
        tell(Profile(options.profile), options.calls)
        return 0
    many_files()
    with tempfile.TemporaryDirectory(prefix="satgate-hotpath-") as scratch:
        os.chmod(scratch, 0o755)
        try:
            file, calls = profiled(Path(scratch), options.binary, options.peer, options.seconds)
            tell(Profile(file), calls)
        finally:
            Server.stop_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
