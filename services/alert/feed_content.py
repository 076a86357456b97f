"""An alert as HTML for feed readers: both languages and the figures as a small table."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from html import escape
from itertools import chain

from services.alert import handling_words, phrases
from services.alert.figures import ComparisonFigures, Figures
from services.alert.http_models import AlertOut, HandlingOut
from services.alert.number_text import day, money, number, percent
from services.alert.wording import accountable_unit, baseline_words
from services.runtime.fund_sources import FundSourceNames

_NO_NUMBER = "–"


def content_html(alert: AlertOut, names: FundSourceNames) -> str:
    """A fragment; every text in it is escaped."""
    return (
        f'<p lang="vi">{escape(alert.reason_vi)}</p>'
        f'<p lang="en">{escape(alert.reason_en)}</p>'
        f"{_correction(alert)}"
        f"{figures_table(alert.finding, names, alert.handling)}{_baselines_table(alert.finding)}"
    )


def _correction(alert: AlertOut) -> str:
    """What was told before and is corrected by this entry, naming the events."""
    said = "".join(
        f'<p lang="{language}">{escape(text)}</p>'
        for language, text in (("vi", alert.correction_vi), ("en", alert.correction_en))
        if text and text not in (alert.reason_vi, alert.reason_en)
    )
    events = ", ".join(f"<code>{event_id}</code>" for event_id in alert.caused_by)
    return said + (f"<p>Bút toán đến muộn / Late events: {events}</p>" if events else "")


def figures_table(figures: Figures, names: FundSourceNames, handling: HandlingOut | None = None) -> str:
    """The figures of an alert and, where it is open, who takes care of it; every text in it is escaped."""
    told = handling_words.in_a_table(handling) if handling else ()
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in chain(_figures(figures, names), told)
    )
    return f"<table>{rows}</table>"


def _figures(figures: Figures, names: FundSourceNames) -> Iterator[tuple[str, str]]:
    def amount(minor_units: int) -> str:
        return money(minor_units, figures.currency, "vi")

    yield "Mức độ / Severity", " / ".join(phrases.SEVERITIES[figures.severity].values())
    yield "Số liệu đến ngày / As of", day(figures.as_of, "vi")
    yield "Kế hoạch vốn / Plan", amount(figures.plan.current)
    yield "Đã giải ngân / Disbursed", amount(figures.disbursed)
    rate = figures.execution_rate
    yield "Tỷ lệ giải ngân / Rate", _NO_NUMBER if rate is None else percent(_exact(rate), "vi")
    if figures.excess:
        yield "Vượt kế hoạch / Over plan", f"{amount(figures.excess)} ({names.of(figures.over_fund_source)})"
    yield "Đơn vị chịu trách nhiệm / Accountable unit", accountable_unit(figures.subject) or _NO_NUMBER
    yield "Cán bộ phụ trách / Officer", figures.subject.accountable_officer or _NO_NUMBER


def _baselines_table(figures: Figures) -> str:
    if not figures.comparisons:
        return ""
    head = "".join(
        f"<th>{name}</th>"
        for name in (
            *("So với / Against", "Mức so sánh / Baseline", "Chỉ số / Index"),
            *("Sớm (+), chậm (−) tháng / Months ahead (+), behind (−)", "Còn thiếu / Short"),
        )
    )
    rows = "".join(_baseline_row(comparison, figures) for comparison in figures.comparisons)
    return f"<table><tr>{head}</tr>{rows}</table>"


def _baseline_row(comparison: ComparisonFigures, figures: Figures) -> str:
    names = (baseline_words(comparison.name, comparison.budget_year, language) for language in ("vi", "en"))
    months = number(_exact(comparison.time_variance), "vi", digits=1)
    cells = (
        " / ".join(names),
        percent(_exact(comparison.planned_share), "vi"),
        _NO_NUMBER if comparison.dpi is None else number(_exact(comparison.dpi), "vi", digits=2),
        f"+{months}" if comparison.time_variance > 0 else months,
        money(max(comparison.shortfall, 0), figures.currency, "vi"),
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _exact(six_decimals: float) -> Fraction:
    """The decimal that was stored, not the binary fraction nearest to it."""
    return Fraction(repr(six_decimals))
