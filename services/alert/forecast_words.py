"""What would clear an alert, and where the subject is heading, with method and formula."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction

from services.alert import phrases
from services.alert.figures import Figures, ForecastFigures
from services.alert.number_text import Language, day, money, number, percent
from services.alert.wording import clearing, shape_words
from services.domain.finding import Finding
from services.domain.forecast import recent_start
from services.domain.lag_rules import Rule, RuleName

_Both = Mapping[Language, str]
_CUMULATIVE: _Both = {
    "vi": "Theo nhịp độ lũy kế: {spent} + {spent} × ({to} − {now}) / {now} = {amount}.",
    "en": "By the cumulative pace: {spent} + {spent} × ({to} − {now}) / {now} = {amount}.",
}
_RECENT: _Both = {
    "vi": "Theo nhịp độ từ {since}: {spent} + {gained} × ({to} − {now}) / ({now} − {before}) = {amount}.",
    "en": "By the pace since {since}: {spent} + {gained} × ({to} − {now}) / ({now} − {before}) = {amount}.",
}
_BAND: _Both = {
    "vi": "Giá trị giữa là trung bình của hai nhịp độ, khoảng là từ nhịp độ thấp đến nhịp độ cao; "
    "không quá kế hoạch {plan}.",
    "en": "The central value is the mean of the two paces, the band lies between them; not above the plan "
    "of {plan}.",
}


def clears(figures: Figures, finding: Finding | None, rule: Rule | None, language: Language) -> Iterator[str]:
    """How much by when, as told; by a baseline also how it is reckoned."""
    if figures.clearing is None:
        return
    for need in figures.clearing.needs:
        text = clearing(figures.clearing.action, need.amount, need.by, figures.currency, language)
        formula = _asked(finding, rule, need.by, language) if finding and rule else ""
        yield f"{text}{formula}."


def _asked(finding: Finding, rule: Rule, by: date, language: Language) -> str:
    """The limit that clears times what the judging baseline plans by then, less what is disbursed."""
    if rule.name not in {RuleName.BEHIND_TARGET, RuleName.BELOW_NATIONAL_AVERAGE} or finding.judge is None:
        return ""
    limit = number(rule.limit(is_open=True), language, digits=2)
    share = percent(finding.judge.share_on(by), language)
    plan, spent = (
        money(amount, finding.progress.currency, language) for amount in (finding.plan, finding.disbursed)
    )
    return f" = {limit} × {share} × {plan} − {spent}"


def forecasts(figures: Figures, finding: Finding | None, language: Language) -> Iterator[str]:
    """Each forecast with its band and, where its curve is kept, the two paces with the numbers put in."""
    for told in figures.forecasts:
        low, central, high = (
            money(amount, figures.currency, language) for amount in (told.low, told.central, told.high)
        )
        yield phrases.FORECAST[language].format(
            day=day(told.day, language),
            low=low,
            central=central,
            high=high,
            shape=shape_words(told.shape, figures.budget_year, told.january_of, language),
        )
        if finding is not None:
            yield from _paces(told, finding, language)
    if figures.forecasts:
        yield _BAND[language].format(plan=money(figures.plan.current, figures.currency, language))


def _paces(told: ForecastFigures, finding: Finding, language: Language) -> Iterator[str]:
    shape, currency = finding.at.reaching(told.shape, told.day), finding.progress.currency
    now = shape.share_on(finding.as_of) if shape else Fraction(0)
    if shape is None or now <= 0:
        return
    since = recent_start(finding.as_of, finding.progress.budget_year)
    before, ahead = shape.share_on(since), shape.share_on(told.day) - now
    values = {
        "spent": money(finding.disbursed, currency, language),
        "now": percent(now, language),
        "to": percent(now + ahead, language),
        "before": percent(before, language),
        "since": day(since, language),
    }

    def reached(gained: int, planned: Fraction) -> str:
        by_pace: Fraction = finding.disbursed + max(gained, 0) * ahead / planned
        return money(
            max(min(by_pace, Fraction(finding.plan)), Fraction(finding.disbursed)), currency, language
        )

    yield _CUMULATIVE[language].format(amount=reached(finding.disbursed, now), **values)
    course = finding.progress.course
    if course.days and now > before:
        gained = finding.disbursed - course.on(since, finding.progress.budget_year).disbursed
        yield _RECENT[language].format(
            gained=money(max(gained, 0), currency, language), amount=reached(gained, now - before), **values
        )
