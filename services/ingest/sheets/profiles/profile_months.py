"""A row with one amount a month as the points of a cumulative curve, one at each month's end."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from services.contracts.stated.models import BaselinePointIn
from services.domain.fiscal_calendar import MONTHS_TO_CLOSE
from services.ingest.sheets import numbers
from services.ingest.sheets.faults import Findings
from services.ingest.sheets.grid import matching_form
from services.ingest.sheets.profiles.import_profile import ImportProfile
from services.ingest.sheets.profiles.profile_expansion import CUMULATIVE, MONTHLY, MonthHeaders, month_field
from services.ingest.sheets.sheet_layout import Column, Layout, title_texts
from services.ingest.sheets.table_reader import TableRow

_MONTHS = range(1, MONTHS_TO_CLOSE + 1)
_TWO = 2
_QUARTER = re.compile(r"(?:quý|quarter|q) ?([1-4]|i{1,3}|iv)\b")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_MONTHS_OF_A_QUARTER = 3


def end_of(month: int, budget_year: int) -> date:
    """The last day of a month of the budget year; month 13 ends on 31 January of the next year."""
    year, in_year = (budget_year + 1, 1) if month == MONTHS_TO_CLOSE else (budget_year, month)
    return date(year, in_year, calendar.monthrange(year, in_year)[1])


class MonthPoints:
    """Reads the month columns of rows. Monthly amounts are added up; a cumulative one is taken as it is,
    and must agree with the months before it where both are there. An empty month is one of nothing.
    """

    def __init__(self, profile: ImportProfile, findings: Findings) -> None:
        self._findings = findings
        self._profile = profile
        self._headers = MonthHeaders(profile.months) if profile.months else None
        self._total = profile.months.total if profile.months else None
        self.fields = {name for name, each in profile.fields.items() if each.spread}
        self._layout: Layout | None = None
        self._is_whole = False

    def of(self, row: TableRow) -> list[BaselinePointIn]:
        """The curve of one row; empty where the row, or the table's header, has a fault."""
        values = row.values or {}
        if row.layout is not self._layout:
            self._layout = row.layout
            self._is_whole = self._check_columns(row)
        if not self._is_whole:
            return []
        filled = [name for name in self.fields if name in values]
        if not filled:
            first = next(name for name in row.layout.columns if name in self.fields)
            self._findings.add(
                "missing-value", where=row.where(first), column=row.layout.columns[first].header
            )
            return []
        sums = self._cumulated(row, values)
        if self._total and self._total in values and sums:
            self._check(row, self._total, values[self._total], sums[max(sums)])
        return [
            BaselinePointIn(date=end_of(month, values["budget_year"]), amount=amount)
            for month, amount in sums.items()
        ]

    def _cumulated(self, row: TableRow, values: Mapping[str, Any]) -> dict[int, int]:
        """By month, what is planned from 1 January to its end; nothing where a sum cannot be known."""
        sums: dict[int, int] = {}
        so_far: int | None = 0
        for month in _MONTHS:
            monthly, cumulative = month_field(MONTHLY, month), month_field(CUMULATIVE, month)
            if monthly not in row.layout.columns:
                so_far = None
            elif so_far is None:
                base = month_field(CUMULATIVE, month - 1)
                header = row.layout.columns[base].header
                self._findings.add("missing-value", where=row.where(base), column=header)
                return {}
            else:
                so_far += values.get(monthly, 0)
            if cumulative in values:
                if so_far is not None:
                    self._check(row, cumulative, values[cumulative], so_far)
                so_far = values[cumulative]
            if so_far is not None:
                sums[month] = so_far
        return sums

    def _check_columns(self, row: TableRow) -> bool:
        """Whether every monthly amount can be added to what comes before it, and all are of one schedule."""
        is_sound = self._add_up(row)
        headings = {
            column.heading: None
            for name, column in row.layout.columns.items()
            if name in self.fields and column.heading is not None
        }
        where = row.grid.where(row.layout.header_row)
        if len(headings) > 1:
            told = ", ".join(heading or "(không có / none)" for heading in headings)
            self._findings.add("months-under-two-headings", where=where, headings=told)
        for column in self._periods(row.layout):
            at = row.grid.where(row.layout.header_row, column.index, column.header)
            self._findings.add("period-not-read", where=at, read=column.header)
            is_sound = False
        if any(month_field(MONTHLY, month) in row.layout.columns for month in _MONTHS):
            for text in title_texts(row.grid, row.layout):
                if self._headers and self._headers.says_cumulative(text):
                    self._findings.add("title-says-cumulative", where=where, read=text)
        return is_sound and len(headings) < _TWO

    def _periods(self, layout: Layout) -> Iterator[Column]:
        """Columns of quarters and the like. A quarter whose months are all there says nothing more."""
        for column in layout.unread:
            if not column.is_period:
                continue
            quarter = _QUARTER.search(matching_form(column.header))
            months = _months_of(quarter[1]) if quarter else ()
            there = [any(month_field(of, month) in layout.columns for of in (MONTHLY, CUMULATIVE))
                     for month in months]  # fmt: skip
            if not there or not all(there):
                yield column

    def _add_up(self, row: TableRow) -> bool:
        columns = row.layout.columns
        missing = "" if any(name in columns for name in self.fields) else month_field(MONTHLY, 1)
        for month in _MONTHS[1:]:
            before = [month_field(of, month - 1) in columns for of in (MONTHLY, CUMULATIVE)]
            if month_field(MONTHLY, month) in columns and not any(before):
                missing = missing or month_field(CUMULATIVE, month - 1)
        if not missing:
            return True
        field = self._profile.fields.get(missing) or self._profile.fields[month_field(CUMULATIVE, 1)]
        self._findings.add(
            "column-missing",
            where=row.grid.where(row.layout.header_row),
            column=field.headers[0],
            seen=", ".join(column.header for column in columns.values()),
            expected=", ".join(field.headers),
        )
        return False

    def _check(self, row: TableRow, name: str, printed: int, summed: int) -> None:
        if printed != summed:
            self._findings.add(
                "row-sum-mismatch",
                where=row.where(name),
                read=numbers.written(printed),
                terms="tháng / months",
                printed=numbers.written(printed),
                summed=numbers.written(summed),
                difference=numbers.written(abs(printed - summed)),
            )


def _months_of(quarter: str) -> range:
    number = _ROMAN.get(quarter) or int(quarter)
    last = number * _MONTHS_OF_A_QUARTER
    return range(last - _MONTHS_OF_A_QUARTER + 1, last + 1)
