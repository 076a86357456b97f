"""What a sender may write in one field, as a table."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from services.contracts.stated.models import MovementIn, PlanRevisionIn, PlansIn
from tests.support import stated


def faults_of(**changes: Any) -> list[tuple[str, str]]:
    try:
        MovementIn.model_validate_json(json.dumps(stated.movement(**changes)))
    except ValidationError as error:
        return [(fault["type"], str(fault["loc"][0])) for fault in error.errors()]
    return []


@pytest.mark.parametrize("amount", [1, "1", "1000000", 10**15, str(10**15)])
def test_an_amount_is_digits_or_an_integer(amount: object) -> None:
    assert faults_of(amount=amount) == []


@pytest.mark.parametrize("amount", [1.5, 1.0, 1e6, True, None, "1e6", " 1", "٥", "", "1" * 5_000, [1]])
def test_an_amount_in_any_other_spelling_is_refused(amount: object) -> None:
    assert faults_of(amount=amount) == [("int_type", "amount")]


@pytest.mark.parametrize(
    ("amount", "code"),
    [("1.000", "ambiguous_number"), ("1,000", "ambiguous_number"), ("1.234.567", "grouped_number")],
)
def test_an_amount_with_marks_is_refused_as_what_it_is(amount: str, code: str) -> None:
    assert faults_of(amount=amount) == [(code, "amount")]


@pytest.mark.parametrize("amount", [0, "0", -1, "-1", 10**15 + 1, 10**18])
def test_an_amount_out_of_bounds_is_refused(amount: object) -> None:
    ((kind, field),) = faults_of(amount=amount)
    assert (kind in {"greater_than_equal", "less_than_equal"}, field) == (True, "amount")


@pytest.mark.parametrize(
    "day", ["03/04/2022", "2022-02-31", "2022-3-5", "20220305", "1640995200", "2022-03-05T00:00:00", ""]
)
def test_a_day_is_an_iso_day_of_the_calendar(day: str) -> None:
    assert faults_of(value_date=day) == [("not_iso_date", "value_date")]


@pytest.mark.parametrize("day", [1640995200, None, 1.5])
def test_a_day_is_a_text(day: object) -> None:
    assert faults_of(value_date=day) == [("date_type", "value_date")]


@pytest.mark.parametrize("hidden", ["\x00", "\u200b", "\u202e", "\ufeff", "\n", "\x1f", "\ue000"])
def test_an_invisible_character_is_refused_by_name(hidden: str) -> None:
    with pytest.raises(ValidationError, match=f"U\\+{ord(hidden):04X}"):
        MovementIn.model_validate_json(json.dumps(stated.movement(source_ref=f"V{hidden}1")))


def test_two_spellings_of_one_code_are_one_project() -> None:
    composed = MovementIn.model_validate_json(json.dumps(stated.movement(project_code="Đường-ệ"))).fact()
    decomposed = MovementIn.model_validate_json(
        json.dumps(stated.movement(project_code="Đường-e\u0323\u0302"))
    ).fact()
    assert composed == decomposed


@pytest.mark.parametrize("code", ["", "   ", "P" * 65])
def test_a_code_is_neither_empty_nor_long(code: str) -> None:
    assert [field for _, field in faults_of(project_code=code)] == ["project_code"]


@pytest.mark.parametrize(
    "changes", [{"colour": "red"}, {"kind": "gift"}, {"budget_year": "2022"}, {"currency": "BTC"}]
)
def test_unknown_fields_and_values_are_refused(changes: dict[str, Any]) -> None:
    assert [field for _, field in faults_of(**changes)] == list(changes)


def test_province_digits_are_ascii() -> None:
    with pytest.raises(ValidationError, match="province_code"):
        PlanRevisionIn.model_validate_json(json.dumps(stated.revision(province_code="٩٦")))


def test_an_empty_plan_request_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least one"):
        PlansIn.model_validate_json("{}")


def test_the_description_lets_an_amount_be_digits_or_an_integer() -> None:
    amount = MovementIn.model_json_schema()["properties"]["amount"]
    assert [choice["type"] for choice in amount["anyOf"]] == ["integer", "string"]
    assert amount["anyOf"][0] == {"type": "integer", "minimum": 1, "maximum": 10**15}


@pytest.mark.parametrize(
    ("model", "field", "refused"),
    [(MovementIn, "amount", ["0", "000", "1.5", "", "-1"]), (PlanRevisionIn, "amount", ["1.5", "", "-1"])],
)
def test_the_described_pattern_takes_the_digits_that_the_field_takes(
    model: type[BaseModel], field: str, refused: list[str]
) -> None:
    pattern = model.model_json_schema()["properties"][field]["anyOf"][1]["pattern"]
    for digits in ("1", "10", "1000000", "007", "1000000000000000"):
        assert re.search(pattern, digits), digits
    for text in refused:
        assert not re.search(pattern, text), text


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u3000"])
@pytest.mark.parametrize("field", ["source", "project_code"])
def test_a_code_holds_no_white_space(field: str, space: str) -> None:
    assert faults_of(**{field: f"a{space}b"}) == [("space_in_code", field)]
    assert faults_of(**{field: f"{space}ab{space}"}) == []
    assert faults_of(source_ref=f"V{space}1") == []
