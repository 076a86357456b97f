"""The measures beside the baselines in sentences, each with its formula and the numbers put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction

from services.alert.figures import Figures
from services.alert.measured_figures import PaceFigures, PeriodFigures
from services.alert.number_text import Language, day, money, number, percent
from services.alert.wording import baseline_words
from services.domain.baselines import BaselineName

_Both = Mapping[Language, str]
_PERIOD: _Both = {
    "vi": "Từ {since} đến {through}: giải ngân {disbursed}, kế hoạch theo {baseline} {planned}",
    "en": "From {since} to {through}: {disbursed} disbursed where {baseline} planned {planned}",
}
_PACE: _Both = {"vi": "Vốn còn lại: {left}", "en": "Plan left: {left}"}
_NEEDED: _Both = {
    "vi": "; cần {amount} mỗi tháng để hết kế hoạch đến {by}",
    "en": "; {amount} a month are needed to reach the plan by {by}",
}
_BEST: _Both = {
    "vi": "; tháng cao nhất từ đầu năm: {amount} ({month})",
    "en": "; the best month so far: {amount} ({month})",
}
_SPI: _Both = {
    "vi": "SPI = {work} khối lượng hoàn thành / kế hoạch theo {baseline} đến {on} = {value}.",
    "en": "SPI = {work} of completed work / what {baseline} planned by {on} = {value}.",
}
_RATE: _Both = {
    "vi": "Tỷ lệ trên {base}: {spent} / {plan} = {rate}.",
    "en": "Rate of {base}: {spent} / {plan} = {rate}.",
}
_BASES: Mapping[str, _Both] = {
    "initial": {"vi": "kế hoạch giao đầu năm", "en": "the plan as first assigned"},
    "current": {"vi": "kế hoạch đang có hiệu lực", "en": "the plan in force"},
    "allocated": {"vi": "kế hoạch đã phân bổ chi tiết", "en": "the plan allocated in detail"},
}
_UNALLOCATED: _Both = {
    "vi": "Chưa phân bổ chi tiết: {share} kế hoạch.",
    "en": "Not allocated in detail: {share} of the plan.",
}
_MOVED: _Both = {
    "vi": "Phát sinh gần nhất: {on}, cách {days} ngày.",
    "en": "The last movement: {on}, {days} days before.",
}
_ADVANCE: _Both = {"vi": "Dư tạm ứng chưa thu hồi: {amount}", "en": "Advances not recovered: {amount}"}
_AGE: _Both = {
    "vi": "; khoản lâu nhất từ {since}, {days} ngày",
    "en": "; the oldest since {since}, {days} days",
}
_DIFFERENCE: _Both = {
    "vi": "Kho bạc − chủ đầu tư = {treasury} − {owner} = {difference}.",
    "en": "Treasury − owner = {treasury} − {owner} = {difference}.",
}


def of_measures(figures: Figures, language: Language) -> Iterator[str]:
    """Every measure that is known; nothing of those that are not."""
    told, currency = figures.measures, figures.currency
    if told is None:
        return
    for period in _periods(told.month_so_far, told.last_full_month):
        yield _of_period(period, figures, language)
    if told.pace:
        yield _of_pace(told.pace, figures.budget_year, currency, language)
    if told.spi:
        yield _SPI[language].format(
            work=money(told.spi.completed_work, currency, language),
            baseline=named(told.spi.baseline, figures.budget_year, language),
            on=day(told.spi.as_of, language),
            value=number(exact(told.spi.value), language, digits=2),
        )
    for rate in told.rates:
        if rate.plan is not None and rate.rate is not None:
            yield _RATE[language].format(
                base=_BASES[rate.base][language],
                spent=money(figures.disbursed, currency, language),
                plan=money(rate.plan, currency, language),
                rate=percent(exact(rate.rate), language),
            )
    if told.unallocated_share is not None:
        yield _UNALLOCATED[language].format(share=percent(exact(told.unallocated_share), language))
    if told.last_movement:
        yield _MOVED[language].format(on=day(told.last_movement, language), days=told.days_since_movement)
    if told.advance:
        text = _ADVANCE[language].format(amount=money(told.advance.outstanding, currency, language))
        if told.advance.since:
            text += _AGE[language].format(since=day(told.advance.since, language), days=told.advance.age_days)
        yield f"{text}."
    if both := told.treasury_and_owner:
        yield _DIFFERENCE[language].format(
            treasury=money(both.treasury, currency, language),
            owner=money(both.owner, currency, language),
            difference=money(both.difference, currency, language),
        )


def named(baseline: BaselineName, budget_year: int, language: Language) -> str:
    """The baseline by name, read in a budget year."""
    return baseline_words(baseline, budget_year - (baseline is BaselineName.PREVIOUS_YEAR), language)


def exact(told: float) -> Fraction:
    """A figure as it was told, without the noise of its binary form."""
    return Fraction(repr(told))


def _periods(*periods: PeriodFigures | None) -> list[PeriodFigures]:
    """Each once: at a month's end the month so far is the last full one."""
    return list(dict.fromkeys(each for each in periods if each))


def _of_period(period: PeriodFigures, figures: Figures, language: Language) -> str:
    currency = figures.currency
    text = _PERIOD[language].format(
        since=day(period.since, language),
        through=day(period.through, language),
        disbursed=money(period.disbursed, currency, language),
        baseline=named(period.baseline, figures.budget_year, language),
        planned=money(period.planned, currency, language),
    )
    return f"{text}." if period.dpi is None else f"{text}; DPI = {_two(period.dpi, language)}."


def _of_pace(pace: PaceFigures, year: int, currency: str, language: Language) -> str:
    text = _PACE[language].format(left=money(pace.left, currency, language))
    for amount, by in ((pace.by_year_end, date(year, 12, 31)), (pace.by_closing, date(year + 1, 1, 31))):
        if amount is not None:
            text += _NEEDED[language].format(amount=money(amount, currency, language), by=day(by, language))
    if pace.best is not None and pace.best_month is not None:
        text += _BEST[language].format(
            amount=money(pace.best, currency, language), month=f"{pace.best_month:%m/%Y}"
        )
    return f"{text}."


def _two(value: float, language: Language) -> str:
    return number(exact(value), language, digits=2)
