#!/usr/bin/env python3
"""Makes events happen at a steady rate: through the nodes' own script, which numbers, keeps and publishes them, in either stream.

usage: recorder.py REDIS-PORT RATE SECONDS BYTES TENANT…   (closes with one JSON line: events written, seconds it took)
"""
from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import redis

SCRIPTS = Path(__file__).resolve().parents[2] / "Sources" / "Store" / "Scripts"
TYPES = ["tool_call", "rate_limited", "session_connect", "session_close"]


def script() -> str:
    """`record.lua` as the program has it: the prelude behind its first line."""
    head, _, body = (SCRIPTS / "record.lua").read_text().partition("\n")
    return f"{head}\n{(SCRIPTS / 'prelude.lua').read_text()}{body}"


def main() -> None:
    port, rate, seconds, size = (int(text) for text in sys.argv[1:5])
    tenants = sys.argv[5:]
    server = redis.Redis(port=port, protocol=2, socket_timeout=30)
    digest = server.script_load(script())
    padding = "x" * size
    begun, written, turn = time.monotonic(), 0, 0
    while written < rate * seconds:
        # what is due by now, a few events for each tenant in turn
        due = min(rate * seconds, int((time.monotonic() - begun) * rate) + 1)
        pipe = server.pipeline(transaction=False)
        while written < due:
            tenant, count = tenants[turn % len(tenants)], min(1 + turn % 4, due - written)
            keys = [f"satgate:{{{tenant}}}:{name}" for name in ("audit", "ledger:head", "ledger")]
            if turn // len(tenants) % 2:
                keys = [keys[2], keys[1], keys[0]]
            arguments = [f"satgate:events:{tenant}"]
            for number in range(written, written + count):
                arguments += ["1", TYPES[number % len(TYPES)], str(int(time.time() * 1000)), f'"tenantId":"{tenant}"',
                              f'"n":{number},"text":"{padding}"']
            pipe.evalsha(digest, len(keys), *keys, *arguments)
            written, turn = written + count, turn + 1
        pipe.execute()
        time.sleep(0.004)
    print(json.dumps({"events": written, "seconds": time.monotonic() - begun}), flush=True)


if __name__ == "__main__":
    main()
