"""What is wrong with a fact: its code, where, what was read, and how to mend it, Vietnamese first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class RejectionCode(StrEnum):
    """Stable codes, each with its cause and remedy in docs/ERRORS.md."""

    MALFORMED_FIELD = "malformed-field"
    OUTSIDE_BUDGET_YEAR = "outside-budget-year"
    AFTER_BUSINESS_DATE = "after-business-date"
    DATE_IMPLAUSIBLE = "date-implausible"
    REVERSAL_WITHOUT_REFERENCE = "reversal-without-reference"
    REFERENCE_WITHOUT_REVERSAL = "reference-without-reversal"
    REVERSES_ITSELF = "reverses-itself"
    CURRENCY_NOT_KEPT = "currency-not-kept"
    MIXED_CURRENCIES = "mixed-currencies"
    MIXED_MEASURES = "mixed-measures"
    REPEATED_DATE = "repeated-date"
    FALLING_CURVE = "falling-curve"
    SCOPE_MISMATCH = "scope-mismatch"
    CONTRADICTS_ITSELF = "contradicts-itself"
    CARRY_OVER_YEAR = "carry-over-year"
    TOO_FEW_SIDES = "too-few-sides"
    REPEATED_SIDE = "repeated-side"
    SIDES_NOT_BALANCED = "sides-not-balanced"
    CLOSED_BEFORE_START = "closed-before-start"
    PROJECT_NOT_STARTED = "project-not-started"
    PROJECT_CLOSED = "project-closed"


@dataclass(frozen=True, slots=True)
class Rejection:
    """One fault of one fact: what is wrong with ``field`` (the sender's name of it) and how to mend it."""

    code: RejectionCode
    field: str
    read: str
    detail: str
    mend: str


def vi(day: date) -> str:
    """The day as Vietnamese write it."""
    return f"{day:%d/%m/%Y}"
