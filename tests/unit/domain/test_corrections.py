"""Which rules are judged again for what came late, and what is said of the day they were raised on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from uuid import UUID

import pytest

from services.domain import corrections
from services.domain.alert_lifecycle import AlertState, AlertTransition, Grounds, Recorded, transition
from services.domain.corrections import judge
from services.domain.course import EMPTY_COURSE, Course
from services.domain.finding import Finding, finding_digest
from services.domain.fiscal_calendar import first_day
from services.domain.lag_rules import Policy, Rule, RuleName, Severity
from services.domain.progress import LateEvent, Progress, SubjectType
from services.domain.verdict import evaluate
from tests.support.ledger_text import ledger

BEHIND = Rule(
    RuleName.BEHIND_TARGET,
    1,
    Severity.WARNING,
    frozenset(SubjectType),
    threshold=Fraction("0.90"),
    clear_at=Fraction("0.95"),
)
POLICY = Policy((BEHIND,))
MARCH, APRIL, MAY = date(2022, 3, 31), date(2022, 4, 30), date(2022, 5, 31)
LATE = LateEvent(UUID(int=1), MARCH)
# As of the figures themselves: the rule alone, whether it waits to clear, then all of the policy.
_AS_OF_ITSELF = [None, None]


def told(disbursed: Mapping[date, int], *late: LateEvent) -> Progress:
    """By the end of May; the target asks 200 of 1,000 by March, 300 by April, 400 by May."""
    days = [first_day(2022), *disbursed]
    progress = ledger(f"""
        2022-01-10 plan       P1 1000
        2022-03-31 target     20%
        2022-06-30 target     50%
        2022-12-31 target     100%
        2022-05-31 statement  P1 {list(disbursed.values())[-1]}
        2022-05-31 cutoff
    """)
    course = Course(
        days=tuple((day - first_day(2022)).days for day in days),
        disbursed=(0, *disbursed.values()),
        work_certified=(0,) * len(days),
        advance_outstanding=(0,) * len(days),
        plan=(1000,) * len(days),
    )
    return replace(progress, course=course, late_events=late)


def finding(progress: Progress) -> Finding:
    (found,) = evaluate(progress, POLICY)
    return found


def opened(progress: Progress, day: date, disbursed: int, **changes: object) -> dict[RuleName, Recorded]:
    """An open alert that was raised on that day with so much disbursed."""
    recorded = Recorded(AlertState.OPEN, finding_digest(finding(progress)), Grounds(day, disbursed, 1000))
    return {BEHIND.name: replace(recorded, **changes)}  # type: ignore[arg-type]


def judged_days(monkeypatch: pytest.MonkeyPatch) -> list[date | None]:
    """The days that are asked of the verdict; it answers as ever."""
    asked: list[date | None] = []

    def counted(progress: Progress, policy: Policy, **how: object) -> list[Finding]:
        asked.append(how.get("on"))  # type: ignore[arg-type]
        return evaluate(progress, policy, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(corrections, "evaluate", counted)
    return asked


def test_nothing_late_nothing_is_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    progress = told({MARCH: 100, MAY: 200})
    asked = judged_days(monkeypatch)
    rejudged = judge(progress, POLICY, opened(progress, MARCH, 100))[BEHIND.name]
    assert asked == _AS_OF_ITSELF
    assert rejudged.was_open
    assert rejudged.judgement.held_when_raised is None
    assert transition(opened(progress, MARCH, 100)[BEHIND.name], rejudged.judgement) is None


def test_a_course_that_was_not_told_judges_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version before told no course: there is no day to compare with, so nothing moved."""
    progress = replace(told({MARCH: 100, MAY: 200}), course=EMPTY_COURSE)
    asked = judged_days(monkeypatch)
    recorded = opened(progress, MARCH, 777)
    rejudged = judge(progress, POLICY, recorded)[BEHIND.name]
    assert asked == [None]
    assert rejudged.judgement.held_when_raised is None
    assert rejudged.judgement.grounds == recorded[BEHIND.name].grounds
    assert transition(recorded[BEHIND.name], rejudged.judgement) is None


def test_other_totals_of_the_day_it_was_raised_on_are_judged_in_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    progress = told({MARCH: 200, MAY: 300}, LATE)
    asked = judged_days(monkeypatch)
    rejudged = judge(progress, POLICY, opened(progress, MARCH, 100))[BEHIND.name]
    assert asked == [MARCH, APRIL, *_AS_OF_ITSELF]
    assert rejudged.judgement.held_when_raised is False
    assert rejudged.judgement.grounds == Grounds(APRIL, 200, 1000)


def test_what_never_held_and_does_not_now_is_cancelled() -> None:
    recorded = opened(told({MARCH: 100, MAY: 200}), MARCH, 100)
    rejudged = judge(told({MARCH: 200, MAY: 400}, LATE), POLICY, recorded)[BEHIND.name]
    assert rejudged.finding is None
    assert transition(recorded[BEHIND.name], rejudged.judgement) is AlertTransition.CANCELLED


def test_a_late_event_alone_reaches_back_for_a_rule_without_an_alert() -> None:
    rejudged = judge(told({MARCH: 100, MAY: 300}, LATE), POLICY, {})[BEHIND.name]
    assert rejudged.judgement.grounds == Grounds(MARCH, 100, 1000)
    without = judge(told({MARCH: 100, MAY: 300}), POLICY, {})[BEHIND.name]
    assert without.judgement.grounds == Grounds(MAY, 300, 1000)


def test_a_rule_of_another_version_is_not_judged_back() -> None:
    recorded = opened(told({MARCH: 100, MAY: 200}), MARCH, 100, rule_version=7)
    rejudged = judge(told({MARCH: 200, MAY: 400}), POLICY, recorded)[BEHIND.name]
    assert rejudged.judgement.held_when_raised is None
    assert transition(recorded[BEHIND.name], rejudged.judgement) is AlertTransition.RESOLVED


def test_a_day_before_leaves_the_rule_open_for_the_next() -> None:
    """0.92 in May flags nothing anew; after April left it open, it clears only at 0.95."""
    recorded = opened(told({MARCH: 100, MAY: 200}), MARCH, 100)
    held = judge(told({MARCH: 120, MAY: 368}, LATE), POLICY, recorded)[BEHIND.name]
    assert held.was_open
    assert held.finding is not None
    assert held.finding.is_held
    # In time from 10 May on, and on no day before that under 0.90.
    course = {MARCH: 200, APRIL: 300, date(2022, 5, 10): 368, MAY: 368}
    ended = judge(told(course, LATE), POLICY, recorded)[BEHIND.name]
    assert not ended.was_open
    assert ended.finding is None


def test_whether_a_rule_waits_to_clear_is_said_by_the_course_however_often_it_was_judged() -> None:
    seldom = judge(told({MARCH: 120, MAY: 368}), POLICY, {})[BEHIND.name]
    assert seldom.finding is not None
    assert seldom.finding.is_held
    since_march = Recorded(AlertState.OPEN, b"", Grounds(MARCH, 120, 1000))
    often = judge(told({MARCH: 120, MAY: 368}), POLICY, {BEHIND.name: since_march})[BEHIND.name]
    assert often.finding == seldom.finding
    assert BEHIND.name not in judge(told({MARCH: 200, APRIL: 300, date(2022, 5, 10): 368}), POLICY, {})


def test_old_figures_of_a_project_that_does_not_lag_are_no_alert_of_its_own() -> None:
    """Asking whether a rule waits to clear does not make it one that old figures keep silent."""
    stale = Rule(
        RuleName.SOURCE_STALE,
        1,
        Severity.WARNING,
        frozenset({SubjectType.PROVINCE}),
        threshold=Fraction(45),
        inhibits_after=90,
    )
    old = replace(told({MARCH: 250, APRIL: 350, MAY: 450}), business_date=date(2022, 11, 30))
    assert judge(old, Policy((BEHIND, stale)), {}) == {}
