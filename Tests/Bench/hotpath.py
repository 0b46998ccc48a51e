#!/usr/bin/env python3
"""Where a governed call's instructions go, counted by valgrind's callgrind: no other program on the machine changes the figure.

A node runs under callgrind at 64 connections; what was executed is divided by the calls and shown by stage and by kind of work. A function that
belongs to no stage (the Swift runtime, libc, NIO) is charged to those that call it, in proportion to what they spend in it. What the kernel does
is not in it: `perf record` tells that.

usage: hotpath.py [--binary FILE] [--peer satgate|stateless|asking] [--seconds 15] [--profile FILE --calls N]
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
    ("read the request", r"^HTTPWire\.Request|^Gateway\.(ExchangeHandler|Inbound|HeaderFields|LoopTasks)"),
    ("write the answer", r"^Gateway\.\w*Reply\b"),
    ("authenticate", r"^Gateway\.(Authenticator|GrantCache|Clearing|KeyRing|RevokedTokens)|^Macaroons|^Gateway\.Gateway\.(identify|judge|principal)"),
    ("session", r"^Gateway\.(SessionCache|RunningRequests|StreamableExchange\.resume)"),
    ("read the message", r"^Gateway\.(\w*Exchange\.(post|read|message)|Gateway\.serve)|^MCPWire\.(ForwardedRequest\.init|Message\.(__allocating_)?init)"),
    ("observe", r"^Gateway\.(Observation|\w*Metrics|RequestTrace|LoopActivity)|^Governance\.(ActivityTally|LatencyHistogram)|^Upstreams\.\w*Metrics"),
    ("route", r"^Gateway\.CallExchange\.(route|destination|record)|^Upstreams\.Catalogue"),
    ("reserve", r"^Store\.RedisLedger\.(reserve|attempt|add)|^Gateway\.(CallExchange|Gateway)\.(reserve|reservation|charge|standing|ask|accounts|chain|begin)"
                r"|^Governance\.(Charge|CallID)|^Gateway\.OpenHolds\.add"),
    ("settle", r"^Store\.(RedisLedger\.settle|EventFragments)|^Gateway\.(Settlements|OpenHolds|CallReport|CallExchange\.(settle|end|outcome|cost|leave))"),
    ("books known to the node", r"^Store\."),
    ("Redis: encode a command", r"^Redis\.(ScriptCommand|CommandBytes|EncodedCommand|CommandEncoder|Array|\.?Array|HashSlot)"),
    ("Redis: send, receive", r"^Redis|^redis"),
    ("forward: read the answer", r"^HTTPWire\.Response|^Upstreams\.(Response\w+|UpstreamExchange|HTTPExchange|HTTPConnection\.(channelRead|received|settle|becomeIdle))"),
    ("forward: send", r"^Upstreams\.|^MCPWire\.ForwardedRequest\.forwarded"),
    ("put the answer together", r"^Gateway\.CallExchange\.(pass|rendered|finish|answer)|^MCPWire\.(Answer|ContentView)"),
    ("exchange, the rest", r"^(Gateway|Governance|Events|satgate)\."),
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


OURS = re.compile(r"^(HTTPWire|MCPWire|Gateway|Governance|Upstreams|Redis|Store|Macaroons|Events|Telemetry|satgate|NIO\w+|redis\w+)\b")
# The compiler's copies of library functions, and what it makes for types: those pay that call them.
COPY = re.compile(r"generic specialization|outlined|value witness|protocol witness|metadata|\.(hash|==|deinit)\b|deallocating_deinit|^\$s")
ROOT_COST = "event loop, tasks and what has no caller"
Costs = dict[str, dict[str, int]]


class Profile:
    """Of functions by name: what each costs itself, what its callers spend in it, and how often they call it; of a callgrind file."""

    def __init__(self, file: Path) -> None:
        self.own: dict[str, int] = defaultdict(int)
        self.spent: Costs = defaultdict(lambda: defaultdict(int))
        self.calls: Costs = defaultdict(lambda: defaultdict(int))
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
                self.calls[callee][here] += int(line[6:].split()[0])
                is_call = True
            elif found := re.match(r"[+*\-\d]\S* (\d+)$", line):
                if is_call:
                    self.spent[callee][here] += int(found[1])
                else:
                    self.own[here] += int(found[1])
                is_call = False
        mangled = sorted({*self.own, *self.spent})
        plain = subprocess.run(["swift", "demangle", "--compact"], input="\n".join(mangled), capture_output=True, text=True).stdout.splitlines()
        self.names = dict(zip(mangled, plain if len(plain) == len(mangled) else mangled))

    def by_kind(self) -> dict[str, float]:
        total: dict[str, float] = defaultdict(float)
        for name, cost in self.own.items():
            total[first(KINDS, self.names[name]) or "other"] += cost
        return total

    def by_stage(self) -> dict[str, float]:
        return charged(self.own, self.spent, self._stages())

    def by_function(self) -> dict[str, float]:
        return charged(self.own, self.spent, self._ours())

    def allocations(self, by_stage: bool = False) -> dict[str, float]:
        """How many each of our functions makes, or each stage."""
        made = {name: sum(self.calls[name].values()) for name in ("malloc", "calloc", "realloc", "posix_memalign") if name in self.calls}
        return charged(made, self.calls, self._stages() if by_stage else self._ours())

    def _stages(self) -> dict[str, str | None]:
        return {name: first(STAGES, site(plain) or "") for name, plain in self.names.items()}

    def _ours(self) -> dict[str, str | None]:
        return {name: found if (found := site(plain)) and OURS.match(found) else None for name, plain in self.names.items()}


def charged(costs: dict[str, int], weights: Costs, owners: dict[str, str | None]) -> dict[str, float]:
    """What the owners of functions are charged; where a function has none, those pay that call it, by what `weights` says of each."""
    total: dict[str, float] = defaultdict(float)
    left: dict[str, float] = {name: float(cost) for name, cost in costs.items()}
    for _ in range(100):  # by then what goes round in circles is next to nothing
        above: dict[str, float] = defaultdict(float)
        for name, cost in left.items():
            callers = {} if owners.get(name) else {caller: weight for caller, weight in weights.get(name, {}).items() if caller != name}
            whole = sum(callers.values())
            if not whole:  # its own, or called by none in anything that counts
                total[owners.get(name) or ROOT_COST] += cost
                continue
            for caller, weight in callers.items():
                above[caller] += cost * weight / whole
        left = above
    total[ROOT_COST] += sum(left.values())
    return total


def site(name: str) -> str | None:
    """The function as its author calls it, without parameters: `Gateway.CallExchange.serve`; nothing for what the compiler has made."""
    name = re.sub(r"function signature specialization <.*?> of |\(\d+\) (await|suspend) resume partial function for |merged ", "", name)
    if COPY.search(name.split("(")[0]):
        return None
    name = re.sub(r"\((\w+) in _\w+\)", r"\1", name).replace("(extension in ", "").replace("):", ":")
    if "closure #" in name or "partial apply" in name:
        name = name.split(" in ")[-1]
    name = re.sub(r"^(static |@objc |NIO\w+:|Redis:Swift|\w+:(?=[A-Z]))*", lambda found: "Redis.Array" if "Redis:" in found[0] else "", name)
    name = name.replace("Redis.Array.Array", "Redis.Array")
    name = re.sub(r"<[^()]*?>|'\d+$", "", name)
    return re.split(r"\(| : |\.(?:getter|setter|modify)", name)[0]


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
    made = profile.allocations(by_stage=True)
    print("\n| stage | thousand instructions | | allocations |\n|---|---|---|---|")
    for name, cost in sorted(profile.by_stage().items(), key=lambda each: -each[1]):
        print(f"| {name} | {cost / calls / 1000:.1f} | {cost / whole:.1%} | {made.get(name, 0) / calls:.1f} |")
    print("\n| kind of work | thousand instructions | |\n|---|---|---|")
    for name, cost in sorted(profile.by_kind().items(), key=lambda each: -each[1]):
        print(f"| {name} | {cost / calls / 1000:.1f} | {cost / whole:.1%} |")
    for what, parts in (("instructions of", profile.by_function()), ("allocations by", profile.allocations())):
        print(f"\n| {what} a function, with what the runtime does for it | a call |\n|---|---|")
        for name, cost in sorted(parts.items(), key=lambda each: -each[1])[:35]:
            print(f"| `{name}` | {cost / calls:.0f} |" if "instr" in what else f"| `{name}` | {cost / calls:.1f} |")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=str(ROOT / ".build" / "release" / "satgate"))
    parser.add_argument("--peer", choices=["satgate", "stateless", "asking"], default="satgate")
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
