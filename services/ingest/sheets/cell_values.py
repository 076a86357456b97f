"""One cell to one value, by the type its column is declared to have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from services.domain import event_identity
from services.domain.money import MAX_MINOR_UNITS
from services.ingest.sheets import numbers
from services.ingest.sheets.faults import CellFaultError
from services.ingest.sheets.grid import BrokenCell, Cell, PercentCell, lookup, matching_form
from services.ingest.sheets.import_profile import FieldProfile, ImportProfile, Unit
from services.ingest.sheets.numbers import NumberLocale

_BASIS_POINTS_PER_PERCENT = 100
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_NUMBER_WITH_WORD = re.compile(r"([-+−(]?[0-9][0-9.,\s]*\)?)\s*([^\W\d].*)")
_SHOWN_CHOICES = 12


@dataclass(frozen=True, slots=True)
class Value:
    """What a cell says. ``doubt`` is empty, or why a person should look at it again."""

    value: Any
    doubt: str = ""


class CellReader:
    """Reads the cells of one profile; ``source`` makes the ids that a reversal refers to."""

    def __init__(self, profile: ImportProfile, *, source: str) -> None:
        self._profile = profile
        self._source = source
        self._choices = {name: lookup(field.choices) for name, field in profile.fields.items()}

    def read(self, name: str, cell: Cell, *, unit: Unit) -> Value:
        """The value of field ``name``; money in minor units, ``unit`` being that of its column.

        Raises ``CellFaultError``.
        """
        if isinstance(cell, BrokenCell):
            raise CellFaultError(cell.code)
        field = self._profile.fields[name]
        if field.type == "money":
            return self._money(cell, unit)
        return Value(self._other(name, field, cell))

    def _other(self, name: str, field: FieldProfile, cell: Cell) -> Any:
        locale = self._profile.number_locale
        if field.type in ("percent", "integer"):
            return (_basis_points if field.type == "percent" else _integer)(cell, locale)
        if field.type == "date":
            return _date(cell)
        text = _text(cell)
        if field.type in ("choice", "fund_source"):
            return self._choice(name, field, text)
        if field.type == "movement_ref":
            return event_identity.event_id(source=self._source, source_ref=text)
        if field.type == "code" and re.search(r"\s", text):
            raise CellFaultError("space-in-code")
        return text

    def _money(self, cell: Cell, unit: Unit) -> Value:
        value, doubt = self._amount(cell, unit)
        minor_units = value * unit.minor_units
        if minor_units != minor_units.to_integral_value():
            raise CellFaultError("fraction-of-minor-unit", value=numbers.written(value), unit=unit.name)
        if minor_units < 0:
            raise CellFaultError("negative-amount")
        return Value(int(minor_units), doubt)

    def _amount(self, cell: Cell, unit: Unit) -> tuple[Decimal, str]:
        if not isinstance(cell, str):
            return _number(cell, self._profile.number_locale), ""
        text = cell.strip()
        with_word = _NUMBER_WITH_WORD.fullmatch(text)
        if with_word:
            stated = self._profile.unit(with_word[2])
            if stated is not None and stated.minor_units != unit.minor_units:
                raise CellFaultError("unit-disagrees", cell_unit=stated.name, unit=unit.name)
            text = with_word[1] if stated else text
        read = numbers.from_text(text, self._profile.number_locale)
        if not read.looks_grouped:
            return read.value, ""
        return read.value, (
            f"{text} đọc là {numbers.written(read.value)} {unit.name} (dấu thập phân, ba chữ số lẻ) / "
            f"{text} is read as {numbers.written(read.value)} {unit.name}: a decimal mark and three decimals"
        )

    def _choice(self, name: str, field: FieldProfile, text: str) -> str:
        meaning = self._choices[name].get(matching_form(text))
        if meaning is None:
            known = list(field.choices)
            shown = ", ".join(f"{code} ({field.choices[code][0]})" for code in known[:_SHOWN_CHOICES])
            raise CellFaultError(
                "unknown-choice", known=shown + (", …" if len(known) > _SHOWN_CHOICES else "")
            )
        return meaning


def check_limit(minor_units: int) -> None:
    """Raises ``CellFaultError`` above what one line can be; a total may be above it."""
    if minor_units > MAX_MINOR_UNITS:
        raise CellFaultError(
            "amount-too-large", value=numbers.written(minor_units), limit=numbers.written(MAX_MINOR_UNITS)
        )


def _number(cell: Cell, locale: NumberLocale) -> Decimal:
    if isinstance(cell, str):
        return numbers.from_text(cell, locale).value
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return numbers.from_number(cell)
    raise numbers.not_a_number(locale)


def _basis_points(cell: Cell, locale: NumberLocale) -> int:
    """20 %, "20 %", 20 and a cell of 0.2 that its workbook shows as 20 % are all 2,000 basis points."""
    if isinstance(cell, PercentCell):
        percent = cell.percent
    elif isinstance(cell, str):
        percent = _number(cell.strip().removesuffix("%"), locale)
    else:
        percent = _number(cell, locale)
    points = percent * _BASIS_POINTS_PER_PERCENT
    if points != points.to_integral_value():
        raise CellFaultError("too-precise")
    return int(points)


def _integer(cell: Cell, locale: NumberLocale) -> int:
    try:
        number = _number(cell, locale)
    except CellFaultError as error:
        raise CellFaultError("not-an-integer") from error
    if number != number.to_integral_value():
        raise CellFaultError("not-an-integer")
    return int(number)


def _date(cell: Cell) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = cell.strip() if isinstance(cell, str) else ""
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year = (int(part) for part in found.groups())
    elif found := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    else:
        raise CellFaultError("not-a-date")
    try:
        return date(year, month, day)
    except ValueError as error:
        raise CellFaultError("no-such-day") from error


def _text(cell: Cell) -> str:
    """Text, or the digits of a whole number (a voucher number that was typed as one).

    A date is refused: Excel makes one of "3/2022" without asking, and what was typed is gone.
    """
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        raise CellFaultError("not-text", found=_kind_of(cell))
    number = numbers.from_number(cell)
    if number != number.to_integral_value():
        raise CellFaultError("not-text", found=numbers.written(number))
    return str(int(number))


def _kind_of(cell: Cell) -> str:
    match cell:
        case bool():
            return "TRUE/FALSE"
        case date():
            return f"ngày/date {cell.isoformat()}"
        case time() | timedelta():
            return f"giờ/time {cell}"
        case _:
            return "số/number"


def shown(cell: Cell) -> str:
    """The cell as text for a message."""
    match cell:
        case None:
            return ""
        case BrokenCell():
            return cell.read
        case PercentCell():
            return f"{numbers.written(cell.percent)} %"
        case date():
            return cell.isoformat()
        case _:
            return str(cell)
