"""Who is flagged, by which rule: as ledgers an auditor can read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from services.domain.baselines import BaselineName
from services.domain.finding import Finding, Standing, finding_digest
from services.domain.lag_rules import Policy, Rule, RuleName, Severity
from services.domain.plan import BaselineKind, PlanLevel
from services.domain.progress import FundLine, Progress, SubjectType
from services.domain.verdict import evaluate, unflagged
from tests.support import ca_mau
from tests.support.ledger_text import ledger, without_books

EVERYBODY = frozenset(SubjectType)
BEHIND_TARGET = Rule(
    RuleName.BEHIND_TARGET,
    1,
    Severity.WARNING,
    EVERYBODY,
    threshold=Fraction("0.90"),
    critical_below=Fraction("0.50"),
)
NOTHING_DISBURSED = Rule(RuleName.NOTHING_DISBURSED, 1, Severity.CRITICAL, EVERYBODY, from_month=Fraction(3))
OVER_PLAN = Rule(RuleName.OVER_PLAN, 1, Severity.CRITICAL, EVERYBODY)
BELOW_NATION = Rule(RuleName.BELOW_NATIONAL_AVERAGE, 1, Severity.INFO, EVERYBODY)
STALE = Rule(RuleName.SOURCE_STALE, 1, Severity.WARNING, EVERYBODY, threshold=Fraction(45))
RULES = (BEHIND_TARGET, NOTHING_DISBURSED, OVER_PLAN, BELOW_NATION, STALE)


def reasons(progress: Progress) -> list[RuleName]:
    return [finding.rule for finding in evaluate(progress, Policy(RULES))]


def only(progress: Progress, rule: Rule) -> Finding:
    (finding,) = evaluate(progress, Policy((rule,)))
    return finding


def test_no_payment_by_the_end_of_march_opens_an_alert() -> None:
    project = ledger("""
        2022-01-10 plan     P1 1200
        2022-03-31 cutoff
    """)
    assert reasons(project) == [RuleName.NOTHING_DISBURSED]


def test_no_payment_by_the_day_before_is_too_early_to_say() -> None:
    project = ledger("""
        2022-01-10 plan     P1 1200
        2022-03-30 cutoff
    """)
    assert reasons(project) == []


def test_one_dong_is_not_nothing() -> None:
    project = ledger("""
        2022-01-10 plan     P1 1200
        2022-03-31 advance  P1 1
        2022-03-31 cutoff
    """)
    assert reasons(project) == []


def test_an_advance_refunded_in_full_is_nothing_disbursed() -> None:
    project = ledger("""
        2022-01-10 plan     P1 1200
        2022-02-01 advance  P1 300
        2022-03-01 refund   P1 300
        2022-03-31 cutoff
    """)
    assert reasons(project) == [RuleName.NOTHING_DISBURSED]


def test_a_payment_after_the_cutoff_does_not_count() -> None:
    project = ledger("""
        2022-01-10 plan     P1 1200
        2022-03-31 cutoff
        2022-04-01 advance  P1 300
    """)
    assert reasons(project) == [RuleName.NOTHING_DISBURSED]


@pytest.mark.parametrize(
    ("disbursed", "severity"),
    [(479, Severity.WARNING), (431, Severity.WARNING), (240, Severity.WARNING), (239, Severity.CRITICAL)],
)
def test_the_further_behind_the_more_urgent(disbursed: int, severity: Severity) -> None:
    """Target 40 % of 1,200 at the end of May is 480; threshold 0.90 is 432, critical below 240."""
    project = ledger(f"""
        2022-01-10 plan       P1 1200
        2022-03-31 target     20%
        2022-06-30 target     50%
        2022-05-31 statement  P1 {disbursed}
        2022-05-31 cutoff
    """)
    found = evaluate(project, Policy((BEHIND_TARGET,)))
    assert [f.severity for f in found] == ([] if disbursed >= 432 else [severity])


def test_exactly_at_the_threshold_is_not_below_it() -> None:
    project = ledger("""
        2022-01-10 plan       P1 1000
        2022-06-30 target     50%
        2022-06-30 statement  P1 450
        2022-06-30 cutoff
    """)
    assert reasons(project) == []


def test_a_plan_raised_in_the_year_raises_what_is_asked() -> None:
    text = """
        2022-01-10 plan       P1 1000
        {raise_}
        2022-06-30 target     50%
        2022-06-30 statement  P1 450
        2022-06-30 cutoff
    """
    assert reasons(ledger(text.format(raise_=""))) == []
    assert reasons(ledger(text.format(raise_="2022-06-01 plan P1 1200"))) == [RuleName.BEHIND_TARGET]


def test_behind_its_target_and_ahead_of_the_nation() -> None:
    """The verdict depends on the baseline, so each is shown by name."""
    project = ledger("""
        2022-01-10 plan       P1 10000
        2021-04-30 previous   18.65%
        2021-07-31 previous   36.71%
        2022-05-31 national   22.37%
        2022-03-31 target     20%
        2022-06-30 target     50%
        2022-05-31 statement  P1 3400
        2022-05-31 cutoff
    """)
    finding = only(project, BEHIND_TARGET)
    assert [
        (c.baseline.name, c.baseline.budget_year, c.standing, c.is_stated) for c in finding.comparisons
    ] == [
        (BaselineName.TARGET, 2022, Standing.BEHIND, False),
        (BaselineName.NATIONAL, 2022, Standing.AHEAD, True),
        (BaselineName.PREVIOUS_YEAR, 2021, Standing.AHEAD, False),
    ]
    assert reasons(project) == [RuleName.BEHIND_TARGET]


def test_last_years_curve_does_not_stand_in_for_this_years() -> None:
    project = ledger("""
        2022-01-10 plan       P1 1000
        2021-05-31 previous   30%
        2022-05-31 statement  P1 100
        2022-05-31 cutoff
    """)
    assert reasons(project) == []


def test_one_fund_source_over_its_plan_is_over_whatever_the_others_hold() -> None:
    project = ledger("""
        2022-01-10 plan     P1 1000 local
        2022-01-10 plan     P1 100  central
        2022-03-01 payment  P1 130  central
        2022-03-31 cutoff
    """)
    finding = only(project, OVER_PLAN)
    assert (finding.excess, finding.over_fund_source) == (30, "central")


def test_a_plan_that_lapsed_leaves_what_was_paid_over_it() -> None:
    project = ledger("""
        2022-01-10 plan     P1 1000
        2022-03-01 payment  P1 130
        2022-06-01 plan     P1 0
        2022-06-30 target   50%
        2022-06-30 cutoff
    """)
    assert reasons(project) == [RuleName.OVER_PLAN]
    assert only(project, OVER_PLAN).excess == 130


def test_money_before_any_plan_is_known_is_not_over_plan() -> None:
    project = ledger("""
        2022-03-01 payment  P1 130
        2022-03-31 cutoff
    """)
    assert reasons(project) == []


@pytest.mark.parametrize(("cutoff", "flagged"), [("2022-07-15", False), ("2022-07-16", True)])
def test_books_older_than_45_days_are_stale(cutoff: str, *, flagged: bool) -> None:
    project = ledger(f"""
        2022-01-10 plan       P1 1000
        2022-05-31 statement  P1 900
        2022-05-31 books
        {cutoff}   cutoff
    """)
    assert (RuleName.SOURCE_STALE in reasons(project)) is flagged


@pytest.mark.parametrize(
    ("books_through", "business_date"),
    [(date(2023, 1, 31), date(2023, 6, 1)), (None, date(2022, 1, 25))],
    ids=["the year is closed", "the year has just begun"],
)
def test_no_books_are_owed_outside_the_year(books_through: date | None, business_date: date) -> None:
    project = replace(
        ledger("2022-01-10 plan P1 1000\n2022-01-31 cutoff"),
        books_through=books_through,
        business_date=business_date,
        plan_effective_date=date(2021, 12, 10),
    )
    assert RuleName.SOURCE_STALE not in reasons(project)


def test_where_nothing_was_ever_reported_only_the_silence_is_told() -> None:
    """No data is not lagging."""
    project = without_books(
        ledger("""
        2022-01-10 plan     P1 1200
        2022-06-30 target   50%
        2022-06-30 national 30%
        2022-06-30 cutoff
    """)
    )
    assert reasons(project) == [RuleName.SOURCE_STALE]


def test_a_fund_line_is_not_judged_as_a_project() -> None:
    line = ledger("2022-01-10 plan P1 1200\n2022-03-31 cutoff")
    line = replace(line, subject=replace(line.subject, level=PlanLevel.FUND_LINE))
    assert reasons(line) == []


def test_a_rule_flags_only_the_subjects_in_its_scope() -> None:
    province = ledger("2022-01-10 plan 96 1200\n2022-03-31 cutoff", subject_type=SubjectType.PROVINCE)
    for_projects = replace(NOTHING_DISBURSED, subjects=frozenset({SubjectType.PROJECT}))
    assert evaluate(province, Policy((for_projects,))) == []


def test_a_baseline_that_falls_is_refused() -> None:
    project = ledger("2022-01-10 plan P1 1200\n2022-03-31 cutoff")
    falling = ca_mau.schedule(BaselineKind.TARGET, "P1", {date(2022, 3, 31): 5000, date(2022, 6, 30): 2000})
    with pytest.raises(ValueError, match="falls"):
        evaluate(replace(project, baselines=(falling,)), Policy(RULES))


def test_ca_mau_at_the_end_of_may_is_behind_its_target_only() -> None:
    assert reasons(ca_mau.province()) == [RuleName.BEHIND_TARGET]


@pytest.mark.parametrize(
    ("what", "again"),
    [
        ("the version", replace(ca_mau.province(), version=9)),
        ("the watermark", replace(ca_mau.province(), ledger_watermark=99)),
        ("the business date", replace(ca_mau.province(), business_date=date(2022, 6, 20))),
        ("the last movement", replace(ca_mau.province(), last_movement_date=date(2022, 5, 1))),
    ],
)
def test_judged_again_with_the_same_figures_it_is_the_same_finding(what: str, again: Progress) -> None:
    first = only(ca_mau.province(), BEHIND_TARGET)
    assert finding_digest(only(again, BEHIND_TARGET)) == finding_digest(first)


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("one dong", ca_mau.province(disbursed=1_207_200_000_001)),
        ("the day", replace(ca_mau.province(), as_of=date(2022, 6, 1))),
        ("the estimate", ca_mau.province(includes_estimate=True)),
        (
            "the officer",
            ca_mau.province(subject=replace(ca_mau.province().subject, accountable_officer="Bà B")),
        ),
        ("a curve", replace(ca_mau.province(), baselines=ca_mau.BASELINES[:2])),
        ("the decision", replace(ca_mau.province(), plan_decision_number="QĐ 2")),
        (
            "the plan",
            replace(ca_mau.province(), lines=(FundLine("all", 0, 3_551_000_000_000, 0, 1_207_200_000_000),)),
        ),
    ],
)
def test_whatever_else_changes_it_is_another_finding(what: str, other: Progress) -> None:
    first = only(ca_mau.province(), BEHIND_TARGET)
    assert finding_digest(only(other, BEHIND_TARGET)) != finding_digest(first)


def test_books_that_stay_away_are_one_finding_however_long() -> None:
    silent = without_books(ledger("2022-01-10 plan P1 1200\n2022-06-30 cutoff"))
    later = replace(silent, business_date=date(2022, 7, 1), as_of=date(2022, 7, 1))
    assert finding_digest(only(silent, STALE)) == finding_digest(only(later, STALE))


@pytest.mark.parametrize(
    "other",
    [
        ca_mau.province(disbursed=1_300_000_000_000),
        replace(ca_mau.province(), baselines=ca_mau.BASELINES[:1]),
        replace(ca_mau.province(), lines=(FundLine("all", 0, 5, 0, 1),)),
    ],
    ids=["disbursed", "curves", "plan"],
)
def test_that_the_books_stopped_says_nothing_of_amounts_or_curves(other: Progress) -> None:
    """What is never said must not update the alert."""
    first, again = (replace(one, business_date=date(2022, 8, 1)) for one in (ca_mau.province(), other))
    assert finding_digest(only(again, STALE)) == finding_digest(only(first, STALE))
    reported = replace(first, books_through=date(2022, 6, 1))
    assert finding_digest(only(reported, STALE)) != finding_digest(only(first, STALE))


def test_what_makes_it_critical_is_part_of_the_finding() -> None:
    progress = ca_mau.province(disbursed=500_000_000_000)
    other = replace(BEHIND_TARGET, critical_below=Fraction("0.60"))
    assert only(progress, BEHIND_TARGET).critical_below == Fraction("0.50")
    assert finding_digest(only(progress, other)) != finding_digest(only(progress, BEHIND_TARGET))
    assert only(ca_mau.province(), BEHIND_TARGET).critical_below is None


def test_a_new_version_of_the_rule_is_another_finding() -> None:
    second = replace(BEHIND_TARGET, version=2)
    progress = ca_mau.province()
    assert finding_digest(only(progress, second)) != finding_digest(only(progress, BEHIND_TARGET))


def test_a_subject_no_longer_flagged_still_shows_its_figures() -> None:
    better = ca_mau.province(disbursed=1_500_000_000_000)
    assert evaluate(better, Policy((BEHIND_TARGET,))) == []
    shown = unflagged(better, BEHIND_TARGET, Policy((BEHIND_TARGET,)))
    assert shown.judged_by is not None
    assert shown.judged_by.baseline.name is BaselineName.TARGET
