"""How a kind of file is read, as policy: what its rows state, its header texts, types, words and units.

``profile_files`` reads profiles from ``deploy/policy/import``; ``profile_expansion`` adds the columns that
follow from a rule: one for each month, one for each fund source.
"""

from __future__ import annotations

import fnmatch
import re
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.ingest.sheets.grid import lookup, matching_form
from services.ingest.sheets.numbers import NumberLocale

FieldType = Literal[
    "text", "code", "money", "date", "percent", "integer", "choice", "fund_source", "movement_ref"
]
FactKind = Literal[
    "plan-revision",
    "reallocation",
    "baseline-points",
    "monthly-schedule",
    "movement",
    "statement-line",
    "completed-work",
    "project",
    "owner",
    "officer",
]
PROFILE_NAME = "[a-z]+(-[a-z]+)*"


def _one_group(pattern: str) -> str:
    if re.compile(pattern).groups < 1:
        raise ValueError("the pattern needs a group that holds the value")
    return pattern


def _names_the_month(header: str) -> str:
    if "{month}" not in header:
        raise ValueError("a header of months needs {month} where the number of the month stands")
    return header


TitlePattern = Annotated[str, AfterValidator(_one_group)]
MonthHeader = Annotated[str, AfterValidator(_names_the_month)]


class _Policy(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InBoth(_Policy):
    """A text for officers, in both languages."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Spread(_Policy):
    """Where a column that follows from a rule belongs: ``part`` is the month, the fund source or "total"."""

    of: str
    part: str


class FieldProfile(_Policy):
    """One field: which headers name it and how its cells are read.

    The first of ``headers`` is its name in Vietnamese, ``en`` that in English, a header too. ``title`` is a
    pattern for the rows above the header, ``choices`` maps a value to the words for it. ``default`` stands in
    for an empty cell; ``fixed`` too, and another value is a fault. ``only_checked``: read to check the row's
    arithmetic, not stated.
    """

    type: FieldType
    headers: list[str] = Field(min_length=1)
    en: str = Field(min_length=1)
    required: bool = False
    default: str | None = None
    fixed: str | None = None
    title: TitlePattern | None = None
    choices: dict[str, list[str]] = Field(default_factory=dict)
    example: str = ""
    note: InBoth | None = None
    only_checked: bool = False
    group_headers: list[str] = Field(default_factory=list)
    spread: Spread | None = None

    @property
    def every_header(self) -> list[str]:
        return [*self.headers, self.en]

    @property
    def if_empty(self) -> str | None:
        """What an empty cell, or an absent column, stands for."""
        return self.default if self.fixed is None else self.fixed


class Unit(_Policy):
    """A unit of money: how many đồng it is, and how it is written (the first word is its name)."""

    minor_units: int = Field(ge=1)
    words: list[str] = Field(min_length=1)

    @property
    def name(self) -> str:
        return self.words[0]


class SharedWords(_Policy):
    """What every kind of file has in common."""

    units: dict[str, Unit]
    other_units: list[str]
    no_units: list[str]
    unit_labels: list[str]
    total_labels: list[str]
    subtotal_labels: list[str]
    ignored_headers: list[str]
    remaining_headers: list[str]
    joining_words: list[str]
    ignored_sheets: list[str]


class Months(_Policy):
    """Months as columns. A column headed by the month alone holds what ``amounts`` says.

    The thirteenth month is January with one of the words of ``next_year`` behind it, or with that year.
    ``total`` is the field of the whole year's sum, which is checked. ``group_headers`` may stand above
    months, ``cumulative_words`` beside them.
    """

    amounts: Literal["monthly", "cumulative"]
    headers: list[MonthHeader] = Field(min_length=1)
    next_year: list[str] = Field(min_length=1)
    cumulative_headers: list[MonthHeader] = Field(min_length=1)
    cumulative_words: list[str] = Field(min_length=1)
    group_headers: list[str] = Field(default_factory=list)
    total: str | None = None


class RowSum(_Policy):
    """Arithmetic of each row: ``plus`` less ``minus`` is ``result``."""

    result: str
    plus: list[str] = Field(min_length=1)
    minus: list[str] = Field(default_factory=list)


class Reallocation(_Policy):
    """Columns whose sums are equal where a decision only moves money between lines."""

    increase: str
    decrease: str


class ImportProfile(_Policy):
    """How one kind of file is read. ``key`` is the field without which a row is no item.

    ``default_unit`` is the unit that templates state. A file that states none is refused, unless the profile
    says ``unit_if_unstated``: for the exports of a system that always writes the same unit.
    ``by_fund_source`` names the amount that may stand in one column for each fund source.
    """

    name: str = Field(pattern=f"^{PROFILE_NAME}$")
    label: InBoth
    about: InBoth
    kind: FactKind
    number_locale: NumberLocale = "vi"
    default_unit: str
    unit_if_unstated: str | None = None
    key: str
    sheet: str = "*"
    header_row: Annotated[int, Field(ge=1)] | Literal["by-words"] = "by-words"
    months: Months | None = None
    by_fund_source: str | None = None
    row_sums: list[RowSum] = Field(default_factory=list)
    reallocation: Reallocation | None = None
    fields: dict[str, FieldProfile]
    shared: SharedWords

    def unit(self, word: str) -> Unit | None:
        """The unit that ``word`` (any spelling, or its code) stands for."""
        code = self._unit_words.get(matching_form(word))
        return self.shared.units[code] if code else None

    @cached_property
    def _unit_words(self) -> dict[str, str]:
        return lookup({code: unit.words for code, unit in self.shared.units.items()})

    @cached_property
    def money_fields(self) -> list[str]:
        return [name for name, field in self.fields.items() if field.type == "money"]

    @property
    def stated_fields(self) -> dict[str, FieldProfile]:
        """The fields that the profile names itself, without those that follow from a rule."""
        return {name: field for name, field in self.fields.items() if field.spread is None}

    def reads_sheet(self, name: str) -> bool:
        """Whether a sheet of that name is read: ``sheet`` is a name, or a pattern with ``*`` and ``?``."""
        return not self.ignores_sheet(name) and fnmatch.fnmatchcase(
            _sheet_form(name), _sheet_form(self.sheet)
        )

    def ignores_sheet(self, name: str) -> bool:
        """Whether it is a sheet that we wrote ourselves: the guide of a template, the list of faults."""
        return _sheet_form(name) in {_sheet_form(ignored) for ignored in self.shared.ignored_sheets}


def _sheet_form(name: str) -> str:
    """A sheet's name for comparing; the signs of a pattern stay."""
    parts = re.split(r"([*?])", name)
    return "".join(part if part in ("*", "?") else matching_form(part) for part in parts)
