"""What one field of a fact may hold, whatever door it came in by: HTTP, a file, or straight from Kafka."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import fields
from functools import cache, lru_cache
from typing import Any

from services.domain.disbursement import CompletedWorkLine, Movement, StatementLine
from services.domain.money import MAX_MINOR_UNITS
from services.domain.plan import WHOLE_PLAN_BASIS_POINTS, BaselinePoint, BaselineSchedule, PlanRevision
from services.domain.reallocation import Reallocation, ReallocationSide
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration

Fact = (
    Movement
    | StatementLine
    | CompletedWorkLine
    | PlanRevision
    | Reallocation
    | BaselineSchedule
    | ProjectRegistration
    | OwnerRegistration
    | OfficerAssignment
)

MAX_CODE = 64
MAX_REFERENCE = 200
MAX_TEXT = 500
BUDGET_YEARS = range(2000, 2101)
MAX_POINTS = 400
MAX_SIDES = 200
MAX_REVISION = 1000
FUND_SOURCE = r"^[a-z][a-z_]*(\.[a-z][a-z_]*)*$"
PROVINCE_CODE = "^[0-9]{2}$"
PROJECT_GROUP = "^(A|B|C|)$"
EMAIL = r"^([^@\s]+@[^@\s]+\.[^@\s.]+|)$"

# Control, format (zero-width, bidirectional), surrogate, private-use and unassigned characters: two
# texts that look the same must be the same.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}

# Text fields by name: least and most characters. A source_ref may be made of several codes.
_LENGTHS = {
    "source": (1, MAX_CODE),
    "source_ref": (1, MAX_TEXT),
    "project_code": (1, MAX_CODE),
    "project_name": (1, MAX_REFERENCE),
    "owner_code": (1, MAX_CODE),
    "owner_name": (1, MAX_REFERENCE),
    "accountable_officer": (0, MAX_TEXT),
    "district": (0, MAX_TEXT),
    "sector": (0, MAX_TEXT),
    "scope_code": (1, MAX_CODE),
    "decision_number": (1, MAX_REFERENCE),
    "rate_base": (1, MAX_CODE),
    "fund_source": (1, MAX_CODE),
    "province_code": (1, MAX_CODE),
    "project_group": (0, MAX_CODE),
    "head_name": (0, MAX_REFERENCE),
    "head_post": (0, MAX_REFERENCE),
    "supervisor_name": (0, MAX_REFERENCE),
    "officer_name": (1, MAX_REFERENCE),
    "officer_post": (0, MAX_REFERENCE),
    "officer_email": (0, MAX_REFERENCE),
}
# Codes are compared, listed and put in addresses: none holds white space.
_CODES = {"source", "project_code", "owner_code", "scope_code", "rate_base"}
_PATTERNS = {
    "fund_source": FUND_SOURCE,
    "province_code": PROVINCE_CODE,
    "project_group": PROJECT_GROUP,
    "officer_email": EMAIL,
}


def invisible_character(text: str) -> str | None:
    """The first character nobody can see, as ``U+200B``; ``None`` where there is none."""
    if text.isascii() and text.isprintable():
        return None
    return next((f"U+{ord(c):04X}" for c in text if unicodedata.category(c) in _INVISIBLE), None)


def has_space(code: str) -> bool:
    """Whether a code holds white space of any kind, the no-break space included."""
    return any(sign.isspace() for sign in code)


def faults(fact: Fact) -> Iterator[tuple[str, str]]:
    """(field, what is wrong) for every field that holds what it may not."""
    for name in _texts_of(fact):
        for fault in _text_faults(name, getattr(fact, name)):
            yield name, fault
    if not isinstance(fact, ProjectRegistration | OwnerRegistration | OfficerAssignment):
        yield from _number_faults("budget_year", fact.budget_year, BUDGET_YEARS.start, BUDGET_YEARS.stop - 1)
    if not isinstance(fact, Movement):
        yield from _number_faults("revision", fact.revision, 0, MAX_REVISION)
    yield from _amount_faults(fact)


def _amount_faults(fact: Fact) -> Iterator[tuple[str, str]]:
    match fact:
        case Movement():
            yield from _number_faults("amount", fact.amount.minor_units, 1, MAX_MINOR_UNITS)
        case StatementLine() | CompletedWorkLine():
            yield from _number_faults("cumulative", fact.cumulative.minor_units, 0, MAX_MINOR_UNITS)
        case PlanRevision():
            yield from _number_faults("amount", fact.amount.minor_units, 0, MAX_MINOR_UNITS)
        case Reallocation():
            yield from _number_faults("sides", len(fact.sides), 1, MAX_SIDES)
            for side in fact.sides:
                yield from _side_faults(side)
        case ProjectRegistration():
            if fact.total_investment is not None:
                yield from _number_faults(
                    "total_investment", fact.total_investment.minor_units, 0, MAX_MINOR_UNITS
                )
        case BaselineSchedule():
            yield from _number_faults("points", len(fact.points), 1, MAX_POINTS)
            for point in fact.points:
                yield from _point_faults(point)


def _side_faults(side: ReallocationSide) -> Iterator[tuple[str, str]]:
    for name in ("project_code", "fund_source"):
        yield from ((name, fault) for fault in _text_faults(name, getattr(side, name)))
    yield from _number_faults("amount_before", side.amount_before.minor_units, 0, MAX_MINOR_UNITS)
    yield from _number_faults("amount_after", side.amount_after.minor_units, 0, MAX_MINOR_UNITS)


def _point_faults(point: BaselinePoint) -> Iterator[tuple[str, str]]:
    if point.amount is not None:
        yield from _number_faults("points", point.amount.minor_units, 0, MAX_MINOR_UNITS)
    if point.basis_points is not None:
        yield from _number_faults("points", point.basis_points, 0, WHOLE_PLAN_BASIS_POINTS)


def _texts_of(fact: Fact) -> tuple[str, ...]:
    """Names of the fact's text fields. An officer of a whole unit names no project."""
    kind: Any = type(fact)
    names = _text_fields(kind)
    if isinstance(fact, OfficerAssignment) and not fact.project_code:
        return tuple(name for name in names if name != "project_code")
    return names


@cache
def _text_fields(fact_type: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(fact_type) if field.name in _LENGTHS)


# Codes, names and fund sources come line after line.
@lru_cache(maxsize=4096)
def _text_faults(name: str, text: str) -> tuple[str, ...]:
    return tuple(_faults_of_text(name, text))


def _faults_of_text(name: str, text: str) -> Iterator[str]:
    least, most = _LENGTHS[name]
    if not least <= len(text) <= most:
        yield f"has {len(text)} characters; {least} to {most} may stand there"
    if hidden := invisible_character(text):
        yield f"holds the invisible character {hidden}"
    if text != unicodedata.normalize("NFC", text).strip():
        yield "is not in Unicode normal form C without spaces around it"
    if name in _CODES and has_space(text):
        yield "holds white space"
    if name in _PATTERNS and not re.fullmatch(_PATTERNS[name], text):
        yield f"does not have the form {_PATTERNS[name]}"


def _number_faults(name: str, number: int, least: int, most: int) -> tuple[tuple[str, str], ...]:
    if least <= number <= most:
        return ()
    return ((name, f"is {number}; {least} to {most} may stand there"),)
