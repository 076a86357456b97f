"""The back-test as one picture: flagged projects through the year, and lead time against false alarms.

SVG, written with the standard library: it opens in a browser, goes into Word and LibreOffice, prints sharp,
and its words can be searched and read aloud. Each policy has its own colour, dashes and mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from services.backtest.backtest import Answer, Tested
from services.backtest.svg import GRID, INK, SOFT, colour_of, dashes_of, line, mark, words

_WIDTH, _HEIGHT = 1200, 650
_TOP, _BOTTOM = 168, 510
_LEFT_PANEL, _RIGHT_PANEL = (82, 640), (772, 1150)
_INDENT = 42
_FONT = "'Noto Sans','DejaVu Sans','Segoe UI',Arial,sans-serif"
_STEPS = 5
_COLUMNS = 2


def draw(answer: Answer) -> bytes:
    """The picture, as an SVG document."""
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {_WIDTH} {_HEIGHT + _more_legend(answer)}",
            "role": "img",
            "aria-labelledby": "title description",
            "font-family": _FONT,
            "fill": INK,
        },
    )
    SubElement(svg, "title", id="title").text = _title(answer)
    SubElement(svg, "desc", id="description").text = " ".join(_told(answer))
    SubElement(svg, "rect", width="100%", height="100%", fill="#ffffff")
    words(svg, 40, 40, _title(answer), size=20, weight="600")
    words(svg, 40, 64, _of_what(answer), colour=SOFT)
    _through_the_year(svg, answer)
    _lead_against_alarms(svg, answer)
    _legend(svg, answer)
    indent(svg)
    document: bytes = tostring(svg, encoding="utf-8", xml_declaration=True)
    return document


def _more_legend(answer: Answer) -> int:
    return 24 * max(-(-len(answer.tested) // _COLUMNS) - 2, 0)


def _title(answer: Answer) -> str:
    year = answer.asked.budget_year
    return f"Kiểm nghiệm lại quy tắc cảnh báo năm {year} / Back-test of the alert policies of {year}"


def _of_what(answer: Answer) -> str:
    projects = sum(subject.fate is not None for subject in answer.ended)
    told = f"{projects} dự án / projects"
    missed = next((tested.score.base_rate for tested in answer.tested), None)
    if missed and missed.whole:
        told += f" · {missed.part} không đạt / missed {_number(answer.asked.enough * 100)} %"
    known = (
        "theo số liệu đã có vào từng ngày / by what was known on each day"
        if answer.asked.as_known
        else "theo mọi số liệu hiện có / by all that is known now"
    )
    return f"{told} · {known}"


def _told(answer: Answer) -> Iterator[str]:
    """The picture in words, for who does not see it."""
    for tested in answer.tested:
        most, lead = max(tested.flagged_by_day, default=0), tested.score.lead_time
        days = f", trung vị báo trước / median lead {_number(lead.median)} ngày / days" if lead else ""
        yield (
            f"{tested.name}: nhiều nhất {most} dự án bị cảnh báo cùng lúc / at most {most} projects at "
            f"once, {tested.score.false_alarms} báo nhầm / false alarms{days}."
        )


# --- left: projects flagged, day by day ------------------------------------------------------------


def _through_the_year(svg: Element, answer: Answer) -> None:
    left, right = _LEFT_PANEL
    group = SubElement(svg, "g", id="through-the-year")
    _heading(group, left, "Số dự án đang bị cảnh báo chậm", "Projects flagged as lagging, by day")
    top = _nice(max((count for tested in answer.tested for count in tested.flagged_by_day), default=0))
    days = answer.asked.days

    def x(day: date) -> float:
        return left + (right - left) * (day - days[0]).days / max(len(days) - 1, 1)

    def y(count: int) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * count / top

    _scale(group, left, right, top)
    for first in (day for day in days if day.day == 1):
        line(group, (x(first), _BOTTOM), (x(first), _BOTTOM + 5), colour=SOFT)
        words(group, x(first) + 3, _BOTTOM + 20, str(first.month), colour=SOFT)
    words(group, (left + right) / 2, _BOTTOM + 44, "tháng / month", anchor="middle", colour=SOFT)
    for cut in answer.asked.cut_dates:
        line(group, (x(cut), _TOP), (x(cut), _BOTTOM), colour="#9aa5b1", dashes="2 4")
        words(group, x(cut), _TOP - 8, f"{cut:%d/%m}", anchor="middle", colour=SOFT, size=11)
    for number, tested in enumerate(answer.tested):
        by_day = zip(days, tested.flagged_by_day, strict=True)
        attributes = {
            "points": " ".join(f"{x(day):.1f},{y(count):.1f}" for day, count in by_day),
            "fill": "none",
            "stroke": colour_of(number),
            "stroke-width": "2.4",
            "stroke-linejoin": "round",
            "data-policy": tested.name,
        }
        if dashes_of(number):
            attributes["stroke-dasharray"] = dashes_of(number)
        SubElement(SubElement(group, "polyline", attributes), "title").text = tested.name


# --- right: lead time against false alarms ---------------------------------------------------------


def _lead_against_alarms(svg: Element, answer: Answer) -> None:
    left, right = _RIGHT_PANEL
    group = SubElement(svg, "g", id="lead-time")
    _heading(
        group,
        left,
        "Báo trước bao lâu, báo nhầm bao nhiêu",
        "Days flagged before 31/12 (median, quartiles), and false alarms",
    )
    scores = [tested.score for tested in answer.tested]
    widest = _nice(max((score.false_alarms for score in scores), default=0))
    longest = _nice(max((answer.asked.year_end - answer.asked.first).days, 0))
    made = max((score.base_rate.whole - score.base_rate.part for score in scores), default=0)

    def x(alarms: Fraction) -> float:
        return left + (right - left) * float(alarms / widest)

    def y(days: Fraction) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * float(days / longest)

    _scale(group, left, right, longest)
    for step in range(_STEPS + 1):
        alarms = Fraction(widest * step, _STEPS)
        line(group, (x(alarms), _BOTTOM), (x(alarms), _BOTTOM + 5), colour=SOFT)
        words(group, x(alarms), _BOTTOM + 20, _number(alarms), anchor="middle", colour=SOFT)
    across = f"báo nhầm, trong {made} dự án đạt / false alarms, of {made}"
    words(group, (left + right) / 2, _BOTTOM + 44, across, anchor="middle", colour=SOFT)
    for number, tested in enumerate(answer.tested):
        _point(group, number, tested, x=x(Fraction(tested.score.false_alarms)), y=y)


def _point(group: Element, number: int, tested: Tested, *, x: float, y: Callable[[Fraction], float]) -> None:
    """Median and quartiles; a hollow mark on the ground where no project that missed stayed flagged."""
    own = SubElement(group, "g", {"data-policy": tested.name})
    SubElement(own, "title").text = tested.name
    lead = tested.score.lead_time
    if lead is None:
        mark(own, number, x, y(Fraction(0)), is_hollow=True)
        return
    low, high = y(lead.lower_quartile), y(lead.upper_quartile)
    line(own, (x, low), (x, high), colour=colour_of(number), width=2)
    for end in (low, high):
        line(own, (x - 6, end), (x + 6, end), colour=colour_of(number), width=2)
    mark(own, number, x, y(lead.median))


# --- what both have ----------------------------------------------------------------------------------


def _heading(group: Element, left: float, vietnamese: str, english: str) -> None:
    words(group, left - _INDENT, 106, vietnamese, size=15, weight="600")
    words(group, left - _INDENT, 126, english, colour=SOFT)


def _scale(group: Element, left: float, right: float, top: int) -> None:
    """The ground, and a line for each step up to ``top``."""
    for step in range(_STEPS + 1):
        y = _BOTTOM - (_BOTTOM - _TOP) * step / _STEPS
        line(group, (left, y), (right, y), colour=GRID if step else SOFT)
        words(group, left - 10, y + 4, _number(Fraction(top * step, _STEPS)), anchor="end", colour=SOFT)


def _legend(svg: Element, answer: Answer) -> None:
    """A line and mark for each policy, with what it caught."""
    group = SubElement(svg, "g", id="legend")
    for number, tested in enumerate(answer.tested):
        x = 40 + (number % _COLUMNS) * 575
        y = 594 + (number // _COLUMNS) * 24
        line(
            group, (x, y - 4), (x + 36, y - 4), colour=colour_of(number), width=2.4, dashes=dashes_of(number)
        )
        mark(group, number, x + 18, y - 4)
        recall = tested.score.recall
        caught = f" · phát hiện / caught {recall.part}/{recall.whole}" if recall.whole else ""
        words(group, x + 48, y, f"{tested.name}{caught}")


def _nice(most: int) -> int:
    """The least round number that holds ``most`` and falls into five whole steps."""
    unit = 1
    while most > 50 * unit:
        unit *= 10
    return next(top * unit for top in (5, 10, 20, 30, 40, 50) if top * unit >= most)


def _number(value: Fraction) -> str:
    """At most one decimal, the Vietnamese way."""
    text = f"{float(value):.1f}"
    return text.removesuffix(".0").replace(".", ",")
