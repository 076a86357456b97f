"""Amounts and dates as offices write them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.ingest.sheets import numbers
from services.ingest.sheets.faults import CellFaultError
from tests.unit.ingest.reading import amounts, both, faults, read_text, statement

AMOUNT = both("row 3, column E (Lũy kế giải ngân)")


@pytest.mark.parametrize(
    ("text", "unit", "dong"),
    [
        ("1.207.200", "triệu đồng", 1_207_200_000_000),
        ("1207200", "triệu đồng", 1_207_200_000_000),
        ("1 207 200", "triệu đồng", 1_207_200_000_000),
        ("1\u00a0207\u00a0200", "triệu đồng", 1_207_200_000_000),
        ("1.207,2", "tỷ đồng", 1_207_200_000_000),
        ("113.753,25", "triệu đồng", 113_753_250_000),
        ("1.207.200.000.000", "đồng", 1_207_200_000_000),
        ("1.234", "nghìn đồng", 1_234_000),
        ("0", "triệu đồng", 0),
        ("12,5 triệu", "triệu đồng", 12_500_000),
    ],
)
def test_an_amount_is_read_by_the_vietnamese_locale_and_its_unit(text: str, unit: str, dong: int) -> None:
    read = read_text(statement(text, unit=unit))
    assert (amounts(read), read.errors, read.warnings) == ([dong], [], [])


@pytest.mark.parametrize(
    ("text", "unit", "code"),
    [
        ("1,234,567", "triệu đồng", "ambiguous-number"),
        ("1234.56", "triệu đồng", "ambiguous-number"),
        ("1,234.5", "triệu đồng", "ambiguous-number"),
        ("12.34.567", "triệu đồng", "not-a-number"),
        ("1.2345", "triệu đồng", "ambiguous-number"),
        ("hai tỷ", "triệu đồng", "not-a-number"),
        ("NaN", "triệu đồng", "not-a-number"),
        ("1e9", "triệu đồng", "not-a-number"),
        ("١٢٣", "triệu đồng", "not-a-number"),
        ("1" * 41, "đồng", "not-a-number"),
        ("1,5", "đồng", "fraction-of-minor-unit"),
        ("0,0000001", "triệu đồng", "fraction-of-minor-unit"),
        ("-5", "triệu đồng", "negative-amount"),
        ("(5)", "triệu đồng", "negative-amount"),
        ("1.207.200", "tỷ đồng", "amount-too-large"),
        ("1,2 tỷ", "triệu đồng", "unit-disagrees"),
        ("1,2 triệu USD", "triệu đồng", "not-a-number"),
    ],
)
def test_an_amount_that_could_be_misread_is_refused(text: str, unit: str, code: str) -> None:
    assert faults(read_text(statement(text, unit=unit))) == [(code, AMOUNT)]


def test_an_ambiguous_number_shows_both_readings() -> None:
    (fault,) = read_text(statement("1,234,567")).errors
    assert "1.234.567" in fault.detail
    assert fault.read == "1,234,567"
    assert "1.234.567,5" in fault.mend


def test_three_decimals_beside_other_decimals_are_legal_and_doubted() -> None:
    """Printed in a real report for 7.788.703 triệu. Alone it is refused: a warning is no guard against a
    figure a thousand times too small."""
    read = read_text(statement("7.788,703", "12,5"))
    assert amounts(read) == [7_788_703_000, 12_500_000]
    assert [warning.partition(":")[0] for warning in read.warnings] == [AMOUNT]
    assert faults(read_text(statement("7.788,703"))) == [("three-decimals", AMOUNT)]


def test_the_same_text_on_a_unit_of_dong_is_a_fraction() -> None:
    assert faults(read_text(statement("7.788,703", unit="đồng"))) == [("fraction-of-minor-unit", AMOUNT)]


def test_the_other_locale_is_a_setting_of_the_profile() -> None:
    assert numbers.from_text("1,234,567.5", "en").value == Decimal("1234567.5")
    with pytest.raises(CellFaultError, match="ambiguous-number"):
        numbers.from_text("1.234.567,5", "en")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (1207200.0, "1207200"),
        (0.1 + 0.2, "0.3"),
        (12345.600000000002, "12345.6"),
        (float(2**53), "9007199254740992"),
        (7788.703, "7788.703"),
    ],
)
def test_a_float_is_the_decimal_that_excel_shows(number: float, shown: str) -> None:
    assert numbers.from_number(number) == Decimal(shown)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (2.0**53 + 2, "number-not-exact"),
        (1e300, "number-not-exact"),
        (float("inf"), "not-a-number"),
        (float("nan"), "not-a-number"),
    ],
)
def test_a_float_beyond_exactness_is_refused(number: float, code: str) -> None:
    with pytest.raises(CellFaultError, match=code):
        numbers.from_number(number)


@pytest.mark.parametrize("day", ["31/07/2022", "31-7-2022", "31.07.2022", "2022-07-31"])
def test_days_are_read_day_first_or_iso(day: str) -> None:
    read = read_text(statement("1").replace("31/07/2022", day))
    assert [str(item.as_of) for item in read.items] == ["2022-07-31"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("31/02/2022", "no-such-day"),
        ("07/31/2022", "no-such-day"),
        ("2022-13-01", "no-such-day"),
        ("31/7/22", "not-a-date"),
        ("tháng 7", "not-a-date"),
    ],
)
def test_a_day_that_is_none_is_refused(day: str, code: str) -> None:
    assert faults(read_text(statement("1").replace("31/07/2022", day))) == [
        (code, both("row 3, column D (Đến ngày)"))
    ]


def test_an_ambiguous_number_is_told_in_both_ways_of_writing() -> None:
    (fault,) = read_text(statement("1,234,567")).errors
    assert fault.detail == (
        "Số không rõ nghĩa: theo kiểu Việt Nam là không đọc được, theo kiểu Anh là 1.234.567; "
        "tệp này dùng kiểu Việt Nam. / "
        "Ambiguous: the Vietnamese way it is unreadable, the English way 1.234.567; "
        "this file is written the Vietnamese way."
    )
    assert fault.mend.startswith("Ghi số theo kiểu Việt Nam, ví dụ 1.234.567,5.")
