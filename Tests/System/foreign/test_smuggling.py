"""A corpus of smuggling, sent raw to haproxy, which has but one connection to the node for everybody: attackers and those who are to be deceived."""
from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed import stateless
from testbed.corpus import corpus
from testbed.haproxy import Haproxy
from testbed.process import eventually
from testbed.raw import Answer, Line, answers
from testbed.tap import Tap

# one connection to the node, and a head has to come soon
NARROW = """
    http-reuse always
    default-server maxconn 1
    timeout http-request 1s
"""
# what haproxy lets pass besides when it is told not to judge
LENIENT = "    option accept-invalid-http-request\n"
KINDS = {"strict": NARROW, "lenient": NARROW + LENIENT}
numbers = itertools.count()


@dataclass
class Front:
    """haproxy, and a tap on its way to the node."""
    site: Any
    haproxy: Haproxy
    tap: Tap

    def answered(self) -> int:
        """How many answers the node has given to haproxy; each of them whole."""
        return sum(len([answer for answer in answers(got) if answer.status >= 200]) for _, got in self.tap.lines())

    @property
    def ran(self) -> int:
        return self.site.upstream.calls("echo")

    async def attack(self, sent: bytes) -> list[Answer]:
        """All that haproxy answers until it ends the connection, or has nothing more to say to somebody who never comes to an end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.haproxy.port)
        writer.write(sent)
        got = b""
        try:
            while piece := await asyncio.wait_for(reader.read(1 << 16), 2):
                got += piece
        except (ConnectionError, TimeoutError):
            pass
        finally:
            writer.transport.abort()
        return [answer for answer in answers(got) if answer.status >= 200]


@pytest.fixture(scope="module", params=KINDS)
def front(request: pytest.FixtureRequest, site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    directory: Path = tmp_path_factory.mktemp("haproxy")
    tap = Tap(site.node.port)
    admin, _, port = site.node.admin.removeprefix("http://").rpartition(":")
    haproxy = Haproxy(directory, [("127.0.0.1", tap.port, admin, int(port))], more=KINDS[request.param])
    haproxy.wait(0)
    yield Front(site, haproxy, tap)
    haproxy.stop()
    tap.stop()


def texts(found: list[Answer]) -> list[str]:
    """Of those answers that are a call's."""
    said = [json.loads(answer.body) for answer in found if answer.status == 200 and answer.headers.get("content-type") == "application/json"]
    return [message["result"]["content"][0]["text"] for message in said if "content" in message.get("result", {})]


def attacks(site: Any, number: int, name: str) -> tuple[bytes, list[str]]:
    """The bytes of one attack with a call behind it, and the texts of all calls in them, in order."""
    own = [f"{word}-{number}" for word in ("outer", "hidden", "behind")]
    outer = stateless.message("tools/call", {"name": "echo", "arguments": {"text": own[0]}}, own[0])
    fields = site.post(outer).partition(b"\r\n")[2].partition(b"Content-Length")[0]
    sent = dict(corpus(fields, site.call(own[1]), json.dumps(outer).encode()))[name]
    return sent + site.call(own[2], ("Connection", "close")), own


NAMES = [name for name, _ in corpus(b"", b"", b"")]


@pytest.mark.parametrize("name", NAMES)
async def test_the_node_sees_just_the_requests_that_haproxy_counts_and_each_answer_goes_where_it_belongs(front: Front, name: str):
    number = next(numbers)
    sent, own = attacks(front.site, number, name)
    victims: list[Line] = []
    asked = [f"{word}-{number}-{index}" for word in ("before", "after") for index in range(2)]
    before = front.haproxy.counted(), front.answered(), front.ran
    try:
        found = []
        for text in asked[:2]:
            victims.append(await Line.open(front.haproxy.port))
            found.append((await victims[-1].ask(front.site.call(text))).text)
        told = await front.attack(sent)
        found += [one.text for one in await asyncio.gather(*(victim.ask(front.site.call(text)) for victim, text in zip(victims, asked[2:])))]
    finally:
        for victim in victims:
            victim.close()
    assert found == asked, "each has its own answer"
    await _counts(front, before, told, own)


async def _counts(front: Front, before: tuple[tuple[int, int], int, int], told: list[Answer], own: list[str]) -> None:
    """What haproxy, the node and the upstream have counted since then, four calls of others among it, fits what the attacker was told."""
    def since() -> tuple[int, int, int, int]:
        come, passed = front.haproxy.counted()
        return come - before[0][0], passed - before[0][1], front.answered() - before[1], front.ran - before[2]

    called = texts(told)
    assert called == [text for text in own if text in called], "in order, none of another, none twice"
    # the last may be cut off unanswered, where the attacker never ends it
    eventually("all that passed has been answered", lambda: since()[1] - since()[2] in (0, 1), within=5)
    come, passed, answered, ran = since()
    assert ran == 4 + len(called), f"calls that nobody was answered: {since()}, {told}"
    assert come - 4 - len(told) in (0, passed - answered) and passed <= come, (since(), told)
