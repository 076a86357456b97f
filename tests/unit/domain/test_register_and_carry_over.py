"""Carry-over capital, completed work and the register: identity, and the rules across their fields."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from services.contracts.stated import models
from services.domain import validation
from services.domain.event_identity import event_id
from services.domain.validation import Fact
from tests.support import stated

MODELS: dict[str, type[Any]] = {
    "completed_work": models.CompletedWorkLineIn,
    "project": models.ProjectIn,
    "owner": models.OwnerIn,
    "officer": models.OfficerIn,
    "revision": models.PlanRevisionIn,
    "schedule": models.BaselineScheduleIn,
}


def fact_of(name: str, **changes: Any) -> Fact:
    fact: Fact = MODELS[name].model_validate_json(json.dumps(getattr(stated, name)(**changes))).fact()
    return fact


def faults_of(fact: Fact) -> list[tuple[str, str]]:
    return [(r.code.value, r.field) for r in validation.check(fact, business_date=date(2022, 7, 31))]


@pytest.mark.parametrize("name", MODELS)
def test_a_sound_fact_has_no_fault(name: str) -> None:
    assert faults_of(fact_of(name)) == []


@pytest.mark.parametrize(
    ("name", "changes", "faults"),
    [
        ("revision", {"base": "carry_over", "carried_from_year": 2021}, []),
        ("revision", {"base": "carry_over"}, [("carry-over-year", "carried_from_year")]),
        (
            "revision",
            {"base": "carry_over", "carried_from_year": 2022},
            [("carry-over-year", "carried_from_year")],
        ),
        ("revision", {"carried_from_year": 2021}, [("carry-over-year", "carried_from_year")]),
        ("project", {"closed_on": "2020-05-31"}, [("closed-before-start", "closed_on")]),
        ("project", {"closed_on": "2020-06-01"}, []),
        ("project", {"currency": "USD"}, [("currency-not-kept", "currency")]),
        ("completed_work", {"as_of": "2022-08-01"}, [("after-business-date", "as_of")]),
        ("completed_work", {"as_of": "2021-12-31"}, [("outside-budget-year", "as_of")]),
        ("completed_work", {"as_of": "2022-07-31", "budget_year": 2021}, [("outside-budget-year", "as_of")]),
    ],
)
def test_rules_across_fields(name: str, changes: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    assert faults_of(fact_of(name, **changes)) == faults


@pytest.mark.parametrize("name", MODELS)
def test_a_correction_is_another_event_and_says_so(name: str) -> None:
    first, corrected = fact_of(name), fact_of(name, revision=1)
    assert first.event_id != corrected.event_id
    assert first.content_hash != corrected.content_hash


def test_an_officer_of_a_whole_unit_names_no_project() -> None:
    whole = fact_of("officer", project_code=None)
    assert faults_of(whole) == []
    assert whole.event_id == event_id(source="skhdt.ca-mau", source_ref="cb/96/BQL-GT//2022-03-01")


def test_facts_stated_before_revisions_existed_keep_their_content_hash() -> None:
    assert fact_of("revision").content_hash.hex().startswith("aa1b56480c7a6b34")
    assert fact_of("schedule").content_hash.hex().startswith("21e9edb46fdbb8be")
