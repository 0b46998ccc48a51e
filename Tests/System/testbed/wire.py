"""What really went over a wire, both ways."""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from .agent import events


@dataclass
class Exchange:
    """An HTTP request and as much of its answer as has come."""
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    status: int = 0
    answered: dict[str, str] = field(default_factory=dict)
    answer: bytearray = field(default_factory=bytearray)

    @property
    def said(self) -> list[dict[str, Any]]:
        """The messages in the request."""
        return _messages(self.body) if self.body else []

    @property
    def heard(self) -> list[dict[str, Any]]:
        """The messages in the answer."""
        return [message for raw in self.raw for message in _messages(raw)]

    @property
    def raw(self) -> list[bytes]:
        """The messages in the answer as they came."""
        kind = self.answered.get("content-type", "")
        if kind.startswith("application/json"):
            return [bytes(self.answer)] if self.answer else []
        if kind.startswith("text/event-stream"):
            whole = bytes(self.answer).replace(b"\r\n", b"\n").rpartition(b"\n\n")[0]
            return [data.encode() for name, data in events(whole.decode()) if name == "message"]
        return []


def _messages(raw: bytes) -> list[dict[str, Any]]:
    read = json.loads(raw)
    return read if isinstance(read, list) else [read]


def member(raw: bytes, *path: str) -> bytes:
    """The bytes of the value at the path of member names."""
    text = raw.decode()
    place = 0
    for name in path:
        place = _value(text, place, name)
    return text[place:_end(text, place)].encode()


def _value(text: str, place: int, wanted: str) -> int:
    """Where the value of the object's member begins."""
    assert text[place] == "{", text[place:place + 40]
    place = _blank(text, place + 1)
    while text[place] != "}":
        end = _end(text, place)
        name = json.loads(text[place:end])
        place = _blank(text, _blank(text, end) + 1)
        if name == wanted:
            return place
        place = _blank(text, _end(text, place))
        place = _blank(text, place + 1) if text[place] == "," else place
    raise KeyError(wanted)


def _end(text: str, place: int) -> int:
    return json.JSONDecoder().raw_decode(text, place)[1]


def _blank(text: str, place: int) -> int:
    while text[place] in " \t\r\n":
        place += 1
    return place
