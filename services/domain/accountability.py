"""Who answers for which alerts, and how it went. Pure: raisings in, an account of each officer out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median

from services.domain.handling import Handling, Level
from services.domain.lag_rules import LAG_RULES, RuleName

_NONE = timedelta()


class PromiseFate(StrEnum):
    """What became of the last promise of a raising. ``VOID``: the alert was cancelled, it never held."""

    KEPT = "kept"
    BROKEN = "broken"
    PENDING = "pending"
    VOID = "void"


@dataclass(frozen=True, slots=True, order=True)
class Officer:
    """Whom an alert was last assigned to, before that the accountable officer, and his unit. The name is
    empty where none was named."""

    province_code: str
    owner_code: str
    name: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How the verdict ended a raising: the day its figures count to, and the day it was recorded."""

    is_cancelled: bool
    as_of: date
    recorded_on: date


@dataclass(frozen=True, slots=True)
class Raising:
    """One raising of one alert, and how it was handled until it ended or until now."""

    officer: Officer
    owner_name: str
    rule: RuleName
    raised_at: datetime
    handling: Handling
    acknowledged_at: datetime | None = None
    ending: Ending | None = None

    def is_overdue(self, now: datetime, today: date) -> bool:
        return self.ending is None and self.handling.is_overdue(now, today)

    def promise_fate(self, today: date) -> PromiseFate | None:
        """Kept where it ended by the promised day, by its figures or by when they came; ``None`` without a
        promise."""
        promise, ending = self.handling.promise, self.ending
        if promise is None:
            return None
        if ending is None:
            return PromiseFate.PENDING if today <= promise.by else PromiseFate.BROKEN
        if ending.is_cancelled:
            return PromiseFate.VOID
        return PromiseFate.KEPT if min(ending.as_of, ending.recorded_on) <= promise.by else PromiseFate.BROKEN


@dataclass(frozen=True, slots=True)
class Account:
    """What an officer has to answer for. An alert that was raised twice counts twice; a cancelled raising
    counts in ``raised`` and ``cancelled`` alone. ``overdue`` is among ``open``; ``lagging`` counts open
    alerts that say that a subject lags. ``to_acknowledge`` are times from raising to acknowledgement,
    ascending."""

    officer: Officer
    owner_name: str
    raised: int
    open: int
    lagging: int
    unacknowledged: int
    overdue: int
    escalated: int
    cancelled: int
    to_acknowledge: tuple[timedelta, ...]
    promises: Counter[PromiseFate]

    @property
    def median_to_acknowledge(self) -> timedelta | None:
        seconds = [each.total_seconds() for each in self.to_acknowledge]
        return timedelta(seconds=median(seconds)) if seconds else None


def accounts(raisings: Iterable[Raising], *, now: datetime, today: date) -> list[Account]:
    """An account of each officer, by province, unit and name."""
    of_officer: defaultdict[Officer, list[Raising]] = defaultdict(list)
    for raising in raisings:
        of_officer[raising.officer].append(raising)
    return [_account(officer, of_officer[officer], now, today) for officer in sorted(of_officer)]


def _account(officer: Officer, raisings: Sequence[Raising], now: datetime, today: date) -> Account:
    held = [each for each in raisings if each.ending is None or not each.ending.is_cancelled]
    open_ones = [each for each in held if each.ending is None]
    newest = max(raisings, key=lambda each: each.raised_at)
    return Account(
        officer=officer,
        owner_name=newest.owner_name,
        raised=len(raisings),
        open=len(open_ones),
        lagging=sum(each.rule in LAG_RULES for each in open_ones),
        unacknowledged=sum(each.acknowledged_at is None for each in open_ones),
        overdue=sum(each.is_overdue(now, today) for each in open_ones),
        escalated=sum(each.handling.level > Level.OFFICER for each in held),
        cancelled=len(raisings) - len(held),
        to_acknowledge=tuple(
            # Two clocks: that of the database, and that of the process that took the step.
            sorted(max(_NONE, each.acknowledged_at - each.raised_at) for each in held if each.acknowledged_at)
        ),
        promises=Counter(fate for each in raisings if (fate := each.promise_fate(today))),
    )
