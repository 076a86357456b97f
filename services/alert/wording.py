"""What an alert says, in Vietnamese and in English.

The rule's own sentence comes from the policy; what every alert must say follows it: the other
baselines by name, the plan's decision, who answers for it, and what the figures are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from services.alert.number_text import Language, day, money, number, percent
from services.alert.policy import BothTexts, Texts
from services.domain.lag_rules import Comparison, Finding, RuleName, Standing, stale_since
from services.domain.plan import BaselineKind, PlanBase
from services.domain.progress import Progress, SubjectType

_PLAN_BASES: Mapping[PlanBase, Mapping[Language, str]] = {
    PlanBase.INITIAL: {"vi": "kế hoạch vốn giao đầu năm", "en": "initial plan"},
    PlanBase.ADJUSTED: {"vi": "kế hoạch vốn đã điều chỉnh", "en": "adjusted plan"},
    PlanBase.ALLOCATED: {"vi": "kế hoạch vốn đã phân bổ chi tiết", "en": "plan allocated in detail"},
}
_RATE_BASES: Mapping[str, Mapping[Language, str]] = {
    "plan": {"vi": "kế hoạch vốn", "en": "the plan"},
    "total_plan": {"vi": "tổng kế hoạch vốn", "en": "the total plan"},
    "initial_plan": {"vi": "kế hoạch vốn giao đầu năm", "en": "the plan as first assigned"},
    "pm_assigned": {
        "vi": "kế hoạch Thủ tướng Chính phủ giao",
        "en": "the plan assigned by the Prime Minister",
    },
    "gso_annual_target": {
        "vi": "kế hoạch năm theo Tổng cục Thống kê",
        "en": "the year's target of the statistics office",
    },
}
_BASELINES: Mapping[str, Mapping[Language, str]] = {
    BaselineKind.TARGET: {"vi": "mục tiêu của tỉnh", "en": "the province's target"},
    BaselineKind.REGISTERED: {"vi": "tiến độ đã đăng ký", "en": "the registered schedule"},
    BaselineKind.NATIONAL: {"vi": "mức cả nước năm {year}", "en": "the national level of {year}"},
}
_LAST_YEAR: Mapping[str, Mapping[Language, str]] = {
    BaselineKind.TARGET: {
        "vi": "mục tiêu cùng kỳ năm trước ({year})",
        "en": "the target at that date of the previous year ({year})",
    },
    BaselineKind.REGISTERED: {
        "vi": "tiến độ đăng ký cùng kỳ năm trước ({year})",
        "en": "the registered schedule at that date of the previous year ({year})",
    },
    BaselineKind.NATIONAL: {
        "vi": "mức cả nước cùng kỳ năm trước ({year})",
        "en": "the national level at that date of the previous year ({year})",
    },
}
_STANDINGS: Mapping[tuple[Standing, bool], Mapping[Language, str]] = {
    # The second part: whether the alert itself says "behind".
    (Standing.AHEAD, True): {
        "vi": "Tuy vậy, tỷ lệ giải ngân vẫn cao hơn {baseline}: {share} ({base}).",
        "en": "It is nevertheless ahead of {baseline}: {share} ({base}).",
    },
    (Standing.AHEAD, False): {
        "vi": "Tỷ lệ giải ngân cao hơn {baseline}: {share} ({base}).",
        "en": "It is ahead of {baseline}: {share} ({base}).",
    },
    (Standing.BEHIND, True): {
        "vi": "Tỷ lệ giải ngân cũng thấp hơn {baseline}: {share} ({base}).",
        "en": "It is also behind {baseline}: {share} ({base}).",
    },
    (Standing.BEHIND, False): {
        "vi": "Tỷ lệ giải ngân thấp hơn {baseline}: {share} ({base}).",
        "en": "It is behind {baseline}: {share} ({base}).",
    },
    (Standing.LEVEL, True): {
        "vi": "Tỷ lệ giải ngân bằng {baseline}: {share} ({base}).",
        "en": "It is level with {baseline}: {share} ({base}).",
    },
    (Standing.LEVEL, False): {
        "vi": "Tỷ lệ giải ngân bằng {baseline}: {share} ({base}).",
        "en": "It is level with {baseline}: {share} ({base}).",
    },
}
_SHARE_OF: Mapping[Language, str] = {"vi": "trên {base}", "en": "of {base}"}
_WORKED_OUT: Mapping[Language, str] = {
    "vi": "; tính từ các kỳ công bố",
    "en": "; worked out from the dates published",
}
_DECISION: Mapping[Language, str] = {
    "vi": "Kế hoạch vốn theo {decision}, hiệu lực từ {since}.",
    "en": "The plan is set by {decision}, in force since {since}.",
}
_ACCOUNTABLE: Mapping[Language, str] = {
    "vi": "Đơn vị chịu trách nhiệm: {unit}; cán bộ phụ trách: {officer}.",
    "en": "Accountable unit: {unit}; officer: {officer}.",
}
_NOT_NAMED: Mapping[Language, str] = {"vi": "chưa nêu", "en": "not named"}
_NO_BOOKS: Mapping[Language, str] = {"vi": "chưa có", "en": "none yet"}
_ESTIMATE: Mapping[Language, str] = {
    "vi": "Số liệu có phần ước thực hiện, chưa phải số đã hạch toán.",
    "en": "The figures include an estimate that is not booked yet.",
}
_OLDER_BOOKS: Mapping[Language, str] = {
    "vi": "Sổ sách chỉ đến {books}, cũ hơn ngày làm việc {business} khi xét.",
    "en": "The books end on {books}, before the business date {business} of this judgement.",
}
_NO_LONGER_JUDGED: Mapping[Language, str] = {
    "vi": "Quy tắc này không còn áp dụng cho {subject}, hoặc không còn mức để so sánh.",
    "en": "The rule no longer applies to {subject}, or there is nothing left to compare with.",
}
_RESOLVED_TITLE: Mapping[Language, str] = {
    "vi": "{subject}: hết cảnh báo {rule}",
    "en": "{subject}: no longer {rule}",
}
RULES: Mapping[RuleName, Mapping[Language, str]] = {
    RuleName.BEHIND_TARGET: {"vi": "chậm so với mục tiêu", "en": "behind target"},
    RuleName.NOTHING_DISBURSED: {"vi": "chưa giải ngân", "en": "nothing disbursed"},
    RuleName.OVER_PLAN: {"vi": "vượt kế hoạch vốn", "en": "over plan"},
    RuleName.BELOW_NATIONAL_AVERAGE: {"vi": "thấp hơn mức cả nước", "en": "below the national average"},
    RuleName.SOURCE_STALE: {"vi": "thiếu số liệu mới", "en": "without new figures"},
}

_SAYS_BEHIND = {RuleName.BEHIND_TARGET, RuleName.BELOW_NATIONAL_AVERAGE, RuleName.NOTHING_DISBURSED}


@dataclass(frozen=True, slots=True)
class Words:
    """An alert in one language."""

    title: str
    reason: str


def flagged(finding: Finding, texts: BothTexts, language: Language) -> Words:
    """What an open alert says."""
    of_rule: Texts = getattr(texts, language)
    values = _values(finding, language)
    said = _always_said(finding, language, says_behind=finding.rule in _SAYS_BEHIND)
    return Words(
        title=of_rule.title.format_map(values), reason=" ".join([of_rule.reason.format_map(values), *said])
    )


def resolved(finding: Finding, texts: BothTexts | None, language: Language) -> Words:
    """What an alert says once its condition no longer holds; ``texts`` is ``None`` where its rule is gone."""
    values = _values(finding, language)
    title = _RESOLVED_TITLE[language].format(subject=values["subject"], rule=RULES[finding.rule][language])
    try:
        of_rule: Texts | None = getattr(texts, language, None)
        reason = (of_rule.resolved if of_rule else _NO_LONGER_JUDGED[language]).format_map(values)
    except KeyError:
        # The template names a baseline that the subject no longer has.
        reason = _NO_LONGER_JUDGED[language].format_map(values)
    return Words(title, " ".join([reason, *_always_said(finding, language, says_behind=False)]))


def _values(finding: Finding, language: Language) -> dict[str, str]:
    """What the policy's templates may name; only what the finding has."""
    progress = finding.progress
    values = {
        "subject": progress.subject.name or progress.subject.code,
        "as_of": day(progress.as_of, language),
        "business_date": day(progress.business_date, language),
        "books_through": day(progress.books_through, language)
        if progress.books_through
        else _NO_BOOKS[language],
        "disbursed": money(progress.disbursed, progress.currency, language),
        "rate": percent(progress.execution_rate or Fraction(0), language),
        "plan": money(progress.current_plan, progress.currency, language),
        "plan_base": _PLAN_BASES[progress.plan_base][language],
    }
    if finding.threshold is not None:
        is_days = finding.rule is RuleName.SOURCE_STALE
        values["threshold"] = number(finding.threshold, language, digits=0 if is_days else 2)
    if finding.excess:
        values["excess"] = money(finding.excess, progress.currency, language)
        values["fund_source"] = finding.over_fund_source
    if finding.judged_by and (dpi := finding.judged_by.measures.dpi) is not None:
        measures = finding.judged_by.measures
        values |= {
            "baseline_rate": percent(measures.planned_share, language),
            "rate_base": _rate_base(finding.judged_by, language),
            "index": _index(dpi, finding.threshold, language),
            "months": number(abs(measures.time_variance), language, digits=1),
            "shortfall": money(measures.shortfall, progress.currency, language),
        }
    return values


def _index(dpi: Fraction, threshold: Fraction | None, language: Language) -> str:
    """Two decimals; four where two would show it equal to the threshold that it is below."""
    short = number(dpi, language, digits=2)
    if threshold is None or dpi == threshold or short != number(threshold, language, digits=2):
        return short
    return number(dpi, language, digits=4)


def _always_said(finding: Finding, language: Language, *, says_behind: bool) -> Iterator[str]:
    progress = finding.progress
    for comparison in _not_said_yet(finding):
        yield _STANDINGS[comparison.standing, says_behind][language].format(
            baseline=baseline_words(
                comparison.baseline.kind, comparison.baseline.budget_year, progress.budget_year, language
            ),
            share=percent(comparison.measures.planned_share, language),
            base=_rate_base(comparison, language),
        )
    if progress.plan_decision_number and progress.plan_effective_date:
        yield _DECISION[language].format(
            decision=progress.plan_decision_number, since=day(progress.plan_effective_date, language)
        )
    yield _ACCOUNTABLE[language].format(
        unit=_accountable_unit(progress) or _NOT_NAMED[language],
        officer=progress.subject.accountable_officer or _NOT_NAMED[language],
    )
    if progress.includes_estimate:
        yield _ESTIMATE[language]
    if (books := stale_since(progress)) and finding.rule is not RuleName.SOURCE_STALE:
        yield _OLDER_BOOKS[language].format(
            books=day(books, language), business=day(progress.business_date, language)
        )


def _not_said_yet(finding: Finding) -> Iterator[Comparison]:
    """The baselines that the rule's own sentence does not name; none where the figures are too old."""
    if finding.rule is RuleName.SOURCE_STALE:
        return
    for comparison in finding.comparisons:
        if comparison is not finding.judged_by or finding.rule is RuleName.NOTHING_DISBURSED:
            yield comparison


def baseline_words(kind: BaselineKind, year: int, budget_year: int, language: Language) -> str:
    """A baseline of ``year`` by name, beside a subject of ``budget_year``."""
    names = _LAST_YEAR if year == budget_year - 1 else _BASELINES
    return names[kind][language].format(year=year)


def _rate_base(comparison: Comparison, language: Language) -> str:
    """What the baseline's rate is a share of, and whether it was published for that very day."""
    baseline = comparison.baseline
    words = _RATE_BASES.get(baseline.rate_base)
    share_of = _SHARE_OF[language].format(base=words[language] if words else baseline.rate_base)
    is_as_published = baseline.kind is not BaselineKind.NATIONAL or comparison.is_stated
    return share_of if is_as_published else share_of + _WORKED_OUT[language]


def _accountable_unit(progress: Progress) -> str:
    """The owner; for a province, where no owner is above it, the province itself."""
    subject = progress.subject
    return subject.owner_name or (subject.name if subject.type is not SubjectType.PROJECT else "")
