"""Codes that stand in tables are explained in docs/ERRORS.md; tests/test_tidy.py looks for the rest."""

from __future__ import annotations

import re
from pathlib import Path

from services.domain.validation import RejectionCode
from services.ingest.sheets import faults

ROOT = Path(__file__).parents[3]


def explained() -> set[str]:
    text = (ROOT / "docs" / "ERRORS.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE))


def test_every_rule_across_fields_is_explained() -> None:
    assert {code.value for code in RejectionCode} <= explained()


def test_every_fault_of_a_file_is_explained() -> None:
    assert set(faults.FAULTS) <= explained()
