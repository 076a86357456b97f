"""What a policy's flags were worth, seen from the year's end: lead time, misses, false alarms.

Projects alone are scored: an owner's or province's plan is the sum of theirs. Only flags that say that a
project lags count (``LAG_RULES``); a payment beyond the plan says nothing of what will be left unspent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate
from statistics import quantiles

from services.domain.lag_rules import LAG_RULES, RuleName, Severity
from services.domain.replay import Flag, flagged_since

# Resolution 124/NQ-CP of 15/09/2022 asks for 95 to 100 per cent of the year's plan.
ENOUGH = Fraction(95, 100)


class Fate(StrEnum):
    """How a project's year ended."""

    MADE_IT = "made_it"
    MISSED = "missed"
    # A decision took its plan away, or it never had one.
    NO_PLAN = "no_plan"
    # The books do not reach the year's end.
    NOT_KNOWN = "not_known"


def fate(*, disbursed: int, plan: int, is_known: bool, enough: Fraction = ENOUGH) -> Fate:
    """``disbursed`` and ``plan`` in minor units, as of 31 January of the next year."""
    if not is_known:
        return Fate.NOT_KNOWN
    if plan <= 0:
        return Fate.NO_PLAN
    return Fate.MADE_IT if Fraction(disbursed, plan) >= enough else Fate.MISSED


@dataclass(frozen=True, slots=True)
class Ratio:
    """A share with what it is a share of."""

    part: int
    whole: int

    @property
    def share(self) -> Fraction | None:
        """``None`` of nothing."""
        return Fraction(self.part, self.whole) if self.whole else None


@dataclass(frozen=True, slots=True)
class Hindsight:
    """One project: how it ended and the flags that said it lagged. Days are business days of the replay.

    A project first flagged after the year's end was flagged too late to be of use: ``first_flagged`` is
    ``None`` then.
    """

    fate: Fate
    first_flagged: date | None
    flagged_since: date | None
    flags: tuple[Flag, ...]

    @classmethod
    def of(cls, fate: Fate, flags: Iterable[Flag], *, year_end: date) -> Hindsight:
        lag = tuple(flag for flag in flags if flag.rule in LAG_RULES)
        first = min((flag.raised_on for flag in lag if flag.raised_on <= year_end), default=None)
        return cls(fate, first, flagged_since(lag, year_end), lag)

    def lead_days(self, year_end: date) -> int | None:
        """Days that it was flagged without a break until the year's end; ``None`` if it was not."""
        return (year_end - self.flagged_since).days if self.flagged_since else None

    def is_flagged_on(self, day: date) -> bool:
        return any(flag.is_open_on(day) for flag in self.flags)


@dataclass(frozen=True, slots=True)
class LeadTime:
    """Days before the year's end, over the projects that missed and were flagged to the end."""

    lower_quartile: Fraction
    median: Fraction
    upper_quartile: Fraction
    projects: int

    @classmethod
    def of(cls, days: Sequence[int]) -> LeadTime | None:
        """Quartiles between the nearest two where none is in the middle (Hyndman and Fan 1996, type 7)."""
        if not days:
            return None
        exact = [Fraction(day) for day in days] * (2 if len(days) == 1 else 1)
        lower, median, upper = quantiles(exact, n=4, method="inclusive")
        return cls(lower, median, upper, len(days))


@dataclass(frozen=True, slots=True)
class OnADay:
    """Whom the policy flagged on one day, against how it ended."""

    day: date
    precision: Ratio
    recall: Ratio


@dataclass(frozen=True, slots=True)
class Score:
    """A policy against how the year ended.

    ``precision``: of the projects ever flagged before the year's end, those that missed; the rest are
    ``false_alarms``. ``recall``: of the projects that missed, those ever flagged. ``base_rate``: of all
    whose end is known, those that missed, which is the precision of flagging everybody.
    ``lost``: missed, flagged once, and not flagged at the year's end. ``raises`` of ``raised_projects``:
    how often a flag went up, and on how many.
    """

    base_rate: Ratio
    precision: Ratio
    recall: Ratio
    false_alarms: int
    never_flagged: int
    lost: int
    lead_time: LeadTime | None
    raises: int
    raised_projects: int
    raised_again: int
    most_raises: int
    on_days: tuple[OnADay, ...]


def score(projects: Sequence[Hindsight], *, year_end: date, days: Iterable[date]) -> Score:
    """The score over ``projects``, and on each of ``days``. Those whose end is not known, or without a plan,
    are in none of the ratios."""
    ended = [project for project in projects if project.fate in {Fate.MADE_IT, Fate.MISSED}]
    missed = [project for project in ended if project.fate is Fate.MISSED]
    flagged = [project for project in ended if project.first_flagged]
    caught = sum(project.fate is Fate.MISSED for project in flagged)
    leads = [lead for project in missed if (lead := project.lead_days(year_end)) is not None]
    raises = [len(project.flags) for project in projects if project.flags]
    return Score(
        base_rate=Ratio(len(missed), len(ended)),
        precision=Ratio(caught, len(flagged)),
        recall=Ratio(caught, len(missed)),
        false_alarms=len(flagged) - caught,
        never_flagged=len(missed) - caught,
        lost=caught - len(leads),
        lead_time=LeadTime.of(leads),
        raises=sum(raises),
        raised_projects=len(raises),
        raised_again=sum(flag.is_again for project in projects for flag in project.flags),
        most_raises=max(raises, default=0),
        on_days=tuple(_on(day, ended, missed=len(missed)) for day in days),
    )


def _on(day: date, ended: Sequence[Hindsight], *, missed: int) -> OnADay:
    flagged = [project for project in ended if project.is_flagged_on(day)]
    caught = sum(project.fate is Fate.MISSED for project in flagged)
    return OnADay(day, precision=Ratio(caught, len(flagged)), recall=Ratio(caught, missed))


def flagged_by_day(projects: Iterable[Hindsight], days: Sequence[date]) -> Iterator[int]:
    """How many projects have a flag open at the end of each day."""
    changes: Counter[date] = Counter()
    for project in projects:
        open_flags: Counter[date] = Counter()
        for flag in project.flags:
            open_flags[flag.raised_on] += 1
            if flag.cleared_on:
                open_flags[flag.cleared_on] -= 1
        count = 0
        for day in sorted(open_flags):
            was_flagged, count = count > 0, count + open_flags[day]
            changes[day] += (count > 0) - was_flagged
    return accumulate(changes[day] for day in days)


def by_rule(flags: Iterable[Flag]) -> dict[tuple[RuleName, Severity], int]:
    """How many flags of each rule and severity."""
    return dict(sorted(Counter((flag.rule, flag.severity) for flag in flags).items()))
