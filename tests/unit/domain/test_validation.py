"""Every rule that spans fields, as a table: the change to a sound fact, and the faults it must show."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from typing import Any

import pytest

from services.contracts.stated.models import BaselineScheduleIn, MovementIn, PlanRevisionIn, StatementLineIn
from services.domain import validation
from services.domain.money import Money
from services.domain.plan import BaselineKind, BaselinePoint, BaselineSchedule
from services.domain.validation import Fact, RejectionCode
from tests.support import stated

BUSINESS_DATE = date(2022, 7, 31)
SOME_ID = "6f0f4f6b-5a8e-5c1e-9d0b-6b1b6a5d4c01"


def movement(**changes: Any) -> Fact:
    return MovementIn.model_validate_json(json.dumps(stated.movement(**changes))).fact()


def statement(**changes: Any) -> Fact:
    return StatementLineIn.model_validate_json(json.dumps(stated.statement(**changes))).fact()


def revision(**changes: Any) -> Fact:
    return PlanRevisionIn.model_validate_json(json.dumps(stated.revision(**changes))).fact()


def schedule(**changes: Any) -> Fact:
    return BaselineScheduleIn.model_validate_json(json.dumps(stated.schedule(**changes))).fact()


def faults_of(fact: Fact, business_date: date = BUSINESS_DATE) -> list[tuple[str, str]]:
    return [(r.code.value, r.field) for r in validation.check(fact, business_date=business_date)]


@pytest.mark.parametrize("fact", [movement(), statement(), revision(), schedule()])
def test_a_sound_fact_has_no_fault(fact: Fact) -> None:
    assert faults_of(fact) == []


@pytest.mark.parametrize(
    ("value_date", "business_date", "faults"),
    [
        ("2022-01-01", "2023-03-01", []),
        ("2021-12-31", "2023-03-01", ["outside-budget-year"]),
        ("2023-01-31", "2023-03-01", []),
        # Carried over into the year after, and once more.
        ("2023-02-01", "2023-03-01", []),
        ("2024-12-31", "2025-03-01", []),
        ("2025-01-01", "2025-03-01", ["outside-budget-year"]),
        ("2022-07-31", "2022-07-31", []),
        ("2022-08-01", "2022-07-31", ["after-business-date"]),
        ("1900-01-01", "2022-07-31", ["outside-budget-year"]),
        ("2099-01-01", "2022-07-31", ["outside-budget-year", "after-business-date"]),
    ],
)
def test_a_booking_is_dated_while_the_plan_is_paid_carried_over_or_not_and_not_after_today(
    value_date: str, business_date: str, faults: list[str]
) -> None:
    today = date.fromisoformat(business_date)
    assert faults_of(movement(value_date=value_date), today) == [(code, "value_date") for code in faults]
    assert faults_of(statement(as_of=value_date), today) == [(code, "as_of") for code in faults]


@pytest.mark.parametrize(
    ("as_of", "status", "faults"),
    [
        ("2022-05-31", "estimate", []),
        ("2022-06-01", "estimate", [("after-business-date", "as_of")]),
        ("2022-05-31", "actual", [("after-business-date", "as_of")]),
    ],
)
def test_an_estimate_may_be_told_before_its_month_ends(
    as_of: str, status: str, faults: list[tuple[str, str]]
) -> None:
    assert faults_of(statement(as_of=as_of, status=status), date(2022, 5, 19)) == faults


@pytest.mark.parametrize(
    ("kind", "reverses", "faults"),
    [
        ("reversal", SOME_ID, []),
        ("reversal", None, ["reversal-without-reference"]),
        ("advance", SOME_ID, ["reference-without-reversal"]),
        ("reversal", str(movement().event_id), ["reverses-itself"]),
    ],
)
def test_a_reversal_and_only_a_reversal_names_another_movement(
    kind: str, reverses: str | None, faults: list[str]
) -> None:
    found = faults_of(movement(kind=kind, reverses_event_id=reverses))
    assert found == [(code, "reverses_event_id") for code in faults]


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"decision_date": "2021-12-10"}, []),
        ({"decision_date": "2020-12-31"}, [("date-implausible", "decision_date")]),
        ({"decision_date": "2022-08-01"}, [("after-business-date", "decision_date")]),
        ({"effective_date": "2022-12-01"}, []),
        ({"effective_date": "2020-12-31"}, [("date-implausible", "effective_date")]),
        ({"effective_date": "2024-01-01"}, [("date-implausible", "effective_date")]),
    ],
)
def test_a_decision_may_be_dated_before_its_year_but_not_far(
    changes: dict[str, str], faults: list[tuple[str, str]]
) -> None:
    assert faults_of(revision(**changes)) == faults


@pytest.mark.parametrize(
    ("kind", "scope", "fits"),
    [
        ("registered", "7891234", True),
        ("registered", "96", False),
        ("registered", "VN", False),
        ("target", "96", True),
        ("target", "٩٦", False),
        ("target", "7891234", False),
        ("national", "VN", True),
        ("national", "96", False),
    ],
)
def test_the_scope_of_a_curve_fits_its_kind(kind: str, scope: str, fits: bool) -> None:
    expected = [] if fits else [("scope-mismatch", "scope_code")]
    assert faults_of(schedule(kind=kind, scope_code=scope)) == expected


@pytest.mark.parametrize(
    ("points", "faults"),
    [
        ([("2022-03-31", 2000), ("2022-06-30", 2000)], []),
        ([("2022-06-30", 5000), ("2022-03-31", 2000)], []),
        ([("2022-03-31", 5000), ("2022-06-30", 4999)], ["falling-curve"]),
        ([("2022-03-31", 5000), ("2022-03-31", 5000)], ["repeated-date"]),
        ([("2021-12-31", 0), ("2022-03-31", 5000)], ["outside-budget-year"]),
        ([("2023-01-31", 10000), ("2023-02-01", 10000)], ["outside-budget-year"]),
    ],
)
def test_points_lie_in_the_year_on_days_of_their_own_and_never_fall(
    points: list[tuple[str, int]], faults: list[str]
) -> None:
    stated_points = [{"date": day, "basis_points": share} for day, share in points]
    assert faults_of(schedule(points=stated_points)) == [(code, "points") for code in faults]


def curve(*points: BaselinePoint) -> BaselineSchedule:
    return BaselineSchedule(
        "ubnd.ca-mau", "r", BaselineKind.TARGET, "96", 2022, points, "12/01/2022", date(2022, 1, 12)
    )


def test_a_curve_in_money_must_not_fall_either() -> None:
    falling = curve(
        BaselinePoint(date(2022, 3, 31), amount=Money(5)), BaselinePoint(date(2022, 6, 30), amount=Money(4))
    )
    assert faults_of(falling) == [("falling-curve", "points")]


def test_one_curve_is_in_one_currency_and_one_measure() -> None:
    dong, dollar = Money(1, "VND"), Money(2, "USD")
    march, june, july = date(2022, 3, 31), date(2022, 6, 30), date(2022, 7, 31)
    two_currencies = curve(BaselinePoint(march, amount=dong), BaselinePoint(june, amount=dollar))
    assert faults_of(two_currencies) == [("currency-not-kept", "currency"), ("mixed-currencies", "points")]
    mixed = curve(BaselinePoint(march, amount=dong), BaselinePoint(july, basis_points=1))
    assert faults_of(mixed) == [("mixed-measures", "points")]


@pytest.mark.parametrize(
    "fact",
    [
        movement(currency="USD"),
        statement(currency="USD"),
        revision(currency="USD"),
        schedule(currency="USD", points=[{"date": "2022-03-31", "amount": 1}]),
    ],
)
def test_the_books_are_kept_in_dong(fact: Fact) -> None:
    assert faults_of(fact) == [("currency-not-kept", "currency")]


def test_every_fault_of_a_fact_is_found() -> None:
    fact = movement(kind="advance", reverses_event_id=SOME_ID, value_date="2099-01-01")
    assert [code for code, _ in faults_of(fact)] == [
        "outside-budget-year",
        "after-business-date",
        "reference-without-reversal",
    ]


def test_one_reference_with_two_contents_in_one_request_is_refused() -> None:
    facts = [movement(), movement(source_ref="V-2"), movement(amount=2)]
    ((index, rejection),) = validation.contradictions(facts)
    assert (index, rejection.code) == (2, RejectionCode.CONTRADICTS_ITSELF)


def test_the_same_fact_twice_in_one_request_is_no_contradiction() -> None:
    assert validation.contradictions([movement(), movement()]) == []


def test_every_rejection_says_how_to_mend_it_in_both_languages() -> None:
    facts = [
        movement(value_date="2099-01-01", kind="reversal"),
        movement(reverses_event_id=SOME_ID),
        revision(decision_date="1990-01-01"),
        schedule(scope_code="VN", points=[{"date": "2022-03-31", "basis_points": 1}] * 2),
    ]
    rejections = [r for fact in facts for r in validation.check(fact, business_date=BUSINESS_DATE)]
    assert len(rejections) >= 6
    for rejection in rejections:
        assert " / " in rejection.detail, rejection
        assert " / " in rejection.mend, rejection


@pytest.mark.parametrize(
    ("fact", "field"),
    [
        (movement(), "source"),
        (movement(), "project_code"),
        (statement(), "project_code"),
        (revision(), "owner_code"),
        (schedule(), "scope_code"),
        (schedule(), "rate_base"),
    ],
)
def test_a_code_straight_from_the_log_holds_no_white_space(fact: Fact, field: str) -> None:
    changes: dict[str, Any] = {field: "a\u00a0b"}
    spaced = dataclasses.replace(fact, **changes)
    assert faults_of(spaced) == [("malformed-field", field)]
