"""What a header names: a field of the profile, by all its parts, whatever rows they stand in.

The last part alone names a field only where the field knows every heading above it (``group_headers``):
"Số tiền" under "Tổng mức đầu tư" is not the plan's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.ingest.sheets.grid import lookup, matching_form
from services.ingest.sheets.profiles.import_profile import ImportProfile, Unit
from services.ingest.sheets.profiles.profile_expansion import MonthHeaders, month_field
from services.ingest.sheets.unit_words import UnitWords

# "Kế hoạch năm 2021", "Kế hoạch vốn năm 2022 sau điều chỉnh", "Kế hoạch 2022".
_YEAR = re.compile(r"(?:^| )năm (\d{4})(?= |$)|(?:^| )(\d{4})$")


@dataclass(frozen=True, slots=True)
class Named:
    """What a header names: a field, or nothing that is read; with the unit and the years that it states.

    ``heading`` is what stands above a month, ``is_period`` a month or quarter that is read as none.
    """

    field: str | None
    unit: Unit | None = None
    years: tuple[int, ...] = ()
    heading: str | None = None
    is_ignored: bool = False
    is_remaining: bool = False
    is_period: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """One row's text of a header, without the year and the unit it states."""

    form: str
    bare: str
    unit: Unit | None
    years: tuple[int, ...]


class HeaderNames:
    """Knows the header words of one profile."""

    def __init__(self, profile: ImportProfile, units: UnitWords) -> None:
        shared = profile.shared
        self._units = units
        self._types = {name: field.type for name, field in profile.fields.items()}
        self._fields = lookup({name: field.every_header for name, field in profile.fields.items()})
        self._groups = {name: _forms(field.group_headers) for name, field in profile.fields.items()}
        self._ignored = _forms(shared.ignored_headers)
        self._remaining = _forms(shared.remaining_headers)
        self._joining = _forms(shared.joining_words)
        self._months = MonthHeaders(profile.months) if profile.months else None

    def named(self, texts: list[str]) -> Named:
        """What the header of these texts, from the top down, names."""
        parts = [self._part(text) for text in texts]
        if any(part.form in self._remaining or part.bare in self._remaining for part in parts):
            return Named(None, is_remaining=True)
        units = {part.unit.name: part.unit for part in parts if part.unit}
        is_share = any("%" in text for text in texts)
        if self._months and not is_share and (named := self._month(parts, units)):
            return named
        field = self._fields.get(" ".join(part.form for part in parts)) or self._by_parts(parts)
        if field is None or (self._types[field] == "money" and (is_share or len(units) > 1)):
            return Named(None, is_ignored=parts[-1].form in self._ignored)
        years = tuple(year for part in parts for year in part.years)
        return Named(field, next(iter(units.values()), None), years)

    def _month(self, parts: list[_Part], units: Mapping[str, Unit]) -> Named | None:
        if self._months is None or len(units) > 1:
            return None
        without_units = [form for part in parts if (form := self._units.at_end(part.form)[0])]
        plain = [form for form in without_units if form not in self._joining]
        if not plain:
            return None
        month = self._months.find(plain)
        unit = next(iter(units.values()), None)
        if month is not None:
            years = () if month.year is None else (month.year,)
            return Named(month_field(month.of, month.month), unit, years, heading=month.heading)
        return Named(None, is_period=True) if self._months.names_period(plain) else None

    def _by_parts(self, parts: list[_Part]) -> str | None:
        bare = [part.bare for part in parts if part.bare and part.bare not in self._joining]
        for start in range(len(bare)):
            above = bare[:start]
            for form in self._joined(bare[start:]):
                field = self._fields.get(form)
                if field and all(heading in self._groups[field] for heading in above):
                    return field
        return None

    def _joined(self, bare: list[str]) -> Iterator[str]:
        """The parts as one header; of a fund source under another one, also the ends alone."""
        first, *between, last = bare if len(bare) > 1 else [*bare, ""]
        yield " ".join(bare)
        if between and all(f"{first} {middle}" in self._fields for middle in between):
            yield f"{first} {last}"

    def _part(self, text: str) -> _Part:
        form = matching_form(text)
        rest, unit = self._units.at_end(form)
        years = tuple(int(found[1] or found[2]) for found in _YEAR.finditer(rest))
        return _Part(form, _YEAR.sub("", rest).strip() if years else rest, unit, years)


def _forms(words: list[str]) -> set[str]:
    return {matching_form(word) for word in words}
