"""Publishes what the outbox holds, in order, and marks it once the broker has acknowledged it.

At least once: a change whose acknowledgement was lost is published again under the same change id.
Only one relay works at a time; the others wait to take over.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from services.contracts import progress_codec, topics
from services.runtime import logs
from services.runtime.config import Settings
from services.runtime.kafka_client import Admin, BrokerUnavailableError, Publisher, Record
from services.runtime.postgres import CONNECTION_ERRORS, Connection, connect, transaction

_log = logs.get(__name__)

_BATCH = 500
_IDLE_SECONDS = 0.25
_RETRY_SECONDS = 1.0
_IDENTITY_CHECK_SECONDS = 1.0


class Relay:
    """One loop of the alert service: outbox -> alert topic."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._publisher = Publisher(settings, client_id="giaingan-alert-relay")
        self._admin = Admin(settings, client_id="giaingan-alert-relay-admin")
        self._connection: Connection | None = None
        self._topic_id: str | None = None
        self._next_check = 0.0

    def run(self, stop: threading.Event) -> None:
        """Publish until ``stop``."""
        try:
            while not stop.is_set():
                stop.wait(self._step())
        finally:
            self._publisher.close()
            self._admin.close()
            self._drop_connection()

    def _step(self) -> float:
        """One round; returns how many seconds to wait before the next."""
        try:
            connection = self._leading_connection()
            if connection is None:
                return _RETRY_SECONDS
            topic_id = self._current_topic_id(connection)
            if topic_id is None:
                return _RETRY_SECONDS
            return 0 if self._publish_next(connection, topic_id) else _IDLE_SECONDS
        except BrokerUnavailableError as error:
            _log.warning("alert changes wait", error=str(error))
        except CONNECTION_ERRORS as error:
            _log.warning("database lost", error=str(error).strip())
            self._drop_connection()
        return _RETRY_SECONDS

    def _leading_connection(self) -> Connection | None:
        """A connection that holds the lead, ``None`` while another relay has it.

        The lock is the session's: it goes with the connection, whatever happens to this process.
        """
        if self._connection:
            return self._connection
        connection = connect(
            self._settings.database_url.get_secret_value(), application="giaingan-alert-relay"
        )
        with transaction(connection) as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext('giaingan-alert-relay'))")
            row = cursor.fetchone()
        if not (row and row[0]):
            connection.close()
            return None
        self._connection = connection
        self._next_check = 0.0
        return connection

    def _current_topic_id(self, connection: Connection) -> str | None:
        """Which log we publish to. A broker that forgot its log is told the history again."""
        if time.monotonic() < self._next_check:
            return self._topic_id
        identity = self._admin.identity(topics.ALERT)
        self._topic_id = identity.topic_id if identity else None
        self._next_check = time.monotonic() + _IDENTITY_CHECK_SECONDS
        if self._topic_id and self._settings.ephemeral_broker:
            with transaction(connection) as cursor:
                cursor.execute(_FORGET, (self._topic_id,))
                if cursor.rowcount:
                    _log.warning("the log was replaced: history published again", changes=cursor.rowcount)
        return self._topic_id

    def _publish_next(self, connection: Connection, topic_id: str) -> int:
        """Publish up to a batch and mark it; returns how many."""
        with transaction(connection) as cursor:
            cursor.execute(_UNPUBLISHED, (_BATCH,))
            rows = cursor.fetchall()
        if not rows:
            return 0
        # Between the two transactions, so that no lock is held while the broker is slow.
        self._publisher.publish(topics.ALERT, [_record(row) for row in rows])
        with transaction(connection) as cursor:
            cursor.execute(_MARK, (topic_id, [row[0] for row in rows]))
        return len(rows)

    def _drop_connection(self) -> None:
        if self._connection and not self._connection.closed:
            self._connection.close()
        self._connection = None


def _record(row: tuple[Any, ...]) -> Record:
    """An outbox row as published: keyed by the subject, so that its changes stay in order."""
    _, change_id, alert_id, sequence, transition, subject_type, subject_code, rule = row[:8]
    rule_version, budget_year, severity, as_of, figures, reason_vi, reason_en, recorded_at = row[8:16]
    caused_by, correction_vi, correction_en, judged_on = row[16:]
    value = progress_codec.encode_alert_change(
        change_id=change_id,
        alert_id=alert_id,
        sequence=sequence,
        transition=transition,
        subject_type=subject_type,
        subject_code=subject_code,
        rule=rule,
        rule_version=rule_version,
        budget_year=budget_year,
        severity=severity,
        as_of=as_of,
        finding_json=json.dumps(figures, ensure_ascii=False, sort_keys=True),
        reason_vi=reason_vi,
        reason_en=reason_en,
        recorded_at=recorded_at,
        caused_by=caused_by or (),
        correction_vi=correction_vi or "",
        correction_en=correction_en or "",
        judged_on=judged_on,
    )
    return Record(key=subject_code, value=value)


_UNPUBLISHED = """
SELECT o.id, c.change_id, c.alert_id, c.sequence, c.transition, a.subject_type, a.subject_code, a.rule,
       c.rule_version, a.budget_year, c.severity, c.as_of, c.figures, c.reason_vi, c.reason_en, c.recorded_at,
       c.caused_by, c.correction_vi, c.correction_en, c.judged_on
  FROM alert.outbox AS o
  JOIN alert.alert_change AS c USING (change_id)
  JOIN alert.alert AS a ON a.id = c.alert_id
 WHERE o.published_topic_id IS NULL
 ORDER BY o.id
 LIMIT %s
"""

_MARK = "UPDATE alert.outbox SET published_topic_id = %s, published_at = now() WHERE id = ANY(%s)"

_FORGET = """
UPDATE alert.outbox SET published_topic_id = NULL, published_at = NULL WHERE published_topic_id <> %s
"""
