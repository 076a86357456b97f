"""Numbers as offices write them. Decimal only: a float is turned into the decimal it shows as, once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal

from services.ingest.sheets.faults import CellFaultError

NumberLocale = Literal["vi", "en"]

# The largest integer that a double, and so an Excel cell, holds exactly with all below it.
EXACT_LIMIT = 2**53
# Excel shows and keeps 15 significant digits; what a double holds beyond them is noise of a formula
# (12345.600000000002), not something an officer wrote.
_EXCEL_DIGITS = Context(prec=15, rounding=ROUND_HALF_EVEN)
_LONGEST_NUMBER = 40
_DECIMALS_LIKE_A_GROUP = 3

_MARKS: dict[NumberLocale, tuple[str, str]] = {"vi": (".", ","), "en": (",", ".")}
_EXAMPLES: dict[NumberLocale, str] = {"vi": "1.234.567,5", "en": "1,234,567.5"}
# The name of each way of writing, in Vietnamese and in English.
_NAMES: dict[NumberLocale, tuple[str, str]] = {"vi": ("Việt Nam", "Vietnamese"), "en": ("Anh", "English")}
_SPACES = " \u00a0\u2009\u202f"
# Groups do not begin with a nought: 0.500 is a half that somebody wrote the other way.
_SHAPES = {
    locale: re.compile(
        rf"([1-9][0-9]{{0,2}}(?:(?P<group>[{re.escape(group)}{_SPACES}])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*)"
        rf"|[0-9]+)(?:{re.escape(point)}([0-9]+))?"
    )
    for locale, (group, point) in _MARKS.items()
}
_WHOLE = {
    locale: re.compile(rf"[1-9][0-9]{{0,2}}(?:{re.escape(group)}[0-9]{{3}})+|[0-9]+")
    for locale, (group, _) in _MARKS.items()
}
# What may have been meant where it is not one's own way of writing.
_LOOSE = {
    locale: re.compile(
        rf"([0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})+|[0-9]+)(?:{re.escape(point)}([0-9]+))?"
    )
    for locale, (group, point) in _MARKS.items()
}


@dataclass(frozen=True, slots=True)
class NumberText:
    """A number read from text. ``looks_grouped``: "7.788,703" is 7788.703 by the Vietnamese locale,
    and may well have been meant as 7.788.703. ``shows_point``: its decimal mark can be nothing else."""

    value: Decimal
    looks_grouped: bool
    shows_point: bool = False


def from_text(text: str, locale: NumberLocale) -> NumberText:
    """The number that ``text`` is by ``locale``: vi groups with "." and marks decimals with ",".

    Raises ``CellFaultError``: ambiguous-number where only the other locale reads it; not-a-number.
    """
    digits, sign = _unsigned(text)
    value = _by_shape(_SHAPES[locale], digits, locale)
    if value is not None:
        point = _MARKS[locale][1]
        decimals = len(digits.rpartition(point)[2]) if point in digits else 0
        looks_grouped = decimals == _DECIMALS_LIKE_A_GROUP and not digits.startswith("0")
        return NumberText(sign * value, looks_grouped, shows_point=decimals > 0 and not looks_grouped)
    readings = {name: _by_shape(_LOOSE[name], digits, name) for name in _MARKS}
    if all(reading is None for reading in readings.values()):
        raise not_a_number(locale)
    shown = {name: None if reading is None else written(reading) for name, reading in readings.items()}
    raise CellFaultError(
        "ambiguous-number",
        vi=shown["vi"] or "không đọc được",
        en=shown["en"] or "không đọc được",
        vi_in_english=shown["vi"] or "unreadable",
        en_in_english=shown["en"] or "unreadable",
        **_way(locale),
    )


def whole_from_text(text: str, locale: NumberLocale) -> int | None:
    """The number where ``text`` is plainly a whole one by ``locale``: what ``from_text`` says, sooner."""
    if len(text) > _LONGEST_NUMBER or not _WHOLE[locale].fullmatch(text):
        return None
    return int(text.replace(_MARKS[locale][0], ""))


def from_number(number: int | float) -> Decimal:
    """The decimal that a cell's number shows as.

    Raises ``CellFaultError``: not-a-number for an infinity or NaN; number-not-exact beyond 2**53.
    """
    if abs(number) <= EXACT_LIMIT and number == int(number):
        return Decimal(int(number))
    value = Decimal(repr(number))
    if not value.is_finite():
        raise not_a_number("vi")
    if abs(value) > EXACT_LIMIT:
        raise CellFaultError("number-not-exact")
    whole = value.to_integral_value()
    return whole if whole == value else _EXCEL_DIGITS.plus(value)


def without_point(value: Decimal) -> Decimal:
    """The number that its digits are without a decimal mark: 7788703 for 7788.703."""
    return value.scaleb(_DECIMALS_LIKE_A_GROUP)


def not_a_number(locale: NumberLocale) -> CellFaultError:
    """The fault of a cell that is no number, with the way to write one."""
    return CellFaultError("not-a-number", **_way(locale))


def written(value: Decimal | int) -> str:
    """The number the Vietnamese way: 1.234.567,5."""
    # An integer's own ",f" goes through a float: wrong beyond 2**53, and with six decimals.
    return f"{Decimal(value):,f}".replace(",", "\0").replace(".", ",").replace("\0", ".")


def _way(locale: NumberLocale) -> dict[str, str]:
    way, way_in_english = _NAMES[locale]
    return {"way": way, "way_in_english": way_in_english, "example": _EXAMPLES[locale]}


def _unsigned(text: str) -> tuple[str, int]:
    stripped = text.strip().replace("\u2212", "-")
    if stripped.startswith("(") and stripped.endswith(")"):
        return stripped[1:-1].strip(), -1
    if stripped.startswith("-"):
        return stripped[1:].strip(), -1
    return stripped.removeprefix("+").strip(), +1


def _by_shape(shape: re.Pattern[str], digits: str, locale: NumberLocale) -> Decimal | None:
    found = shape.fullmatch(digits) if len(digits) <= _LONGEST_NUMBER else None
    if not found:
        return None
    whole, point, decimals = digits.partition(_MARKS[locale][1])
    whole = "".join(sign for sign in whole if sign.isdigit())
    return Decimal(f"{whole}.{decimals}" if point else whole)
