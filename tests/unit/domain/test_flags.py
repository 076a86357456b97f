"""Each rule: when it flags, when it does not, just at its limit, and while its alert is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from services.domain.baselines import BaselineName, ClosingMonth
from services.domain.course import Course
from services.domain.disbursement import Series
from services.domain.finding import Action, Finding
from services.domain.lag_rules import (
    AdvanceBase,
    Easing,
    Milestone,
    Policy,
    Preference,
    Rule,
    RuleName,
    Severity,
)
from services.domain.progress import Progress, SourceReach, SubjectType
from services.domain.verdict import evaluate
from tests.support.ledger_text import ledger

EVERYBODY = frozenset(SubjectType)


def rule(name: RuleName, **changes: object) -> Rule:
    return replace(Rule(name, 1, Severity.WARNING, EVERYBODY), **changes)  # type: ignore[arg-type]


def found(progress: Progress, one: Rule, *, is_open: bool = False) -> Finding | None:
    open_rules = (one.name,) if is_open else ()
    return next(iter(evaluate(progress, Policy((one,)), open_rules=open_rules)), None)


def stated(disbursed: int, day: str = "2022-05-31", plan: int = 1000) -> Progress:
    return ledger(f"""
        2022-01-10 plan       P1 {plan}
        2022-03-31 target     20%
        2022-06-30 target     50%
        2022-12-31 target     100%
        {day}      statement  P1 {disbursed}
        {day}      cutoff
    """)


BEHIND = rule(RuleName.BEHIND_TARGET, threshold=Fraction("0.90"), clear_at=Fraction("0.95"))


@pytest.mark.parametrize(
    ("disbursed", "is_open", "flagged"),
    [(359, False, True), (360, False, False), (360, True, True), (379, True, True), (380, True, False)],
)
def test_an_open_alert_clears_only_beyond_its_clearing_figure(
    disbursed: int, *, is_open: bool, flagged: bool
) -> None:
    """40 % of 1,000 asked: 0.90 of it is 360, 0.95 is 380."""
    finding = found(stated(disbursed), BEHIND, is_open=is_open)
    assert (finding is not None) is flagged
    if finding:
        assert finding.is_held is (disbursed >= 360)


def test_what_would_clear_it_is_exact_and_clears_it() -> None:
    finding = found(stated(100), BEHIND)
    assert finding is not None
    assert finding.clearing is not None
    now, later = finding.clearing.needs
    assert (finding.clearing.action, now.by, now.amount) == (Action.DISBURSE, date(2022, 5, 31), 280)
    assert (later.by, later.amount) == (date(2022, 6, 30), 375)
    assert found(stated(100 + now.amount), BEHIND, is_open=True) is None
    assert found(stated(100 + now.amount - 1), BEHIND, is_open=True) is not None


MILESTONES = rule(
    RuleName.BELOW_MILESTONE,
    milestones=(Milestone(9, 30, Fraction("0.60")), Milestone(11, 30, Fraction("0.80"))),
)


@pytest.mark.parametrize(
    ("day", "disbursed", "flagged"),
    [
        ("2022-09-29", 1, False),
        ("2022-09-30", 599, True),
        ("2022-09-30", 600, False),
        ("2022-11-29", 600, False),
        ("2022-11-30", 799, True),
    ],
)
def test_below_the_last_cut_date_that_has_passed(day: str, disbursed: int, *, flagged: bool) -> None:
    assert (found(stated(disbursed, day), MILESTONES) is not None) is flagged


STALLED = rule(RuleName.STALLED, threshold=Fraction(60))


@pytest.mark.parametrize(("day", "flagged"), [("2022-04-30", False), ("2022-05-01", True)])
def test_stalled_after_60_days_without_a_movement(day: str, *, flagged: bool) -> None:
    text = "2022-01-10 plan P1 1000\n2022-03-01 advance P1 {paid}\n{day} cutoff"
    assert (found(ledger(text.format(day=day, paid=100)), STALLED) is not None) is flagged
    assert found(ledger(text.format(day=day, paid=1000)), STALLED) is None, "no plan left"


SHORTFALL = rule(RuleName.YEAR_END_SHORTFALL, threshold=Fraction("0.95"))


@pytest.mark.parametrize(("disbursed", "flagged"), [(474, True), (475, False)])
def test_a_forecast_below_95_percent_is_flagged(disbursed: int, *, flagged: bool) -> None:
    """Half of the target's year has passed: 474 is heading for 948, 475 for 950."""
    finding = found(stated(disbursed, "2022-06-30"), SHORTFALL)
    assert (finding is not None) is flagged
    if finding:
        assert finding.measured == Fraction(948, 1000)
        assert finding.clearing is not None
        assert finding.clearing.needs[0].amount == 950 - 474


NO_SLOWER = Easing(BaselineName.PREVIOUS_YEAR, frozenset({SubjectType.PROJECT}))
EASED = replace(BEHIND, clear_at=None, critical_below=Fraction("0.50"), info_ahead_of=NO_SLOWER)


def beside_last_year(
    disbursed: int, day: str = "2022-05-31", kind: SubjectType = SubjectType.PROJECT
) -> Progress:
    """A target of 40 % on 31 May, where the nation of 2021 stood at 24 % and on 31 December at 77.3 %."""
    return ledger(
        f"""
        2022-01-10 plan       P1 1000
        2021-05-31 previous   24%
        2021-12-31 previous   77.3%
        2022-03-31 target     20%
        2022-06-30 target     50%
        2022-12-31 target     100%
        {day}      statement  P1 {disbursed}
        {day}      cutoff
        """,
        subject_type=kind,
    )


@pytest.mark.parametrize(
    ("disbursed", "severity", "ahead_of"),
    [
        (359, Severity.INFO, BaselineName.PREVIOUS_YEAR),
        (240, Severity.INFO, BaselineName.PREVIOUS_YEAR),
        (239, Severity.WARNING, None),
        (200, Severity.WARNING, None),
        (199, Severity.CRITICAL, None),
    ],
)
def test_behind_the_target_but_no_slower_than_the_nation_was_is_information(
    disbursed: int, severity: Severity, ahead_of: BaselineName | None
) -> None:
    """0.90 of 400 is 360, half of it is 200; 24 % of 1,000 is 240."""
    finding = found(beside_last_year(disbursed), EASED)
    assert finding is not None
    assert finding.severity is severity
    assert (finding.ahead_of.name if finding.ahead_of else None) is ahead_of


@pytest.mark.parametrize(("disbursed", "is_info"), [(240, True), (225, True), (224, False)])
def test_what_is_published_is_not_exact_so_a_little_below_it_is_not_behind(
    disbursed: int, *, is_info: bool
) -> None:
    """24 % of 1,000 less 1.5 points is 225."""
    finding = found(
        beside_last_year(disbursed),
        replace(EASED, info_ahead_of=replace(NO_SLOWER, within=Fraction("0.015"))),
    )
    assert finding is not None
    assert (finding.severity is Severity.INFO) is is_info
    assert finding.ahead_within == (Fraction("0.015") if is_info else 0)


def test_what_is_critical_stays_so_whatever_the_nation_did() -> None:
    """300 is 0.75 of the target of 400, and more than 24 %."""
    finding = found(beside_last_year(300), replace(EASED, critical_below=Fraction("0.80")))
    assert finding is not None
    assert (finding.severity, finding.ahead_of) == (Severity.CRITICAL, None)


def test_only_the_subjects_named_are_eased_and_only_where_there_is_such_a_year() -> None:
    owner = found(beside_last_year(300, kind=SubjectType.OWNER), EASED)
    alone = found(stated(300), EASED)
    assert owner is not None
    assert alone is not None
    assert (owner.severity, alone.severity) == (Severity.WARNING, Severity.WARNING)


@pytest.mark.parametrize(
    ("closing_month", "severity"),
    [
        (None, Severity.WARNING),
        (ClosingMonth(2020, Fraction("0.8266"), Fraction("0.9613")), Severity.WARNING),
        (ClosingMonth(2020, Fraction("0.8266"), Fraction("0.8266")), Severity.INFO),
    ],
    ids=["not known", "94.9 %", "77.3 %"],
)
def test_in_january_it_is_held_against_january_and_not_against_31_december(
    closing_month: ClosingMonth | None, severity: Severity
) -> None:
    """80 % on 31 January is no slower than 77.3 %, and slower than the 94.9 % that January led to."""
    policy = Policy((EASED,), closing_month=closing_month)
    (finding,) = evaluate(beside_last_year(800, "2023-01-31"), policy)
    assert finding.severity is severity


@pytest.mark.parametrize(
    ("recent", "severity"),
    [(150, Severity.WARNING), (299, Severity.WARNING), (300, Severity.INFO)],
)
def test_a_shortfall_by_one_pace_alone_is_information(recent: int, severity: Severity) -> None:
    """450 of a planned 500 on 30 June: so far it heads for 900. ``recent`` of a planned 300 since 31 March:
    lately it heads for 450 + recent x 500 / 300, which is 950 with 300."""
    project = replace(
        stated(450, "2022-06-30"),
        course=Course((89, 180), (450 - recent, 450), (0, 0), (0, 0), (1000, 1000)),
    )
    finding = found(project, replace(SHORTFALL, info_in_band=True))
    assert finding is not None
    assert finding.severity is severity
    without = found(project, SHORTFALL)
    assert without is not None
    assert without.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("measured_on", "advance", "flagged"),
    [
        (AdvanceBase.PLAN, 300, False),
        (AdvanceBase.PLAN, 301, True),
        (AdvanceBase.TOTAL_INVESTMENT, 600, False),
        (AdvanceBase.TOTAL_INVESTMENT, 601, True),
    ],
)
def test_an_advance_above_30_percent(measured_on: AdvanceBase, advance: int, *, flagged: bool) -> None:
    limit = rule(RuleName.ADVANCE_OVER_LIMIT, threshold=Fraction("0.30"), measured_on=measured_on)
    project = ledger(f"2022-01-10 plan P1 1000\n2022-02-01 advance P1 {advance}\n2022-03-31 cutoff")
    assert (found(replace(project, total_investment=2000), limit) is not None) is flagged
    if measured_on is AdvanceBase.TOTAL_INVESTMENT:
        assert found(project, limit) is None, "not known"


@pytest.mark.parametrize(("since", "flagged"), [(date(2022, 1, 30), False), (date(2022, 1, 29), True)])
def test_an_advance_not_recovered_for_60_days(since: date, *, flagged: bool) -> None:
    overdue = rule(RuleName.ADVANCE_OVERDUE, threshold=Fraction(60))
    project = ledger("2022-01-10 plan P1 1000\n2022-01-29 advance P1 100\n2022-03-31 cutoff")
    assert (found(replace(project, advance_since=since), overdue) is not None) is flagged
    assert found(project, overdue) is None


@pytest.mark.parametrize(("allocated", "flagged"), [(0, False), (990, False), (989, True)])
def test_plan_that_is_not_allocated_where_any_allocation_is_known(allocated: int, *, flagged: bool) -> None:
    unallocated = rule(RuleName.UNALLOCATED_PLAN, threshold=Fraction("0.01"))
    project = stated(100)
    (line,) = project.lines
    project = replace(project, lines=(replace(line, allocated_plan=allocated),))
    assert (found(project, unallocated) is not None) is flagged


def test_estimates_alone_are_said_to_be() -> None:
    estimate = rule(RuleName.ESTIMATE_ONLY)
    project = replace(stated(100), includes_estimate=True)
    assert found(project, estimate) is not None
    assert found(replace(project, series=((Series.TREASURY_VOUCHERS, 50),)), estimate) is None
    assert found(stated(100), estimate) is None


@pytest.mark.parametrize(("owner", "flagged"), [(98, False), (97, True), (103, True)])
def test_treasury_and_owner_differ(owner: int, *, flagged: bool) -> None:
    mismatch = rule(RuleName.TREASURY_OWNER_MISMATCH, threshold=Fraction("0.02"))
    series = ((Series.TREASURY_VOUCHERS, 100), (Series.OWNER_STATEMENTS, owner))
    assert (found(replace(stated(100), series=series), mismatch) is not None) is flagged
    assert found(replace(stated(100), series=series[:1]), mismatch) is None


STALE = rule(RuleName.SOURCE_STALE, threshold=Fraction(45), inhibits_after=90, subjects=frozenset())


@pytest.mark.parametrize(
    ("reaches", "rules"),
    [
        ([(3, 1), (5, 31)], [RuleName.BEHIND_TARGET]),
        ([(3, 2)], [RuleName.BEHIND_TARGET]),
        ([(3, 1)], [RuleName.SOURCE_STALE]),
    ],
)
def test_only_sources_that_are_all_too_old_inhibit_and_it_is_said(
    reaches: list[tuple[int, int]], rules: list[RuleName]
) -> None:
    sources = tuple(SourceReach(f"s{place}", date(2022, *day)) for place, day in enumerate(reaches))
    findings = evaluate(replace(stated(100), sources=sources), Policy((BEHIND, STALE)))
    assert [finding.rule for finding in findings] == rules
    if RuleName.SOURCE_STALE in rules:
        assert findings[0].inhibited == (RuleName.BEHIND_TARGET,)
        assert findings[0].stale_sources == ("s0",)


def test_the_past_is_judged_by_the_course() -> None:
    project = replace(
        stated(900, "2022-06-30"),
        course=Course((9, 140, 180), (0, 300, 900), (0, 0, 0), (0, 0, 0), (1000, 1000, 1000)),
    )
    policy = Policy((BEHIND,))
    assert evaluate(project, policy) == []
    (then,) = evaluate(project, policy, on=date(2022, 5, 31))
    assert (then.as_of, then.disbursed, then.measured) == (date(2022, 5, 31), 300, Fraction(3, 4))
    with pytest.raises(ValueError, match="after the figures end"):
        evaluate(project, policy, on=date(2022, 7, 1))


@pytest.mark.parametrize(
    ("order", "judge"),
    [
        ((BaselineName.REGISTERED, BaselineName.TARGET), BaselineName.TARGET),
        ((BaselineName.REGISTERED, BaselineName.LINEAR), BaselineName.LINEAR),
        ((BaselineName.S_CURVE, BaselineName.TARGET), BaselineName.S_CURVE),
    ],
)
def test_the_first_preferred_baseline_that_it_has_judges(
    order: tuple[BaselineName, ...], judge: BaselineName
) -> None:
    project = replace(stated(1), starts_on=date(2021, 7, 1), closed_on=date(2023, 6, 30))
    (finding,) = evaluate(project, Policy((BEHIND,), (Preference(EVERYBODY, order),)))
    assert finding.judged_by is not None
    assert finding.judged_by.baseline.name is judge
    assert {c.baseline.name for c in finding.comparisons} >= {BaselineName.TARGET, BaselineName.S_CURVE}
