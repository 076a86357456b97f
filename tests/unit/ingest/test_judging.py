"""The judge: what is wrong with a fact that is sound field by field, by the register, day and unit."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel

from services.contracts.stated.models import (
    BaselineScheduleIn,
    CompletedWorkLineIn,
    MovementIn,
    OfficerIn,
    OwnerIn,
    PlanRevisionIn,
    ProjectIn,
    StatementLineIn,
)
from services.ingest.judging.judge import Judge
from services.ingest.judging.register import Register, RegisteredProject
from services.ingest.judging.stated_fact import StatedFact
from services.runtime.errors import FieldError
from services.runtime.fund_sources import FundSourceNames
from services.runtime.unit import Unit
from tests.support import stated
from tests.unit.ingest.reading import POLICY

NAMES = FundSourceNames.load(POLICY)
BRIDGE = RegisteredProject("7891234", "Cầu sông Ông Đốc", "96", "BQL-GT")
SCHOOL = RegisteredProject("7895678", "Trường THPT Đầm Dơi", "96", "SO-GD")
OF_QUANG_NAM = RegisteredProject("7891299", "Đường Nam Quảng Nam", "49", "BQL-GT")


def judge(*projects: RegisteredProject, unit: str = "") -> Judge:
    register = Register(projects or (BRIDGE, SCHOOL, OF_QUANG_NAM))
    return Judge(register, NAMES, date(2022, 7, 31), Unit(unit))


def fact(model: type[BaseModel], body: dict[str, Any]) -> StatedFact:
    return StatedFact(model.model_validate_json(json.dumps(body)).fact(), "items.0.")  # type: ignore[attr-defined]


def movement(**changes: Any) -> StatedFact:
    return fact(MovementIn, stated.movement(**changes))


def completed_work(**changes: Any) -> StatedFact:
    body = {key: value for key, value in stated.statement().items() if key != "fund_source"}
    return fact(CompletedWorkLineIn, {**body, **changes})


def officer(**changes: Any) -> StatedFact:
    body = {
        "source": "skhdt.ca-mau",
        "province_code": "96",
        "owner_code": "BQL-GT",
        "officer_name": "Nguyễn Văn A",
        "effective_date": "2022-01-01",
        **changes,
    }
    return fact(OfficerIn, body)


def owner(**changes: Any) -> StatedFact:
    body = {
        "source": "skhdt.ca-mau",
        "province_code": "96",
        "owner_code": "BQL-GT",
        "owner_name": "Ban QLDA",
        "effective_date": "2022-01-01",
        **changes,
    }
    return fact(OwnerIn, body)


def registered_curve(code: str) -> StatedFact:
    return fact(BaselineScheduleIn, stated.schedule(kind="registered", scope_code=code))


def told(found: list[FieldError]) -> list[tuple[str, str]]:
    return [(fault.code, fault.where) for fault in found]


@pytest.mark.parametrize(
    "stated_fact",
    [
        movement(),
        fact(StatementLineIn, stated.statement()),
        completed_work(),
        officer(project_code="7891234"),
        registered_curve("7891234"),
        officer(),
        owner(),
        fact(BaselineScheduleIn, stated.schedule()),
    ],
)
def test_what_is_about_a_known_project_or_none_is_sound(stated_fact: StatedFact) -> None:
    assert list(judge().faults_of(stated_fact)) == []


@pytest.mark.parametrize(
    ("stated_fact", "field"),
    [
        (movement(project_code="7891235"), "project_code"),
        (fact(StatementLineIn, stated.statement(project_code="7891235")), "project_code"),
        (completed_work(project_code="7891235"), "project_code"),
        (officer(project_code="7891235"), "project_code"),
        (registered_curve("7891235"), "scope_code"),
    ],
)
def test_an_unknown_project_is_refused_with_the_nearest_codes_and_names(
    stated_fact: StatedFact, field: str
) -> None:
    (fault,) = judge().faults_of(stated_fact)
    assert (fault.code, fault.where, fault.read) == ("unknown-project", f"items.0.{field}", '"7891235"')
    assert "7891234 (Cầu sông Ông Đốc)" in fault.mend
    assert fault.mend.index("7891234") < fault.mend.index("7891299")


def test_a_request_with_very_many_wrong_codes_is_told_the_nearest_of_the_first_alone() -> None:
    one = judge()
    mends = [
        next(one.faults_of(movement(project_code=f"78912{number:03}"))).mend for number in range(500, 650)
    ]
    assert [("7891234" in mend) for mend in mends] == [True] * 100 + [False] * 50


def test_a_code_like_no_other_gets_no_suggestion_and_still_a_remedy() -> None:
    (fault,) = judge().faults_of(movement(project_code="XYZ"))
    assert "nearest" not in fault.mend
    assert "gửi kế hoạch" in fault.mend
    assert "registration first" in fault.mend


def test_projects_outside_the_unit_are_not_told_as_nearest() -> None:
    (fault,) = judge(unit="96").faults_of(movement(project_code="7891298"))
    assert fault.code == "unknown-project"
    assert "7891299" not in fault.mend
    assert "7891234" in fault.mend


@pytest.mark.parametrize(
    "introduction",
    [
        fact(PlanRevisionIn, stated.revision(project_code="NEW-1")),
        fact(ProjectIn, stated.project(project_code="NEW-1")),
    ],
)
def test_what_introduces_a_project_makes_it_known_to_those_after_it(introduction: StatedFact) -> None:
    one = judge()
    assert told(list(one.faults_of(movement(project_code="NEW-1")))) == [
        ("unknown-project", "items.0.project_code")
    ]
    assert list(one.faults_of(introduction)) == []
    assert list(one.faults_of(movement(project_code="NEW-1"))) == []


def test_of_a_project_whose_introduction_has_faults_of_its_own_nothing_more_is_said() -> None:
    one = judge()
    one.presume({"NEW-1"})
    assert list(one.faults_of(movement(project_code="NEW-1"))) == []


@pytest.mark.parametrize(
    ("stated_fact", "code"),
    [
        (movement(value_date="2022-02-28"), "project-not-started"),
        (movement(value_date="2022-03-01"), None),
        (movement(value_date="2022-06-30"), None),
        (movement(value_date="2022-07-01"), "project-closed"),
        # On carried-over capital, too.
        (movement(value_date="2022-07-01", budget_year=2021), "project-closed"),
        (movement(value_date="2022-07-01", kind="refund"), "project-closed"),
        (
            movement(
                value_date="2022-07-01",
                kind="reversal",
                reverses_event_id="0" * 8 + "-0000-5000-8000-" + "0" * 12,
            ),
            None,
        ),
        (fact(StatementLineIn, stated.statement(as_of="2022-02-28")), "project-not-started"),
        (fact(StatementLineIn, stated.statement(as_of="2022-02-28", cumulative=0)), None),
        (fact(StatementLineIn, stated.statement(as_of="2022-07-31")), None),
        (completed_work(as_of="2022-02-28"), "project-not-started"),
    ],
)
def test_money_moves_from_the_start_of_a_project_to_its_closing(
    stated_fact: StatedFact, code: str | None
) -> None:
    open_days = BRIDGE._replace(starts_on=date(2022, 3, 1), closed_on=date(2022, 6, 30))
    found = list(judge(open_days).faults_of(stated_fact))
    assert [fault.code for fault in found] == ([code] if code else [])
    for fault in found:
        day, iso = (
            ("01/03/2022", "2022-03-01") if code == "project-not-started" else ("30/06/2022", "2022-06-30")
        )
        assert day in fault.detail
        assert iso in fault.detail


@pytest.mark.parametrize(
    ("stated_fact", "fields"),
    [
        (movement(), {"96": [], "49": ["project_code"], "96/BQL-GT": [], "96/SO-GD": ["project_code"]}),
        (
            fact(StatementLineIn, stated.statement(project_code="7895678")),
            {"96": [], "96/BQL-GT": ["project_code"], "96/SO-GD": []},
        ),
        (
            fact(PlanRevisionIn, stated.revision()),
            {"96": [], "49": ["owner_code"], "96/BQL-GT": [], "96/SO-GD": ["owner_code"]},
        ),
        (fact(ProjectIn, stated.project(project_code="NEW-1")), {"96": [], "96/SO-GD": ["owner_code"]}),
        (owner(), {"96": [], "49": ["owner_code"], "96/BQL-GT": []}),
        (officer(), {"96": [], "96/SO-GD": ["owner_code"]}),
        (officer(project_code="7895678"), {"96": [], "96/BQL-GT": ["project_code"]}),
        (
            fact(BaselineScheduleIn, stated.schedule()),
            {"96": [], "49": ["scope_code"], "96/BQL-GT": ["scope_code"]},
        ),
        (
            fact(BaselineScheduleIn, stated.schedule(kind="national", scope_code="VN")),
            {"": [], "96": ["scope_code"]},
        ),
    ],
)
def test_a_unit_states_what_is_its_own_or_under_it(
    stated_fact: StatedFact, fields: dict[str, list[str]]
) -> None:
    for unit, outside in fields.items():
        found = list(judge(unit=unit).faults_of(stated_fact))
        assert told(found) == [("outside-unit", f"items.0.{field}") for field in outside], unit


def test_a_unit_cannot_take_a_project_over_from_another() -> None:
    for taken in (
        fact(PlanRevisionIn, stated.revision(owner_code="SO-GD")),
        fact(ProjectIn, stated.project(owner_code="SO-GD")),
    ):
        assert told(list(judge(unit="96/SO-GD").faults_of(taken))) == [
            ("outside-unit", "items.0.project_code")
        ]
        assert list(judge(unit="96").faults_of(taken)) == []


def test_every_fault_of_a_fact_is_told() -> None:
    found = list(
        judge().faults_of(
            movement(fund_source="central.secter", value_date="2022-08-01", project_code="7891235")
        )
    )
    assert {fault.code for fault in found} == {"unknown-choice", "after-business-date", "unknown-project"}
    for fault in found:
        assert " / " in fault.detail or ". / " in fault.detail
        assert " / " in fault.mend


@pytest.mark.parametrize("code", ["pa-1", "\uff30\uff21-\uff11", "Pa-1"])
def test_a_new_code_that_is_read_as_another_is_refused_and_the_other_named(code: str) -> None:
    known = RegisteredProject("PA-1", "Cầu", "96", "BQL-GT")
    for model, body in (
        (ProjectIn, stated.project(project_code=code)),
        (PlanRevisionIn, stated.revision(project_code=code)),
    ):
        (fault,) = judge(known).faults_of(fact(model, body))
        assert (fault.code, fault.where) == ("code-looks-like", "items.0.project_code")
        assert "PA-1" in fault.detail
    # Two of one request as well.
    of_request = judge(SCHOOL)
    assert list(of_request.faults_of(fact(ProjectIn, stated.project(project_code="PA-1")))) == []
    (fault,) = of_request.faults_of(fact(ProjectIn, stated.project(project_code=code)))
    assert fault.code == "code-looks-like"
    # Those that were there before go on.
    both = judge(known, RegisteredProject(code, "Cầu", "96", "BQL-GT"))
    assert list(both.faults_of(fact(ProjectIn, stated.project(project_code=code)))) == []


def test_a_fact_of_a_source_that_is_not_the_callers_is_refused() -> None:
    of_treasury = Judge(
        Register((BRIDGE,)), NAMES, date(2022, 7, 31), Unit(), sources=["kbnn.ca-mau", "kbnn.quang-nam"]
    )
    assert list(of_treasury.faults_of(movement())) == []
    (fault,) = of_treasury.faults_of(movement(source="skhdt.ca-mau"))
    assert (fault.code, fault.where, fault.read) == ("outside-source", "items.0.source", '"skhdt.ca-mau"')
    assert "kbnn.ca-mau, kbnn.quang-nam" in fault.detail
