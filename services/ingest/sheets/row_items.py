"""The values of a row as what a sender states, by what the rows of the profile are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from services.contracts.stated.models import (
    BaselinePointIn,
    BaselineScheduleIn,
    CompletedWorkLineIn,
    MovementIn,
    OfficerIn,
    OwnerIn,
    PlanRevisionIn,
    ProjectIn,
    StatementLineIn,
)
from services.contracts.stated.reallocations import ReallocationIn, ReallocationSideIn
from services.ingest.judging.stated_fact import StatedFact
from services.ingest.sheets.faults import FAULTS, Findings, Place, at
from services.ingest.sheets.profiles.import_profile import FactKind, ImportProfile
from services.ingest.sheets.profiles.profile_arithmetic import FundColumns, RowChecks
from services.ingest.sheets.profiles.profile_expansion import FUND_SOURCE
from services.ingest.sheets.profiles.profile_months import MonthPoints
from services.ingest.sheets.quick_model import QuickModel
from services.ingest.sheets.table_reader import TableRow
from services.runtime import field_faults
from services.runtime.errors import FieldError, shortened
from services.runtime.wording import in_both

Item = (
    MovementIn
    | StatementLineIn
    | CompletedWorkLineIn
    | PlanRevisionIn
    | ReallocationIn
    | BaselineScheduleIn
    | ProjectIn
    | OwnerIn
    | OfficerIn
)
Values = Mapping[str, Any]


class Together(NamedTuple):
    """Rows of a kind that state one thing together: those that agree in ``key``, and then have to agree in
    ``repeated`` too. Each gives one of ``parts``."""

    key: tuple[str, ...]
    repeated: tuple[str, ...]
    parts: str


_TOGETHER: Mapping[FactKind, Together] = {
    # The points of one curve.
    "baseline-points": Together(
        ("kind", "scope_code", "budget_year", "decision_number", "revision"),
        ("effective_date", "rate_base"),
        "points",
    ),
    # The sides of one decision.
    "reallocation": Together(
        ("budget_year", "decision_number", "revision"), ("decision_date", "effective_date"), "sides"
    ),
}

# What the model calls otherwise than the profile: a fault there belongs to the column named here.
_COLUMN_OF = {
    "source_ref": "voucher",
    "reverses_event_id": "reverses",
    "basis_points": "share",
    "points": "date",
}


# Faults whose remedy speaks of a field that a file has a column for, under another name.
_MEND_IN_A_FILE = {
    "reversal-without-reference": (
        "ghi số và dòng của chứng từ bị hủy vào cột {column}, ví dụ 12/RV/1",
        "write number and line of the voucher it cancels in the column {column}, for example 12/RV/1",
    ),
    "reference-without-reversal": (
        "để trống ô ở cột {column}, hoặc đổi loại giao dịch thành bút toán đảo",
        "leave the cell of the column {column} empty, or make the kind a reversal",
    ),
    "reverses-itself": (
        "ghi số và dòng của chứng từ bị hủy vào cột {column}, không phải của chính dòng này",
        "write number and line of the voucher it cancels in the column {column}, not of this row itself",
    ),
}


@dataclass(frozen=True, slots=True)
class RowKind:
    """What the rows of a profile are: the model of their fact, and how its fields differ from columns.

    ``not_columns`` are fields of the model that no column gives, ``more_columns`` the other way round.
    """

    model: type[BaseModel]
    not_columns: frozenset[str] = frozenset({"source", "currency"})
    more_columns: frozenset[str] = frozenset()
    needed_besides: frozenset[str] = frozenset()

    @property
    def columns(self) -> set[str]:
        """Every field that a profile of this kind may have."""
        return set(self.model.model_fields) - self.not_columns | self.more_columns

    @property
    def needed(self) -> set[str]:
        """The fields that a profile must give: as a column, fixed or by default."""
        required = {name for name, each in self.model.model_fields.items() if each.is_required()}
        return required - self.not_columns | self.needed_besides

    def choices(self) -> dict[str, type[StrEnum]]:
        """Fields of the model that take the values of an enumeration."""
        return {
            name: each.annotation
            for name, each in self.model.model_fields.items()
            if isinstance(each.annotation, type) and issubclass(each.annotation, StrEnum)
        }


_VOUCHER = frozenset({"voucher", "line"})
_OF_A_CURVE = frozenset({"source", "currency", "points"})
_OF_A_SIDE = frozenset(ReallocationSideIn.model_fields)
ROW_KINDS: dict[FactKind, RowKind] = {
    # An exported plan names the office of each line.
    "plan-revision": RowKind(PlanRevisionIn, more_columns=frozenset({"source"})),
    "movement": RowKind(
        MovementIn,
        not_columns=frozenset({"source", "currency", "source_ref", "reverses_event_id"}),
        more_columns=_VOUCHER | {"reverses"},
        needed_besides=_VOUCHER,
    ),
    "statement-line": RowKind(StatementLineIn),
    "completed-work": RowKind(CompletedWorkLineIn),
    "project": RowKind(ProjectIn),
    "owner": RowKind(OwnerIn),
    "officer": RowKind(OfficerIn),
    "baseline-points": RowKind(
        BaselineScheduleIn,
        not_columns=_OF_A_CURVE,
        more_columns=frozenset({"date", "share", "amount"}),
        needed_besides=frozenset({"date"}),
    ),
    "monthly-schedule": RowKind(BaselineScheduleIn, not_columns=_OF_A_CURVE),
    "reallocation": RowKind(
        ReallocationIn,
        not_columns=frozenset({"source", "currency", "sides"}),
        more_columns=_OF_A_SIDE,
        needed_besides=_OF_A_SIDE,
    ),
}


class StatedRow(NamedTuple):
    """An item and the row it was read from; of what several rows state, its first row, and in ``sides``
    the rows of a reallocation."""

    row: TableRow
    item: Item
    column_of: Mapping[str, str] = MappingProxyType({})
    headers: Mapping[str, str] = MappingProxyType({})
    sides: tuple[TableRow, ...] = ()

    def where(self, name: str = "") -> Place:
        """The cell that a field of the item or of its fact was read from, or the row."""
        row, field = self._cell(name)
        return row.where(self._column(field))

    def shown(self, name: str) -> str:
        """The text of that cell; empty where there is none, and for a point, which has a row of its own."""
        row, field = self._cell(name)
        return "" if field == "points" else row.shown(self._column(field))

    def _cell(self, name: str) -> tuple[TableRow, str]:
        """``sides.2.project_code`` is the project code in the row of the third side."""
        match name.split("."):
            case ["sides", number, field] if int(number) < len(self.sides):
                return self.sides[int(number)], field
            case [field, *_]:
                return self.row, field
        return self.row, name

    def header(self, name: str) -> str:
        """What the column of a field is called in this table, or in the profile."""
        column = self.row.layout.columns.get(self._column(name))
        return column.header if column else self.headers.get(self._column(name), name)

    def _column(self, name: str) -> str:
        return self.column_of.get(name) or _COLUMN_OF.get(name, name)


@dataclass(frozen=True, slots=True)
class FactOfRow(StatedFact):
    """The fact of an item in a file: its faults are placed at the cell that the field was read from."""

    stated: StatedRow | None = None

    @property
    def place(self) -> str:
        return f"{self.stated.where()}: " if self.stated else self.prefix

    def fault(self, code: str, *, field: str, read: str, detail: str, mend: str) -> FieldError:
        """A fault of one of the fact's fields. A field without a column of its own is named in words."""
        found = StatedFact.fault(self, code, field=field, read=read, detail=detail, mend=mend)
        if self.stated is None:
            return found
        # What stands in the cell, not what was made of it.
        update = {"read": shortened(self.stated.shown(field) or _unquoted(read))}
        if code in _MEND_IN_A_FILE:
            vietnamese, english = _MEND_IN_A_FILE[code]
            update["mend"] = in_both(
                vietnamese, english, {"column": self.stated.header(field.partition(".")[0])}
            )
        return _placed(found.model_copy(update=update), self.stated.where(field), field)


def _unquoted(read: str) -> str:
    """A text without the quotation marks that it has in JSON."""
    try:
        text = json.loads(read)
    except ValueError:
        return read
    return text if isinstance(text, str) else read


def _placed(found: FieldError, place: Place, field: str) -> FieldError:
    """The fault at its cell; a field without a column of its own is named in words."""
    placed = at(found, place)
    return placed if place.column or not field else placed.model_copy(update={"where": f"{place}: {field}"})


class RowItems:
    """Turns the rows of one file into items, in order; ``finish`` gives what only the last row completes.

    What rows must agree with (fixed values, the row's own arithmetic) is checked here too.
    """

    def __init__(self, profile: ImportProfile, *, source: str, findings: Findings) -> None:
        self._profile = profile
        self._source = source
        self._findings = findings
        kind = ROW_KINDS[profile.kind]
        self._model: Callable[..., Any] = QuickModel(kind.model)
        self._choices = {
            name: {member.value: member for member in choices} for name, choices in kind.choices().items()
        }
        self._checks = RowChecks(profile, findings)
        self._months = MonthPoints(profile, findings) if profile.months else None
        self._fund_columns = FundColumns(profile)
        self._headers = {name: field.headers[0] for name, field in profile.fields.items()}
        self._together = _TOGETHER.get(profile.kind)
        self._part = _side if profile.kind == "reallocation" else _point
        self._groups: dict[tuple[object, ...], list[tuple[TableRow, Values]]] = {}
        self._lacks_a_row = False

    def add(self, row: TableRow) -> Iterator[StatedRow]:
        """The items of one row; none of a row with a fault."""
        if row.values is None:
            self._lacks_a_row = True
            return
        values = self._checks.checked(row, row.values)
        if self._together:
            self._add_part(self._together, row, values)
        elif self._months:
            points = self._months.of(row)
            rest = {name: value for name, value in values.items() if name not in self._months.fields}
            if points:
                yield from self._made(row, rest | {"points": points})
        elif columns := self._fund_columns.stating(row.layout):
            yield from self._by_fund_source(row, values, columns)
        else:
            yield from self._made(row, values)

    def finish(self) -> Iterator[StatedRow]:
        """What rows gave together, and what is known only of all rows."""
        self._checks.finish()
        # Without the row at fault a decision would be one of too few sides, or one that does not balance.
        if self._together and not (self._lacks_a_row and self._together.parts == "sides"):
            for rows in self._groups.values():
                yield from self._of_group(self._together, rows)

    def _by_fund_source(
        self, row: TableRow, values: Values, columns: Mapping[str, str]
    ) -> Iterator[StatedRow]:
        """One item for each column of a fund source that is filled in."""
        amount = self._fund_columns.amount
        rest = {name: value for name, value in values.items() if "@" not in name}
        for name, fund_source in columns.items():
            if name in values:
                stated = rest | {FUND_SOURCE: fund_source, amount: values[name]}
                yield from self._made(row, stated, column_of={FUND_SOURCE: name, amount: name})

    def _made(
        self,
        row: TableRow,
        values: Values,
        *,
        column_of: Mapping[str, str] | None = None,
        sides: tuple[TableRow, ...] = (),
    ) -> Iterator[StatedRow]:
        given = {"source": self._source, **values}
        for name, members in self._choices.items():
            if name in given:
                given[name] = members[given[name]]
        if self._profile.kind == "movement":
            given["source_ref"] = f"{given.pop('voucher')}/{given.pop('line')}"
            given["reverses_event_id"] = given.pop("reverses", None)
        try:
            item = self._model(given)
        except ValidationError as error:
            self._note_refusal(error, row, column_of or {})
        else:
            yield StatedRow(row, item, column_of or {}, self._headers, sides)

    # --- curves of one point a row, decisions of one side a row ----------------------------------

    def _add_part(self, together: Together, row: TableRow, values: Values) -> None:
        try:
            self._part(values)
        except ValidationError as error:
            self._lacks_a_row = True
            self._note_refusal(error, row, {})
        else:
            key = tuple(values.get(name) for name in together.key)
            self._groups.setdefault(key, []).append((row, values))

    def _of_group(self, together: Together, rows: Sequence[tuple[TableRow, Values]]) -> Iterator[StatedRow]:
        """The one thing that rows state together."""
        first, repeated = rows[0]
        for row, values in rows[1:]:
            for name in together.repeated:
                if values.get(name) != repeated.get(name):
                    self._findings.add(
                        "schedule-disagrees",
                        where=row.where(name),
                        read=values.get(name),
                        column=name,
                        other=first.place,
                    )
        shared = {name: repeated[name] for name in (*together.key, *together.repeated) if name in repeated}
        parts = [self._part(values) for _, values in rows]
        sides = tuple(row for row, _ in rows) if together.parts == "sides" else ()
        yield from self._made(first, shared | {together.parts: parts}, sides=sides)

    def _note_refusal(self, error: ValidationError, row: TableRow, column_of: Mapping[str, str]) -> None:
        """The model's refusal, at the cell its field was read from."""
        for refused in error.errors(include_url=False):
            name = str(refused["loc"][0]) if refused["loc"] else ""
            column = column_of.get(name) or _COLUMN_OF.get(name, name)
            where, code = row.where(column), refused["type"].replace("_", "-")
            told = refused["input"]
            # What several rows state together stands in no one cell.
            read = row.shown(column) or (len(told) if isinstance(told, list) else told)
            if code in FAULTS:
                self._findings.add(code, where=where, read=read, **refused.get("ctx", {}))
            elif code in field_faults.FAULTS:
                found = field_faults.worded(refused, where="", read=shortened(read))
                self._findings.note(_placed(found, where, name))
            else:
                reason = f"{name}: {field_faults.plain_message(refused)}"
                self._findings.add("refused", where=where, read=read, reason=reason)


def _point(values: Values) -> BaselinePointIn:
    """One point of a curve: a share or an amount."""
    return BaselinePointIn(date=values["date"], basis_points=values.get("share"), amount=values.get("amount"))


def _side(values: Values) -> ReallocationSideIn:
    """One side of a reallocation."""
    return ReallocationSideIn.model_validate({name: values[name] for name in _OF_A_SIDE if name in values})
