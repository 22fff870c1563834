"""docs/promises.md names tests that exist, and rows that the harness has."""

import re

from conftest import ROOT

from benchmarks.faults import ROWS

PROMISES = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")


def test_every_test_that_is_named_exists():
    named = re.findall(r"`(tests/\w+\.py)::(\w+)`", PROMISES)
    assert len(named) > 20
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"


def test_every_row_that_is_named_can_be_run():
    lines = [line for line in PROMISES.splitlines() if line.startswith("|") and "`tests/" in line]
    named = {line.split("|")[4].strip() for line in lines} - {""}
    assert named <= set(ROWS) and len(named) > 3
