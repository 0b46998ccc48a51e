"""Every MUST and SHOULD has its test or its reason; every test that is named is there, and has run."""
from __future__ import annotations

import ast
import os
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest
from table_2025_11_25 import ROWS as LEGACY
from table_2026_07_28 import ROWS as MODERN

SYSTEM = Path(__file__).parents[1]
NAMED = sorted({row.test for row in LEGACY + MODERN if "::" in row.test})


def defined(file: str) -> set[str]:
    """The tests in the file."""
    return {node.name for node in ast.parse((SYSTEM / file).read_text()).body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def passed(directory: Path) -> set[str]:
    """The tests that the reports there have, of which no case was skipped or failed."""
    cases = [case for report in directory.glob("System-*.xml") for case in xml.parse(report).getroot().iter("testcase")]
    names = {case: f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').partition('[')[0]}" for case in cases}
    return {names[case] for case in cases} - {names[case] for case in cases if len(case)}


@pytest.mark.parametrize("rows", [LEGACY, MODERN], ids=["2025-11-25", "2026-07-28"])
def test_each_sentence_has_a_test_or_a_reason(rows):
    assert not [row for row in rows if bool(row.test) == bool(row.why)]
    assert len(set(rows)) > 300


@pytest.mark.parametrize("test", NAMED)
def test_what_is_named_is_there(test):
    file, _, name = test.partition("::")
    assert name in defined(file)


def test_the_swift_tests_that_are_named_are_there():
    named = {row.test for row in LEGACY + MODERN if row.test and "::" not in row.test}
    for file, title in (each.split(": ", 1) for each in named):
        assert f'"{title}"' in (SYSTEM.parents[1] / file).read_text(), (file, title)


def test_what_is_named_has_run(request: pytest.FixtureRequest):
    """Of the suites before this one the reports are read; what is beside it here runs with it."""
    reports = os.environ.get("SATGATE_REPORTS")
    here = {f"{item.path.relative_to(SYSTEM)}::{item.originalname}" for item in request.session.items if isinstance(item, pytest.Function)}
    ran = here | (passed(Path(reports)) if reports else set(NAMED))
    assert not set(NAMED) - ran
