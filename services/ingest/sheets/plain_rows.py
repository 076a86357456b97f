"""Tells whether rows of a sheet's XML hold nothing but plain values, without parsing them.

Rows that Excel and its like write for plain values have one form. What has it is known to be sound XML, and
to hold no formula, error, odd format, hidden row or the like, and no cell twice; of anything else, or
anything doubtful, nothing is said, and the XML parser listens.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

_FIRST_LETTER = ord("A")
# One row after the other; every cell names its own row (the group), and has one value at most.
_ROWS = re.compile(
    rb'(?:<row r="([1-9][0-9]{0,6})"'
    rb'(?: (?:spans|ht|customHeight|s|customFormat|thickBot|thickTop|x14ac:dyDescent)="[-0-9A-Za-z.: ]*")*+>'
    rb'(?:<c r="[A-Z]{1,2}\1"(?: s="(?:0|[1-9][0-9]{0,5})")?+(?: t="(?:s|n|inlineStr)")?+'
    rb"(?:/>|>(?:<v>[-+0-9.Ee]*+</v>|<is/>)?+</c>))*+</row>)*+"
)
_TEXT = re.compile(rb'<is><t(?: xml:space="preserve")?>[^<]*</t></is>')
_ROW_NUMBER = re.compile(rb'<row r="([0-9]+)"')
_ATTRIBUTE = re.compile(rb' ([a-zA-Z:]+)="')
_CELL = re.compile(rb'<c r="([A-Z]+)"[^>]*(?:/>|>(<v>|<is/>)?)')
_END_OF_ROW = b"</row>"
_DIGITS = b"0123456789"
_MOST_REMEMBERED = 10_000
_NO_VALUE = -1


class Plain(NamedTuple):
    """How far plain rows reach, counted from 0. ``last_row`` and ``last_column`` are of cells with a value,
    -1 where there is none. ``is_sound_xml``: there is nothing that a parser could find fault with."""

    rows: int
    first_row: int
    end_row: int
    last_row: int
    last_column: int
    is_sound_xml: bool


class PlainRows:
    """Knows the plain rows of one sheet."""

    def __init__(self, odd_styles: Collection[int]) -> None:
        """``odd_styles``: cell formats that show another number than the cell holds."""
        self._odd_styles = tuple(b's="%d"' % style for style in sorted(odd_styles))
        # A cell that names no format has the first.
        self._is_possible = 0 not in odd_styles
        # Rows without their digits are few: what one of them says of its columns, None for no plain row.
        self._last_columns: dict[bytes, int | None] = {}

    def of(self, rows: bytes) -> Plain | None:
        """How far the rows reach, whole rows one after the other; ``None`` where they may not be plain."""
        if not self._is_possible or any(style in rows for style in self._odd_styles):
            return None
        bare = _TEXT.sub(b"<is/>", rows) if b"<is>" in rows else rows
        if not _ROWS.fullmatch(bare):
            return None
        numbers = list(map(int, _ROW_NUMBER.findall(bare)))
        if sorted(set(numbers)) != numbers:
            return None
        columns = [self._last_column(row) for row in bare.translate(None, _DIGITS).split(_END_OF_ROW)[:-1]]
        if not columns or None in columns:
            return None
        filled = [number for number, column in zip(numbers, columns, strict=True) if column != _NO_VALUE]
        return Plain(
            rows=len(filled),
            first_row=numbers[0] - 1,
            end_row=numbers[-1] - 1,
            last_row=filled[-1] - 1 if filled else -1,
            last_column=max(column for column in columns if column is not None),
            is_sound_xml=bare is rows,
        )

    def _last_column(self, row: bytes) -> int | None:
        """The last column with a value; ``None`` where a cell or an attribute comes twice."""
        if row in self._last_columns:
            return self._last_columns[row]
        last = _last_column(row)
        if len(self._last_columns) < _MOST_REMEMBERED:
            self._last_columns[row] = last
        return last


def _last_column(row: bytes) -> int | None:
    attributes = _ATTRIBUTE.findall(row, 0, row.index(b">"))
    cells = [(_column(letters), bool(value)) for letters, value in _CELL.findall(row)]
    columns = [column for column, _ in cells]
    if len(set(attributes)) != len(attributes) or sorted(set(columns)) != columns:
        return None
    return max((column for column, has_value in cells if has_value), default=_NO_VALUE)


def _column(letters: bytes) -> int:
    """A is 0, AA is 26."""
    column = 0
    for letter in letters:
        column = column * 26 + letter - _FIRST_LETTER + 1
    return column - 1
