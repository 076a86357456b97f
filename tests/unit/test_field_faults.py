"""The answer to a bad field: a documented code, what was read as it was written, and a remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from services.aggregation import answers
from services.aggregation.asked import AsOfQuery
from services.aggregation.case_answers import ConflictsQuery, QuarantineQuery
from services.aggregation.export_api import PlanExportQuery
from services.contracts.stated.models import (
    BaselinePointIn,
    BaselineScheduleIn,
    DisbursementsIn,
    MovementIn,
    PlanRevisionIn,
    PlansIn,
    StatementLineIn,
    StatementsIn,
)
from services.ingest.doors.import_form import ImportForm
from services.runtime.api import Api
from services.runtime.errors import FieldError
from services.runtime.field_faults import FAULTS, field_errors
from tests.support import stated
from tests.support.access import gate_without_database

ERRORS_MD = Path(__file__).parents[2] / "docs" / "ERRORS.md"
EXPLAINED = set(re.findall(r"^\| `([a-z-]+)` \|", ERRORS_MD.read_text(encoding="utf-8"), re.MULTILINE))
BODIES: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (MovementIn, stated.movement()),
    (StatementLineIn, stated.statement()),
    (PlanRevisionIn, stated.revision()),
    (BaselineScheduleIn, stated.schedule()),
    (BaselinePointIn, {"date": "2022-03-31"}),
    (DisbursementsIn, {"movements": [stated.movement()]}),
    (StatementsIn, {"lines": [stated.statement()]}),
    (PlansIn, {}),
]
BAD_JSON: tuple[Any, ...] = (
    None, True, 1.5, -1, 10**30, "", " ", "x", "a b", "\u200b", "1" * 5_000, [], [1], {}, ["x"] * 1_001,
)  # fmt: skip
QUESTIONS: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (ImportForm, {"file_name": "a.csv", "source": "s"}),
    (AsOfQuery, {}),
    (answers.SummaryQuery, {}),
    (answers.ProjectsQuery, {}),
    (QuarantineQuery, {}),
    (ConflictsQuery, {}),
    (PlanExportQuery, {}),
]
BAD_TEXTS = ("", "x", "a b", "-1", "0", "1.5", "9" * 5_000, "NaN", "31/07/2022", "1659225600", "\u200b")


def faults_of_json(model: type[BaseModel], body: Any) -> list[FieldError]:
    try:
        model.model_validate_json(json.dumps(body))
    except ValidationError as error:
        return field_errors(error)
    return []


def faults_of_texts(model: type[BaseModel], fields: dict[str, Any]) -> list[FieldError]:
    try:
        model.model_validate(fields)
    except ValidationError as error:
        return field_errors(error)
    return []


def every_fault() -> Iterator[FieldError]:
    for model, sound in BODIES:
        yield from faults_of_json(model, [])
        yield from faults_of_json(model, {**sound, "colour": 1})
        for name in model.model_fields:
            yield from faults_of_json(model, {key: value for key, value in sound.items() if key != name})
            for bad in BAD_JSON:
                yield from faults_of_json(model, {**sound, name: bad})
    for model, sound in QUESTIONS:
        yield from faults_of_texts(model, {**sound, "colour": "1"})
        for name in model.model_fields:
            for bad in BAD_TEXTS:
                yield from faults_of_texts(model, {**sound, name: bad})


def test_every_fault_of_a_field_is_explained_and_says_how_to_mend_it() -> None:
    faults = list(every_fault())
    found = {(fault.code, bool(fault.mend)) for fault in faults}
    assert {code for code, _ in found} <= EXPLAINED
    assert [code for code, has_remedy in found if not has_remedy] == []
    assert len(found) > 15
    # Vietnamese first, then English, and none of Pydantic's own sentences.
    told = {(fault.code, text) for fault in faults for text in (fault.detail, fault.mend)}
    assert [each for each in told if " / " not in each[1]] == []
    assert [each for each in told if re.search("Input should|should match|not permitted", each[1])] == []


@pytest.mark.parametrize(
    ("changes", "code", "detail", "mend"),
    [
        ({"amount": 0}, "greater-than-equal", "nhỏ hơn 1 / is below 1", "lớn hơn 0"),
        (
            {"amount": 10**16},
            "less-than-equal",
            "lớn hơn 1.000.000.000.000.000 / is above 1,000,000,000,000,000",
            "triệu đồng",
        ),
        (
            {"budget_year": 1999},
            "greater-than-equal",
            "nhỏ hơn 2000 / is below 2000",
            "ghi số từ 2000 trở lên",
        ),
        ({"kind": "gift"}, "enum", "không phải là một trong: advance, ", "use one of: advance, "),
        ({"currency": "XAU"}, "string-pattern-mismatch", "VND, USD, EUR hoặc JPY", "VND, USD, EUR or JPY"),
        ({"project_code": "x" * 65}, "string-too-long", "dài hơn 64 ký tự", "shorten"),
        ({"amount": "1.000.000"}, "grouped-number", "dấu phân nhóm (1000000)", "chỉ ghi chữ số: 1000000"),
        (
            {"amount": "1.000"},
            "ambiguous-number",
            "theo kiểu Việt Nam là 1000, theo kiểu Anh là 1 + ",
            "digits",
        ),
        ({"amount": "1,5"}, "fraction-of-minor-unit", "không phải là số đồng chẵn", "digits only, in đồng"),
        ({"colour": 1}, "extra-forbidden", "không có trường này", "mend its name"),
    ],
)
def test_a_fault_names_its_bound_or_choices_in_both_languages(
    changes: dict[str, Any], code: str, detail: str, mend: str
) -> None:
    (fault,) = faults_of_json(MovementIn, stated.movement(**changes))
    assert fault.code == code
    assert detail in fault.detail
    assert mend in fault.mend


def test_every_remedy_is_for_an_explained_code() -> None:
    assert set(FAULTS) <= EXPLAINED


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        ({"budget_year": True}, "true"),
        ({"budget_year": None}, "null"),
        ({"budget_year": "2022"}, '"2022"'),
        ({"kind": {"à": [None]}}, '{"à": [null]}'),
        ({"amount": 1.5}, "1.5"),
    ],
)
def test_what_was_read_is_shown_as_it_was_written(changes: dict[str, Any], read: str) -> None:
    assert [fault.read for fault in faults_of_json(MovementIn, stated.movement(**changes))] == [read]


def test_what_was_read_is_shortened() -> None:
    (fault,) = faults_of_json(MovementIn, stated.movement(source_ref="x" * 10_000))
    assert len(fault.read) < 120


def test_a_remedy_speaks_of_money_for_amounts_only() -> None:
    def mend(**changes: Any) -> str:
        (fault,) = faults_of_json(MovementIn, stated.movement(**changes))
        return fault.mend

    assert "đơn vị đồng" in mend(amount="1.000")
    assert "triệu đồng" in mend(amount=10**16)
    assert mend(budget_year="2022") == (
        "ghi số nguyên, không đặt trong ngoặc kép / an integer without quotation marks"
    )
    assert "đồng" not in mend(budget_year=9999)


def test_the_detail_is_the_rule_and_nothing_of_python() -> None:
    (fault,) = faults_of_json(BaselinePointIn, {"date": "2022-03-31"})
    assert fault.detail == (
        "ghi một trong hai: tỷ lệ (basis_points) hoặc số tiền (amount) / "
        "give basis_points or amount, one of the two"
    )


@pytest.mark.parametrize("day", ["0", "1659225600", "31/07/2022", "2022-07-32", "2022-07-31T00:00:00", ""])
@pytest.mark.parametrize(("model", "sound"), [QUESTIONS[0], QUESTIONS[1]])
def test_a_day_of_a_question_or_form_is_an_iso_day(
    model: type[BaseModel], sound: dict[str, Any], day: str
) -> None:
    faults = faults_of_texts(model, {**sound, "as_of": day})
    assert [(fault.code, fault.where) for fault in faults] == [("not-iso-date", "as_of")]
    assert faults_of_texts(model, {**sound, "as_of": "2022-07-31"}) == []


@pytest.mark.parametrize("model", [ImportForm, AsOfQuery])
def test_a_day_is_described_as_a_date(model: type[BaseModel]) -> None:
    choices = model.model_json_schema()["properties"]["as_of"]["anyOf"]
    assert {"type": "string", "format": "date"} in choices


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("as_of=0", "not-iso-date"),
        ("as_of=2022-07-31&as_of=2022-07-31", "repeated"),
        ("group_by=colour", "literal-error"),
        ("owner=%00", "invalid-character"),
        ("budget_year=x", "int-parsing"),
    ],
)
def test_a_question_that_cannot_be_read_is_called_so(query: str, code: str) -> None:
    api = Api(service="asked", title="asked", description="", gate=gate_without_database())

    @api.route("GET", "/sum", summary="x", public=True, query=answers.SummaryQuery)
    def ask(query: answers.SummaryQuery) -> Any:
        raise AssertionError(query)

    answer = api.app.test_client().get(f"/sum?{query}")
    problem = json.loads(answer.text)
    assert (answer.status_code, problem["title"]) == (
        422,
        "Không đọc được câu hỏi / the question cannot be read",
    )
    (fault,) = problem["errors"]
    assert fault["code"] == code
    assert fault["mend"]
