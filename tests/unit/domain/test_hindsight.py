"""What flags were worth, on a handful of projects worked out by hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from services.domain.hindsight import Fate, Hindsight, LeadTime, Ratio, fate, flagged_by_day, score
from services.domain.lag_rules import RuleName, Severity
from services.domain.replay import Flag
from tests.support.past_year import day

_END = date(2022, 12, 31)


def _project(
    how: Fate, *spells: tuple[str, str | None], rule: RuleName = RuleName.BEHIND_TARGET
) -> Hindsight:
    flags = [
        Flag(rule, 1, Severity.WARNING, day(raised), day(cleared) if cleared else None, is_again=number > 0)
        for number, (raised, cleared) in enumerate(spells)
    ]
    return Hindsight.of(how, flags, year_end=_END)


# Missed: flagged for 100 days, for 200 (and once before), flagged and lost, never flagged. Made it: flagged
# twice, never flagged. Then one without a plan, and one whose end is not known.
_PROJECTS = [
    _project(Fate.MISSED, ("09-22", None)),
    _project(Fate.MISSED, ("02-01", "03-01"), ("06-14", None)),
    _project(Fate.MISSED, ("05-01", "12-30")),
    _project(Fate.MISSED),
    _project(Fate.MADE_IT, ("04-01", "05-01"), ("10-01", "12-01")),
    _project(Fate.MADE_IT),
    _project(Fate.NO_PLAN, ("04-01", "05-01")),
    _project(Fate.NOT_KNOWN, ("04-01", None)),
]


def test_lead_time_misses_and_false_alarms_are_as_counted_by_hand() -> None:
    found = score(_PROJECTS, year_end=_END, days=[day("04-15"), day("10-31")])
    assert found.base_rate == Ratio(4, 6)
    assert found.precision == Ratio(3, 4)
    assert found.recall == Ratio(3, 4)
    assert (found.false_alarms, found.never_flagged, found.lost) == (1, 1, 1)
    assert found.lead_time == LeadTime(Fraction(125), Fraction(150), Fraction(175), 2)
    assert (found.raises, found.raised_projects, found.raised_again, found.most_raises) == (8, 6, 2, 2)
    # On 15 April only the project that made it is flagged; on 31 October it and three that missed.
    assert [(on.precision, on.recall) for on in found.on_days] == [
        (Ratio(0, 1), Ratio(0, 4)),
        (Ratio(3, 4), Ratio(3, 4)),
    ]


def test_a_flag_that_says_nothing_of_lag_and_one_after_the_year_end_are_no_catch() -> None:
    over = _project(Fate.MISSED, ("03-01", None), rule=RuleName.OVER_PLAN)
    late = _project(Fate.MISSED, ("2023-01-10", None))
    found = score([over, late], year_end=_END, days=[])
    assert (found.recall, found.never_flagged, found.lead_time) == (Ratio(0, 2), 2, None)


def test_ratios_of_nothing_have_no_share() -> None:
    found = score([], year_end=_END, days=[])
    assert found.precision.share is None
    assert found.recall.share is None
    assert Ratio(1, 3).share == Fraction(1, 3)


def test_the_year_is_made_from_ninety_five_per_cent_on() -> None:
    assert fate(disbursed=950, plan=1_000, is_known=True) is Fate.MADE_IT
    assert fate(disbursed=949, plan=1_000, is_known=True) is Fate.MISSED
    assert fate(disbursed=5, plan=0, is_known=True) is Fate.NO_PLAN
    assert fate(disbursed=5, plan=10, is_known=False) is Fate.NOT_KNOWN
    assert fate(disbursed=80, plan=100, is_known=True, enough=Fraction(4, 5)) is Fate.MADE_IT


def test_quartiles_of_one_project_are_its_own_days() -> None:
    assert LeadTime.of([90]) == LeadTime(Fraction(90), Fraction(90), Fraction(90), 1)
    assert LeadTime.of([10, 20, 30, 40, 50]) == LeadTime(Fraction(20), Fraction(30), Fraction(40), 5)


def test_a_project_with_two_flags_counts_once_a_day() -> None:
    project = _project(Fate.MISSED, ("03-01", "03-04"), ("03-02", "03-03"))
    days = [date(2022, 2, 28), *(date(2022, 3, number) for number in range(1, 6))]
    assert list(flagged_by_day([project, project], days)) == [0, 2, 2, 2, 0, 0]
