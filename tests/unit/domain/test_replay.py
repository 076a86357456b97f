"""The past judged again: flags worked out by hand. The target asks 100 of 1,200 each month, evenly by day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from services.domain.lag_rules import Policy, RuleName, Severity
from services.domain.replay import Flag, flagged_since, replay
from tests.support.past_year import asked, behind, day, history, monthly

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
_EVEN = monthly(*[100] * 12)


def _flags(project: object, policy: object = None) -> list[tuple[str, str | None, str]]:
    flags = replay(project.days(asked().days), policy or behind())  # type: ignore[attr-defined, arg-type]
    return [
        (str(flag.raised_on), str(flag.cleared_on) if flag.cleared_on else None, str(flag.severity))
        for flag in flags
    ]


def test_who_pays_as_planned_is_flagged_only_where_the_plan_asks_more_than_a_tenth_more() -> None:
    # 600 by 30 June; the target asks 100 a month: 600 / (600 + d/31 * 100) < 0.9 from d = 20.67 on.
    assert _flags(history("even", _EVEN))[0] == ("2022-07-21", "2022-07-31", "warning")


def test_who_stalls_is_flagged_and_becomes_critical() -> None:
    # 600 by 30 June and no more: below 0.9 from 21 July, never below 0.5 (600 of 1,200 at the end).
    assert _flags(history("stalls", monthly(*[100] * 6))) == [("2022-07-21", None, "warning")]
    # 500 by 31 May: 500/600 < 0.9 on 30 June; below 0.5 once the target is above 1,000: on 1 November.
    assert _flags(history("worse", monthly(*[100] * 5))) == [("2022-06-30", None, "critical")]


def test_a_flag_is_cleared_by_a_payment_and_raised_again() -> None:
    flags = replay(history("again", {**monthly(*[100] * 6), "08-10": 200}).days(asked().days), behind())
    # 800 by 10 August; 800 / 100m < 0.9 from m = 8.89: 27 September (8 + 27/30 = 8.9).
    assert [(flag.raised_on, flag.cleared_on, flag.is_again) for flag in flags] == [
        (day("07-21"), day("08-10"), False),
        (day("09-27"), None, True),
    ]


def test_nothing_is_judged_before_anything_was_reported_nor_beyond_where_the_books_end() -> None:
    silent = history("silent", {"06-30": 600}, books={"06-30": "06-30"})
    # The province reported nothing after 30 June: what is not reported is no lag.
    assert _flags(silent) == []
    reported = history("silent", {"06-30": 600}, books={"06-30": "06-30", "08-31": "09-05"})
    # Books to 31 August come in on 5 September: 600 of 800 by then.
    assert _flags(reported) == [("2022-09-05", None, "warning")]


def test_a_late_voucher_counts_from_its_own_day_unless_it_is_asked_what_was_known() -> None:
    paid = {**monthly(*[100] * 6), "07-15": 600}
    assert _flags(history("late", paid)) == []
    # Taken in on 1 September only: until then the ledger knew of 600.
    late = history("late", paid, known={"07-15": "2022-09-01"})
    assert _flags(late) == [("2022-07-21", "2022-09-01", "warning")]


def test_a_plan_that_is_cut_clears_the_flag_from_its_day_on() -> None:
    cut = history("cut", monthly(*[100] * 6), plans={"01-01": 1_200, "11-21": 600})
    assert _flags(cut) == [("2022-07-21", "2022-11-21", "warning")]


@pytest.mark.parametrize(
    ("since", "cleared", "least", "stretches"),
    [
        ([("03-01", INFO)], None, INFO, [("03-01", None)]),
        ([("03-01", INFO)], None, WARNING, []),
        ([("03-01", INFO), ("05-01", WARNING)], None, WARNING, [("05-01", None)]),
        ([("03-01", INFO), ("05-01", WARNING)], "06-01", WARNING, [("05-01", "06-01")]),
        ([("03-01", WARNING), ("05-01", INFO)], "06-01", WARNING, [("03-01", "05-01")]),
        ([("03-01", WARNING), ("04-01", INFO), ("05-01", CRITICAL)], None, WARNING,
         [("03-01", "04-01"), ("05-01", None)]),
        ([("03-01", WARNING), ("04-01", CRITICAL), ("05-01", WARNING)], "06-01", WARNING,
         [("03-01", "06-01")]),
        ([("03-01", WARNING), ("04-01", CRITICAL), ("05-01", WARNING)], "06-01", CRITICAL,
         [("04-01", "05-01")]),
    ],
)  # fmt: skip
def test_how_urgent_a_flag_was_and_when(
    since: list[tuple[str, Severity]], cleared: str | None, least: Severity, stretches: list[tuple[str, str]]
) -> None:
    steps = [(day(on), severity) for on, severity in since]
    worst = max((severity for _, severity in steps), key=[INFO, WARNING, CRITICAL].index)
    flag = Flag(
        RuleName.BEHIND_TARGET,
        1,
        worst,
        steps[0][0],
        day(cleared) if cleared else None,
        since=tuple(steps) if len(steps) > 1 else (),
    )
    found = list(flag.at_least(least))
    assert [(each.raised_on, each.cleared_on) for each in found] == [
        (day(raised), day(ended) if ended else None) for raised, ended in stretches
    ]
    assert [each.is_again for each in found] == [place > 0 for place in range(len(found))]


def test_a_replay_keeps_how_urgent_a_flag_was() -> None:
    # As "worse" above: a warning on 30 June, critical on 1 November.
    (flag,) = replay(history("worse", monthly(*[100] * 5)).days(asked().days), behind())
    assert flag.since == ((day("06-30"), WARNING), (day("11-01"), CRITICAL))
    assert [each.raised_on for each in flag.at_least(CRITICAL)] == [day("11-01")]


@pytest.mark.parametrize(
    ("spells", "since"),
    [
        ([], None),
        ([("03-01", None)], "03-01"),
        ([("03-01", "06-01")], None),
        ([("03-01", "06-01"), ("06-01", None)], "03-01"),
        ([("03-01", "06-01"), ("06-02", None)], "06-02"),
        ([("02-01", "12-01"), ("03-01", "04-01"), ("05-01", None)], "02-01"),
        ([("12-31", "2023-01-05")], "12-31"),
        ([("2023-01-02", None)], None),
    ],
)
def test_since_when_a_project_was_flagged_without_a_break(
    spells: list[tuple[str, str | None]], since: str | None
) -> None:
    flags = [
        Flag(RuleName.BEHIND_TARGET, 1, Severity.WARNING, day(raised), day(cleared) if cleared else None)
        for raised, cleared in spells
    ]
    assert flagged_since(flags, date(2022, 12, 31)) == (day(since) if since else None)


def test_an_open_flag_clears_only_where_the_policy_says_so() -> None:
    # 600 by 30 June, flagged on 21 July; 60 more on 22 July make it 660 / 670.97 = 0.98 of the target.
    paid = {**monthly(*[100] * 6), "07-22": 60}
    patient = Policy(tuple(replace(rule, clear_at=Fraction(1)) for rule in behind().rules))
    assert _flags(history("p", paid))[0] == ("2022-07-21", "2022-07-22", "warning")
    assert _flags(history("p", paid), patient) == [("2022-07-21", None, "warning")]
