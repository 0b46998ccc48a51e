#!/usr/bin/env python3
"""A dashboard that only counts: opens the feed of events and says ten times a second how many it has had.

usage: watcher.py PORT TOKEN
"""
from __future__ import annotations

import socket
import sys
import time


def main() -> None:
    port, token = int(sys.argv[1]), sys.argv[2]
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.sendall((f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\n"
                      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
        received = link.recv(1 << 20)
        if not received.startswith(b"HTTP/1.1 101"):
            raise SystemExit(received.decode(errors="replace"))
        count, tail, said = 0, b"", 0.0
        link.settimeout(0.1)
        while received:
            # No pings are answered: a round is over before the node misses them.
            received = tail + received
            count += received.count(b'"timestamp":"')
            tail = received[-12:]  # one byte short of the mark: none is counted twice, none is missed
            if time.monotonic() - said > 0.1:
                print(count, flush=True)
                said = time.monotonic()
            try:
                received = link.recv(1 << 20)
            except TimeoutError:
                received = b"-"  # nothing new: the count is said all the same
        print("cut", flush=True)


if __name__ == "__main__":
    main()
