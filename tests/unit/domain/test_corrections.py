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
from services.domain.corrections import Rejudged, judge
from services.domain.course import EMPTY_COURSE, Course
from services.domain.finding import Finding, finding_digest
from services.domain.fiscal_calendar import first_day
from services.domain.lag_rules import Milestone, Policy, Rule, RuleName, Severity
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


def after_a_correction(
    disbursed: Mapping[date, int], *late: LateEvent, policy: Policy = POLICY, **recorded: object
) -> tuple[Rejudged, AlertTransition | None]:
    """An alert raised on 31 March with 120 disbursed, judged by this course; what is done then."""
    alerts = opened(told({MARCH: 100, MAY: 200}), MARCH, 120, **recorded)
    rejudged = judge(told(disbursed, *late), policy, alerts)[BEHIND.name]
    return rejudged, transition(alerts[BEHIND.name], rejudged.judgement)


def test_exactly_these_rules_are_judged_back() -> None:
    """None flags now. Of what needs more than totals nobody knows whether it held then: not cancelled."""
    now = told({MARCH: 200, MAY: 400})
    cancelled = set()
    for name in RuleName:
        recorded = Recorded(AlertState.OPEN, b"", Grounds(MARCH, 777, 1000))
        rule = replace(BEHIND, name=name, threshold=Fraction(1), clear_at=None)
        judgement = judge(now, Policy((rule,)), {name: recorded})[name].judgement
        if transition(recorded, judgement) is AlertTransition.CANCELLED:
            cancelled.add(name)
        else:
            assert transition(recorded, judgement) is AlertTransition.RESOLVED
    assert cancelled == {
        RuleName.BEHIND_TARGET,
        RuleName.BELOW_MILESTONE,
        RuleName.BELOW_NATIONAL_AVERAGE,
        RuleName.NOTHING_DISBURSED,
        RuleName.YEAR_END_SHORTFALL,
    }


def test_totals_that_moved_reach_back_without_any_event_being_named() -> None:
    _, what = after_a_correction({MARCH: 200, MAY: 400})
    assert what is AlertTransition.CANCELLED


def test_what_was_raised_on_a_day_that_the_books_no_longer_reach_is_not_cancelled() -> None:
    """The figures of June were taken back: what was so by then nobody knows."""
    june = Grounds(date(2022, 6, 30), 100, 1000)
    rejudged, what = after_a_correction({MARCH: 200, MAY: 400}, grounds=june)
    assert rejudged.judgement.held_when_raised is None
    assert what is AlertTransition.RESOLVED


def test_the_day_it_was_raised_on_is_judged_by_the_threshold_alone() -> None:
    """0.92 on that day: an open alert would be held, but none was open before it."""
    _, what = after_a_correction({MARCH: 184, MAY: 400}, LATE)
    assert what is AlertTransition.CANCELLED


def test_a_day_between_month_ends_is_judged_where_an_alert_was_raised_on_it() -> None:
    day = date(2022, 4, 20)
    raised = Grounds(day, 100, 1000)
    _, what = after_a_correction({day: 110, date(2022, 4, 25): 300, MAY: 400}, grounds=raised)
    assert what is AlertTransition.RESOLVED
    _, what = after_a_correction({day: 270, MAY: 400}, grounds=raised)
    assert what is AlertTransition.CANCELLED


def test_a_day_that_only_held_it_keeps_since_when_it_stands() -> None:
    """0.50 in March, 0.92 in April, 0.80 in May: open in April because it was so in March."""
    rejudged, _ = after_a_correction({MARCH: 100, APRIL: 276, MAY: 320}, LATE)
    assert rejudged.judgement.grounds == Grounds(MARCH, 100, 1000)


def test_a_day_that_cleared_it_ends_what_stood_before() -> None:
    """0.50 in March, 1.00 in April, 0.80 in May: it stands since May."""
    rejudged, _ = after_a_correction({MARCH: 100, APRIL: 300, MAY: 320}, LATE)
    assert rejudged.judgement.grounds == Grounds(MAY, 320, 1000)


def test_what_flags_only_now_was_not_open_before() -> None:
    rejudged, _ = after_a_correction({MARCH: 200, APRIL: 300, MAY: 320}, LATE)
    assert rejudged.finding is not None
    assert not rejudged.was_open


def test_the_day_of_the_figures_is_not_judged_before_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raised on that day, it was not open before it."""
    asked = judged_days(monkeypatch)
    raised_today = Grounds(MAY, 100, 1000)
    rejudged, _ = after_a_correction({MARCH: 200, APRIL: 300, MAY: 320}, grounds=raised_today)
    assert asked == _AS_OF_ITSELF
    assert not rejudged.was_open


def test_an_alert_of_before_what_was_reached_stands_since_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """No day before the late event is judged again: what was raised then stands, whatever the curve now."""
    asked = judged_days(monkeypatch)
    in_april = LateEvent(UUID(int=2), date(2022, 4, 15))
    rejudged, _ = after_a_correction({MARCH: 120, MAY: 200}, in_april)
    assert asked == [APRIL, *_AS_OF_ITSELF]
    assert rejudged.judgement.grounds == Grounds(MARCH, 120, 1000)


def test_what_reaches_back_behind_the_year_is_judged_from_its_first_month(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = judged_days(monkeypatch)
    judge(told({MARCH: 120, MAY: 200}, LateEvent(UUID(int=3), date(2021, 11, 5))), POLICY, {})
    ends = [date(2022, 1, 31), date(2022, 2, 28), MARCH, APRIL]
    assert asked == [*ends, *_AS_OF_ITSELF]


def test_cut_dates_of_the_rules_are_judged_too() -> None:
    cut = Milestone(4, 15, Fraction("0.25"))
    rule = replace(BEHIND, name=RuleName.BELOW_MILESTONE, milestones=(cut,), clear_at=None)
    rejudged = judge(told({MARCH: 120, MAY: 200}, LATE), Policy((rule,)), {})[rule.name]
    assert rejudged.judgement.grounds == Grounds(date(2022, 4, 15), 120, 1000)


def test_an_alert_without_known_grounds_is_not_given_those_of_today() -> None:
    rejudged, what = after_a_correction({MARCH: 100, MAY: 200}, grounds=None)
    assert rejudged.judgement.grounds is None
    assert what is None


def test_a_rule_that_is_not_judged_back_stays_open_through_what_is() -> None:
    """45 days without a movement hold what was raised after 60, whatever came late to other days."""
    day = date(2022, 4, 16)
    stalled = replace(BEHIND, name=RuleName.STALLED, threshold=Fraction(60), clear_at=Fraction(30))
    recorded = {RuleName.STALLED: Recorded(AlertState.OPEN, b"", Grounds(MARCH, 120, 1000))}
    progress = replace(told({MARCH: 120, day: 200, MAY: 200}, LATE), last_movement_date=day)
    rejudged = judge(progress, Policy((stalled,)), recorded)[RuleName.STALLED]
    assert rejudged.was_open
    assert rejudged.finding is not None
    assert rejudged.finding.is_held


def test_by_the_course_it_was_never_under_its_threshold_so_nothing_waits_to_clear() -> None:
    course = {MARCH: 200, APRIL: 300, date(2022, 5, 10): 368, MAY: 368}
    rejudged, what = after_a_correction(course, grounds=Grounds(MARCH, 200, 1000))
    assert not rejudged.was_open
    assert what is AlertTransition.RESOLVED


def test_it_waits_to_clear_since_it_last_began_to_flag() -> None:
    """All was well in March; from the second week of April to 24 May it was under 0.90, now it is at 0.92."""
    rejudged = judge(told({MARCH: 200, date(2022, 5, 25): 355, MAY: 368}), POLICY, {})[BEHIND.name]
    assert rejudged.finding is not None
    assert rejudged.finding.is_held
    assert date(2022, 4, 1) < rejudged.judgement.grounds.day < date(2022, 4, 15)  # type: ignore[union-attr]


def test_late_events_up_to_a_day_are_named_the_latest_value_date_first() -> None:
    first, second, third = (LateEvent(UUID(int=n), day) for n, day in enumerate((MARCH, APRIL, MAY)))
    progress = told({MARCH: 100, MAY: 200}, first, third, second)
    assert corrections.reached(progress, APRIL) == (second, first)


def test_old_figures_name_the_open_alerts_that_they_keep_silent() -> None:
    stale = Rule(
        RuleName.SOURCE_STALE,
        1,
        Severity.WARNING,
        frozenset(SubjectType),
        threshold=Fraction(45),
        inhibits_after=90,
    )
    # It does not flag any longer, but nobody would know: silent, because its alert is open.
    old = replace(told({MARCH: 250, APRIL: 350, MAY: 450}), business_date=date(2022, 11, 30))
    recorded = opened(told({MARCH: 100, MAY: 200}), MARCH, 250)
    rejudged = judge(old, Policy((BEHIND, stale)), recorded)[RuleName.SOURCE_STALE]
    assert rejudged.finding is not None
    assert rejudged.finding.inhibited == (BEHIND.name,)
    assert rejudged.open_rules == {BEHIND.name}
    assert not rejudged.was_open
