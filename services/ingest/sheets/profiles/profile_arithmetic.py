"""What the values of a row must agree with: the profile's fixed values, and the row's own arithmetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from services.domain.fiscal_calendar import MONTHS_TO_CLOSE
from services.ingest.sheets import numbers
from services.ingest.sheets.faults import WHOLE_FILE, Findings
from services.ingest.sheets.profiles.import_profile import ImportProfile, RowSum
from services.ingest.sheets.profiles.profile_expansion import TOTAL
from services.ingest.sheets.sheet_layout import Column, Layout
from services.ingest.sheets.table_reader import TableRow

Values = Mapping[str, Any]
_FEWEST_PARTS = 2


class RowChecks:
    """Checks each row of a file in turn, and at the end what concerns all of them."""

    def __init__(self, profile: ImportProfile, findings: Findings) -> None:
        self._profile = profile
        self._findings = findings
        self._fixed = {name: each.fixed for name, each in profile.fields.items() if each.fixed is not None}
        self._only_checked = {name for name, each in profile.fields.items() if each.only_checked}
        self._fund_columns = FundColumns(profile)
        self._changed: Counter[str] = Counter()
        self._layout: Layout | None = None
        self._dated: dict[str, Column] = {}

    def checked(self, row: TableRow, values: Values) -> Values:
        """The values that are stated, without those that only serve to check them."""
        if row.layout is not self._layout:
            self._layout = row.layout
            self._dated = dict(self._columns_with_years(row.layout))
            for each in self._profile.row_sums:
                self._check_parts(row, each)
        if self._dated:
            self._check_years(row, values)
        for name in self._fixed:
            self._check_fixed(row, name, values)
        for each in self._profile.row_sums:
            self._check_sum(row, each, values)
        for each in self._fund_columns.sums(row.layout):
            self.refuse_other_sum(row, each, values)
        if change := self._profile.reallocation:
            for name in (change.increase, change.decrease):
                self._changed[name] += values.get(name, 0)
        if not self._only_checked:
            return values
        return {name: value for name, value in values.items() if name not in self._only_checked}

    def finish(self) -> None:
        """A decision that only moves money leaves its sum as it was: the difference is told, not refused."""
        change = self._profile.reallocation
        if change is None:
            return
        up, down = self._changed[change.increase], self._changed[change.decrease]
        if up == down:
            return
        added, removed, net = (numbers.written(value) for value in (up, down, abs(up - down)))
        self._findings.warn(
            WHOLE_FILE,
            f"điều chỉnh tăng {added} đồng, giảm {removed} đồng: tổng kế hoạch thay đổi {net} đồng / "
            f"up by {added} đồng, down by {removed} đồng: the plan as a whole changes by {net} đồng",
        )

    def _columns_with_years(self, layout: Layout) -> Iterator[tuple[str, Column]]:
        """Columns of amounts whose header states a year."""
        for name, column in layout.columns.items():
            if column.years and self._profile.fields[name].type in ("money", "percent"):
                yield name, column

    def _check_years(self, row: TableRow, values: Values) -> None:
        """ "Kế hoạch năm 2021" is not the plan of 2022. Told once for a column."""
        budget_year = values.get("budget_year")
        if budget_year is None:
            return
        for name, column in list(self._dated.items()):
            spread = self._profile.fields[name].spread
            is_next = bool(self._profile.months and spread and spread.part == str(MONTHS_TO_CLOSE))
            expected = budget_year + is_next
            # What is carried over has two years: that of its plan and that in which it may be spent.
            allowed = {expected, values.get("carried_from_year") or expected}
            if not set(column.years) <= allowed:
                del self._dated[name]
                where = row.grid.where(row.layout.header_row, column.index, column.header)
                self._findings.add(
                    "header-year-disagrees", where=where, read=column.header, expected=expected
                )

    def _check_parts(self, row: TableRow, each: RowSum) -> None:
        """With what is added or taken away, what it is added to has to be there: the result might be that."""
        columns, first = row.layout.columns, each.plus[0]
        changes = [name for name in (*each.plus[1:], *each.minus) if name in columns]
        if changes and first not in columns:
            field = self._profile.fields[first]
            self._findings.add(
                "column-missing",
                where=row.grid.where(row.layout.header_row),
                column=f"{field.headers[0]} ({first})",
                seen=", ".join(column.header for column in columns.values()),
                expected=", ".join(field.headers),
            )

    def _check_fixed(self, row: TableRow, name: str, values: Values) -> None:
        fixed = self._fixed[name]
        value = values.get(name)
        if name in row.layout.columns and value is not None and str(value) != fixed:
            self._findings.add(
                "fixed-by-profile",
                where=row.where(name),
                read=value,
                profile=self._profile.name,
                fixed=self._named(name, fixed),
            )

    def _named(self, name: str, choice: str) -> str:
        words = self._profile.fields[name].choices.get(choice)
        return f"{choice} ({words[0]})" if words else choice

    def _check_sum(self, row: TableRow, each: RowSum, values: Values) -> None:
        """``plus`` less ``minus`` is ``result``; an empty cell counts as zero, an absent column too.

        Not checked where the result, the first of ``plus`` or all the rest have no column.
        """
        columns = row.layout.columns
        parts = [name for name in (*each.plus, *each.minus) if name in columns]
        if each.plus[0] not in columns or len(parts) < _FEWEST_PARTS:
            return
        self.refuse_other_sum(row, each, values)

    def refuse_other_sum(self, row: TableRow, each: RowSum, values: Values) -> None:
        """A fault at the result where it is not the sum of its parts."""
        if each.result not in row.layout.columns or each.result not in values:
            return
        printed = values[each.result]
        summed = sum(values.get(name, 0) for name in each.plus) - sum(values.get(n, 0) for n in each.minus)
        if printed != summed:
            self._findings.add(
                "row-sum-mismatch",
                where=row.where(each.result),
                read=numbers.written(printed),
                terms="".join(_terms(row, each)),
                printed=numbers.written(printed),
                summed=numbers.written(summed),
                difference=numbers.written(abs(printed - summed)),
            )


def _terms(row: TableRow, each: RowSum) -> Iterator[str]:
    """The cells that are summed, by their references: ``C5 + D5 − E5``."""
    signed = [("+", name) for name in each.plus] + [("−", name) for name in each.minus]
    present = [(sign, name) for sign, name in signed if name in row.layout.columns]
    for number, (sign, name) in enumerate(present):
        place = row.where(name)
        yield f"{f' {sign} ' if number else ''}{place.column}{place.row}"


class FundColumns:
    """One column for each fund source: which of them state an amount, and which are sums of others.

    "NSTW" beside "NSTW vốn nước ngoài" is the sum of what is under it, as "Tổng số" is of all.
    """

    def __init__(self, profile: ImportProfile) -> None:
        self.amount = profile.by_fund_source or ""
        self._parts = {
            name: each.spread.part
            for name, each in profile.fields.items()
            if each.spread and each.spread.of == profile.by_fund_source
        }
        self._known: tuple[Layout | None, dict[str, str], list[RowSum]] = (None, {}, [])

    def stating(self, layout: Layout) -> dict[str, str]:
        """The columns that state amounts, with their fund source."""
        return self._of(layout)[1]

    def sums(self, layout: Layout) -> list[RowSum]:
        """The columns that are sums of those."""
        return self._of(layout)[2]

    def _of(self, layout: Layout) -> tuple[Layout | None, dict[str, str], list[RowSum]]:
        if self._known[0] is not layout:
            present = {name: part for name, part in self._parts.items() if name in layout.columns}
            over = {name: _under(part, present) for name, part in present.items()}
            stating = {name: part for name, part in present.items() if not over[name] and part != TOTAL}
            sums = [
                RowSum(result=name, plus=[under for under in below if under in stating])
                for name, below in over.items()
                if any(under in stating for under in below)
            ]
            self._known = (layout, stating, sums)
        return self._known


def _under(part: str, present: Mapping[str, str]) -> list[str]:
    return [
        name
        for name, other in present.items()
        if other != TOTAL and (part == TOTAL or other.startswith(f"{part}."))
    ]
