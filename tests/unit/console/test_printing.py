"""What is printed stands on 80 columns, Vietnamese first; hashes and ids are never broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.console import fact_words, printing
from services.console.languages import in_two_languages

_SHA = "8edf7849a241eef5134a6edbdb710e86ba4bbe95d275f26b90c3a92e9731c484"


@pytest.mark.parametrize(
    ("text", "halves"),
    [
        ("dòng 9 / row 9", ("dòng 9", "row 9")),
        ("cột A / B sai / column A / B is wrong", ("cột A / B sai", "column A / B is wrong")),
        ("movements.0.amount", ("movements.0.amount",) * 2),
        ("a / b / c", ("a / b / c",) * 2),
        ("", ("", "")),
    ],
)
def test_a_text_in_two_languages_is_parted_in_its_middle(text: str, halves: tuple[str, str]) -> None:
    assert in_two_languages(text) == halves


def test_a_value_too_long_for_its_line_has_its_own_unbroken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    printing.print_labelled([("mới / new", "2"), ("SHA-256", _SHA), ("tệp", "[bold]x[/bold].csv")])
    assert capsys.readouterr().out.splitlines() == [
        "mới / new                   2",
        "SHA-256",
        f"  {_SHA}",
        "tệp                         [bold]x[/bold].csv",
    ]


def test_a_place_with_two_faults_is_named_once_in_each_language(capsys: pytest.CaptureFixture[str]) -> None:
    where = "dòng 9, cột B / row 9, column B"
    printing.print_faults(
        {
            "errors": [
                {"where": where, "read": "x", "detail": "sai / wrong", "mend": "sửa / mend", "code": "a"},
                {"where": where, "detail": "thiếu / missing", "code": "b"},
                {"where": "source", "read": "y", "detail": "no code", "code": "c"},
            ]
        }
    )
    assert capsys.readouterr().err.splitlines() == [
        "dòng 9, cột B",
        "  «x» → sai → sửa [a]",
        "  thiếu [b]",
        "row 9, column B",
        "  «x» → wrong → mend [a]",
        "  missing [b]",
        "source",
        "  «y» → no code [c]",
    ]


def test_a_fund_source_is_called_by_its_vietnamese_name_with_the_code() -> None:
    assert printing.fund_source("local.lottery") == "NSĐP xổ số kiến thiết (local.lottery)"
    assert printing.fund_source("x.y") == "x.y"


def test_without_a_policy_a_fund_source_is_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIAINGAN_POLICY_DIR", str(tmp_path))
    printing._fund_sources.cache_clear()
    try:
        assert printing.fund_source("local.lottery") == "local.lottery"
    finally:
        printing._fund_sources.cache_clear()


def test_moments_are_vietnams_and_say_so() -> None:
    assert printing.moment("2022-05-31T20:00:00Z") == "2022-06-01 03:00 +07:00"
    assert printing.moment("soon") == "soon"
    assert printing.minute(None) == "-"
    assert printing.day("2022-05-31") == "31/05/2022"


def test_two_contents_are_compared_field_by_field_in_words() -> None:
    first = {"source_ref": "CT-1", "amount": 1_500_000, "value_date": "2022-05-31", "kind": "advance"}
    rows = list(
        fact_words.compared(
            {"movement": first}, {"movement": {**first, "amount": -2_000_000, "new_field": True}}
        )
    )
    assert rows == [
        ("số chứng từ\nvoucher number", "CT-1", "CT-1", False),
        ("ngày hạch toán\nvalue date", "31/05/2022", "31/05/2022", False),
        ("số tiền\namount", "1.500.000", "-2.000.000", True),
        ("loại\nkind", "tạm ứng (advance)", "tạm ứng (advance)", False),
        ("new_field", "", "true", True),
    ]
    assert [row[3] for row in fact_words.compared(None, {"movement": first})] == [True] * 4
    assert fact_words.kind(None) == ""


def test_points_of_a_curve_are_a_line_each() -> None:
    points = [{"date": "2022-03-31", "basis_points": 3005}, {"date": "2022-06-30", "amount": 1_000}]
    assert fact_words.in_words("points", points) == "31/03/2022: 30,05 %\n30/06/2022: 1.000"


def test_every_field_that_a_fact_can_state_has_a_name() -> None:
    from services.contracts.stated import one_fact  # noqa: PLC0415

    stated = {name for _, model in one_fact._KINDS.values() for name in model.model_fields}
    assert stated - fact_words.FIELDS.keys() == set()
    assert {kind for kind, _ in one_fact._KINDS.values()} == fact_words.KINDS.keys()
