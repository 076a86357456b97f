"""One judge for each rule: a snapshot and a rule in, a finding or nothing out.

Limits are compared by multiplying integers across: most subjects are not flagged, and a fraction costs
more than the rest of the judgement. What would clear a finding is worked out once it is asked for: most
findings are those of the day before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache

from services.domain.baselines import Baseline, BaselineName
from services.domain.disbursement import Series
from services.domain.finding import Action, Clearing, Finding, Need
from services.domain.fiscal_calendar import closing_day, first_day, month_end, month_position
from services.domain.lag_rules import AdvanceBase, Milestone, Rule, RuleName, Severity
from services.domain.measures import treasury_and_owner
from services.domain.snapshot import Snapshot

Judge = Callable[[Snapshot, Rule, bool], Finding | None]

_WITHOUT_THRESHOLD = {
    RuleName.NOTHING_DISBURSED,
    RuleName.OVER_PLAN,
    RuleName.BELOW_MILESTONE,
    RuleName.ESTIMATE_ONLY,
}
JUDGED_BY_BASELINE = frozenset(
    {RuleName.BEHIND_TARGET, RuleName.BELOW_NATIONAL_AVERAGE, RuleName.NOTHING_DISBURSED}
)
_WHOLE = Fraction(1)
_VOUCHERS = {Series.TREASURY_VOUCHERS, Series.OWNER_VOUCHERS}


def judge_of(at: Snapshot, rule: Rule) -> Baseline | None:
    """The baseline a rule judges by: its own, else the preferred one."""
    if rule.name is RuleName.BELOW_NATIONAL_AVERAGE:
        return at.named(rule.baseline or BaselineName.NATIONAL)
    return at.named(rule.baseline) if rule.baseline else at.preferred


def finding(
    at: Snapshot,
    rule: Rule,
    *,
    judge: Baseline | None = None,
    measured: Fraction | None = None,
    clearing: Callable[[], Clearing] | None = None,
    milestone: Milestone | None = None,
    is_held: bool = False,
    is_in_band: bool = False,
) -> Finding:
    """A finding; what else is measured of the subject it takes once it is asked."""
    critical = measured is not None and rule.critical_below is not None and measured < rule.critical_below
    ahead_of = None if critical else _ahead_of(at, rule)
    is_info = not critical and (ahead_of is not None or is_in_band)
    return Finding(
        rule=rule.name,
        rule_version=rule.version,
        threshold=None if rule.name in _WITHOUT_THRESHOLD else rule.threshold,
        severity=Severity.CRITICAL if critical else Severity.INFO if is_info else rule.severity,
        at=at,
        judge=judge,
        clearing_of=clearing,
        measured=measured,
        clear_at=rule.clear_at,
        is_held=is_held,
        critical_below=rule.critical_below if critical else None,
        milestone=milestone,
        ahead_of=ahead_of,
        ahead_within=rule.info_ahead_of.within if ahead_of and rule.info_ahead_of else Fraction(0),
        is_in_band=is_in_band,
        measured_on=rule.measured_on if rule.name is RuleName.ADVANCE_OVER_LIMIT else None,
    )


def _ahead_of(at: Snapshot, rule: Rule) -> Baseline | None:
    """The baseline of the rule's easing where the subject is not behind it; ``None`` where it is, or where
    the baseline says nothing of the day."""
    easing = rule.info_ahead_of
    if easing is None or at.progress.subject.type not in easing.subjects:
        return None
    other = at.reaching(easing.baseline, at.day)
    share = other.share_on(at.day) - easing.within if other else Fraction(0)
    is_ahead = share > 0 and at.disbursed * share.denominator >= share.numerator * at.plan
    return other if is_ahead else None


def _against_baseline(at: Snapshot, rule: Rule, is_open: bool) -> Finding | None:
    """DPI below the limit: D / (share x plan) < limit."""
    judge = judge_of(at, rule)
    if judge is None or not at.has_books:
        return None
    share, limit = judge.share_on(at.day), rule.limit(is_open=is_open)
    if share <= 0:
        return None
    left = at.disbursed * share.denominator * limit.denominator
    if left >= limit.numerator * share.numerator * at.plan:
        return None
    dpi = Fraction(at.disbursed * share.denominator, share.numerator * at.plan)
    return finding(
        at,
        rule,
        judge=judge,
        measured=dpi,
        clearing=lambda: _disburse(at, _cuts(judge, at.day), rule.limit(is_open=True)),
        is_held=is_open and dpi >= rule.threshold,
    )


def _below_milestone(at: Snapshot, rule: Rule, is_open: bool) -> Finding | None:
    """Less of the plan disbursed than the last cut date that has passed asked for."""
    if not at.has_books:
        return None
    year, last, following = at.progress.budget_year, None, None
    for each in rule.milestones:
        if each.on(year) <= at.day:
            last = each
        elif following is None:
            following = each
    if last is None:
        return None
    # clear_at is how far above the milestone an open alert must come, as a multiple of its rate.
    limit = last.clears_at(rule.clear_at) if is_open else last.rate
    if at.disbursed * limit.denominator >= limit.numerator * at.plan:
        return None
    rate = Fraction(at.disbursed, at.plan)
    cuts = [(at.day, last.clears_at(rule.clear_at))]
    if following:
        cuts.append((following.on(year), following.clears_at(rule.clear_at)))
    return finding(
        at,
        rule,
        measured=rate,
        clearing=lambda: _disburse(at, cuts),
        milestone=last,
        is_held=is_open and rate >= last.rate,
    )


def _nothing_disbursed(at: Snapshot, rule: Rule, _is_open: bool) -> Finding | None:
    if not at.has_books or at.disbursed > 0:
        return None
    judge = judge_of(at, rule)

    def clearing() -> Clearing:
        later = _disburse(at, _cuts(judge, at.day)[1:]).needs if judge else ()
        return Clearing(Action.DISBURSE, (Need(at.day, max(1 - at.disbursed, 1)), *later))

    return finding(at, rule, judge=judge, clearing=clearing)


def _stalled(at: Snapshot, rule: Rule, is_open: bool) -> Finding | None:
    """Nothing moved for longer than the limit, with plan left; never moved is nothing_disbursed."""
    since = at.last_movement if at.has_books and 0 < at.disbursed < at.plan else None
    if since is None:
        return None
    days = (at.day - since).days
    if days <= rule.limit(is_open=is_open):
        return None
    return finding(
        at,
        rule,
        measured=Fraction(days),
        clearing=lambda: _at_once(at, Action.DISBURSE, 1),
        is_held=is_open and days <= rule.threshold,
    )


def _year_end_shortfall(at: Snapshot, rule: Rule, is_open: bool) -> Finding | None:
    """The forecast for the closing day, or for 31 December where the shape ends there, is below the limit."""
    if at.disbursed >= at.plan:
        return None
    judge = judge_of(at, rule)
    forecast = at.forecast(judge, at.closing) or at.forecast(judge, at.year_end)
    if forecast is None:
        return None
    limit = rule.limit(is_open=is_open)
    if forecast.central * limit.denominator >= limit.numerator * at.plan:
        return None
    share = Fraction(forecast.central, at.plan)
    return finding(
        at,
        rule,
        judge=judge,
        measured=share,
        clearing=lambda: _disburse(at, [(forecast.day, rule.limit(is_open=True))]),
        is_held=is_open and share >= rule.threshold,
        is_in_band=rule.info_in_band and forecast.high * limit.denominator >= limit.numerator * at.plan,
    )


def _over_plan(at: Snapshot, rule: Rule, _is_open: bool) -> Finding | None:
    """The appropriation is of a fund source: one line over its plan is over, whatever others hold."""
    # Without any decision the plan may only not have arrived yet. Totals of a past day do not say which line.
    if at.is_past or at.progress.plan_effective_date is None:
        return None
    excess, fund_source = 0, ""
    for line in at.progress.lines:
        if line.disbursed - line.current_plan > excess:
            excess, fund_source = line.disbursed - line.current_plan, line.fund_source
    if excess <= 0:
        return None
    found = finding(at, rule, clearing=lambda: _at_once(at, Action.REFUND, excess))
    return replace(found, excess=excess, over_fund_source=fund_source)


def _advance_over_limit(at: Snapshot, rule: Rule, is_open: bool) -> Finding | None:
    base = at.plan if rule.measured_on is AdvanceBase.PLAN else at.progress.total_investment
    limit = rule.limit(is_open=is_open)
    if not base or at.advance_outstanding * limit.denominator <= limit.numerator * base:
        return None
    share = Fraction(at.advance_outstanding, base)
    return finding(
        at,
        rule,
        measured=share,
        clearing=lambda: _at_once(
            at, Action.RECOVER, at.advance_outstanding - int(rule.limit(is_open=True) * base)
        ),
        is_held=is_open and share <= rule.threshold,
    )


def _advance_overdue(at: Snapshot, rule: Rule, is_open: bool) -> Finding | None:
    since = at.progress.advance_since
    if at.is_past or since is None or at.advance_outstanding <= 0:
        return None
    days = (at.day - since).days
    if days <= rule.limit(is_open=is_open):
        return None
    return finding(
        at,
        rule,
        measured=Fraction(days),
        clearing=lambda: _at_once(at, Action.RECOVER, at.advance_outstanding),
        is_held=is_open and days <= rule.threshold,
    )


def _unallocated_plan(at: Snapshot, rule: Rule, is_open: bool) -> Finding | None:
    """Only where any allocation is known: without one it may only not have been told."""
    allocated = 0 if at.is_past else at.progress.allocated_plan
    limit = rule.limit(is_open=is_open)
    left = at.plan - allocated
    if allocated <= 0 or left * limit.denominator <= limit.numerator * at.plan:
        return None
    share = Fraction(left, at.plan)
    return finding(
        at,
        rule,
        measured=share,
        clearing=lambda: _at_once(at, Action.ALLOCATE, left - int(rule.limit(is_open=True) * at.plan)),
        is_held=is_open and share <= rule.threshold,
    )


def _estimate_only(at: Snapshot, rule: Rule, _is_open: bool) -> Finding | None:
    """An estimate counts and no booked voucher stands beside it."""
    progress = at.progress
    if at.is_past or not progress.includes_estimate or at.disbursed <= 0:
        return None
    if any(amount and series in _VOUCHERS for series, amount in progress.series):
        return None
    return finding(at, rule, clearing=lambda: _at_once(at, Action.BOOK, at.disbursed))


def _mismatch(at: Snapshot, rule: Rule, is_open: bool) -> Finding | None:
    """Treasury against owner, each by vouchers or else by statements: a share of the larger one."""
    if at.is_past or len(at.progress.series) <= 1:
        return None
    found = treasury_and_owner(at.progress)
    if found is None:
        return None
    (_, treasury), (_, owner) = found
    difference, larger, limit = abs(treasury - owner), max(treasury, owner), rule.limit(is_open=is_open)
    if larger <= 0 or difference * limit.denominator <= limit.numerator * larger:
        return None
    share = Fraction(difference, larger)
    return finding(
        at,
        rule,
        measured=share,
        clearing=lambda: _at_once(at, Action.RECONCILE, difference - int(rule.limit(is_open=True) * larger)),
        is_held=is_open and share <= rule.threshold,
    )


JUDGES: Mapping[RuleName, Judge] = {
    RuleName.BEHIND_TARGET: _against_baseline,
    RuleName.BELOW_MILESTONE: _below_milestone,
    RuleName.BELOW_NATIONAL_AVERAGE: _against_baseline,
    RuleName.NOTHING_DISBURSED: _nothing_disbursed,
    RuleName.STALLED: _stalled,
    RuleName.YEAR_END_SHORTFALL: _year_end_shortfall,
    RuleName.OVER_PLAN: _over_plan,
    RuleName.ADVANCE_OVER_LIMIT: _advance_over_limit,
    RuleName.ADVANCE_OVERDUE: _advance_overdue,
    RuleName.UNALLOCATED_PLAN: _unallocated_plan,
    RuleName.ESTIMATE_ONLY: _estimate_only,
    RuleName.TREASURY_OWNER_MISMATCH: _mismatch,
}


def staleness(at: Snapshot, rule: Rule, *, is_open: bool) -> tuple[int | None, tuple[str, ...]]:
    """Age in days of the oldest figures, and the sources that are too old; ``None`` where none is.

    Silence is not lag, but it is not nothing either. Without named sources the books as a whole count.
    """
    limit = rule.limit(is_open=is_open)
    if at.progress.sources:
        ages = {each.source: _age(at, each.reaches) for each in at.progress.sources}
        old = tuple(sorted(source for source, days in ages.items() if days > limit))
        return (max(ages.values()), old) if old else (None, ())
    since = at.progress.books_through or at.progress.plan_effective_date
    if since is None or (days := _age(at, since)) <= limit:
        return None, ()
    return days, ()


def is_too_old(at: Snapshot, rule: Rule) -> bool:
    """Whether everything that feeds the subject is older than ``inhibits_after`` days."""
    latest = max((each.reaches for each in at.progress.sources), default=at.progress.books_through)
    return rule.inhibits_after is not None and latest is not None and _age(at, latest) > rule.inhibits_after


def report_from(at: Snapshot, rule: Rule) -> Clearing:
    """A report that reaches so far would end it."""
    return Clearing(
        Action.REPORT,
        (Need(at.progress.business_date - timedelta(days=int(rule.clear_at or rule.threshold)), 0),),
    )


def _age(at: Snapshot, since: date) -> int:
    # No books are owed before the year begins, nor after it closes.
    year = at.progress.budget_year
    return (min(at.progress.business_date, closing_day(year)) - max(since, first_day(year))).days


def _at_once(at: Snapshot, action: Action, amount: int) -> Clearing:
    return Clearing(action, (Need(at.day, amount),))


def _disburse(at: Snapshot, cuts: Iterable[tuple[date, Fraction]], part: Fraction = _WHOLE) -> Clearing:
    """To reach ``part`` of the share of the plan that each of ``cuts`` asks for by its day."""
    return Clearing(Action.DISBURSE, tuple(Need(day, _more(at, share, part)) for day, share in cuts))


def _cuts(judge: Baseline, day: date) -> list[tuple[date, Fraction]]:
    """What the baseline asks for on the day, and by the next day for which it states a share."""
    later = _next_cut(judge, day)
    return [(each, judge.share_on(each)) for each in (day, later) if each]


def _more(at: Snapshot, share: Fraction, part: Fraction) -> int:
    """What is still to be disbursed to reach ``part`` of ``share`` of the plan, rounded up."""
    wanted, by = share.numerator * part.numerator * at.plan, share.denominator * part.denominator
    return max(-(-wanted // by) - at.disbursed, 0)


@lru_cache(maxsize=8_192)
def _next_cut(judge: Baseline, day: date) -> date | None:
    """The next day for which the baseline states a share; the next month end where it states none."""
    year = judge.read_in
    stated = {month for month in judge.stated if month.denominator == 1}
    for month in range(1, 14):
        end = month_end(date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1))
        if end > day and (not stated or month_position(end, year) in stated):
            return end
    return None
