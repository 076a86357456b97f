"""Tells whether rows of a sheet's XML hold nothing but plain values, without parsing them.

Rows that Excel and its like write for plain values have one form. What has it is known to hold no formula,
error, percent, hidden row or the like; of anything else, or anything doubtful, nothing is said, and the XML
parser listens.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

_FIRST_LETTER = ord("A")
# What is not plain, wherever it stands: formulas, errors, TRUE and FALSE, hidden rows, comments, character
# references, and spellings of XML that the searches below would not see.
_NOT_PLAIN = (
    b"<f", b't="e"', b't="b"', b"hidden", b"<!", b"&#", b"'", b"\0", b":c", b":row", b":f", b":v", b":is",
    b" =", b"= ", b"\n=", b"=\n", b"\t=", b"=\t", b"\r",
)  # fmt: skip
_ODD_REFERENCE = re.compile(rb'<c r="(?![A-Z]{1,2}[1-9][0-9]{0,5}")')
_TWO_LETTERS = re.compile(rb'<c r="([A-Z]{2})')
_LAST_ROW = re.compile(rb'<row r="([1-9][0-9]{0,5})"')


class Plain(NamedTuple):
    """How far plain rows reach, counted from 0. Columns up to Z are not told apart."""

    rows: int
    last_row: int
    last_column: int


class PlainRows:
    """Knows the plain rows of one sheet."""

    def __init__(self, percent_styles: Collection[int], *, most_rows: int) -> None:
        self._not_plain = (*_NOT_PLAIN, *(b's="%d"' % style for style in sorted(percent_styles)))
        # Only a row number of as many digits as the limit can be above it.
        digits = len(str(most_rows))
        self._long_rows = re.compile(rb'<c r="[A-Z]{1,2}([0-9]{%d,6})"' % min(digits, 6))

    def of(self, rows: bytes) -> Plain | None:
        """How far the rows reach, whole rows one after the other; ``None`` where they may not be plain."""
        if any(mark in rows for mark in self._not_plain):
            return None
        count = rows.count(b"<row")
        if rows.count(b'<row r="') != count or rows.count(b"<c") != rows.count(b'<c r="'):
            return None
        if _ODD_REFERENCE.search(rows):
            return None
        last = _LAST_ROW.match(rows, rows.rfind(b"<row"))
        if last is None:
            return None
        last_row = max(int(last[1]), *map(int, self._long_rows.findall(rows)), 1)
        wide = max(_TWO_LETTERS.findall(rows), default=None)
        last_column = 25 if wide is None else (wide[0] - _FIRST_LETTER + 1) * 26 + wide[1] - _FIRST_LETTER
        return Plain(count, last_row - 1, last_column)
