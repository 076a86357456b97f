"""Writes the log again, from the journal, where the broker lost it. Only for a broker that forgets.

The embedded broker keeps its log in memory: after a restart the topics are new and empty, under new
topic ids. What was acknowledged to a sender must stay acknowledged, so every journalled event that
stands in another log is published to the present one, in the order of acceptance. Whoever reads the log
knows events by id, so that one written twice (a crash between publishing and recording the place) counts
once.
"""

from __future__ import annotations

import threading

from services.ingest.log import journal
from services.ingest.log import writer as log_writer
from services.ingest.log.topic_watch import TopicWatch
from services.runtime import logs
from services.runtime.errors import StopServiceError
from services.runtime.kafka_client import Admin, BrokerUnavailableError, Publisher
from services.runtime.postgres import CONNECTION_ERRORS, Pool

_log = logs.get(__name__)
_INTERVAL_SECONDS = 0.5
_EVENTS_AT_ONCE = 5_000


class LogKeeper:
    """Also refreshes the topic watch, with the admin client that both share in this one thread."""

    def __init__(self, *, admin: Admin, watch: TopicWatch, publisher: Publisher, pool: Pool) -> None:
        self._admin = admin
        self._watch = watch
        self._publisher = publisher
        self._pool = pool

    def run(self, stop: threading.Event) -> None:
        """Look and restore until ``stop``, whatever the broker and the database do."""
        try:
            while not stop.is_set():
                try:
                    self.restore(stop)
                except (BrokerUnavailableError, StopServiceError, *CONNECTION_ERRORS) as error:
                    # StopServiceError is what creating topics raises, on a broker that just went too.
                    _log.warning("log not kept; trying again", error=str(error).strip())
                    self._admin.close()
                stop.wait(_INTERVAL_SECONDS)
        finally:
            self._admin.close()

    def restore(self, stop: threading.Event) -> int:
        """Create missing topics and write again what the present log lacks; returns how many events."""
        if self._watch.refresh():
            _log.info("topics created", topics=self._admin.create_topics())
            self._watch.refresh()
        return sum(self._restore_topic(topic, stop) for topic in self._watch.topics)

    def _restore_topic(self, topic: str, stop: threading.Event) -> int:
        topic_id = self._watch.topic_id(topic)
        restored = 0
        while not stop.is_set():
            with self._pool.transaction() as cursor:
                entries = journal.standing_elsewhere(
                    cursor, topic=topic, topic_id=topic_id, limit=_EVENTS_AT_ONCE
                )
            if not entries:
                break
            # Not inside a transaction: it would hold its snapshot for as long as the broker takes.
            placed = log_writer.write(self._publisher, topic, topic_id, entries)
            with self._pool.transaction() as cursor:
                journal.move(cursor, placed)
            restored += len(entries)
        if restored:
            _log.warning("log restored", topic=topic, topic_id=topic_id, events=restored)
        return restored
