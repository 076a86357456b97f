"""One cell to one value, by the type its column is declared to have."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from typing import Any, NamedTuple

from services.contracts.stated.cell_text import restored
from services.domain import event_identity
from services.domain.money import MAX_MINOR_UNITS
from services.ingest.sheets import numbers
from services.ingest.sheets.faults import CellFaultError
from services.ingest.sheets.grid import BrokenCell, Cell, PercentCell, ScaledCell, lookup, matching_form
from services.ingest.sheets.numbers import NumberLocale, NumberText
from services.ingest.sheets.profiles.import_profile import FieldProfile, ImportProfile, Unit
from services.runtime.field_faults import choices

_BASIS_POINTS_PER_PERCENT = 100
# A curve of fractions ends at 1, or a little above it; a curve of percents does not.
_LARGEST_FRACTION = Decimal("1.1")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_NUMBER_WITH_WORD = re.compile(r"([-+−(]?[0-9][0-9.,\s]*\)?)\s*([^\W\d].*)")
_SHOWN_CHOICES = 12
_NEAREST_CHOICES = 3
# Excel counts a 29 February 1900 that never was: before it, its days are one off everybody else's.
_FIRST_CERTAIN_DAY = date(1900, 3, 1)


class Doubt(NamedTuple):
    """The fault that a cell has unless another cell of its column ``settles`` how the column is written;
    ``remark`` is what a person should know even then."""

    fault: CellFaultError
    remark: str = ""


class Value(NamedTuple):
    """What a cell says, and what it says of its column."""

    value: Any
    doubt: Doubt | None = None
    settles: bool = False


class CellReader:
    """Reads the cells of one profile; ``source`` makes the ids that a reversal refers to."""

    def __init__(self, profile: ImportProfile, *, source: str) -> None:
        self._profile = profile
        self._source = source
        self._choices = {name: lookup(field.choices) for name, field in profile.fields.items()}

    def read(self, name: str, cell: Cell, *, unit: Unit, header: str = "") -> Value:
        """The value of field ``name``; money in minor units, ``unit`` being that of its column.

        Raises ``CellFaultError``.
        """
        return self.reader(name, unit=unit, header=header)(cell)

    def reader(self, name: str, *, unit: Unit, header: str = "") -> Callable[[Cell], Value]:
        """``read`` for one column: what does not depend on the cell is settled once."""
        field = self._profile.fields[name]
        if field.type == "money":
            value_of: Callable[[Cell], Value] = partial(self._money, unit=unit)
        elif field.type == "percent":
            value_of = partial(_share, locale=self._profile.number_locale, is_percent="%" in header)
        else:
            other = self._other(name, field)

            def value_of(cell: Cell) -> Value:
                return Value(other(cell))

        def read(cell: Cell) -> Value:
            if isinstance(cell, BrokenCell):
                raise CellFaultError(cell.code)
            if isinstance(cell, ScaledCell):
                raise CellFaultError("scaled-format", shown=cell.shown, stored=cell.read)
            return value_of(cell)

        return read

    def whole_amount(self, unit: Unit) -> Callable[[Cell], int | None]:
        """What ``reader`` says of most amounts, sooner; ``None`` where the cell needs it."""
        locale, each = self._profile.number_locale, unit.minor_units

        def read(cell: Cell) -> int | None:
            whole = _whole_number(cell, locale)
            return None if whole is None or whole * each > MAX_MINOR_UNITS else whole * each

        return read

    def _other(self, name: str, field: FieldProfile) -> Callable[[Cell], Any]:
        if field.type in ("choice", "fund_source"):
            return lambda cell: self._choice(name, field, _text(cell))
        if field.type == "movement_ref":
            return lambda cell: event_identity.event_id(source=self._source, source_ref=_text(cell))
        locale = self._profile.number_locale
        by_type: dict[str, Callable[[Cell], Any]] = {
            "integer": partial(_integer, locale=locale),
            "date": _date,
            "code": _code,
            "text": _text,
        }
        return by_type[field.type]

    def _money(self, cell: Cell, unit: Unit) -> Value:
        whole = _whole_number(cell, self._profile.number_locale)
        if whole is not None:
            return Value(whole * unit.minor_units)
        read = self._amount(cell, unit)
        minor_units = read.value * unit.minor_units
        if minor_units != minor_units.to_integral_value():
            raise CellFaultError("fraction-of-minor-unit", value=numbers.written(read.value), unit=unit.name)
        if minor_units < 0:
            raise CellFaultError("negative-amount")
        doubt = _three_decimals(read.value, unit) if read.looks_grouped else None
        return Value(int(minor_units), doubt, settles=read.shows_point)

    def _amount(self, cell: Cell, unit: Unit) -> NumberText:
        if not isinstance(cell, str):
            return NumberText(_number(cell, self._profile.number_locale), looks_grouped=False)
        text = cell.strip()
        with_word = None if text[-1:].isdigit() else _NUMBER_WITH_WORD.fullmatch(text)
        if with_word:
            stated = self._profile.unit(with_word[2])
            if stated is not None and stated.minor_units != unit.minor_units:
                raise CellFaultError("unit-disagrees", cell_unit=stated.name, unit=unit.name)
            text = with_word[1] if stated else text
        return numbers.from_text(text, self._profile.number_locale)

    def _choice(self, name: str, field: FieldProfile, text: str) -> str:
        meaning = self._choices[name].get(matching_form(text))
        if meaning is None:
            is_all = len(field.choices) <= _SHOWN_CHOICES
            known = list(field.choices) if is_all else self._nearest(name, text)
            shown = [f"{code} ({field.choices[code][0]})" for code in known]
            raise CellFaultError("unknown-choice", **choices(shown, is_all=is_all))
        return meaning

    def _nearest(self, name: str, text: str) -> list[str]:
        """The choices of which a code or a word is most like the text, the nearest first."""
        words = self._choices[name]
        like = get_close_matches(matching_form(text), words, n=len(words), cutoff=0)
        return list(dict.fromkeys(words[word] for word in like))[:_NEAREST_CHOICES]


def check_limit(minor_units: int) -> None:
    """Raises ``CellFaultError`` above what one line can be; a total may be above it."""
    if minor_units > MAX_MINOR_UNITS:
        raise CellFaultError(
            "amount-too-large", value=numbers.written(minor_units), limit=numbers.written(MAX_MINOR_UNITS)
        )


def _whole_number(cell: Cell, locale: NumberLocale) -> int | None:
    """The cell's number where it is plainly a whole one and not below zero: most amounts are."""
    if isinstance(cell, str):
        return numbers.whole_from_text(cell, locale)
    if isinstance(cell, float) and 0 <= cell <= numbers.EXACT_LIMIT and cell.is_integer():
        return int(cell)
    return None


def _number(cell: Cell, locale: NumberLocale) -> Decimal:
    if isinstance(cell, str):
        return numbers.from_text(cell, locale).value
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return numbers.from_number(cell)
    raise numbers.not_a_number(locale)


def _three_decimals(value: Decimal, unit: Unit) -> Doubt:
    shown, grouped = numbers.written(value), numbers.written(numbers.without_point(value))
    return Doubt(
        CellFaultError("three-decimals", value=shown, grouped=grouped, unit=unit.name),
        f"đọc là {shown} {unit.name} (dấu thập phân, ba chữ số lẻ) / "
        f"read as {shown} {unit.name}: a decimal mark and three decimals",
    )


def _share(cell: Cell, locale: NumberLocale, *, is_percent: bool) -> Value:
    """20 %, "20 %", 20 and a cell of 0.2 that its workbook shows as 20 % are all 2,000 basis points.

    A bare 0.2 may be a fifth: only a percent sign, or one in the header, tells.
    """
    if isinstance(cell, PercentCell):
        percent, is_percent = cell.percent, True
    elif isinstance(cell, str):
        text = cell.strip()
        percent, is_percent = _number(text.removesuffix("%"), locale), is_percent or text.endswith("%")
    else:
        percent = _number(cell, locale)
    may_be_fraction = not is_percent and 0 < percent <= _LARGEST_FRACTION
    fault = CellFaultError(
        "share-or-fraction", percent=numbers.written(percent), fraction=numbers.written(percent * 100)
    )
    if may_be_fraction and percent < 1:
        raise fault
    points = percent * _BASIS_POINTS_PER_PERCENT
    if points != points.to_integral_value():
        raise CellFaultError("too-precise")
    return Value(
        int(points),
        Doubt(fault) if may_be_fraction else None,
        settles=not is_percent and percent > _LARGEST_FRACTION,
    )


def _integer(cell: Cell, locale: NumberLocale) -> int:
    try:
        number = _number(cell, locale)
    except CellFaultError as error:
        raise CellFaultError("not-an-integer") from error
    if number != number.to_integral_value():
        raise CellFaultError("not-an-integer")
    return int(number)


def _date(cell: Cell) -> date:
    if isinstance(cell, date):
        written = cell.date() if isinstance(cell, datetime) else cell
        if written < _FIRST_CERTAIN_DAY:
            raise CellFaultError("ambiguous-date")
        return written
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
        return restored(cell.strip())
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        raise CellFaultError("not-text", found=_kind_of(cell))
    number = numbers.from_number(cell)
    if number != number.to_integral_value():
        raise CellFaultError("not-text", found=numbers.written(number))
    return str(int(number))


def _code(cell: Cell) -> str:
    text = _text(cell)
    if re.search(r"\s", text):
        raise CellFaultError("space-in-code")
    return text


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
        case BrokenCell() | ScaledCell():
            return cell.read
        case PercentCell():
            return f"{numbers.written(cell.percent)} %"
        case datetime() if cell.time() != time():
            return f"{cell:%d/%m/%Y %H:%M:%S}"
        case date():
            return f"{cell:%d/%m/%Y}"
        case _:
            return str(cell)
