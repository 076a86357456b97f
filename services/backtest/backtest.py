"""A back-test, whole: the ledger -> subjects day by day -> flags of each policy -> what they were worth.

    read once, in one snapshot -> replay every subject under every policy, on every processor -> score

Nothing is written: not a table, not a topic. The same ledger and policies give the same answer, on however
many processors.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from services.backtest.history import History
from services.domain.fiscal_calendar import closing_day
from services.domain.hindsight import ENOUGH, Fate, Hindsight, Score, fate, flagged_by_day, score
from services.domain.lag_rules import Policy, RuleName, Severity
from services.domain.plan import PlanLevel
from services.domain.progress import Subject, SubjectType
from services.domain.replay import Flag, replay

# Rules that need more than the totals of a day: evaluate() leaves them out of a past one.
_NOT_ON_A_PAST_DAY = frozenset(
    {
        RuleName.OVER_PLAN,
        RuleName.ADVANCE_OVERDUE,
        RuleName.UNALLOCATED_PLAN,
        RuleName.ESTIMATE_ONLY,
        RuleName.SOURCE_STALE,
        RuleName.TREASURY_OWNER_MISMATCH,
    }
)
# Subjects handed to a process at once: enough that handing over is nothing, few enough that none waits long.
_AT_ONCE = 25
# On which a policy is asked whom it flags: the ends of quarters, then of months, when time grows short.
_CUT_DATES = ((3, 31), (6, 30), (9, 30), (10, 31), (11, 30), (12, 31))


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy as it is compared: ``by_province`` holds the rules in force in each province of the replay."""

    name: str
    by_province: Mapping[str, Policy]

    @property
    def left_out(self) -> tuple[RuleName, ...]:
        """Rules that need more than the totals of a past day."""
        rules = {rule.name for policy in self.by_province.values() for rule in policy.rules}
        return tuple(sorted(rules & _NOT_ON_A_PAST_DAY))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be replayed: business days ``first`` to ``last``, whether each by what was known then, from
    which share on a year is made, and from which severity on a flag counts."""

    budget_year: int
    first: date
    last: date
    as_known: bool = False
    enough: Fraction = ENOUGH
    processes: int = 1
    at_least: Severity = Severity.INFO

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days) for days in range((self.last - self.first).days + 1)]

    @property
    def year_end(self) -> date:
        """31 December: lead time counts back from it."""
        return date(self.budget_year, 12, 31)

    @property
    def cut_dates(self) -> list[date]:
        days = (date(self.budget_year, month, day) for month, day in _CUT_DATES)
        return [day for day in days if self.first <= day <= self.last]


@dataclass(frozen=True, slots=True)
class Ended:
    """A subject at the end of the replay; amounts in minor units. ``fate`` is ``None`` but for projects."""

    subject: Subject
    plan: int
    disbursed: int
    fate: Fate | None


@dataclass(frozen=True, slots=True)
class Tested:
    """What one policy flagged, by subject as in ``Answer.ended``, and what it was worth. ``flagged_by_day``:
    how many projects had a flag that says that they lag, at the end of each day. ``left_out``: rules of the
    policy that need more than the totals of a past day."""

    name: str
    left_out: tuple[RuleName, ...]
    flags: tuple[tuple[Flag, ...], ...]
    flagged_by_day: tuple[int, ...]
    score: Score


@dataclass(frozen=True, slots=True)
class Answer:
    """Every policy over the same subjects and days."""

    asked: Asked
    ended: tuple[Ended, ...]
    tested: tuple[Tested, ...]
    # Provinces whose books do not reach the year's end, with the last day they reach.
    ends_early: Mapping[str, date | None]


def backtest(
    histories: Sequence[History],
    policies: Sequence[NamedPolicy],
    asked: Asked,
    *,
    on_subjects: Callable[[int], None] = lambda _: None,
) -> Answer:
    """Replay and score. ``on_subjects`` is told how many subjects more are done.

    Raises ``ValueError`` where a subject cannot be judged (a baseline that is no curve).
    """
    judged = [history for history in histories if history.subject.level is PlanLevel.PROJECT]
    ended = tuple(_ended(history, asked) for history in judged)
    flags = list(_replayed(judged, policies, asked, on_subjects))
    return Answer(
        asked=asked,
        ended=ended,
        tested=tuple(
            _tested(policy, tuple(of_subject[place] for of_subject in flags), ended, asked)
            for place, policy in enumerate(policies)
        ),
        ends_early={
            history.subject.province_code: history.books.through(asked.last)
            for history in judged
            if not _is_known(history, asked)
        },
    )


def _ended(history: History, asked: Asked) -> Ended:
    last = min(asked.last, closing_day(asked.budget_year))
    totals = history.course(asked.last).on(last, asked.budget_year)
    is_project = history.subject.type is SubjectType.PROJECT
    how = fate(
        disbursed=totals.disbursed,
        plan=totals.plan,
        is_known=_is_known(history, asked),
        enough=asked.enough,
    )
    return Ended(history.subject, totals.plan, totals.disbursed, how if is_project else None)


def _is_known(history: History, asked: Asked) -> bool:
    """Whether the year is over in the replay and in the books."""
    reached = history.books.through(asked.last)
    is_over = asked.last >= closing_day(asked.budget_year)
    return is_over and reached is not None and reached >= asked.year_end


def _replayed(
    histories: Sequence[History],
    policies: Sequence[NamedPolicy],
    asked: Asked,
    on_subjects: Callable[[int], None],
) -> Iterator[list[tuple[Flag, ...]]]:
    """Of each subject, the flags of each policy."""
    parts = [histories[start : start + _AT_ONCE] for start in range(0, len(histories), _AT_ONCE)]
    if asked.processes == 1 or len(parts) == 1:
        for part in parts:
            yield from replayed(part, policies, asked.days)
            on_subjects(len(part))
        return
    # Started anew, not forked: nothing of this process, its threads or its connection, is in them.
    pool = ProcessPoolExecutor(
        min(asked.processes, len(parts)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_leave_the_interrupt_to_the_parent,
    )
    try:
        waiting = [pool.submit(replayed, part, policies, asked.days) for part in parts]
        for part, result in zip(parts, waiting, strict=True):
            yield from result.result()
            on_subjects(len(part))
    finally:
        pool.shutdown(cancel_futures=True)


def replayed(
    histories: Sequence[History], policies: Sequence[NamedPolicy], days: Sequence[date]
) -> list[list[tuple[Flag, ...]]]:
    """Of each subject, the flags of each policy: the work of one process."""
    found = []
    for history in histories:
        by_day = list(history.days(days))
        of_province = [policy.by_province.get(history.subject.province_code) for policy in policies]
        found.append([tuple(replay(by_day, policy)) if policy else () for policy in of_province])
    return found


def _leave_the_interrupt_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _tested(
    policy: NamedPolicy, every: tuple[tuple[Flag, ...], ...], ended: Sequence[Ended], asked: Asked
) -> Tested:
    flags = tuple(_counted(of_subject, asked.at_least) for of_subject in every)
    projects = [
        Hindsight.of(subject.fate, of_subject, year_end=asked.year_end)
        for subject, of_subject in zip(ended, flags, strict=True)
        if subject.fate is not None
    ]
    return Tested(
        name=policy.name,
        left_out=policy.left_out,
        flags=flags,
        flagged_by_day=tuple(flagged_by_day(projects, asked.days)),
        score=score(projects, year_end=asked.year_end, days=asked.cut_dates),
    )


def _counted(flags: Sequence[Flag], at_least: Severity) -> tuple[Flag, ...]:
    if at_least is Severity.INFO:
        return tuple(flags)
    urgent = (stretch for flag in flags for stretch in flag.at_least(at_least))
    return tuple(sorted(urgent, key=lambda flag: (flag.raised_on, flag.rule)))
