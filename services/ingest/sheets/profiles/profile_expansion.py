"""Columns that follow from a rule of a profile: one for each month, one for each fund source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.domain.fiscal_calendar import MONTHS_TO_CLOSE
from services.ingest.sheets.grid import matching_form
from services.ingest.sheets.profiles.import_profile import FieldProfile, ImportProfile, Months, Spread

MONTHLY = "month"
CUMULATIVE = "through"
TOTAL = "total"
FUND_SOURCE = "fund_source"


def expanded(profile: ImportProfile) -> ImportProfile:
    """The profile with a field for every column that its rules allow."""
    added: dict[str, FieldProfile] = {}
    if profile.months:
        added |= dict(_month_fields(profile.months))
    if profile.by_fund_source:
        added |= dict(_fund_source_fields(profile, profile.by_fund_source))
    return profile.model_copy(update={"fields": profile.fields | added})


def month_field(of: str, month: int) -> str:
    """The name of the field of one month: ``month_03`` for March alone, ``through_03`` up to March."""
    return f"{of}_{month:02d}"


def _month_fields(months: Months) -> Iterator[tuple[str, FieldProfile]]:
    if _alone(months) == MONTHLY:
        yield from _fields_of(MONTHLY, months.headers, months.next_year)
        yield from _fields_of(CUMULATIVE, months.cumulative_headers, months.next_year)
    else:
        headers = [*months.headers, *months.cumulative_headers]
        yield from _fields_of(CUMULATIVE, headers, months.next_year)


def _fields_of(of: str, headers: list[str], next_year: list[str]) -> Iterator[tuple[str, FieldProfile]]:
    for month in range(1, MONTHS_TO_CLOSE + 1):
        spelt = [header.format(month=month) for header in headers]
        if month == MONTHS_TO_CLOSE:
            spelt = [f"{header.format(month=1)} {words}" for words in next_year for header in headers] + spelt
        yield (
            month_field(of, month),
            FieldProfile(type="money", headers=spelt, en=spelt[-1], spread=Spread(of=of, part=str(month))),
        )


def _alone(months: Months) -> str:
    """What a column headed by the month alone holds."""
    return MONTHLY if months.amounts == "monthly" else CUMULATIVE


def _fund_source_fields(profile: ImportProfile, amount: str) -> Iterator[tuple[str, FieldProfile]]:
    field = profile.fields[amount]
    parts = profile.fields[FUND_SOURCE].choices | {TOTAL: profile.shared.total_labels}
    for part, words in parts.items():
        spelt = [f"{header} {word}" for header in field.every_header for word in [*words, part]]
        yield (
            f"{amount}@{part}",
            FieldProfile(
                type=field.type,
                headers=list(dict.fromkeys(spelt)),
                en=f"{field.en} {part}",
                only_checked=part == TOTAL,
                group_headers=field.group_headers,
                spread=Spread(of=amount, part=part),
            ),
        )


@dataclass(frozen=True, slots=True)
class MonthHeader:
    """A header that names a month: its field, and the year where it states one.

    ``heading`` is what stands above it, without years and cumulative words; ``None`` where the column says
    itself that it is cumulative and nothing stands above it.
    """

    of: str
    month: int
    year: int | None
    heading: str | None


class MonthHeaders:
    """Reads headers of months: "Tháng 3", "T3/2022", "Tháng 1 năm sau", "Lũy kế đến tháng 3"."""

    def __init__(self, months: Months) -> None:
        self._patterns = [
            (of, _pattern(header, months.next_year), is_own)
            for of, headers, is_own in (
                (CUMULATIVE, months.cumulative_headers, True),
                (_alone(months), months.headers, False),
            )
            for header in headers
        ]
        self._cumulative_words = sorted(map(matching_form, months.cumulative_words), key=len, reverse=True)
        self._headings = {matching_form(heading) for heading in months.group_headers}

    def find(self, parts: list[str]) -> MonthHeader | None:
        """The month that the header names; ``parts`` are its texts from above, in matching form.

        ``None`` also where a heading above it is not one of ``group_headers``.
        """
        *above, last = parts
        for form, upper in ((" ".join(parts), []), (last, above)):
            for of, pattern, is_own in self._patterns:
                found = pattern.fullmatch(form)
                if found and int(found["month"]) in (
                    (1,) if found["next"] else range(1, MONTHS_TO_CLOSE + 1)
                ):
                    return self._month(of, upper, found, is_own=is_own)
        return None

    def names_period(self, parts: list[str]) -> bool:
        """Whether the header names months or a quarter in a way that is not read: "Quý II"."""
        *above, last = parts
        return bool(_PERIOD.search(last)) and self._heading(above) is not None

    def says_cumulative(self, text: str) -> bool:
        """Whether a text has one of the words for cumulative figures."""
        form = f" {matching_form(text)} "
        return any(f" {word} " in form for word in self._cumulative_words)

    def _month(self, of: str, above: list[str], found: re.Match[str], *, is_own: bool) -> MonthHeader | None:
        heading = self._heading(above)
        if heading is None:
            return None
        month = MONTHS_TO_CLOSE if found["next"] else int(found["month"])
        above_it = _year_above(above)
        year = above_it + 1 if above_it and found["next"] else above_it
        year = int(found["year"]) if found["year"] else year
        # "Lũy kế giải ngân" over "Tháng 3" is cumulative, whatever the month alone would be.
        said = any(self.says_cumulative(part) for part in above)
        return MonthHeader(CUMULATIVE if said else of, month, year, heading or (None if is_own else ""))

    def _heading(self, above: list[str]) -> str | None:
        """What stands above a month, without years and cumulative words; ``None`` where it is unknown."""
        kept = []
        for part in above:
            rest = f" {_YEAR_BEHIND.sub('', part)} "
            if rest.strip() not in self._headings:
                for word in self._cumulative_words:
                    rest = rest.replace(f" {word} ", " ")
            rest = rest.strip()
            if rest and rest not in self._headings:
                return None
            kept.append(rest)
        return " ".join(part for part in kept if part)


_YEAR_BEHIND = re.compile(r"(?:^| )(?:năm )?[0-9]{4}$")
_PERIOD = re.compile(
    r"\b(?:tháng|quý|months?|quarter|q|t) ?(?:[0-9]{1,2}|i{1,3}|iv)\b"
    r"|\b[0-9]{1,2} tháng\b|\bquý\b|\bcác tháng\b"
)


_PLACEHOLDER = "9999"


def _pattern(header: str, next_year: list[str]) -> re.Pattern[str]:
    form = re.escape(matching_form(header.replace("{month}", _PLACEHOLDER)))
    behind = "|".join(re.escape(matching_form(words)) for words in next_year)
    month = form.replace(_PLACEHOLDER, r"0?(?P<month>[0-9]{1,2})")
    return re.compile(rf"{month}(?: (?:năm )?(?P<year>[0-9]{{4}})| (?P<next>{behind}))?")


def _year_above(above: Iterable[str]) -> int | None:
    found = [match for part in above if (match := re.search(r"(?:^| )([0-9]{4})$", part))]
    return int(found[-1][1]) if found else None
