"""A change reckoned again comes out as it was told: each thing that was kept with it counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.alert import recomputing
from services.alert.explanation_store import KeptChange
from services.alert.recomputing import NotKeptError
from services.domain.alert_lifecycle import AlertTransition
from services.domain.course import Course
from services.domain.lag_rules import RuleName
from services.domain.progress import FundLine, Progress
from tests.support import ca_mau
from tests.support.alert_examples import kept

MARCH, MAY = date(2022, 3, 31), date(2022, 5, 31)


def progress(march: int = 100, may: int = 340) -> Progress:
    """Of a plan of 1,000 in Cà Mau, whose target asks 200 by March and 400 by May: the rule flags below 0.90
    of it, and an open alert clears at 0.95."""
    course = Course((89, 150), (march, may), (0, 0), (0, 0), (1000, 1000))
    return replace(ca_mau.province(), lines=(FundLine("all", 0, 1000, 0, may),), course=course)


def again(told: Progress, change: KeptChange) -> list[str]:
    """Where it differs."""
    flagged, figures = recomputing.judged_again(told, change)
    return [where for where, *_ in recomputing.differences(change, flagged, figures)]


def test_what_an_earlier_version_did_not_tell_is_no_difference() -> None:
    whole = kept(progress(), RuleName.BEHIND_TARGET)
    before = replace(whole, figures={k: v for k, v in whole.figures.items() if k != "measures"})
    other = replace(whole, figures={**whole.figures, "disbursed": 1})
    assert [again(progress(), each) for each in (whole, before, other)] == [[], [], ["disbursed"]]


def test_it_is_taken_for_open_as_it_was_then_and_whether_it_flags_is_compared() -> None:
    """0.92 of what is asked: flagged only where the alert was open already."""
    held = progress(may=368)
    was_open = kept(held, RuleName.BEHIND_TARGET, open_rules={RuleName.BEHIND_TARGET})
    was_not = kept(held, RuleName.BEHIND_TARGET)
    assert (was_open.transition, was_not.transition) == ("opened", "resolved")
    assert again(held, was_open) == again(held, was_not) == []
    assert "flagged" in again(held, replace(was_open, open_rules=()))
    assert again(held, replace(was_not, transition="opened")) == ["flagged"]
    assert again(progress(), replace(kept(progress(), RuleName.BEHIND_TARGET), transition="resolved")) == [
        "flagged"
    ]


@pytest.mark.parametrize("transition", AlertTransition)
def test_every_change_but_an_end_was_told_because_the_rule_flags(transition: AlertTransition) -> None:
    change = replace(kept(progress(), RuleName.BEHIND_TARGET), transition=transition.value)
    ends = transition in (AlertTransition.RESOLVED, AlertTransition.CANCELLED)
    assert again(progress(), change) == (["flagged"] if ends else [])


def test_what_ends_an_alert_is_as_urgent_as_the_alert_was() -> None:
    ended = kept(progress(may=400), RuleName.BEHIND_TARGET)
    assert ended.figures["severity"] == "warning"
    assert again(progress(may=400), replace(ended, figures={**ended.figures, "severity": "critical"})) == []


def test_a_version_before_kept_of_its_own_rule_alone_whether_it_was_open() -> None:
    held = progress(may=368)
    was_open = kept(held, RuleName.BEHIND_TARGET, open_rules={RuleName.BEHIND_TARGET})
    assert again(held, replace(was_open, open_rules=None)) == []
    assert "flagged" in again(held, replace(was_open, open_rules=None, was_open=False))


def test_it_is_judged_for_the_day_that_it_was_judged_for() -> None:
    """A cancelled alert is told with the figures of the day on which it had been raised."""
    cancelled = replace(kept(progress(march=200), RuleName.BEHIND_TARGET, on=MARCH), transition="cancelled")
    assert cancelled.figures["disbursed"] == 200
    assert again(progress(march=200), cancelled) == []
    assert {"as_of", "disbursed"} <= set(again(progress(march=200), replace(cancelled, judged_on=MAY)))


def test_a_rule_that_a_later_version_knows_is_passed_over() -> None:
    change = kept(progress(), RuleName.BEHIND_TARGET)
    assert again(progress(), replace(change, open_rules=("a_rule_to_come",))) == []


def test_an_edited_version_of_the_record_is_a_difference_too() -> None:
    change = kept(progress(), RuleName.BEHIND_TARGET)
    assert again(replace(progress(), version=7), change) == ["progress_version"]


STALE = replace(progress(may=100), as_of=MARCH, books_through=MARCH, business_date=date(2022, 10, 31))


def test_stale_figures_keep_the_same_rules_silent_again() -> None:
    """The forecast does not flag of itself: it is silent because its alert is open."""
    change = kept(STALE, RuleName.SOURCE_STALE, open_rules={RuleName.YEAR_END_SHORTFALL})
    assert set(change.figures["inhibited"]) >= {RuleName.BEHIND_TARGET, RuleName.YEAR_END_SHORTFALL}
    assert again(STALE, change) == []
    assert again(STALE, replace(change, open_rules=())) == ["inhibited"]
    without = {**(change.definition or {}), "silenced": []}
    assert again(STALE, replace(change, definition=without)) == ["inhibited"]


def test_what_was_not_kept_is_said() -> None:
    behind, stale = kept(progress(), RuleName.BEHIND_TARGET), kept(STALE, RuleName.SOURCE_STALE)
    of_before = {name: value for name, value in (stale.definition or {}).items() if name != "silenced"}
    for change in (
        replace(behind, definition=None),
        replace(stale, open_rules=None),
        replace(stale, definition=of_before),
    ):
        with pytest.raises(NotKeptError):
            recomputing.judged_again(progress(), change)
