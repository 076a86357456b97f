"""The records of the logs that the live books were made from, fetched again batch by batch."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from services.aggregation.rebuild.outcome import RebuildError
from services.runtime.batch_commit import ReceivedRecord
from services.runtime.config import Settings
from services.runtime.kafka_client import Admin, BrokerUnavailableError, LogIdentity

_POLL_MS = 200
_MOST_HELD_BYTES = 8 * 1024 * 1024
_PATIENCE_SECONDS = 30.0


class LogRecords:
    """Reads each partition once from its beginning, in the portions that are asked for, with little held in
    memory. In no group: the services' positions and partitions stay theirs."""

    def __init__(self, settings: Settings, topics: Sequence[str]) -> None:
        """Raises ``RebuildError``."""
        self._settings = settings
        self._consumer: Any = None
        self._held: dict[TopicPartition, deque[ReceivedRecord]] = {}
        self._held_bytes: dict[TopicPartition, int] = {}
        admin = Admin(settings, client_id="giaingan-rebuild-admin")
        try:
            found = {topic: admin.identity(topic) for topic in topics}
        except BrokerUnavailableError as error:
            raise _no_broker(error) from error
        finally:
            admin.close()
        self.identities: dict[str, LogIdentity] = {name: each for name, each in found.items() if each}

    def require_whole(self, applied: Sequence[tuple[str, str, int]]) -> None:
        """Open at their beginning the logs that the live books were made from: topic, topic id and partition.
        Raises ``RebuildError`` where one is not there any more, or not from offset 0 on."""
        for topic, topic_id, partition in applied:
            identity = self.identities.get(topic)
            if identity is None or identity.topic_id != topic_id:
                raise _replaced(topic, topic_id, partition, identity)
        partitions = [TopicPartition(topic, partition) for topic, _, partition in applied]
        try:
            self._consumer = self._open()
            begins = self._consumer.beginning_offsets(partitions, timeout_ms=10_000) if partitions else {}
        except (KafkaError, KeyError) as error:
            raise _no_broker(error) from error
        for tp in partitions:
            if begins[tp] > 0:
                raise _not_whole(tp.topic, tp.partition, 0, f"begins at {begins[tp]}")
        self._consumer.assign(partitions)
        for tp in partitions:
            self._add(tp, 0)

    def take(self, topic: str, partition: int, begins: int, ends: int) -> tuple[ReceivedRecord, ...]:
        """The records of ``[begins, ends)``, of which the last is there. Asked for in the order of the
        partition. Raises ``RebuildError`` where the log lacks it."""
        tp = TopicPartition(topic, partition)
        if tp not in self._held:
            self._assign_too(tp, begins)
        taken: list[ReceivedRecord] = []
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            held = self._held[tp]
            while held and held[0].offset < ends:
                record = held.popleft()
                self._held_bytes[tp] -= len(record.value or b"")
                if record.offset >= begins:
                    taken.append(record)
            if taken and taken[-1].offset == ends - 1:
                return tuple(taken)
            if held:
                raise _not_whole(topic, partition, ends - 1, "has no such record")
            if time.monotonic() > deadline:
                raise self._why_nothing_came(tp, ends - 1)
            if self._fetch(tp):
                deadline = time.monotonic() + _PATIENCE_SECONDS

    def close(self) -> None:
        """Let the broker go."""
        if self._consumer:
            self._consumer.close(autocommit=False, timeout_ms=1_000)

    def _assign_too(self, tp: TopicPartition, begins: int) -> None:
        """A partition that came since."""
        assigned = {*self._held, tp}
        places = {each: self._consumer.position(each) for each in self._held}
        self._consumer.assign(sorted(assigned))
        for each, place in places.items():
            self._consumer.seek(each, place)
        self._add(tp, begins)

    def _add(self, tp: TopicPartition, begins: int) -> None:
        self._held[tp], self._held_bytes[tp] = deque(), 0
        self._consumer.seek(tp, begins)

    def _fetch(self, wanted: TopicPartition) -> bool:
        """Whether anything came."""
        full = {tp for tp, size in self._held_bytes.items() if size > _MOST_HELD_BYTES and tp != wanted}
        self._consumer.pause(*full)
        self._consumer.resume(*(self._consumer.paused() - full))
        try:
            polled = self._consumer.poll(timeout_ms=_POLL_MS)
        except OffsetOutOfRangeError as error:
            raise _not_whole(wanted.topic, wanted.partition, 0, repr(error)) from error
        except NoOffsetForPartitionError:
            return False
        except KafkaError as error:
            if getattr(error, "retriable", False):
                return False
            raise _no_broker(error) from error
        for tp, records in polled.items():
            self._held[tp] += [ReceivedRecord(r.offset, r.key, r.value, r.leader_epoch) for r in records]
            self._held_bytes[tp] += sum(len(r.value or b"") for r in records)
        return bool(polled)

    def _why_nothing_came(self, tp: TopicPartition, offset: int) -> RebuildError:
        """The record is not in the log, or the broker does not give it."""
        try:
            begins = self._consumer.beginning_offsets([tp], timeout_ms=10_000)[tp]
            ends = self._consumer.end_offsets([tp], timeout_ms=10_000)[tp]
        except (KafkaError, KeyError) as error:
            return _no_broker(error)
        if begins <= offset < ends:
            return _no_broker(TimeoutError(f"{tp.topic}/{tp.partition}: no record {offset}"))
        return _not_whole(tp.topic, tp.partition, offset, f"holds [{begins}, {ends})")

    def _open(self) -> Any:
        return KafkaConsumer(
            bootstrap_servers=self._settings.kafka_bootstrap_servers.split(","),
            client_id="giaingan-rebuild",
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            allow_auto_create_topics=False,
            max_poll_records=2_000,
            bootstrap_timeout_ms=10_000,
        )


def _replaced(topic: str, topic_id: str, partition: int, now: LogIdentity | None) -> RebuildError:
    return RebuildError(
        "log-replaced",
        f"sổ được ghi từ một log khác của {topic} (topic id {topic_id}, phân vùng {partition}), nay không "
        "còn; chỉ dựng lại được bằng --from ledger / the books were made from another log of "
        f"{topic} (topic id {topic_id}, partition {partition}) than the one that is there now "
        f"({now.topic_id if now else 'none'}): it was re-created, or the broker forgot it, as the embedded "
        "one does when it stops. --from ledger is what can be done",
    )


def _no_broker(error: Exception) -> RebuildError:
    return RebuildError("no-broker", f"không hỏi được broker Kafka / the broker does not answer: {error!r}")


def _not_whole(topic: str, partition: int, offset: int, why: str) -> RebuildError:
    return RebuildError(
        "log-not-whole",
        f"{topic}/{partition}: sổ đã ghi bản ghi ở vị trí {offset}, log nay không còn bản ghi đó; chỉ dựng "
        f"lại được bằng --from ledger / the books applied the record at offset {offset}, and the log {why}: "
        "it was cut, or its retention passed (what was passed over: giaingan lost-ranges). --from ledger is "
        "what can be done",
    )
