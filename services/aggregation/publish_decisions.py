"""Publishes the records that decisions on cases left in the outbox, and marks each once the log has it.

At least once: what is published again counts once, by event id. They go the way of every event: through the
log, under its position and its block.
"""

from __future__ import annotations

import threading

from services.contracts import topics
from services.runtime import logs, metrics
from services.runtime.config import Settings
from services.runtime.kafka_client import Admin, BrokerUnavailableError, Publisher, Record
from services.runtime.postgres import CONNECTION_ERRORS, Connection, connect, transaction

_log = logs.get(__name__)
_AT_ONCE = 100
_IDLE_SECONDS = 1.0


class PublishDecisions:
    """One loop of aggregation: outbox of the cases -> their topics. ``notice`` wakes it."""

    def __init__(self, settings: Settings, *, publisher: Publisher) -> None:
        self._settings = settings
        self._publisher = publisher
        self._admin = Admin(settings, client_id="giaingan-decisions-admin")
        self._connection: Connection | None = None
        self._decided = threading.Event()

    def notice(self) -> None:
        """Something was decided."""
        self._decided.set()

    def run(self, stop: threading.Event) -> None:
        """Publish until ``stop``."""
        try:
            while not stop.is_set():
                self._decided.wait(timeout=_IDLE_SECONDS)
                self._decided.clear()
                self._step()
        finally:
            self._admin.close()
            self._drop_connection()

    def _step(self) -> None:
        try:
            if self._connection is None:
                self._connection = connect(
                    self._settings.database_url.get_secret_value(), application="giaingan-decisions"
                )
            for topic in (topics.PLAN, topics.DISBURSEMENT):
                self._publish(self._connection, topic)
            _measure(self._connection)
        except BrokerUnavailableError as error:
            _log.warning("decisions wait for the broker", error=str(error))
        except CONNECTION_ERRORS as error:
            _log.warning("database lost", error=str(error).strip())
            self._drop_connection()

    def _publish(self, connection: Connection, topic: str) -> None:
        """Publish what no log has yet; with a broker that forgets, also what only a lost log had."""
        lost_too = self._settings.ephemeral_broker
        with transaction(connection) as cursor:
            cursor.execute(_ANY, (topic, lost_too))
            if cursor.fetchone() is None:
                return
        identity = self._admin.identity(topic)
        if identity is None:
            raise BrokerUnavailableError(f"{topic} does not exist")
        while True:
            with transaction(connection) as cursor:
                cursor.execute(_UNPUBLISHED, (topic, identity.topic_id, lost_too, _AT_ONCE))
                rows = cursor.fetchall()
            if not rows:
                return
            # Between the two transactions: no lock is held while the broker is slow.
            self._publisher.publish(topic, [Record(key, bytes(value)) for _, key, value in rows])
            with transaction(connection) as cursor:
                cursor.execute(_MARK, (identity.topic_id, [row[0] for row in rows]))
            _log.info("decisions published", topic=topic, records=len(rows))

    def _drop_connection(self) -> None:
        if self._connection and not self._connection.closed:
            self._connection.close()
        self._connection = None


def _measure(connection: Connection) -> None:
    with transaction(connection) as cursor:
        cursor.execute(_OLDEST_HELD)
        row = cursor.fetchone()
    metrics.OLDEST_HELD_SECONDS.set(row[0] if row else 0)


_ANY = """
SELECT 1 FROM aggregation.case_record WHERE topic = %s AND (published_topic_id IS NULL OR %s) LIMIT 1
"""
_UNPUBLISHED = """
SELECT record_id, key, value FROM aggregation.case_record
 WHERE topic = %s AND (published_topic_id IS NULL OR (published_topic_id <> %s AND %s))
 ORDER BY record_id
 LIMIT %s
"""
_MARK = """
UPDATE aggregation.case_record SET published_topic_id = %s, published_at = now() WHERE record_id = ANY(%s)
"""
_OLDEST_HELD = """
SELECT coalesce(extract(epoch FROM now() - min(quarantined_at)), 0)::float
  FROM aggregation.quarantine WHERE state = 'held'
"""
