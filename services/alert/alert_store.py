"""What the alert service writes, in the transaction of the position."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from psycopg2.extras import execute_values

from services.alert.figures import Figures
from services.alert.number_text import Language
from services.alert.rule_definitions import RuleDefinition
from services.alert.wording import Words
from services.domain.alert_lifecycle import AlertState, AlertTransition, Grounds, Recorded, state_after
from services.domain.lag_rules import RuleName, Severity
from services.domain.progress import Progress, SubjectType
from services.runtime.postgres import Cursor


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """What versions are counted by."""

    type: SubjectType
    code: str
    budget_year: int

    @classmethod
    def of(cls, progress: Progress) -> SubjectKey:
        return cls(progress.subject.type, progress.subject.code, progress.budget_year)


@dataclass(frozen=True, slots=True)
class RecordedAlert:
    """An alert as it stands: what the lifecycle asks, and what the next change counts on from."""

    recorded: Recorded
    sequence: int
    severity: Severity


@dataclass(frozen=True, slots=True)
class Place:
    """The record a row comes from."""

    topic_id: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one alert, to be written, with all that is needed to explain it later.

    ``digest`` is that of the finding, ``evidence`` the progress record that was judged as of ``judged_on`` by
    ``definition`` (``None`` where the rule is in force no more); ``open_rules``: those that bear on the
    finding whose alerts were held to be open before, the rule itself among them. ``caused_by`` are late
    events, ``correction`` what they corrected, in words.
    """

    change_id: UUID
    alert_id: UUID
    sequence: int
    transition: AlertTransition
    figures: Figures
    words: dict[Language, Words]
    digest: bytes
    place: Place
    evidence: bytes
    judged_on: date
    open_rules: frozenset[RuleName]
    definition: RuleDefinition | None = None
    grounds: Grounds | None = None
    caused_by: tuple[UUID, ...] = ()
    correction: dict[Language, str] | None = None

    def after(self) -> RecordedAlert:
        """The alert as it stands after the change."""
        return RecordedAlert(
            recorded=Recorded(
                state_after(self.transition), self.digest, self.grounds, self.figures.rule_version
            ),
            sequence=self.sequence,
            severity=self.figures.severity,
        )


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that cannot be read or judged, whole."""

    place: Place
    reason: str
    detail: str
    payload: bytes


AlertsOfSubject = dict[RuleName, RecordedAlert]
_RULES, _STATES = frozenset(RuleName), frozenset(AlertState)


def seen_versions(cursor: Cursor, keys: Iterable[SubjectKey]) -> dict[SubjectKey, int]:
    """The last version judged of each subject; none for one never seen."""
    rows = execute_values(cursor, _SEEN, [_key_row(key) for key in keys], fetch=True)
    return {SubjectKey(SubjectType(kind), code, year): version for kind, code, year, version in rows}


def recorded_alerts(cursor: Cursor, keys: Iterable[SubjectKey]) -> dict[SubjectKey, AlertsOfSubject]:
    """Every alert of each subject, whatever its state, by rule.

    In a rolling upgrade a later version is at work beside this one: alerts of rules that only it knows are
    left to it, and in a state that only it knows an alert is not open.
    """
    rows = execute_values(cursor, _RECORDED, [_key_row(key) for key in keys], fetch=True)
    found: dict[SubjectKey, AlertsOfSubject] = {}
    for kind, code, year, rule, state, digest, sequence, severity, rule_version, *raised in rows:
        if rule not in _RULES:
            continue
        alerts = found.setdefault(SubjectKey(SubjectType(kind), code, year), {})
        grounds = Grounds(*raised) if None not in raised else None
        recorded = Recorded(_state(state), bytes(digest), grounds, rule_version)
        alerts[RuleName(rule)] = RecordedAlert(recorded, sequence, Severity(severity))
    return found


def _state(name: str) -> AlertState:
    return AlertState(name) if name in _STATES else AlertState.RESOLVED


def write(
    cursor: Cursor,
    *,
    seen: dict[SubjectKey, int],
    changes: list[Change],
    quarantined: list[Quarantined],
) -> None:
    """Write a batch: the alerts as they stand now, each change once, and what is to be published."""
    execute_values(cursor, _REMEMBER, [(*_key_row(key), version) for key, version in sorted_seen(seen)])
    # One statement cannot touch a row twice: each alert as the batch leaves it.
    last = {change.alert_id: change for change in changes}
    execute_values(cursor, _UPSERT_ALERT, [_alert_row(change) for change in last.values()])
    definitions = {each.digest: each for change in changes if (each := change.definition)}
    # In one order everywhere, so that two writers cannot deadlock.
    rows = [_definition_row(definitions[digest]) for digest in sorted(definitions)]
    execute_values(cursor, _INSERT_DEFINITION, rows)
    execute_values(cursor, _INSERT_CHANGE, [_change_row(change) for change in changes])
    execute_values(cursor, _INSERT_OUTBOX, [(change.change_id,) for change in changes])
    execute_values(cursor, _QUARANTINE, [_quarantine_row(record) for record in quarantined])


def sorted_seen(seen: dict[SubjectKey, int]) -> list[tuple[SubjectKey, int]]:
    """In one order everywhere, so that two writers cannot deadlock."""
    return sorted(seen.items(), key=lambda item: _key_row(item[0]))


def batch_digest(changes: Iterable[Change], quarantined: Iterable[Quarantined]) -> bytes:
    """SHA-256 of what a batch added, in order; a verifier can take it again from the rows."""
    hashed = hashlib.sha256()
    for change in changes:
        hashed.update(change.change_id.bytes + change.transition.encode() + change.digest)
    for record in quarantined:
        hashed.update(f"{record.place.offset}/{record.reason}".encode())
        hashed.update(hashlib.sha256(record.payload).digest())
    return hashed.digest()


def _key_row(key: SubjectKey) -> tuple[str, str, int]:
    return (key.type.value, key.code, key.budget_year)


def _alert_row(change: Change) -> tuple[object, ...]:
    figures, words = change.figures, change.words
    state = state_after(change.transition)
    return (
        change.alert_id,
        figures.subject.type.value,
        figures.subject.code,
        figures.rule.value,
        figures.budget_year,
        figures.subject.province_code,
        figures.subject.owner_code,
        state.value,
        figures.severity.value,
        figures.rule_version,
        change.sequence,
        figures.as_of,
        change.digest,
        figures.model_dump_json(),
        words["vi"].title,
        words["en"].title,
        words["vi"].reason,
        words["en"].reason,
        state is not AlertState.OPEN,
    )


def _definition_row(definition: RuleDefinition) -> tuple[object, ...]:
    return (definition.digest, definition.rule.value, definition.rule_version, definition.definition)


def _change_row(change: Change) -> tuple[object, ...]:
    figures, words, place, grounds = change.figures, change.words, change.place, change.grounds
    return (
        change.change_id,
        change.alert_id,
        change.sequence,
        change.transition.value,
        figures.severity.value,
        figures.rule_version,
        figures.as_of,
        change.digest,
        figures.model_dump_json(),
        words["vi"].reason,
        words["en"].reason,
        place.topic_id,
        place.partition,
        place.offset,
        change.evidence,
        change.definition.digest if change.definition else None,
        change.judged_on,
        figures.rule in change.open_rules,
        grounds.day if grounds else None,
        grounds.disbursed if grounds else None,
        grounds.plan if grounds else None,
        list(change.caused_by) or None,
        change.correction["vi"] if change.correction else None,
        change.correction["en"] if change.correction else None,
        sorted(rule.value for rule in change.open_rules),
    )


def _quarantine_row(record: Quarantined) -> tuple[object, ...]:
    place = record.place
    # PostgreSQL takes no NUL in text, and the detail may quote the record.
    detail = record.detail.replace("\x00", "\\0")
    return (place.topic_id, place.partition, place.offset, record.reason, detail, record.payload)


_SEEN = """
SELECT subject_type, subject_code, budget_year, version FROM alert.subject_seen
 WHERE (subject_type, subject_code, budget_year) IN (VALUES %s)
"""

# A change of the version before says nothing of grounds: then they are what the alert was last raised with.
_RECORDED = """
SELECT a.subject_type, a.subject_code, a.budget_year, a.rule, a.state, a.digest, a.sequence, a.severity,
       a.rule_version,
       coalesce(c.raised_on, r.as_of),
       coalesce(c.raised_disbursed, (r.figures ->> 'disbursed')::bigint),
       coalesce(c.raised_plan, (r.figures -> 'plan' ->> 'current')::bigint)
  FROM alert.alert AS a
  JOIN alert.alert_change AS c ON c.alert_id = a.id AND c.sequence = a.sequence
  LEFT JOIN LATERAL (
       SELECT as_of, figures FROM alert.alert_change
        WHERE alert_id = a.id AND transition IN ('opened', 'reopened') AND c.judged_on IS NULL
        ORDER BY sequence DESC LIMIT 1
  ) AS r ON true
 WHERE (a.subject_type, a.subject_code, a.budget_year) IN (VALUES %s)
"""

_REMEMBER = """
INSERT INTO alert.subject_seen (subject_type, subject_code, budget_year, version) VALUES %s
ON CONFLICT (subject_type, subject_code, budget_year) DO UPDATE SET version = excluded.version
"""

_UPSERT_ALERT = """
INSERT INTO alert.alert AS a
       (id, subject_type, subject_code, rule, budget_year, province_code, owner_code, state, severity,
        rule_version, sequence, as_of, digest, figures, title_vi, title_en, reason_vi, reason_en, resolved_at)
SELECT id, subject_type, subject_code, rule, budget_year, province_code, owner_code, state, severity,
       rule_version, sequence, as_of, digest, figures::jsonb, title_vi, title_en, reason_vi, reason_en,
       CASE WHEN is_resolved THEN now() END
  FROM (VALUES %s) AS row
       (id, subject_type, subject_code, rule, budget_year, province_code, owner_code, state, severity,
        rule_version, sequence, as_of, digest, figures, title_vi, title_en, reason_vi, reason_en, is_resolved)
ON CONFLICT (id) DO UPDATE
   SET province_code = excluded.province_code, owner_code = excluded.owner_code, state = excluded.state,
       severity = excluded.severity, rule_version = excluded.rule_version, sequence = excluded.sequence,
       as_of = excluded.as_of, digest = excluded.digest, figures = excluded.figures,
       title_vi = excluded.title_vi, title_en = excluded.title_en, reason_vi = excluded.reason_vi,
       reason_en = excluded.reason_en, updated_at = now(), resolved_at = excluded.resolved_at
"""

_INSERT_CHANGE = """
INSERT INTO alert.alert_change
       (change_id, alert_id, sequence, transition, severity, rule_version, as_of, digest, figures, reason_vi,
        reason_en, topic_id, partition, record_offset, evidence, rule_digest, judged_on, was_open, raised_on,
        raised_disbursed, raised_plan, caused_by, correction_vi, correction_en, open_rules)
VALUES %s
"""

_INSERT_DEFINITION = """
INSERT INTO alert.rule_definition (digest, rule, rule_version, definition) VALUES %s ON CONFLICT DO NOTHING
"""

_INSERT_OUTBOX = "INSERT INTO alert.outbox (change_id) VALUES %s"

_QUARANTINE = """
INSERT INTO alert.quarantine (topic_id, partition, record_offset, reason, detail, payload) VALUES %s
"""
