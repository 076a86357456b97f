"""Numbers by language."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal
from hypothesis import given, strategies

from services.alert.number_text import LANGUAGES, Language, day, money, number, percent, rounded


def unbroken(text: str) -> str:
    """No line ends between a number and its unit."""
    return text.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("minor_units", "currency", "vietnamese", "english"),
    [
        (1_207_200_000_000, "VND", "1.207,2 tỷ đồng", "VND 1,207.2 billion"),
        (213_200_000_000, "VND", "213,2 tỷ đồng", "VND 213.2 billion"),
        (1_000_000_000, "VND", "1,0 tỷ đồng", "VND 1.0 billion"),
        (999_960_000, "VND", "1,0 tỷ đồng", "VND 1.0 billion"),
        (999_900_000, "VND", "999,9 triệu đồng", "VND 999.9 million"),
        (350_000_000, "VND", "350,0 triệu đồng", "VND 350.0 million"),
        (12_345, "VND", "12.345 đồng", "VND 12,345"),
        (0, "VND", "0 đồng", "VND 0"),
        (-1_500_000_000, "VND", "\u22121,5 tỷ đồng", "VND \u22121.5 billion"),
        (123_456, "USD", "1.234,56 USD", "USD 1,234.56"),
    ],
)
def test_money(minor_units: int, currency: str, vietnamese: str, english: str) -> None:
    assert money(minor_units, currency, "vi") == unbroken(vietnamese)
    assert money(minor_units, currency, "en") == english


@pytest.mark.parametrize(
    ("share", "vietnamese", "english"),
    [
        ("0.34", "34,0 %", "34.0%"),
        ("0.339961", "34,0 %", "34.0%"),
        ("0.2237", "22,37 %", "22.37%"),
        ("0", "0,0 %", "0.0%"),
        ("12.5", "1.250,0 %", "1,250.0%"),
    ],
)
def test_percent(share: str, vietnamese: str, english: str) -> None:
    assert percent(Fraction(share), "vi") == unbroken(vietnamese)
    assert percent(Fraction(share), "en") == english


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        ("0.845", 2, "0.85"),
        ("0.855", 2, "0.86"),
        ("-0.845", 2, "-0.85"),
        ("2.5", 0, "3"),
        ("1/3", 3, "0.333"),
    ],
)
def test_halves_are_rounded_away_from_zero_as_by_hand(value: str, digits: int, expected: str) -> None:
    assert str(rounded(Fraction(value), digits)) == expected


def test_trailing_zeros_stay_where_they_are_asked_for() -> None:
    assert number(Fraction("0.9"), "vi", digits=2) == "0,90"
    assert number(Fraction("0.9"), "vi", digits=2, at_least=1) == "0,9"


def test_days() -> None:
    assert day(date(2022, 5, 31), "vi") == "31/05/2022"
    assert day(date(2022, 5, 31), "en") == "31 May 2022"


@given(
    value=strategies.fractions(-(10**16), 10**16, max_denominator=10**7),
    digits=strategies.integers(0, 4),
    at_least=strategies.integers(0, 4) | strategies.none(),
    language=strategies.sampled_from(LANGUAGES),
)
def test_numbers_are_those_of_the_locale(
    value: Fraction, digits: int, at_least: int | None, language: Language
) -> None:
    shown = digits if at_least is None else min(at_least, digits)
    pattern = "#,##0" + ("." if digits else "") + "0" * shown + "#" * (digits - shown)
    of_the_library = format_decimal(rounded(value, digits), format=pattern, locale=language)
    found = number(value, language, digits=digits, at_least=None if at_least is None else shown)
    assert found == of_the_library.replace("-", "\u2212")


@given(value=strategies.dates(date(1000, 1, 1)))
def test_days_are_those_of_the_locale(value: date) -> None:
    assert day(value, "en") == format_date(value, format="d MMMM yyyy", locale="en")
    assert day(value, "vi") == format_date(value, format="dd/MM/yyyy", locale="vi")
