"""Each progress is judged, compared with what is recorded, and told: the alert service's whole job.

    progress record -> read and judge -> newer than what was judged? -> transition -> write + outbox

All of a batch is written in the transaction of its position, or none of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.alert import alert_store, wording
from services.alert.alert_store import AlertsOfSubject, Change, Place, Quarantined, RecordedAlert, SubjectKey
from services.alert.figures import figures_of
from services.alert.number_text import LANGUAGES
from services.alert.policy import Policies, RuleEntry
from services.contracts import codec, progress_codec
from services.domain import event_identity
from services.domain.alert_lifecycle import AlertState, AlertTransition, transition
from services.domain.finding import Finding, finding_digest
from services.domain.lag_rules import Policy, Rule, RuleName
from services.domain.progress import Progress
from services.domain.verdict import evaluate, unflagged
from services.runtime import logs, metrics
from services.runtime.batch_commit import Batch, ReceivedRecord
from services.runtime.errors import shortened
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import Cursor

_log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """A progress with every rule in force for it and what they found."""

    progress: Progress
    rules: dict[RuleName, RuleEntry]
    policy: Policy
    findings: dict[RuleName, Finding]
    place: Place

    @property
    def inhibited(self) -> frozenset[RuleName]:
        """Rules that stale figures keep silent: their alerts stay as they are."""
        return frozenset(rule for finding in self.findings.values() for rule in finding.inhibited)


class WatchProgress:
    """Applies batches of the progress topic. For one loop; ``committed`` follows each commit."""

    def __init__(self, policies: Policies, fund_sources: FundSourceNames) -> None:
        self._policies = policies
        self._fund_sources = fund_sources
        self._uncommitted: list[Change] = []
        self._fates: Counter[str] = Counter()
        self._topic = ""

    def apply(self, cursor: Cursor, batch: Batch) -> bytes:
        """Write what the batch means; returns the SHA-256 of what it added."""
        read = [self._read(record, batch) for record in batch.records]
        judged = [result for result in read if isinstance(result, Judged)]
        quarantined = [result for result in read if isinstance(result, Quarantined)]

        keys = {SubjectKey.of(one.progress) for one in judged}
        seen = alert_store.seen_versions(cursor, keys) if keys else {}
        alerts = alert_store.recorded_alerts(cursor, keys) if keys else {}

        changes: list[Change] = []
        newly_seen: dict[SubjectKey, int] = {}
        fates = Counter(quarantined=len(quarantined))
        for one in judged:
            key = SubjectKey.of(one.progress)
            if one.progress.version <= seen.get(key, -1):
                fates["duplicate"] += 1
                continue
            fates["inserted"] += 1
            seen[key] = newly_seen[key] = one.progress.version
            of_subject = alerts.setdefault(key, {})
            one = _with_open_alerts(one, of_subject)
            for change in changes_of(one, of_subject, self._fund_sources):
                of_subject[change.figures.rule] = change.after()
                changes.append(change)

        alert_store.write(cursor, seen=newly_seen, changes=changes, quarantined=quarantined)
        self._topic, self._uncommitted, self._fates = batch.topic, changes, fates
        return alert_store.batch_digest(changes, quarantined)

    def committed(self) -> None:
        """Count what the last batch changed, now that it is so."""
        for change in self._uncommitted:
            metrics.ALERT_CHANGES.labels(change.figures.rule, change.transition).inc()
            _log.info(
                "alert changed",
                alert=str(change.alert_id),
                transition=change.transition,
                rule=change.figures.rule,
                subject=change.figures.subject.code,
                severity=change.figures.severity,
                as_of=change.figures.as_of.isoformat(),
            )
        for fate, count in self._fates.items():
            metrics.EVENTS_APPLIED.labels(self._topic, fate).inc(count)
        self._uncommitted, self._fates = [], Counter()

    def _read(self, record: ReceivedRecord, batch: Batch) -> Judged | Quarantined:
        place = Place(batch.topic_id, batch.partition, record.offset)
        try:
            progress = progress_codec.decode_progress(record.value)
            return self._judge(_storable(progress), place)
        except codec.UndecodableError as error:
            return _quarantined(place, "not-understood", error, record)
        except (ValueError, ArithmeticError) as error:
            # It reads, and cannot be judged: a baseline that falls, a year that is none.
            return _quarantined(place, "not-judgeable", error, record)

    def _judge(self, progress: Progress, place: Place) -> Judged:
        rules = self._policies.rules_for(
            province_code=progress.subject.province_code, budget_year=progress.budget_year
        )
        policy = self._policies.policy_for(
            province_code=progress.subject.province_code, budget_year=progress.budget_year
        )
        findings = evaluate(progress, policy)
        return Judged(progress, rules, policy, {finding.rule: finding for finding in findings}, place)


def _with_open_alerts(judged: Judged, alerts: AlertsOfSubject) -> Judged:
    """Judged again where an alert is open: it clears only beyond its threshold."""
    open_rules = {rule for rule, each in alerts.items() if each.recorded.state is AlertState.OPEN}
    if not open_rules:
        return judged
    findings = evaluate(judged.progress, judged.policy, open_rules=open_rules)
    return replace(judged, findings={finding.rule: finding for finding in findings})


def changes_of(judged: Judged, alerts: AlertsOfSubject, names: FundSourceNames) -> Iterator[Change]:
    """What changes of a subject's alerts, rule by rule, given what is recorded of them."""
    for rule in RuleName:
        if rule in judged.inhibited:
            continue
        finding, recorded = judged.findings.get(rule), alerts.get(rule)
        what = transition(
            recorded.recorded if recorded else None, finding_digest(finding) if finding else None
        )
        if what is not None:
            yield _change(judged, rule, what, finding, recorded, names=names)


def _change(
    judged: Judged,
    rule: RuleName,
    what: AlertTransition,
    finding: Finding | None,
    recorded: RecordedAlert | None,
    *,
    names: FundSourceNames,
) -> Change:
    entry = judged.rules.get(rule)
    if finding and entry:
        words = {language: wording.flagged(finding, entry.text, language, names) for language in LANGUAGES}
    else:
        finding = _no_longer_flagged(judged, rule, entry, recorded)
        texts = entry.text if entry else None
        words = {language: wording.resolved(finding, texts, language) for language in LANGUAGES}
    alert_id = event_identity.alert_id(
        subject_type=judged.progress.subject.type,
        subject_code=judged.progress.subject.code,
        rule=rule,
        budget_year=judged.progress.budget_year,
    )
    sequence = recorded.sequence + 1 if recorded else 1
    return Change(
        change_id=event_identity.change_id(alert=alert_id, sequence=sequence),
        alert_id=alert_id,
        sequence=sequence,
        transition=what,
        figures=figures_of(finding),
        words=words,
        digest=finding_digest(finding),
        place=judged.place,
    )


def _no_longer_flagged(
    judged: Judged, rule: RuleName, entry: RuleEntry | None, recorded: RecordedAlert | None
) -> Finding:
    """The figures that resolve an alert. It keeps its severity: how urgent it was while it was open."""
    if entry:
        finding = unflagged(judged.progress, entry.rule(), judged.policy)
        return replace(finding, severity=recorded.severity) if recorded else finding
    if recorded is None:
        raise AssertionError("nothing was recorded, so nothing can be resolved")
    gone = Rule(rule, recorded.rule_version, recorded.severity, frozenset())
    return replace(unflagged(judged.progress, gone, judged.policy), threshold=None)


def _quarantined(place: Place, reason: str, error: Exception, record: ReceivedRecord) -> Quarantined:
    _log.error("record quarantined", offset=place.offset, reason=reason, detail=shortened(error, 500))
    return Quarantined(place, reason, str(error), record.value or b"")


def _storable(progress: Progress) -> Progress:
    """Refuse what PostgreSQL cannot hold. Raises ``ValueError``."""
    subject = progress.subject
    texts = [
        *(subject.code, subject.name, subject.province_code, subject.owner_code, subject.owner_name),
        *(subject.accountable_officer, progress.plan_decision_number, progress.currency),
        *(line.fund_source for line in progress.lines),
        *(text for b in progress.baselines for text in (b.scope_code, b.decision_number, b.rate_base)),
    ]
    if any("\x00" in text for text in texts):
        raise ValueError("a text holds the character U+0000")
    if not subject.code:
        raise ValueError("the subject has no code")
    return progress
