"""A whole back-test of a handful of projects: the same on one processor and on two, and its picture."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree as Xml

import pytest

from services.backtest.backtest import Answer, backtest
from services.backtest.picture import draw
from services.console.backtest_printing import as_csv, as_json
from services.domain.hindsight import Fate, Ratio
from services.domain.lag_rules import Policy
from tests.support.past_year import asked, behind, history, monthly, named

_SVG = "{http://www.w3.org/2000/svg}"
_STRICT, _LAX = named("strict", behind("0.90")), named("lax", behind("0.60"))
_PROJECTS = [
    history("made", monthly(*[100] * 12)),
    history("rush", monthly(0, 0, 0, 0, 0, 300, 0, 0, 0, 0, 0, 900)),
    history("stalled", monthly(*[100] * 6)),
    *(history(f"made-{number:02d}", monthly(*[100] * 12)) for number in range(60)),
]


@pytest.fixture(scope="module")
def answer() -> Answer:
    return backtest(_PROJECTS, [_STRICT, _LAX], asked())


def test_each_policy_is_scored_over_the_same_projects(answer: Answer) -> None:
    strict, lax = (tested.score for tested in answer.tested)
    assert strict.base_rate == lax.base_rate == Ratio(1, 63)
    # 600 / 100m < 0.6 only from the end of October on: 31/12 less 1 November is 60 days.
    assert lax.lead_time is not None
    assert lax.lead_time.median == Fraction(60)
    # The rush is flagged by both and makes it; who pays evenly is below 0.9 between two payments.
    assert lax.precision == Ratio(1, 2)
    assert strict.precision == Ratio(1, 63)
    assert [ended.fate for ended in answer.ended[:3]] == [Fate.MADE_IT, Fate.MADE_IT, Fate.MISSED]


def test_one_and_two_processes_give_the_same_answer(answer: Answer) -> None:
    done: list[int] = []
    twice = backtest(_PROJECTS, [_STRICT, _LAX], asked(processes=2), on_subjects=done.append)
    assert (twice.ended, twice.tested) == (answer.ended, answer.tested)
    assert sum(done) == len(_PROJECTS)


def test_a_year_that_is_not_over_is_not_scored() -> None:
    early = backtest(_PROJECTS[:3], [_STRICT], asked(last="09-30"))
    assert early.tested[0].score.base_rate == Ratio(0, 0)
    assert {ended.fate for ended in early.ended} == {Fate.NOT_KNOWN}
    # It is over, and the books are not.
    silent = backtest([history("s", {"06-30": 1}, books={"06-30": "06-30"})], [_STRICT], asked())
    assert {ended.fate for ended in silent.ended} == {Fate.NOT_KNOWN}
    assert list(silent.ends_early) == ["96"]


def test_the_picture_holds_each_series_with_its_name_and_both_languages(answer: Answer) -> None:
    drawn = draw(answer)
    assert drawn == draw(answer)
    svg = Xml.fromstring(drawn)  # noqa: S314 - our own
    assert svg.find(f"{_SVG}title") is not None
    assert "strict" in (svg.findtext(f"{_SVG}desc") or "")
    lines = {line.get("data-policy"): line for line in svg.iter(f"{_SVG}polyline")}
    assert set(lines) == {"strict", "lax"}
    for tested in answer.tested:
        points = [point.split(",") for point in (lines[tested.name].get("points") or "").split()]
        assert len(points) == len(answer.asked.days)
        # Higher on the picture is less on its axis: the order of heights is that of the counts.
        heights = {float(y) for _, y in points}
        assert len(heights) == len(set(tested.flagged_by_day))
    said = " ".join(text.text or "" for text in svg.iter(f"{_SVG}text"))
    for words in ("Số dự án đang bị cảnh báo chậm", "Projects flagged as lagging", "31/12", "strict", "lax"):
        assert words in said
    marks = svg.find(f"{_SVG}g[@id='lead-time']")
    assert marks is not None
    assert {mark.get("data-policy") for mark in marks.iter() if mark.get("data-policy")} == {"strict", "lax"}


def test_a_policy_without_rules_is_drawn_and_told_as_such() -> None:
    nothing = backtest(_PROJECTS[:3], [named("none", Policy(()))], asked())
    assert Xml.fromstring(draw(nothing)) is not None  # noqa: S314 - our own
    assert nothing.tested[0].score.never_flagged == 1
    assert as_json(nothing)["policies"][0]["precision"] == {"part": 0, "whole": 0, "basis_points": None}


def test_a_worksheet_gets_a_row_for_each_flag_and_no_formula(answer: Answer) -> None:
    rows = as_csv(answer).splitlines()
    assert len(rows) == 1 + sum(len(flags) for tested in answer.tested for flags in tested.flags)
    odd = backtest([history("=1+1", monthly(100))], [_STRICT], asked())
    assert ",'=1+1," in as_csv(odd)
