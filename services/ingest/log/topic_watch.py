"""Which log each topic is now, asked in the background so that no request waits for the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from services.runtime import logs
from services.runtime.kafka_client import Admin, BrokerUnavailableError

_log = logs.get(__name__)
_INTERVAL_SECONDS = 2.0
_FRESH_SECONDS = 15.0


class TopicWatch:
    """The topic ids last seen. One thread refreshes, every thread may read.

    A reader that publishes must take the id *before* it does. Then an id that is out of date names a log
    that is gone, and the log keeper writes the event again, which is harmless; taken after, it could name
    a new log that does not hold the event.
    """

    def __init__(self, admin: Admin, *, topics: Sequence[str]) -> None:
        self.topics = tuple(topics)
        self._admin = admin
        self._ids: dict[str, str] = {}
        self._seen_at = float("-inf")

    def refresh(self) -> list[str]:
        """Ask the broker; returns the topics that do not exist. Raises ``BrokerUnavailableError``."""
        identities = {topic: self._admin.identity(topic) for topic in self.topics}
        self._ids = {topic: identity.topic_id for topic, identity in identities.items() if identity}
        self._seen_at = time.monotonic()
        return [topic for topic in self.topics if topic not in self._ids]

    def topic_id(self, topic: str) -> str:
        """The log that a publish from now on may reach. Raises ``BrokerUnavailableError``."""
        try:
            return self._ids[topic]
        except KeyError:
            raise BrokerUnavailableError(f"{topic} was not seen on the broker yet") from None

    @property
    def not_ready(self) -> str:
        """Why nothing can be published; empty when it can."""
        unknown = [topic for topic in self.topics if topic not in self._ids]
        if unknown:
            return f"not seen on the broker: {', '.join(unknown)}"
        if time.monotonic() - self._seen_at > _FRESH_SECONDS:
            return "the broker does not answer"
        return ""

    def run(self, stop: threading.Event) -> None:
        """Refresh until ``stop``, whatever the broker does."""
        try:
            while not stop.is_set():
                try:
                    self.refresh()
                except BrokerUnavailableError as error:
                    _log.warning("topics not seen", error=str(error))
                stop.wait(_INTERVAL_SECONDS)
        finally:
            self._admin.close()
