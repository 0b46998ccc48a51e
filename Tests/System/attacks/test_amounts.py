"""Money that is no money: amounts out of range, and more calls than there is credit for."""
from __future__ import annotations

import asyncio
import json

import pytest

from testbed.node import run

PLACES = ["tariff: {default: %s}", "tariff: {tools: {echo: %s}}", "budgets: {team: {limit: %s}}", "cap: %s"]
AMOUNTS = ["-1", "-0.000001", ".nan", ".inf", "9223372036854775808", "9007199254740993", '"1e9"', "0.0000001", "1e400", "0x10", '"１"', "[1]", "true"]


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("place", PLACES,
                         ids=["a price", "a tool's price", "a budget", "the cap"])
def test_an_amount_that_is_none_is_refused_before_anything_is_written(gate, place, amount):
    """Row 39."""
    file = gate.cell.directory / "amounts.yaml"
    file.write_text(f"tenants:\n  - name: fresh\n    upstreams: []\n    {place % amount}\n")
    applied = run("tenant", "apply", "-f", str(file), env=gate.cell.environment)
    assert applied.returncode != 0, applied.stdout
    assert not list(gate.redis.client.scan_iter(match="satgate:{fresh}:*", count=1000))


def test_an_amount_is_taken(gate):
    """What the others differ from by their amounts alone."""
    file = gate.cell.directory / "amounts.yaml"
    for place in PLACES:
        file.write_text(f"tenants:\n  - name: sound\n    upstreams: []\n    {place % '1.5'}\n")
        for words in (("apply", "-f", str(file)), ("delete", "sound")):
            done = run("tenant", *words, env=gate.cell.environment)
            assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("named", [-5, "-5", "NaN", 2**63, "1e9", 0.00000001, None, [], {"a": 1}, "0x1", "1000000"],
                         ids=lambda value: repr(value)[:20])
async def test_what_a_call_costs_is_never_what_the_agent_says_nor_more_than_its_price(gate, named):
    """Row 39: of an upstream that may report what a call cost, the price is charged where that is no amount, or more."""
    async def trick(call):
        await call.json(json.dumps(call.result(_meta={"io.satgate/cost": named})).encode())
    gate.hostile.trick = trick
    spent = gate.spent()
    answer = await gate.ask(gate.call("hostile__trick", meta={"io.satgate/cost": named}))
    assert answer.text == "done" and gate.spent() == spent + 1
    assert (await gate.ask(gate.call("light__echo", meta={"io.satgate/cost": "0"}, text="x"))).text == "x"
    assert gate.spent() == spent + 2


async def test_of_a_thousand_calls_at_credit_for_ten_exactly_ten_are_made(gate):
    """Row 40."""
    token = gate.cell.mint("acme", "--budget", "ten")
    ran = gate.ran

    async def call() -> tuple[int | None, str | None]:
        answer = await gate.ask(gate.call("light__echo", token, text="x"), within=50)
        return answer.code, answer.label
    found = await asyncio.gather(*(call() for _ in range(1000)))
    assert gate.ran == ran + 10 and found.count((None, None)) == 10
    assert {each for each in found if each[0]} <= {(-31000, "budget_exhausted"), (-31000, "insufficient_budget")}
    assert gate.spent("ten") == 10
