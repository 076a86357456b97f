"""Each progress is judged, compared with what is recorded, and told: the alert service's whole job.

    progress record -> read -> newer than what was judged? -> judge, also the days that a correction reaches
                    -> transition -> write + outbox

All of a batch is written in the transaction of its position, or none of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from services.alert import alert_store, correction_words, wording
from services.alert.alert_store import AlertsOfSubject, Change, Place, Quarantined, RecordedAlert, SubjectKey
from services.alert.figures import figures_of
from services.alert.number_text import LANGUAGES, Language
from services.alert.policy import Policies, RuleEntry
from services.alert.rule_definitions import definition_of
from services.contracts import codec, progress_codec
from services.domain import corrections, event_identity
from services.domain.alert_lifecycle import AlertTransition, Grounds, transition
from services.domain.corrections import Rejudged
from services.domain.finding import Finding, finding_digest
from services.domain.lag_rules import Policy, Rule, RuleName
from services.domain.progress import LateEvent, Progress
from services.domain.verdict import unflagged
from services.runtime import logs, metrics
from services.runtime.batch_commit import Batch, ReceivedRecord
from services.runtime.errors import shortened
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import Cursor

_log = logs.get(__name__)


# Of the late events behind one change, so many are named.
_MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Told:
    """A progress as it was told, and the record it came in."""

    progress: Progress
    record: ReceivedRecord
    place: Place


@dataclass(frozen=True, slots=True)
class Judged:
    """A progress with every rule in force for it and what each says of it."""

    told: Told
    policy: Policy
    entries: dict[RuleName, RuleEntry]
    rules: dict[RuleName, Rejudged]

    @property
    def progress(self) -> Progress:
        return self.told.progress


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
        told = [result for result in read if isinstance(result, Told)]
        quarantined = [result for result in read if isinstance(result, Quarantined)]

        keys = {SubjectKey.of(one.progress) for one in told}
        seen = alert_store.seen_versions(cursor, keys) if keys else {}
        alerts = alert_store.recorded_alerts(cursor, keys) if keys else {}

        changes: list[Change] = []
        newly_seen: dict[SubjectKey, int] = {}
        fates: Counter[str] = Counter()
        for one in told:
            key = SubjectKey.of(one.progress)
            if one.progress.version <= seen.get(key, -1):
                fates["duplicate"] += 1
                continue
            of_subject = alerts.setdefault(key, {})
            judged = self._judge(one, of_subject)
            if isinstance(judged, Quarantined):
                quarantined.append(judged)
                continue
            fates["inserted"] += 1
            seen[key] = newly_seen[key] = one.progress.version
            for change in changes_of(judged, of_subject, self._fund_sources):
                of_subject[change.figures.rule] = change.after()
                changes.append(change)

        fates["quarantined"] = len(quarantined)
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

    def _read(self, record: ReceivedRecord, batch: Batch) -> Told | Quarantined:
        place = Place(batch.topic_id, batch.partition, record.offset)
        try:
            return Told(_storable(progress_codec.decode_progress(record.value)), record, place)
        except codec.UndecodableError as error:
            return _quarantined(place, "not-understood", error, record)
        except ValueError as error:
            return _quarantined(place, "not-judgeable", error, record)

    def _judge(self, told: Told, alerts: AlertsOfSubject) -> Judged | Quarantined:
        progress = told.progress
        entries = self._policies.rules_for(
            province_code=progress.subject.province_code, budget_year=progress.budget_year
        )
        policy = self._policies.policy_for(
            province_code=progress.subject.province_code, budget_year=progress.budget_year
        )
        recorded = {rule: alert.recorded for rule, alert in alerts.items()}
        try:
            rules = corrections.judge(progress, policy, recorded)
        except (ValueError, ArithmeticError) as error:
            # It reads, and cannot be judged: a baseline that falls, a year that is none.
            return _quarantined(told.place, "not-judgeable", error, told.record)
        return Judged(told, policy, entries, rules)


def changes_of(judged: Judged, alerts: AlertsOfSubject, names: FundSourceNames) -> Iterator[Change]:
    """What changes of a subject's alerts, rule by rule, given what is recorded of them."""
    inhibited = {rule for each in judged.rules.values() if each.finding for rule in each.finding.inhibited}
    for rule, now in judged.rules.items():
        if rule in inhibited:
            # Stale figures keep it silent: its alert stays as it is.
            continue
        alert = alerts.get(rule)
        what = transition(alert.recorded if alert else None, now.judgement)
        if what is not None:
            yield _change(judged, rule, what, now, alert, names=names)


def _change(
    judged: Judged,
    rule: RuleName,
    what: AlertTransition,
    now: Rejudged,
    alert: RecordedAlert | None,
    *,
    names: FundSourceNames,
) -> Change:
    progress, entry = judged.progress, judged.entries.get(rule)
    grounds = now.judgement.grounds or (alert.recorded.grounds if alert else None)
    on = progress.as_of
    if what is AlertTransition.CANCELLED and grounds:
        # It tells of the day on which it was raised: what that day is known to have been.
        on, grounds = grounds.day, corrections.grounds_on(progress, grounds.day)
    late = _late_events(progress, what, alert)
    correction = _correction(progress, what, alert, grounds, late)

    if now.finding and entry:
        finding = now.finding
        words = {language: wording.flagged(finding, entry.text, language, names) for language in LANGUAGES}
    else:
        finding = _no_longer_flagged(judged, rule, entry, alert, on=on)
        texts = entry.text if entry else None
        words = {language: wording.resolved(finding, texts, language) for language in LANGUAGES}
        if what is AlertTransition.CANCELLED and correction:
            words = {
                language: wording.cancelled(finding, correction[language], words[language], language)
                for language in LANGUAGES
            }
    alert_id = event_identity.alert_id(
        subject_type=progress.subject.type,
        subject_code=progress.subject.code,
        rule=rule,
        budget_year=progress.budget_year,
    )
    sequence = alert.sequence + 1 if alert else 1
    return Change(
        change_id=event_identity.change_id(alert=alert_id, sequence=sequence),
        alert_id=alert_id,
        sequence=sequence,
        transition=what,
        figures=figures_of(finding),
        words=words,
        digest=finding_digest(finding),
        place=judged.told.place,
        evidence=judged.told.record.value or b"",
        judged_on=on,
        open_rules=now.open_rules,
        definition=definition_of(judged.policy, entry.rule(), entry.text) if entry else None,
        grounds=grounds,
        caused_by=tuple(event.event_id for event in late[:_MOST_NAMED]),
        correction=correction,
    )


def _late_events(
    progress: Progress, what: AlertTransition, alert: RecordedAlert | None
) -> tuple[LateEvent, ...]:
    """Those behind a change: of a cancelled alert what reaches back to the day it was raised."""
    grounds = alert.recorded.grounds if alert else None
    cancelled_on = grounds.day if grounds and what is AlertTransition.CANCELLED else progress.as_of
    return corrections.reached(progress, cancelled_on)


def _correction(
    progress: Progress,
    what: AlertTransition,
    alert: RecordedAlert | None,
    now: Grounds | None,
    late: tuple[LateEvent, ...],
) -> dict[Language, str] | None:
    """What was corrected of what had been told; ``None`` where nothing was."""
    told = alert.recorded.grounds if alert else None
    if what in (AlertTransition.OPENED, AlertTransition.REOPENED):
        # Raised for today it corrects nothing.
        told, now = None, now if now and now.day < progress.as_of else None
    said = {
        language: correction_words.said(
            what, told=told, now=now, late_events=len(late), currency=progress.currency, language=language
        )
        for language in LANGUAGES
    }
    return said if all(said.values()) else None


def _no_longer_flagged(
    judged: Judged, rule: RuleName, entry: RuleEntry | None, alert: RecordedAlert | None, *, on: date
) -> Finding:
    """The figures that end an alert. It keeps its severity: how urgent it was while it was open."""
    if entry:
        finding = unflagged(judged.progress, entry.rule(), judged.policy, on=on)
        return replace(finding, severity=alert.severity) if alert else finding
    if alert is None:
        raise AssertionError("nothing was recorded, so nothing can be resolved")
    gone = Rule(rule, alert.recorded.rule_version, alert.severity, frozenset())
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
