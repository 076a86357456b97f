"""Kafka behind one thin module: publish with an acknowledgement, topic identity, topic creation."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic, OffsetSpec
from kafka.errors import BrokerResponseError, KafkaError, KafkaTimeoutError, TopicAlreadyExistsError
from kafka.partitioner.default import murmur2

from services.contracts import topics
from services.runtime import logs, metrics
from services.runtime.config import Settings
from services.runtime.errors import StopServiceError

_log = logs.get(__name__)

# Under the 1 MiB a broker takes by default, with room for the record's own overhead.
MAX_RECORD_BYTES = 900_000
_GIVE_UP_SECONDS = 5.0


class BrokerUnavailableError(Exception):
    """The broker did not acknowledge in time. That is no "no": the records may be in the log."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record to publish."""

    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where an acknowledged record stands in the log."""

    partition: int
    offset: int


def partition_of(key: str, partitions: int) -> int:
    """The partition every Kafka client's default partitioner picks for the key (murmur2)."""
    hashed: int = murmur2(key.encode())
    return (hashed & 0x7FFFFFFF) % partitions


class Publisher:
    """Publishes and waits for the acknowledgement of all in-sync replicas. Thread-safe.

    After a timeout the producer is thrown away: kafka-python's idempotent producer can stay wedged
    after a batch was retried and then expired.
    """

    def __init__(self, settings: Settings, *, client_id: str) -> None:
        self._config: dict[str, Any] = {
            "bootstrap_servers": settings.kafka_bootstrap_servers.split(","),
            "client_id": client_id,
            "acks": "all",
            "enable_idempotence": True,
            "linger_ms": 2,
            "max_request_size": 2 * MAX_RECORD_BYTES,
            "delivery_timeout_ms": settings.kafka_delivery_timeout_ms,
            "request_timeout_ms": max(500, settings.kafka_delivery_timeout_ms // 2),
            "max_block_ms": settings.kafka_delivery_timeout_ms,
            "bootstrap_timeout_ms": settings.kafka_delivery_timeout_ms,
            "allow_auto_create_topics": False,
        }
        self._timeout_seconds = settings.kafka_delivery_timeout_ms / 1000 + 1
        self._lock = threading.Lock()
        self._producer: Any = None

    def publish(self, topic: str, records: Sequence[Record]) -> list[Place]:
        """Publish and wait. Raises ``BrokerUnavailableError`` where any record is unacknowledged.

        What is refused because the broker no longer knows this producer (it restarted) is sent once
        more by a new one; what is sent twice counts once, by event id.
        """
        started = time.monotonic()
        deadline = started + self._timeout_seconds
        try:
            acknowledged = self._send(topic, records, deadline)
        except BrokerResponseError as error:
            _log.warning("publish refused, sent again", topic=topic, error=str(error))
            try:
                acknowledged = self._send(topic, records, deadline)
            except KafkaError as again:
                raise self._unacknowledged(topic, again) from again
        except KafkaError as error:
            raise self._unacknowledged(topic, error) from error
        metrics.PUBLISH_SECONDS.labels(topic).observe(time.monotonic() - started)
        return acknowledged

    def _send(self, topic: str, records: Sequence[Record], deadline: float) -> list[Place]:
        producer = None
        try:
            producer = self._current(deadline)
            sent = [producer.send(topic, key=r.key.encode(), value=r.value) for r in records]
            answers = [future.get(timeout=max(0.001, deadline - time.monotonic())) for future in sent]
        except KafkaError:
            self._discard(producer)
            raise
        return [Place(answer.partition, answer.offset) for answer in answers]

    def _unacknowledged(self, topic: str, error: KafkaError) -> BrokerUnavailableError:
        metrics.PUBLISH_FAILURES.labels(topic).inc()
        _log.warning("publish not acknowledged", topic=topic, error=str(error))
        return BrokerUnavailableError(f"{topic}: {error}")

    def partition_count(self, topic: str) -> int:
        """How many partitions the topic has. Raises ``BrokerUnavailableError``."""
        producer = None
        try:
            producer = self._current(time.monotonic() + self._timeout_seconds)
            partitions = producer.partitions_for(topic)
        except KafkaError as error:
            self._discard(producer)
            raise BrokerUnavailableError(f"{topic}: {error}") from error
        if not partitions:
            raise BrokerUnavailableError(f"{topic} does not exist on the broker")
        return len(partitions)

    def close(self) -> None:
        """Flush and close; the acknowledged stay acknowledged."""
        with self._lock:
            if self._producer:
                _close_in_its_own_time(self._producer)
                self._producer = None

    def _current(self, deadline: float) -> Any:
        # Whoever builds a producer holds the lock for as long as the broker does not answer; the others wait
        # no longer than their own deadline.
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise KafkaTimeoutError("another request waits for the broker already")
        try:
            if self._producer is None:
                left_ms = max(1, int((deadline - time.monotonic()) * 1000))
                bootstrap_ms = min(self._config["bootstrap_timeout_ms"], left_ms)
                self._producer = KafkaProducer(**{**self._config, "bootstrap_timeout_ms": bootstrap_ms})
            return self._producer
        finally:
            self._lock.release()

    def _discard(self, broken: Any) -> None:
        if broken is None:
            return
        with self._lock:
            if broken is not self._producer:
                return
            self._producer = None
        # Closing a wedged producer can hang, and nobody needs its end.
        threading.Thread(target=_close_in_its_own_time, args=(broken,), daemon=True).start()


def _close_in_its_own_time(broken: Any) -> None:
    """What it still holds is given up: its senders were told so."""
    try:
        broken.close(timeout=1)
    except KafkaError:
        # With batches pending, close() gives up before it has stopped the sender's thread.
        broken._sender.force_close()
        with contextlib.suppress(KafkaError):
            broken.close(timeout=_GIVE_UP_SECONDS)


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """Which log offsets count in: they start again at 0 on another cluster or a re-created topic."""

    cluster_id: str
    topic_id: str
    partitions: int


@dataclass(frozen=True, slots=True)
class LogBounds:
    """What one partition holds now: the offsets ``[beginning, end)``."""

    beginning: int
    end: int


class Admin:
    """What is asked of the cluster itself. Not thread-safe; one per loop."""

    def __init__(self, settings: Settings, *, client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._client: KafkaAdminClient | None = None

    def identity(self, topic: str) -> LogIdentity | None:
        """The topic's identity, ``None`` while it does not exist. Raises ``BrokerUnavailableError``."""
        client = self._current()
        try:
            cluster_id = client.describe_cluster()["cluster_id"]
            (described,) = client.describe_topics([topic])
        except KafkaError as error:
            self.close()
            raise BrokerUnavailableError(str(error)) from error
        if described["error_code"] != 0:
            return None
        return LogIdentity(str(cluster_id), str(described["topic_id"]), len(described["partitions"]))

    def bounds(self, topic: str, partition: int) -> LogBounds:
        """What the partition holds. Raises ``BrokerUnavailableError``."""
        tp = TopicPartition(topic, partition)
        client = self._current()
        try:
            beginning = client.list_partition_offsets({tp: OffsetSpec.EARLIEST})[tp].offset
            end = client.list_partition_offsets({tp: OffsetSpec.LATEST})[tp].offset
        except KafkaError as error:
            self.close()
            raise BrokerUnavailableError(f"{topic}/{partition}: {error!r}") from error
        return LogBounds(beginning, end)

    def create_topics(self) -> list[str]:
        """Create what is missing; returns the names created. Raises ``StopServiceError``."""
        created = []
        for topic in topics.ALL:
            request = NewTopic(
                name=topic.name,
                num_partitions=self._settings.topic_partitions or topic.partitions,
                replication_factor=self._settings.topic_replication,
                topic_configs=dict(topic.config),
            )
            try:
                self._current().create_topics([request])
            except TopicAlreadyExistsError:
                continue
            except KafkaError as error:
                raise StopServiceError(f"topic {topic.name} could not be created: {error}") from error
            created.append(topic.name)
        return created

    def close(self) -> None:
        """Drop the connection; the next question opens another."""
        if self._client:
            self._client.close()
            self._client = None

    def _current(self) -> KafkaAdminClient:
        if self._client is None:
            try:
                self._client = KafkaAdminClient(
                    bootstrap_servers=self._settings.kafka_bootstrap_servers.split(","),
                    client_id=self._client_id,
                    bootstrap_timeout_ms=5_000,
                    request_timeout_ms=5_000,
                )
            except KafkaError as error:
                raise BrokerUnavailableError(str(error)) from error
        return self._client
