"""Alerts as the service tells them, made by its own parts, for tests."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, date, datetime

from services.alert import policy, wording
from services.alert.explanation_store import KeptChange
from services.alert.figures import figures_of
from services.alert.http_models import AlertOut
from services.alert.number_text import LANGUAGES, Language
from services.alert.rule_definitions import definition_of
from services.domain import event_identity
from services.domain.alert_lifecycle import AlertState, AlertTransition
from services.domain.finding import Finding
from services.domain.lag_rules import Policy, RuleName
from services.domain.progress import Progress
from services.domain.verdict import evaluate, unflagged
from tests.support import ca_mau
from tests.support.alerting import FUND_SOURCES, RULES

POLICIES = policy.load(RULES)


def rules_of(progress: Progress) -> dict[RuleName, policy.RuleEntry]:
    """The rules in force for a subject."""
    return POLICIES.rules_for(province_code=progress.subject.province_code, budget_year=progress.budget_year)


def policy_of(progress: Progress) -> Policy:
    """What a subject is judged by."""
    return POLICIES.policy_for(province_code=progress.subject.province_code, budget_year=progress.budget_year)


def found(progress: Progress, rule: RuleName) -> Finding:
    """What the policy's rule finds. Raises ``StopIteration`` where it does not flag."""
    return next(finding for finding in evaluate(progress, policy_of(progress)) if finding.rule is rule)


def kept(
    progress: Progress, rule: RuleName, *, on: date | None = None, open_rules: Collection[RuleName] = ()
) -> KeptChange:
    """The change as it is kept where that is judged."""
    whole = policy_of(progress)
    of_rule = next(each for each in whole.rules if each.name is rule)
    flagging = evaluate(progress, whole, on=on, open_rules=open_rules)
    finding = next((each for each in flagging if each.rule is rule), None)
    definition = definition_of(whole, of_rule, rules_of(progress)[rule].text).definition
    told = finding or unflagged(progress, of_rule, whole, on=on)
    return KeptChange(
        sequence=1,
        transition="opened" if finding else "resolved",
        figures=figures_of(told).model_dump(mode="json"),
        judged_on=on or progress.as_of,
        was_open=rule in open_rules,
        recorded_at=datetime(2022, 6, 1, 1, tzinfo=UTC),
        evidence=b"",
        definition=json.loads(definition),
        open_rules=tuple(open_rules),
    )


def said(progress: Progress, rule: RuleName, language: Language) -> str:
    """The reason of an open alert, as ``told``."""
    return told(progress, rule, language).reason


def told(progress: Progress, rule: RuleName, language: Language) -> wording.Words:
    """Title and reason of an open alert; its no-break spaces are plain ones here."""
    texts = rules_of(progress)[rule].text
    words = wording.flagged(found(progress, rule), texts, language, FUND_SOURCES)
    return wording.Words(words.title.replace("\u00a0", " "), words.reason.replace("\u00a0", " "))


def ca_mau_alert() -> AlertOut:
    """Cà Mau at the end of May 2022, as the API answers."""
    progress = ca_mau.province()
    finding = found(progress, RuleName.BEHIND_TARGET)
    texts = rules_of(progress)[finding.rule].text
    vi, en = (wording.flagged(finding, texts, language, FUND_SOURCES) for language in LANGUAGES)
    figures = figures_of(finding)
    return AlertOut(
        alert_id=event_identity.alert_id(
            subject_type="province", subject_code="96", rule="behind_target", budget_year=2022
        ),
        state=AlertState.OPEN,
        severity=finding.severity,
        rule=finding.rule,
        rule_version=finding.rule_version,
        budget_year=2022,
        as_of=progress.as_of,
        subject=figures.subject,
        title_vi=vi.title,
        title_en=en.title,
        reason_vi=vi.reason,
        reason_en=en.reason,
        finding=figures,
        sequence=2,
        opened_at=datetime(2022, 6, 1, 1, tzinfo=UTC),
        updated_at=datetime(2022, 6, 2, 1, tzinfo=UTC),
        resolved_at=None,
        transition=AlertTransition.UPDATED,
        caused_by=[],
        correction_vi="",
        correction_en="",
        handling=None,
    )
