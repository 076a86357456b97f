"""A subject at the end of a day: its totals, and what is measured of them once a rule asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from services.domain.baselines import (
    Baseline,
    BaselineName,
    Baselines,
    baselines_of,
    carried_on,
    linear_baseline,
)
from services.domain.fiscal_calendar import closing_day, first_day
from services.domain.forecast import Forecast, forecast
from services.domain.lag_rules import Policy
from services.domain.progress import Progress


@dataclass(frozen=True)
class Snapshot:
    """``progress`` as of ``day``; ``is_past`` where the day is earlier than it reaches. Minor units."""

    progress: Progress
    policy: Policy
    day: date
    is_past: bool
    disbursed: int
    plan: int
    advance_outstanding: int
    baselines: Baselines

    @classmethod
    def of(cls, progress: Progress, policy: Policy, on: date | None) -> Snapshot:
        """Raises ``ValueError`` for a day after the figures end, and where a baseline is no curve."""
        is_past = on is not None and on < progress.as_of
        day = on if is_past and on else progress.as_of
        if on is not None and on > progress.as_of:
            raise ValueError(
                f"{on} is after the figures end ({progress.as_of}): judge as of that day at most"
            )
        if is_past:
            totals = progress.course.on(day, progress.budget_year)
            disbursed, plan, advance = totals.disbursed, totals.plan, totals.advance_outstanding
        else:
            disbursed = plan = advance = 0
            for line in progress.lines:
                disbursed += line.disbursed
                plan += line.current_plan
                advance += line.advance_outstanding
        known = baselines_of(progress, plan=max(plan, 0), s_curve_constants=policy.s_curve)
        return cls(progress, policy, day, is_past, disbursed, plan, advance, known)

    @property
    def has_books(self) -> bool:
        """Without books nothing is said to lag (docs/adr/0005)."""
        return self.progress.books_through is not None

    @cached_property
    def preferred(self) -> Baseline | None:
        """The baseline that judges unless a rule names another."""
        for name in self.policy.order_for(self.progress.subject):
            if found := self.named(name):
                return found
        return None

    def named(self, name: BaselineName) -> Baseline | None:
        if name is BaselineName.LINEAR:
            return linear_baseline(self.progress.budget_year)
        return self.baselines.get(name)

    def reaching(self, name: BaselineName, day: date) -> Baseline | None:
        """The baseline of that name, carried on by the policy's January where it ends on 31 December;
        ``None`` where it says nothing of ``day``."""
        found, closing = self.named(name), self.policy.closing_month
        if found and closing and not found.is_known_to(day):
            found = carried_on(found, closing)
        return found if found and found.is_known_to(day) else None

    def shown(self, judge: Baseline | None) -> tuple[Baseline, ...]:
        """Every baseline beside the judging one; none without a plan to take shares of."""
        if self.plan <= 0:
            return ()
        shown = {name: self.baselines[name] for name in _SHOWN if name in self.baselines}
        if judge:
            shown.setdefault(judge.name, judge)
        return tuple(shown.values())

    @cached_property
    def last_movement(self) -> date | None:
        """The last day on which disbursed, work or advance changed."""
        if not self.is_past and self.progress.last_movement_date:
            return self.progress.last_movement_date
        course, found, before = self.progress.course, None, (0, 0, 0)
        limit = (self.day - first_day(self.progress.budget_year)).days
        for place, offset in enumerate(course.days):
            if offset > limit:
                break
            now = (course.disbursed[place], course.work_certified[place], course.advance_outstanding[place])
            if now != before:
                found, before = offset, now
        return (
            None
            if found is None
            else date.fromordinal(first_day(self.progress.budget_year).toordinal() + found)
        )

    def forecast(self, judge: Baseline | None, target: date) -> Forecast | None:
        """By the policy's shape, else the judging one, else the next preferred one that reaches the day."""
        if not self.has_books or target < self.day:
            return None
        for shape in self._shapes(judge, target):
            if shape and (
                found := forecast(
                    shape,
                    target,
                    day=self.day,
                    disbursed=self.disbursed,
                    plan=self.plan,
                    course=self.progress.course,
                )
            ):
                return found
        return None

    def _shapes(self, judge: Baseline | None, target: date) -> Iterator[Baseline | None]:
        if self.policy.forecast_shape:
            yield self.reaching(self.policy.forecast_shape, target)
        yield judge
        yield from map(self.named, self.policy.order_for(self.progress.subject))

    @property
    def year_end(self) -> date:
        return date(self.progress.budget_year, 12, 31)

    @property
    def closing(self) -> date:
        return closing_day(self.progress.budget_year)


_SHOWN = (
    BaselineName.TARGET,
    BaselineName.REGISTERED,
    BaselineName.NATIONAL,
    BaselineName.PREVIOUS_YEAR,
    BaselineName.PEER,
    BaselineName.S_CURVE,
)
