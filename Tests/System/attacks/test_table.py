"""The table of attacks in SECURITY.md: whole, and true of what it names."""
from __future__ import annotations

import re

from testbed.process import ROOT

ROWS = re.findall(r"^\| (\d+) \| .*? \| .*? \| (.*) \|$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)


def test_every_attack_has_a_row_and_every_suite_that_is_named_is_there():
    assert [int(number) for number, _ in ROWS] == list(range(1, 58))
    for number, held in ROWS:
        files = re.findall(r"`([\w/]+\.py)`", held)
        assert files, number
        for file in files:
            assert any((ROOT / "Tests" / place / file).exists() for place in ("System", "")), file


def test_rows_of_this_suite_are_named_by_the_tests_that_hold_them():
    for number, held in ROWS:
        for file in re.findall(r"`(attacks/\w+\.py)`", held):
            said = " ".join(re.findall(r'"""(Rows? [^:.]*|\d+ of[^:.]*)', (ROOT / "Tests" / "System" / file).read_text()))
            assert re.search(rf"\b{number}\b", said), f"{file} says nothing of row {number}"
