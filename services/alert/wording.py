"""What an alert says, in Vietnamese and in English.

The rule's own sentence comes from the policy; what every alert must say follows it: the other
baselines by name, the plan's decision, who answers for it, and what the figures are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from services.alert import phrases
from services.alert.figures import SubjectFigures
from services.alert.number_text import Language, day, money, number, percent
from services.alert.phrases import Link
from services.alert.policy import BothTexts, Texts
from services.domain.baselines import BaselineName
from services.domain.finding import Action, Comparison, Finding, Standing, stale_since
from services.domain.lag_rules import RuleName
from services.domain.progress import Subject, SubjectType
from services.runtime.fund_sources import FundSourceNames

_SAYS_BEHIND = {RuleName.BEHIND_TARGET, RuleName.BELOW_NATIONAL_AVERAGE}
# The rule's sentence leaves nothing to compare: nothing disbursed, or figures that are too old.
_COMPARES_NOTHING = {RuleName.NOTHING_DISBURSED, RuleName.SOURCE_STALE}
RULES_IN_DAYS = {RuleName.SOURCE_STALE, RuleName.STALLED, RuleName.ADVANCE_OVERDUE}


@dataclass(frozen=True, slots=True)
class Words:
    """An alert in one language."""

    title: str
    reason: str


def flagged(finding: Finding, texts: BothTexts, language: Language, names: FundSourceNames) -> Words:
    """What an open alert says."""
    of_rule: Texts = getattr(texts, language)
    values = _values(finding, language)
    if finding.excess:
        values["excess"] = money(finding.excess, finding.progress.currency, language)
        values["fund_source"] = names.in_language(finding.over_fund_source, language)
    title, reason = of_rule.title, of_rule.reason
    if finding.is_held and finding.milestone:
        title, reason = phrases.HELD_AT_MILESTONE_TITLE[language], phrases.HELD_AT_MILESTONE[language]
    said = [reason.format_map(values), *_of_its_rule(finding, language), *_clears(finding, language)]
    if finding.rule not in _COMPARES_NOTHING:
        others = [c for c in _said_beside(finding) if c is not finding.judged_by]
        said += _compared(others, language, is_behind=finding.rule in _SAYS_BEHIND)
    return Words(title.format_map(values), " ".join([*said, *_always_said(finding, language)]))


def resolved(finding: Finding, texts: BothTexts | None, language: Language) -> Words:
    """What an alert says once its condition no longer holds; ``texts`` is ``None`` where its rule is gone."""
    values = _values(finding, language)
    reason, title = phrases.NO_LONGER_JUDGED[language], phrases.RESOLVED_TITLE[language]
    if texts and _no_longer_holds(finding):
        of_rule: Texts = getattr(texts, language)
        try:
            reason = of_rule.resolved.format_map(values)
            title = phrases.RESOLVED_TITLES.get((finding.rule, language), title)
        except KeyError:
            # The template names a baseline that the subject no longer has.
            pass
    said = [reason.format_map(values)]
    if finding.rule is not RuleName.SOURCE_STALE:
        others = [
            c
            for c in _said_beside(finding)
            if c is not finding.judged_by or finding.rule is RuleName.NOTHING_DISBURSED
        ]
        said += _compared(others, language, is_behind=False)
    title = title.format(subject=values["subject"], rule=phrases.RULES[finding.rule][language])
    return Words(title, " ".join([*said, *_always_said(finding, language)]))


def cancelled(finding: Finding, correction: str, as_resolved: Words, language: Language) -> Words:
    """What an alert says that was raised on figures a correction changed: what was corrected comes first."""
    title = phrases.CANCELLED_TITLE[language].format(
        subject=finding.progress.subject.name or finding.progress.subject.code,
        rule=phrases.RULES[finding.rule][language],
    )
    return Words(title, f"{correction} {as_resolved.reason}")


def baseline_words(name: BaselineName, year: int, language: Language) -> str:
    """A baseline of ``year`` by name."""
    return phrases.BASELINES[name][language].format(year=year)


def accountable_unit(subject: Subject | SubjectFigures) -> str:
    """The owner; for a province, where no owner is above it, the province itself. Empty where not named."""
    return subject.owner_name or (subject.name if subject.type is not SubjectType.PROJECT else "")


def _no_longer_holds(finding: Finding) -> bool:
    """Whether the alert ended by what its rule waits for, and not because its plan or its rule changed."""
    progress = finding.progress
    if finding.rule is RuleName.NOTHING_DISBURSED:
        return finding.disbursed > 0
    if finding.rule is RuleName.SOURCE_STALE and finding.threshold is not None:
        books = progress.books_through
        return books is not None and (progress.business_date - books).days <= finding.threshold
    if finding.rule is RuleName.YEAR_END_SHORTFALL and not finding.forecasts:
        return 0 < finding.plan <= finding.disbursed
    return finding.plan > 0


def _values(finding: Finding, language: Language) -> dict[str, str]:
    """What the policy's templates may name; only what the finding has."""
    progress = finding.progress
    values = {
        "subject": progress.subject.name or progress.subject.code,
        "as_of": day(finding.as_of, language),
        "business_date": day(progress.business_date, language),
        "books_through": day(progress.books_through, language)
        if progress.books_through
        else phrases.NO_BOOKS[language],
        "disbursed": money(finding.disbursed, progress.currency, language),
        "rate": percent(finding.execution_rate or Fraction(0), language),
        "plan": money(finding.plan, progress.currency, language),
        "plan_base": phrases.PLAN_BASES[progress.plan_base][language],
    }
    values |= _of_the_limit(finding, language)
    if finding.judged_by and (dpi := finding.judged_by.measures.dpi) is not None:
        measures = finding.judged_by.measures
        found_how = _found_how(finding.judged_by, language)
        values |= {
            "baseline": baseline_words(
                finding.judged_by.baseline.name, finding.judged_by.baseline.budget_year, language
            ),
            "baseline_rate": percent(measures.planned_share, language),
            "interpolated": f" ({found_how})" if found_how else "",
            "rate_base": _rate_base(finding.judged_by, language),
            "index": _index(dpi, (finding.threshold, finding.critical_below), language),
            "months": number(abs(measures.time_variance), language, digits=1),
            "shortfall": money(measures.shortfall, progress.currency, language),
        }
    return values


def _of_the_limit(finding: Finding, language: Language) -> dict[str, str]:
    """The limit that held, what was measured against it, and what else the rule names."""
    values: dict[str, str] = {}
    limit = finding.clear_at if finding.is_held else finding.threshold
    if limit is not None:
        digits = 0 if finding.rule in RULES_IN_DAYS else 2
        values |= {
            "threshold": number(limit, language, digits=digits),
            "threshold_percent": percent(limit, language),
        }
    if finding.measured is not None:
        values |= {"days": number(finding.measured, language, digits=0)}
        values |= {"share": percent(finding.measured, language)}
    if finding.milestone:
        values["milestone_date"] = day(finding.milestone.on(finding.progress.budget_year), language)
        values["milestone_rate"] = percent(finding.milestone.rate, language)
        values["milestone_clears"] = percent(finding.milestone.clears_at(finding.clear_at), language)
    if finding.forecasts:
        last = finding.forecasts[-1]
        values["forecast_date"] = day(last.day, language)
        values["forecast_rate"] = percent(Fraction(last.central, finding.plan), language)
    if finding.measured_on:
        values["measured_on"] = phrases.ADVANCE_BASES[finding.measured_on][language]
    return values


def clearing(action: Action, amount: int, by: date, currency: str, language: Language) -> str:
    """What would clear an alert, by a day. Of a rule that asks for any payment at all, no amount is said: it
    would be one đồng."""
    is_any = action is Action.DISBURSE and amount == 1
    words = phrases.CLEARING_BY_ANYTHING if is_any else phrases.CLEARING[action]
    return words[language].format(**_need(amount, by, currency, language))


def _need(amount: int, by: date, currency: str, language: Language) -> dict[str, str]:
    return {"amount": money(rounded_up(amount), currency, language), "by": day(by, language)}


def _clears(finding: Finding, language: Language) -> Iterator[str]:
    """What would clear it, the forecast, and what keeps it open or silent."""
    if finding.clearing and finding.clearing.needs:
        first, *later = finding.clearing.needs
        currency, later_words = finding.progress.currency, phrases.CLEARING_LATER[language]
        text = clearing(finding.clearing.action, first.amount, first.by, currency, language)
        more = (later_words.format(**_need(each.amount, each.by, currency, language)) for each in later)
        yield f"{text}{''.join(more)}."
    if finding.is_held and finding.clear_at is not None and finding.milestone is None:
        yield phrases.HELD[language].format(
            clear_at=number(finding.clear_at, language, digits=0 if finding.rule in RULES_IN_DAYS else 2)
        )
    if finding.rule is RuleName.YEAR_END_SHORTFALL and finding.forecasts:
        last = finding.forecasts[-1]
        low, central, high = (
            money(amount, finding.progress.currency, language)
            for amount in (last.low, last.central, last.high)
        )
        shape = shape_words(last.shape, finding.progress.budget_year, last.january_of, language)
        yield phrases.FORECAST[language].format(
            day=day(last.day, language), low=low, central=central, high=high, shape=shape
        )
    if finding.inhibited:
        names = ", ".join(phrases.RULES[rule][language] for rule in finding.inhibited)
        yield phrases.INHIBITED[language].format(rules=names)


def shape_words(name: BaselineName, budget_year: int, january_of: int, language: Language) -> str:
    """Whose seasons a forecast of ``budget_year`` follows, and whose January where it is of another year."""
    shape = baseline_words(name, budget_year - _is_last_year(name), language)
    return shape + (phrases.FORECAST_JANUARY[language].format(year=january_of) if january_of else "")


def rounded_up(amount: int) -> int:
    """To what is shown of it: a need told too small would not clear the alert."""
    shown_to = 10**8 if amount >= 10**9 else 10**5 if amount >= 10**6 else 1
    return -(-amount // shown_to) * shown_to


def _is_last_year(name: BaselineName) -> int:
    return 1 if name is BaselineName.PREVIOUS_YEAR else 0


def _index(dpi: Fraction, limits: Iterable[Fraction | None], language: Language) -> str:
    """Two decimals; four where two would show it equal to a limit that it is below."""
    short = number(dpi, language, digits=2)
    for limit in limits:
        if limit is not None and dpi != limit and short == number(limit, language, digits=2):
            return number(dpi, language, digits=4)
    return short


def _of_its_rule(finding: Finding, language: Language) -> Iterator[str]:
    """What the rule adds to its sentence where there is such a thing."""
    if finding.critical_below is not None:
        yield phrases.CRITICAL[language].format(
            critical_below=number(finding.critical_below, language, digits=2)
        )
    if finding.ahead_of is not None:
        name = baseline_words(finding.ahead_of.name, finding.ahead_of.budget_year, language)
        words = phrases.INFO_WITHIN if finding.ahead_within else phrases.INFO_AHEAD_OF
        yield words[language].format(
            baseline=name, points=number(finding.ahead_within * 100, language, digits=1)
        )
    if finding.is_in_band:
        yield phrases.INFO_IN_BAND[language]
    if finding.rule is RuleName.SOURCE_STALE and finding.stale_sources:
        reach = {each.source: each.reaches for each in finding.progress.sources}
        named = (f"{source} ({day(reach[source], language)})" for source in finding.stale_sources)
        yield phrases.STALE_SOURCES[language].format(sources=", ".join(named))
    target = finding.judged_by
    if finding.rule is RuleName.NOTHING_DISBURSED and target and target.measures.planned_value > 0:
        rate, found_how = percent(target.measures.planned_share, language), _found_how(target, language)
        yield phrases.ASKED_BY_NOW[language].format(
            baseline=baseline_words(target.baseline.name, target.baseline.budget_year, language),
            asked=money(target.measures.planned_value, finding.progress.currency, language),
            rate=f"{rate}; {found_how}" if found_how else rate,
        )


def _said_beside(finding: Finding) -> list[Comparison]:
    """The baselines that a text names. What others do moves their median from day to day, and no alert is
    told again for it: the figures show it as it was when the alert was told."""
    return [
        each
        for each in finding.comparisons
        if each.baseline.name is not BaselineName.PEER or each is finding.judged_by
    ]


def _compared(comparisons: Iterable[Comparison], language: Language, *, is_behind: bool) -> Iterator[str]:
    """The baselines that the rule's own sentence does not name; ``is_behind``: whether it says "behind"."""
    said = [Standing.BEHIND] if is_behind else []
    for comparison in comparisons:
        yield phrases.STANDINGS[comparison.standing, _link(comparison.standing, said)][language].format(
            baseline=baseline_words(comparison.baseline.name, comparison.baseline.budget_year, language),
            share=percent(comparison.measures.planned_share, language),
            base=_rate_base(comparison, language),
        )
        if comparison.standing is not Standing.LEVEL:
            said.append(comparison.standing)


def _link(standing: Standing, said: list[Standing]) -> Link:
    """How a standing follows those said before it. "Nevertheless" is said once."""
    if standing is Standing.LEVEL or not said:
        return Link.PLAIN
    if standing is Standing.AHEAD:
        return Link.LIKEWISE if Standing.AHEAD in said else Link.CONTRARY
    return Link.CONTRARY if said[-1] is Standing.AHEAD else Link.LIKEWISE


def _always_said(finding: Finding, language: Language) -> Iterator[str]:
    progress = finding.progress
    if progress.plan_decision_number and progress.plan_effective_date:
        yield phrases.DECISION[language].format(
            decision=progress.plan_decision_number, since=day(progress.plan_effective_date, language)
        )
    yield phrases.ACCOUNTABLE[language].format(
        unit=accountable_unit(progress.subject) or phrases.NOT_NAMED[language],
        officer=progress.subject.accountable_officer or phrases.NOT_NAMED[language],
    )
    if progress.includes_estimate:
        yield phrases.ESTIMATE[language]
    if (books := stale_since(progress)) and finding.rule is not RuleName.SOURCE_STALE:
        yield phrases.OLDER_BOOKS[language].format(
            books=day(books, language), business=day(progress.business_date, language)
        )


def _rate_base(comparison: Comparison, language: Language) -> str:
    """What the baseline's rate is a share of, and how it was found where it is not stated for that day."""
    words = phrases.RATE_BASES.get(comparison.baseline.rate_base)
    base = words[language] if words else comparison.baseline.rate_base
    share_of, found_how = phrases.SHARE_OF[language].format(base=base), _found_how(comparison, language)
    return f"{share_of}; {found_how}" if found_how else share_of


def _found_how(comparison: Comparison, language: Language) -> str:
    """How the baseline's rate follows from the points around the day; empty where it is stated for it."""
    if comparison.is_stated or not comparison.baseline.stated:
        return ""
    found_how = phrases.PAST_LAST_POINT if comparison.is_past_last_point else phrases.INTERPOLATED
    words = found_how.get(comparison.baseline.name)
    return words[language] if words else ""
