"""Why an alert was told, in sentences: its rule, the baseline and its share, each figure's formula."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from services.alert import decision_words, forecast_words, measured_words, phrases
from services.alert.alert_queries import ChangeRow
from services.alert.decision_words import PlanDecision
from services.alert.explanation_store import KeptChange
from services.alert.figures import Figures
from services.alert.number_text import Language, day, money, number, percent
from services.alert.rule_definitions import policy_of
from services.alert.wording import RULES_IN_DAYS, baseline_words
from services.domain.alert_lifecycle import AlertTransition
from services.domain.baselines import Baseline
from services.domain.finding import Comparison, Finding
from services.domain.fiscal_calendar import closing_day, first_day, month_position
from services.domain.lag_rules import Rule
from services.domain.progress import Progress
from services.domain.verdict import unflagged
from services.runtime.fund_sources import FundSourceNames

_BETWEEN: Mapping[Language, str] = {
    "vi": "giữa {low} ngày {left} và {high} ngày {right}",
    "en": "between {low} on {left} and {high} on {right}",
}


def sentences(
    kept: KeptChange,
    figures: Figures,
    progress: Progress | None,
    history: Sequence[ChangeRow],
    language: Language,
    *,
    fund_sources: FundSourceNames,
    plan_decisions: Sequence[PlanDecision] = (),
) -> list[str]:
    """The explanation; without ``progress`` only what was told, without decisions only the latest one."""
    told = next(each for each in history if each.sequence == kept.sequence)
    said = [told.reason_vi if language == "vi" else told.reason_en]
    said += [_rule(kept, figures, language)]
    finding: Finding | None = None
    rule: Rule | None = None
    if progress is not None and kept.definition is not None:
        policy = policy_of(kept.definition)
        (rule,) = policy.rules
        # The figures and curves alone: what the rule says of them is in the reason.
        finding = unflagged(progress, rule, policy, on=kept.judged_on)
        said += _formulas(finding, language)
    said += measured_words.of_measures(figures, language)
    said += forecast_words.clears(figures, finding, rule, language)
    said += forecast_words.forecasts(figures, finding, language)
    said += decision_words.of_decisions(plan_decisions, figures.currency, fund_sources, language)
    if progress is not None:
        said += [_known(progress, language)]
    said += [_change(each, language) for each in history if each.sequence <= kept.sequence]
    return said


def points(progress: Progress) -> list[dict[str, Any]]:
    """Every baseline by name with its points, for the answer."""
    return [
        {
            "name": each.kind.value,
            "scope_code": each.scope_code,
            "decision_number": each.decision_number,
            "points": [
                {
                    "day": point.day.isoformat(),
                    "basis_points": point.basis_points,
                    "amount": point.amount.minor_units if point.amount else None,
                }
                for point in each.points
            ],
        }
        for each in progress.baselines
    ]


def _rule(kept: KeptChange, figures: Figures, language: Language) -> str:
    threshold = ""
    if figures.threshold is not None:
        digits = 0 if figures.rule in RULES_IN_DAYS else 2
        value = number(Fraction(repr(figures.threshold)), language, digits=digits)
        threshold = f"; {'ngưỡng' if language == 'vi' else 'threshold'} {value}"
    judged = kept.judged_on or figures.as_of
    if language == "vi":
        version = f"phiên bản {figures.rule_version}{threshold}"
        name = f"“{phrases.RULES[figures.rule]['vi']}” ({figures.rule})"
        return f"Quy tắc {name}, {version}; xét cho ngày {day(judged, 'vi')}."
    return f"Rule {figures.rule}, version {figures.rule_version}{threshold}; judged for {day(judged, 'en')}."


def _formulas(finding: Finding, language: Language) -> Iterator[str]:
    """Every figure with its formula and the numbers put in."""
    currency = finding.progress.currency
    spent, plan = money(finding.disbursed, currency, language), money(finding.plan, currency, language)
    if finding.plan > 0:
        name = "Tỷ lệ giải ngân" if language == "vi" else "Execution rate"
        rate = percent(Fraction(finding.disbursed, finding.plan), language)
        yield f"{name} = {spent} / {plan} = {rate}."
    for each in finding.comparisons:
        yield from _against(each, spent, plan, finding.progress, language)


def _against(
    comparison: Comparison, spent: str, plan: str, progress: Progress, language: Language
) -> Iterator[str]:
    baseline, measures, currency = comparison.baseline, comparison.measures, progress.currency
    vi = language == "vi"
    share = percent(measures.planned_share, language)
    name = baseline_words(baseline.name, baseline.budget_year, language)
    yield f"{name}: {_share(comparison, progress, language)}."
    value = money(measures.planned_value, currency, language)
    short = money(measures.shortfall, currency, language)
    yield f"PV = {share} × {plan} = {value}; {'thiếu' if vi else 'shortfall'} = {value} − {spent} = {short}."
    if measures.dpi is not None:
        yield f"DPI = {spent} / ({share} × {plan}) = {number(measures.dpi, language, digits=2)}."
    earned = number(measures.earned_schedule, language, digits=2)
    at = number(measures.actual_time, language, digits=2)
    late = number(measures.time_variance, language, digits=2)
    yield f"ES − AT = {earned} − {at} = {late} {'tháng' if vi else 'months'}."


def _share(comparison: Comparison, progress: Progress, language: Language) -> str:
    """How the share of the day follows from the two points around it, by date and in months of the year."""
    at, known = comparison.measures.actual_time, comparison.baseline.curve.points
    left = max((each for each in known if each[0] <= at), default=known[0])
    right = min((each for each in known if each[0] >= at), default=left)
    share = percent(comparison.measures.planned_share, language)
    if left[0] == right[0]:
        return share
    low, high = percent(left[1], language), percent(right[1], language)
    months = [number(value, language, digits=2) for value in (at, left[0], right[0])]
    days = point_days(comparison.baseline, progress)
    said = _BETWEEN[language].format(
        left=day(days[left[0]], language), low=low, right=day(days[right[0]], language), high=high
    )
    worked = f"{low} + ({high} − {low}) × ({months[0]} − {months[1]}) / ({months[2]} − {months[1]}) = {share}"
    return f"{said}: {worked}"


def point_days(baseline: Baseline, progress: Progress) -> Mapping[Fraction, date]:
    """The date of each point of the curve: as it was stated, else the month's end that it was taken at.

    The curve begins with nothing on the eve of its year, and what has no date of its own stands on the day
    on which its month is reached.
    """
    year = baseline.budget_year
    stated = [
        *(point.day for each in progress.baselines if each.budget_year == year for point in each.points),
        *(point.day for point in (progress.peers.points if progress.peers else ())),
        *(each for each in (progress.starts_on, progress.closed_on) if each),
    ]
    known = {month_position(each, year): each for each in stated}
    found: dict[Fraction, date] = {}
    for month, _ in baseline.curve.points:
        found[month] = known.get(month) or _day_at(month, year)
    return found


def _day_at(month: Fraction, year: int) -> date:
    """The first day of the budget year by whose end so many months have passed; its eve for none."""
    start = first_day(year) - timedelta(days=1)
    days = (closing_day(year) - start).days
    return next(
        (each for n in range(days + 1) if month_position(each := start + timedelta(days=n), year) >= month),
        closing_day(year),
    )


def _known(progress: Progress, language: Language) -> str:
    known_at = progress.known_at.isoformat() if progress.known_at else "?"
    plan = f"{progress.plan_decision_number or '?'}, {phrases.PLAN_BASES[progress.plan_base][language]}"
    if language == "vi":
        return f"Kế hoạch vốn: {plan}. Sổ đến dòng {progress.ledger_watermark}, biết đến {known_at}."
    return f"Plan: {plan}. The ledger up to row {progress.ledger_watermark}, as known at {known_at}."


def _change(each: ChangeRow, language: Language) -> str:
    causes = ", ".join(map(str, each.caused_by or ()))
    because = f" ({'do' if language == 'vi' else 'by'} {causes})" if causes else ""
    what = phrases.TRANSITIONS[AlertTransition(each.transition)][language]
    said = (each.correction_vi if language == "vi" else each.correction_en) or ""
    return f"{each.sequence}. {each.recorded_at.isoformat()}: {what}{because}. {said}".strip()


def movements_from(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The page of movements that aggregation showed."""
    return {"items": evidence.get("movements", []), "next_cursor": evidence.get("next_cursor")}


def decisions_from(evidence: Mapping[str, Any]) -> list[PlanDecision]:
    """The plan decisions in force that aggregation showed. Raises ``pydantic.ValidationError``."""
    return [PlanDecision.model_validate(each) for each in evidence.get("decisions", [])]
