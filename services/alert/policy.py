"""The rules in force, read from files: which subjects, thresholds, severities and words."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from services.alert.policy_faults import read_yaml, told, wrong
from services.domain.baselines import DHSS, BaselineName, ClosingMonth, SCurveConstants
from services.domain.handling import Escalation
from services.domain.lag_rules import (
    AdvanceBase,
    Easing,
    Milestone,
    Policy,
    Preference,
    Rule,
    RuleName,
    Severity,
)
from services.domain.progress import SubjectType
from services.runtime.errors import StopServiceError

# What a template may name. The second group needs a baseline that the rule judges by.
COMMON_NAMES = frozenset(
    {"subject", "as_of", "business_date", "books_through", "disbursed", "rate", "plan", "plan_base"}
)
_JUDGED = frozenset({"baseline"})
BASELINE_NAMES = frozenset(
    # Of the judging baseline; "interpolated" says how its rate was found, and is empty where it is stated.
    {"baseline_rate", "interpolated", "rate_base", "index", "threshold", "months", "shortfall"}
)
_NAMES_BY_RULE = {
    RuleName.BEHIND_TARGET: COMMON_NAMES | BASELINE_NAMES | _JUDGED,
    RuleName.BELOW_MILESTONE: COMMON_NAMES | {"milestone_date", "milestone_rate"},
    RuleName.BELOW_NATIONAL_AVERAGE: COMMON_NAMES | BASELINE_NAMES | _JUDGED,
    RuleName.NOTHING_DISBURSED: COMMON_NAMES,
    RuleName.STALLED: COMMON_NAMES | {"threshold", "days"},
    RuleName.YEAR_END_SHORTFALL: COMMON_NAMES | {"threshold_percent", "forecast_rate", "forecast_date"},
    RuleName.ADVANCE_OVER_LIMIT: COMMON_NAMES | {"threshold_percent", "share", "measured_on"},
    RuleName.ADVANCE_OVERDUE: COMMON_NAMES | {"threshold", "days"},
    RuleName.UNALLOCATED_PLAN: COMMON_NAMES | {"threshold_percent", "share"},
    RuleName.ESTIMATE_ONLY: COMMON_NAMES,
    RuleName.TREASURY_OWNER_MISMATCH: COMMON_NAMES | {"threshold_percent", "share"},
    RuleName.OVER_PLAN: COMMON_NAMES | {"excess", "fund_source"},
    RuleName.SOURCE_STALE: COMMON_NAMES | {"threshold"},
}
# Gone when the rule no longer flags: a resolved text cannot name them.
_ONLY_WHILE_FLAGGED = {
    *("excess", "fund_source", "days", "share", "milestone_date", "milestone_rate"),
    *("forecast_rate", "forecast_date"),
}
_SHARES_BELOW = {RuleName.BEHIND_TARGET, RuleName.BELOW_NATIONAL_AVERAGE, RuleName.YEAR_END_SHORTFALL}
# Held against what this plan asks, so that another baseline may say that it is none the worse for it.
_EASED = {RuleName.BEHIND_TARGET, RuleName.BELOW_MILESTONE, RuleName.YEAR_END_SHORTFALL}
_RISING = {*_SHARES_BELOW, RuleName.BELOW_MILESTONE}


_MOST_REMEMBERED = 1_000


class PolicyError(StopServiceError):
    """A policy file cannot be used; the message names file, line, rule and key of every fault."""


def _exact(value: Any) -> Any:
    """A number as text, so that "0.90" is nine tenths and nothing near it."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value):
        return Fraction(value)
    raise ValueError('write the number in quotes, for example "0.90"')


def _template(text: str) -> str:
    try:
        fields = [(name, spec, conversion) for _, name, spec, conversion in string.Formatter().parse(text)]
    except ValueError as error:
        raise ValueError(f"is no template: {error}") from error
    for name, spec, conversion in fields:
        if name is not None and (spec or conversion or not name.isidentifier()):
            raise ValueError(f"{{{name}}} must be a plain name in braces")
    return " ".join(text.split())


Exact = Annotated[Fraction, BeforeValidator(_exact)]
Template = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(_template)]


class _Read(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Texts(_Read):
    """One language of a rule: the feed's title, why it flags, and what is said once it no longer does."""

    title: Template
    reason: Template
    resolved: Template


class BothTexts(_Read):
    """Vietnamese and English."""

    vi: Texts
    en: Texts


class MilestoneEntry(_Read):
    """A cut date of the budget year, as "30/09", and the share of the plan to be disbursed by it."""

    by: Annotated[str, Field(pattern=r"^(0[1-9]|[12]\d|3[01])/(0[1-9]|1[0-2])$")]
    rate: Annotated[Exact, Field(gt=0, le=1)]

    @field_validator("by")
    @classmethod
    def _is_a_day_of_every_year(cls, by: str) -> str:
        day, month = map(int, by.split("/"))
        if month == 1:
            raise ValueError(
                "a cut date in January would be of the year's first month: say 31/12, or leave it"
            )
        try:
            # No leap year: 29 February is no day of every budget year.
            date(2001, month, day)
        except ValueError as error:
            raise ValueError(f"{by} is no day of every year") from error
        return by

    def milestone(self) -> Milestone:
        day, month = self.by.split("/")
        return Milestone(int(month), int(day), self.rate)


class PreferenceEntry(_Read):
    """Which baseline judges these subjects: the first of ``order`` that a subject has."""

    subjects: Annotated[frozenset[SubjectType], Field(min_length=1)]
    groups: frozenset[str] = frozenset()
    order: Annotated[tuple[BaselineName, ...], Field(min_length=1)]

    def preference(self) -> Preference:
        return Preference(self.subjects, self.order, self.groups)


class SCurveEntry(_Read):
    """The constants of the S-curve."""

    c: Exact
    k: Exact

    @model_validator(mode="after")
    def _rises(self) -> Self:
        self.constants()
        return self

    def constants(self) -> SCurveConstants:
        return SCurveConstants(self.c, self.k)


class ClosingMonthEntry(_Read):
    """What January paid of the plan of ``budget_year``: shares of the plan as published."""

    budget_year: Annotated[int, Field(ge=2000, le=2100)]
    by_year_end: Exact
    by_closing: Exact

    @model_validator(mode="after")
    def _rises(self) -> Self:
        self.closing_month()
        return self

    def closing_month(self) -> ClosingMonth:
        return ClosingMonth(self.budget_year, self.by_year_end, self.by_closing)


class EasingEntry(_Read):
    """For these subjects a flag is info where they are not behind ``baseline``, by more than ``within``."""

    baseline: BaselineName
    subjects: Annotated[frozenset[SubjectType], Field(min_length=1)]
    within: Annotated[Exact, Field(lt=1)] = Fraction(0)

    def easing(self) -> Easing:
        return Easing(self.baseline, self.subjects, self.within)


class RuleEntry(_Read):
    """One rule as written in a file."""

    name: RuleName
    version: Annotated[int, Field(ge=1)]
    severity: Severity
    subjects: Annotated[frozenset[SubjectType], Field(min_length=1)]
    threshold: Exact = Fraction(1)
    critical_below: Exact | None = None
    from_month: Annotated[Exact, Field(ge=0, le=13)] = Fraction(0)
    clear_at: Exact | None = None
    groups: frozenset[str] = frozenset()
    baseline: BaselineName | None = None
    milestones: tuple[MilestoneEntry, ...] = ()
    measured_on: AdvanceBase = AdvanceBase.TOTAL_INVESTMENT
    inhibits_after: Annotated[int, Field(ge=1, le=400)] | None = None
    info_ahead_of: EasingEntry | None = None
    info_in_band: bool = False
    text: BothTexts

    @model_validator(mode="after")
    def _fits_its_rule(self) -> Self:
        judged = self.name in {RuleName.BEHIND_TARGET, RuleName.BELOW_NATIONAL_AVERAGE}
        if self.name in _SHARES_BELOW and not 0 < self.threshold <= 1:
            raise wrong("threshold", "a share of the baseline, above 0 and at most 1")
        if (self.name is RuleName.BELOW_MILESTONE) is not bool(self.milestones):
            raise wrong("milestones", "below_milestone has at least one, no other rule has any")
        if self.clear_at is not None and not self._clears_beyond():
            raise wrong("clear_at", "on the far side of the threshold from what is flagged")
        if self.critical_below is not None and not (judged and self.critical_below <= self.threshold):
            raise wrong("critical_below", "at most the threshold, and only where a baseline judges")
        if self.info_ahead_of is not None and self.name not in _EASED:
            raise wrong("info_ahead_of", f"only of {', '.join(sorted(_EASED))}")
        if self.info_in_band and self.name is not RuleName.YEAR_END_SHORTFALL:
            raise wrong("info_in_band", "only of year_end_shortfall, which has a forecast")
        for language, texts in (("vi", self.text.vi), ("en", self.text.en)):
            for key, text in texts:
                allowed = _NAMES_BY_RULE[self.name]
                if key == "resolved":
                    allowed -= _ONLY_WHILE_FLAGGED
                if unknown := sorted(_names(text) - allowed):
                    raise wrong(
                        f"text.{language}.{key}",
                        f"{self.name} gives no {', '.join(unknown)}; it gives {', '.join(sorted(allowed))}",
                    )
        return self

    def _clears_beyond(self) -> bool:
        if self.clear_at is None or self.name in _RISING:
            limit = 1 if self.name is RuleName.BELOW_MILESTONE else self.threshold
            return self.clear_at is None or self.clear_at >= limit
        return self.clear_at <= self.threshold

    def rule(self) -> Rule:
        """The rule as the domain judges by it."""
        return Rule(
            name=self.name,
            version=self.version,
            severity=self.severity,
            subjects=self.subjects,
            threshold=self.threshold,
            critical_below=self.critical_below,
            from_month=self.from_month,
            clear_at=self.clear_at,
            groups=self.groups,
            baseline=self.baseline,
            milestones=tuple(
                sorted((each.milestone() for each in self.milestones), key=lambda m: (m.month, m.day))
            ),
            measured_on=self.measured_on,
            inhibits_after=self.inhibits_after,
            info_ahead_of=self.info_ahead_of.easing() if self.info_ahead_of else None,
            info_in_band=self.info_in_band,
        )


class EscalationEntry(_Read):
    """How long an alert may wait for an acknowledgement, in hours by severity, and who is asked then: the
    head of the unit (``heads``, by owner code; else the unit is named), last the supervisor."""

    acknowledge_within_hours: dict[Severity, Annotated[int, Field(ge=1, le=24 * 365)]] = Field(
        default_factory=dict
    )
    longest_snooze_days: Annotated[int, Field(ge=1, le=365)] = 31
    supervisor: Annotated[str, Field(min_length=1, max_length=200)]
    heads: dict[
        Annotated[str, Field(min_length=1, max_length=64)],
        Annotated[str, Field(min_length=1, max_length=200)],
    ] = Field(default_factory=dict)

    def escalation(self) -> Escalation:
        return Escalation(
            acknowledge_within={
                severity: timedelta(hours=hours) for severity, hours in self.acknowledge_within_hours.items()
            },
            longest_snooze=timedelta(days=self.longest_snooze_days),
            supervisor=self.supervisor,
            heads=self.heads,
        )


# Where no policy says anything nobody is waited for.
_NO_ESCALATION = EscalationEntry(supervisor="Cơ quan giám sát").escalation()


class PolicyFile(_Read):
    """One file of rules and the provinces and budget years it holds for."""

    policy: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    provinces: Literal["all"] | Annotated[frozenset[str], Field(min_length=1)]
    from_budget_year: Annotated[int, Field(ge=2000, le=2100)]
    baselines: tuple[PreferenceEntry, ...] = ()
    s_curve: SCurveEntry | None = None
    forecast_shape: BaselineName | None = None
    closing_month: ClosingMonthEntry | None = None
    escalation: EscalationEntry | None = None
    rules: Annotated[tuple[RuleEntry, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_rule_once(self) -> Self:
        names = [rule.name for rule in self.rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise wrong("rules", f"{', '.join(twice)} given twice: leave one")
        return self

    def precedence(self) -> tuple[bool, int]:
        """The higher one counts: a province's own before the nation's, then the later."""
        return (self.provinces != "all", self.from_budget_year)

    def covers(self, *, province_code: str, budget_year: int) -> bool:
        in_scope = self.provinces == "all" or province_code in self.provinces
        return in_scope and budget_year >= self.from_budget_year


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy file, in rising precedence."""

    files: tuple[PolicyFile, ...]
    _policies: dict[tuple[str, int], Policy] = field(default_factory=dict, compare=False, repr=False)

    def policy_for(self, *, province_code: str, budget_year: int) -> Policy:
        """What the verdict judges by there; of each part what the file of the highest precedence says."""
        covering = tuple(
            file for file in self.files if file.covers(province_code=province_code, budget_year=budget_year)
        )
        known = self._policies.get((province_code, budget_year))
        if known is None:
            if len(self._policies) >= _MOST_REMEMBERED:
                self._policies.clear()
            entries = self.rules_for(province_code=province_code, budget_year=budget_year)
            known = Policy(
                rules=tuple(entry.rule() for entry in entries.values()),
                preferences=tuple(
                    each.preference() for file in reversed(covering) for each in file.baselines
                ),
                s_curve=next((f.s_curve.constants() for f in reversed(covering) if f.s_curve), DHSS),
                forecast_shape=next((f.forecast_shape for f in reversed(covering) if f.forecast_shape), None),
                closing_month=next(
                    (f.closing_month.closing_month() for f in reversed(covering) if f.closing_month), None
                ),
            )
            self._policies[province_code, budget_year] = known
        return known

    def rules_for(self, *, province_code: str, budget_year: int) -> dict[RuleName, RuleEntry]:
        """The rule of each name that is in force there; a province's own overrides the nation's."""
        return {
            entry.name: entry
            for file in self.files
            if file.covers(province_code=province_code, budget_year=budget_year)
            for entry in file.rules
        }

    def escalation_for(self, *, province_code: str, budget_year: int) -> Escalation:
        """How alerts are handled there: as the file of the highest precedence that speaks of it says."""
        said = (
            file.escalation.escalation()
            for file in reversed(self.files)
            if file.escalation and file.covers(province_code=province_code, budget_year=budget_year)
        )
        return next(said, _NO_ESCALATION)


_KEYS = sorted(
    {
        key
        for model in (
            *(PolicyFile, PreferenceEntry, SCurveEntry, ClosingMonthEntry, EscalationEntry),
            *(RuleEntry, MilestoneEntry, EasingEntry, BothTexts, Texts),
        )
        for key in model.model_fields
    }
)


def load(place: Path) -> Policies:
    """Read every ``*.yaml`` of a folder, or one file. Raises ``PolicyError`` naming every fault."""
    read: list[tuple[Path, PolicyFile]] = []
    faults: list[str] = []
    for path in sorted(place.glob("*.yaml")) if place.is_dir() else [place]:
        try:
            read.append((path, PolicyFile.model_validate(read_yaml(path))))
        except ValidationError as error:
            faults += [f"{path.name}: {fault}" for fault in told(path, error, keys=_KEYS)]
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            faults.append(f"{path.name}: {error}")
    if not read and not faults:
        faults.append(f"no policy file in {place}")
    faults += _ambiguities(read)
    if faults:
        raise PolicyError("policy not usable:\n" + "\n".join(faults))
    return Policies(tuple(sorted((file for _, file in read), key=PolicyFile.precedence)))


def _names(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def _ambiguities(read: Iterable[tuple[Path, PolicyFile]]) -> list[str]:
    """Two files of the same precedence that both hold a rule for a province."""
    first: dict[tuple[object, ...], str] = {}
    faults = []
    for path, file in read:
        for province in ["all"] if file.provinces == "all" else sorted(file.provinces):
            for entry in file.rules:
                place = (*file.precedence(), province, entry.name)
                other = first.setdefault(place, path.name)
                if other != path.name:
                    faults.append(f"{path.name}: rule {entry.name}: {other} has it for {province} too")
    return faults
