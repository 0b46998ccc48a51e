"""Macaroons made by hand: what whoever has a root key could sign, and what nobody should accept."""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os

from .node import Cell


def forged(cell: Cell, *caveats: str, tenant: str = "acme", key: bytes | None = None, identifier: str | None = None) -> str:
    """A token of libmacaroons' second version with just these caveats, signed with the tenant's root key, or that one."""
    entry = next(each for each in json.loads(cell.keys.read_text())["keys"] if each["tenant"] == tenant)
    identifier = identifier or f"{entry['id']}:{os.urandom(16).hex()}"
    signature = _mac(_mac(b"macaroons-key-generator", key or bytes.fromhex(entry["secret_hex"])), identifier.encode())
    body = b"\2" + _field(2, identifier.encode()) + b"\0"
    for caveat in caveats:
        signature = _mac(signature, caveat.encode())
        body += _field(2, caveat.encode()) + b"\0"
    return base64.urlsafe_b64encode(body + b"\0" + _field(6, signature)).rstrip(b"=").decode()


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, hashlib.sha256)


def _field(kind: int, data: bytes) -> bytes:
    length, digits = len(data), bytearray()
    while length > 0x7F:
        digits.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([kind, *digits, length]) + data
