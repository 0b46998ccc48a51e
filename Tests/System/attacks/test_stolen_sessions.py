"""Sessions of others: guessed, stolen, made up."""
from __future__ import annotations

import asyncio

import pytest

from testbed.raw import Answer, request

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


async def _tried(gate, token: str, session: str | bytes) -> list[Answer]:
    """What a POST, a GET and a DELETE in that session are answered."""
    fields = gate.fields(token, Mcp_Session_Id=session)
    return [await gate.ask(request(fields, PING)), await gate.ask(request(fields, method="GET")), await gate.ask(request(fields, method="DELETE"))]


@pytest.mark.parametrize("whose", ["another tenant's", "another token's"])
async def test_a_stolen_session_is_as_unknown_as_one_that_never_was(gate, whose):
    """Rows 9 and 10."""
    session = await gate.session()
    thief = gate.other if whose == "another tenant's" else gate.cell.mint()
    stolen, unknown = await _tried(gate, thief, session), await _tried(gate, thief, "0" * 32)
    assert [answer.status for answer in stolen] == [404, 404, 404]
    assert [(answer.headers, answer.body) for answer in stolen] == [(answer.headers, answer.body) for answer in unknown]
    assert (await gate.ask(request(gate.fields(Mcp_Session_Id=session), PING))).status == 200, "its owner goes on"


async def test_session_ids_have_128_bits_of_which_none_follows_from_another(gate):
    """Row 11."""
    ids = [await gate.session() for _ in range(24)]
    assert all(len(bytes.fromhex(each)) == 16 and each == each.lower() for each in ids) and len(set(ids)) == len(ids)
    ones = sum(int(each, 16).bit_count() for each in ids)
    assert 0.42 < ones / (128 * len(ids)) < 0.58


@pytest.mark.parametrize("made, status", [
    (lambda real: f"{int(real, 16) + 1:032x}", 404), (lambda real: f"{int(real, 16) ^ 1 << 127:032x}", 404), (lambda real: real[:-1], 404),
    (lambda real: real + "0", 404), (lambda real: real.upper().replace("A", "Ａ"), 404), (lambda real: "1", 404), (lambda real: "*", 404),
    (lambda real: real[:16] + "/../" + real[16:], 404), (lambda real: "{acme}:account:team", 404), (lambda real: "x" * 200_000, 431),
    (lambda real: f"{real}\r\n x", 400), (lambda real: f"{real}\r\nMcp-Session-Id: {real}", 400), (lambda real: f"{real}\0", 400)],
    ids=["the next", "a bit flipped", "shorter", "longer", "fullwidth", "one digit", "a star", "a path", "a key of Redis", "200 kB", "folded", "twice",
         "a zero byte"])
async def test_a_session_id_that_is_made_up_is_refused(gate, made, status):
    """Row 11."""
    session = await gate.session()
    answer = await gate.ask(request(gate.fields(Mcp_Session_Id=made(session).encode()), PING))
    assert answer.status == status, answer


async def test_a_thousand_calls_at_once_under_one_id_are_answered_to_who_made_them(gate):
    """Row 13."""
    ran = gate.ran
    tokens = [gate.token, gate.cell.mint()]

    async def call(number: int) -> bool:
        answer = await gate.ask(gate.call("light__echo", tokens[number % 2], number=0, text=f"mine-{number}"), within=50)
        return answer.message["id"] == 0 and answer.text == f"mine-{number}"
    assert all(await asyncio.gather(*(call(number) for number in range(1000))))
    assert gate.ran == ran + 1000
