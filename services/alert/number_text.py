"""Figures as an officer reads them, in Vietnamese or English. Rounded half up, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from babel.dates import get_month_names
from babel.numbers import get_decimal_symbol, get_group_symbol

from services.domain.money import MINOR_UNIT_DIGITS
from services.runtime.clock import VIETNAM

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")

# A line must not break between a number and its unit.
_NO_BREAK = "\u00a0"
_MINUS = "\u2212"

# From the library's locales, asked once: its own formatting took half of the time of judging a subject.
_SEPARATORS: Mapping[Language, tuple[str, str]] = {
    language: (get_group_symbol(language), get_decimal_symbol(language)) for language in LANGUAGES
}
_MONTHS: Mapping[int, str] = dict(get_month_names("wide", locale="en"))

_BILLION, _MILLION = 10**9, 10**6
_BILLIONS: Mapping[Language, str] = {"vi": "tỷ", "en": "billion"}
_MILLIONS: Mapping[Language, str] = {"vi": "triệu", "en": "million"}


def rounded(value: Fraction, digits: int) -> Decimal:
    """``value`` to that many decimals, half away from zero, as one rounds by hand."""
    numerator, denominator = abs(value.numerator) * 10**digits, value.denominator
    nearest = (2 * numerator + denominator) // (2 * denominator)
    return Decimal(nearest if value >= 0 else -nearest).scaleb(-digits)


def number(value: Fraction, language: Language, *, digits: int, at_least: int | None = None) -> str:
    """With ``digits`` decimals at most and ``at_least`` at least (all of them, where it is not given)."""
    whole, _, decimals = f"{rounded(value, digits):,.{digits}f}".partition(".")
    shown = digits if at_least is None else at_least
    decimals = decimals[:shown] + decimals[shown:].rstrip("0")
    grouping, point = _SEPARATORS[language]
    text = whole.replace(",", grouping).replace("-", _MINUS)
    return f"{text}{point}{decimals}" if decimals else text


def percent(share: Fraction, language: Language) -> str:
    """A share of 1 as a percentage: ``34,0 %`` or ``34.0%``; ``22,37 %`` where that is what it is.

    The spaces of a Vietnamese number are no-break spaces.
    """
    text = number(share * 100, language, digits=2, at_least=1)
    return f"{text}{_NO_BREAK}%" if language == "vi" else f"{text}%"


def money(minor_units: Fraction | int, currency: str, language: Language) -> str:
    """``1.207,2 tỷ đồng`` (with no-break spaces) or ``VND 1,207.2 billion``."""
    digits = MINOR_UNIT_DIGITS.get(currency, 0)
    amount = Fraction(minor_units) / 10**digits
    # By what would be shown: 999,96 million is one billion, 999,9 million is not.
    if rounded(abs(amount) / _MILLION, 1) >= _BILLION // _MILLION:
        text, word = number(amount / _BILLION, language, digits=1), _BILLIONS[language]
    elif rounded(abs(amount), digits) >= _MILLION:
        text, word = number(amount / _MILLION, language, digits=1), _MILLIONS[language]
    else:
        text, word = number(amount, language, digits=digits), ""
    if language == "en":
        return " ".join(filter(None, (currency, text, word)))
    return _NO_BREAK.join(filter(None, (text, word, "đồng" if currency == "VND" else currency)))


def day(value: date, language: Language) -> str:
    """``31/05/2022`` or ``31 May 2022``."""
    if language == "vi":
        return f"{value:%d/%m/%Y}"
    return f"{value.day} {_MONTHS[value.month]} {value.year}"


def moment(value: datetime) -> str:
    """``05/07/2022 16:30 (UTC+7)``: in Vietnam, the same in both languages."""
    return f"{value.astimezone(VIETNAM):%d/%m/%Y %H:%M} (UTC+7)"
