"""Reads topics and applies each batch in one transaction with its position (docs/INVARIANTS.md).

A message has three fates: applied (or quarantined) with the position, tried again, or the process
stops loudly.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, LogTruncationError, NoOffsetForPartitionError, OffsetOutOfRangeError
from kafka.structs import OffsetAndMetadata

from services.runtime import logs, metrics
from services.runtime.batch_commit import Apply, Batch, ReceivedRecord, commit_batch
from services.runtime.config import Settings
from services.runtime.errors import StopServiceError
from services.runtime.kafka_client import Admin, BrokerUnavailableError, LogIdentity
from services.runtime.log_bounds import require_in_log
from services.runtime.positions import Claim, FencedError, MovedError, Positions
from services.runtime.postgres import CONNECTION_ERRORS, Connection, connect, require_open, transaction

_log = logs.get(__name__)

_POLL_MS = 100
_IDENTITY_CHECK_SECONDS = 1.0
_RECONNECT_SECONDS = 0.5
# kafka-python raises KeyError for a partition of a topic that its metadata lacks.
_BOUNDS_UNKNOWN = (KafkaError, KeyError)
_CONSUMER_DOUBT_SECONDS = 10.0


class _Assignments(ConsumerRebalanceListener):  # type: ignore[misc]
    """Runs on the client's I/O thread, so it only sets a flag; the poll thread does the rest."""

    def __init__(self) -> None:
        self.changed = threading.Event()

    def on_partitions_revoked(self, *_: object) -> None:
        self.changed.set()

    def on_partitions_assigned(self, *_: object) -> None:
        self.changed.set()

    def on_partitions_lost(self, *_: object) -> None:
        self.changed.set()


class KafkaLoop:
    """One consumer of a group, with the position of each partition in ``schema``.

    On the embedded broker it reads every partition without joining the group: a service is one process there,
    and that broker at times gave the only member of a group no partition (docs/adr/0008). Positions, epochs
    and fences are the same.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        schema: str,
        topics: Sequence[str],
        apply: Apply,
        on_commit: Callable[[], None] = lambda: None,
        reads_any_log: bool = False,
    ) -> None:
        """``reads_any_log``: another log under the topic's name is read from its beginning, without an
        operator's word; so it is for all on a broker that forgets."""
        self._settings = settings
        self._reads_any_log = reads_any_log or settings.ephemeral_broker
        self._topics = tuple(topics)
        self._apply = apply
        self._on_commit = on_commit
        self._positions = Positions(schema)
        self._group = f"giaingan-{schema}"
        self._joins_group = not settings.ephemeral_broker
        self._owner = f"{socket.gethostname()}-{uuid4().hex[:8]}"
        self._admin = Admin(settings, client_id=f"{self._group}-admin")
        self._identities: dict[str, LogIdentity] = {}
        self._claims: dict[TopicPartition, Claim] = {}
        self._fenced: dict[TopicPartition, float] = {}
        self._assignments = _Assignments()
        self._connection: Connection | None = None
        self._consumer: Any = None
        self._next_check = 0.0
        self._next_connect = 0.0
        self._doubted_since: float | None = None
        # Topic ids of the logs seen at the start, and where each partition ended.
        self._start: dict[str, str] = {}
        self._ends: dict[TopicPartition, int] = {}
        # Only who asks pays for the answer.
        self._is_asked = self._has_caught_up = False
        self._was_out_of_range = False

    @property
    def not_ready(self) -> str:
        """Why the loop does not read yet; empty when it does (or when others hold every partition)."""
        if self._consumer is None or not self._identities:
            return "broker not reached"
        if self._connection is None:
            return "database not reached"
        if not self._claims:
            return "no partition assigned"
        return ""

    @property
    def not_caught_up(self) -> str:
        """Why what the log held at the start is not all applied; empty once it is, whatever comes later."""
        self._is_asked = True
        return "" if self._has_caught_up else "the log is not read to its end yet"

    def run(self, stop: threading.Event) -> None:
        """Read until ``stop``; then finish the batch in hand and leave the group."""
        try:
            while not stop.is_set():
                self._step(stop)
        finally:
            if self._consumer:
                self._consumer.close(autocommit=False, timeout_ms=3_000)
            self._admin.close()
            if self._connection:
                self._connection.close()

    def _step(self, stop: threading.Event) -> None:
        if self._consumer is None and not self._open_consumer():
            stop.wait(_RECONNECT_SECONDS)
            return
        polled = self._poll()
        if self._assignments.changed.is_set():
            self._assignments.changed.clear()
            self._claims.clear()
            self._fenced.clear()
            self._next_check = 0.0
        try:
            connection = self._connection or self._open_connection()
            if connection is None:
                return
            # Without events nothing is asked of it; and a server that is back may hold older positions.
            require_open(connection)
            self._check_identities()
            if not self._joins_group:
                self._assign_every_partition()
            newly_claimed = self._claim_unclaimed(connection)
            for tp, records in polled.items():
                # What was polled before the seek is not what comes next.
                if tp in self._claims and tp not in newly_claimed:
                    self._take(connection, tp, records)
            if self._is_asked and not self._has_caught_up:
                self._has_caught_up = self._is_at_ends(connection)
        except CONNECTION_ERRORS as error:
            self._drop_connection(error)

    # --- broker ------------------------------------------------------------------------------

    def _open_consumer(self) -> bool:
        try:
            self._consumer = KafkaConsumer(
                bootstrap_servers=self._settings.kafka_bootstrap_servers.split(","),
                group_id=self._group,
                client_id=self._owner,
                enable_auto_commit=False,
                # The position is ours alone: without one from PostgreSQL nothing is read.
                auto_offset_reset="none",
                isolation_level="read_committed",
                allow_auto_create_topics=False,
                max_poll_records=self._settings.poll_records,
                fetch_max_wait_ms=_POLL_MS,
                session_timeout_ms=self._settings.kafka_session_timeout_ms,
                heartbeat_interval_ms=self._settings.kafka_session_timeout_ms // 5,
                metadata_max_age_ms=5_000,
                bootstrap_timeout_ms=5_000,
                reconnect_backoff_max_ms=1_000,
            )
            if self._joins_group:
                self._consumer.subscribe(self._topics, listener=self._assignments)
        except KafkaError as error:
            _log.warning("broker not reached", error=str(error))
            self._consumer = None
        return self._consumer is not None

    def _assign_every_partition(self) -> None:
        """What a group would do, where the topics' partitions are ours alone."""
        every = {
            TopicPartition(topic, partition)
            for topic, identity in self._identities.items()
            for partition in range(identity.partitions)
        }
        if every != self._consumer.assignment():
            self._consumer.assign(sorted(every))
            self._claims = {tp: claim for tp, claim in self._claims.items() if tp in every}

    def _doubt_consumer(self, error: Exception) -> None:
        """Build another consumer where this one does not know its own partitions for long: after a broker's
        restart kafka-python's metadata can lack a topic for good (seen for 90 s, until it was ended)."""
        now = time.monotonic()
        self._doubted_since = self._doubted_since or now
        _log.warning("log bounds not known", error=repr(error))
        if now - self._doubted_since > _CONSUMER_DOUBT_SECONDS:
            _log.warning("consumer thrown away", doubted_seconds=round(now - self._doubted_since, 1))
            # Its closing may hang like its metadata; nobody waits for it.
            closing = {"autocommit": False, "timeout_ms": 1_000}
            threading.Thread(target=self._consumer.close, kwargs=closing, daemon=True).start()
            self._consumer = None
            self._doubted_since = None
            self._claims.clear()
            self._fenced.clear()

    def _poll(self) -> dict[TopicPartition, list[Any]]:
        try:
            polled: dict[TopicPartition, list[Any]] = self._consumer.poll(timeout_ms=_POLL_MS)
            if self._joins_group:
                _join_to_the_end(self._consumer)
            self._was_out_of_range = self._was_out_of_range and not polled
        except NoOffsetForPartitionError:
            # Assigned, and not yet sought to the position that PostgreSQL holds.
            return {}
        except LogTruncationError as error:
            raise StopServiceError(
                f"reading {', '.join(self._topics)}: the log was truncated, and others stand where records "
                f"stood that were applied: {error.divergent_offsets}. Nothing more was read. "
                "What to do: docs/adr/0020."
            ) from error
        except OffsetOutOfRangeError as error:
            self._ask_what_became_of_the_log(error)
            return {}
        except KafkaError as error:
            if not getattr(error, "retriable", False):
                raise StopServiceError(f"reading {', '.join(self._topics)}: {error!r}") from error
            _log.warning("poll failed", error=repr(error))
            time.sleep(_RECONNECT_SECONDS)
            return {}
        return polled

    def _ask_what_became_of_the_log(self, error: KafkaError) -> None:
        """Claim again: the log's identity and bounds tell what happened, and refuse it by name."""
        if self._was_out_of_range:
            raise StopServiceError(f"reading {', '.join(self._topics)}: {error!r}") from error
        _log.warning("the position is not in the log", error=repr(error))
        self._was_out_of_range = True
        self._claims.clear()
        self._next_check = 0.0

    def _check_identities(self) -> None:
        """Notice a re-created topic or another cluster: its offsets mean other records."""
        if time.monotonic() < self._next_check and self._identities:
            return
        self._next_check = time.monotonic() + _IDENTITY_CHECK_SECONDS
        for topic in self._topics:
            try:
                identity = self._admin.identity(topic)
            except BrokerUnavailableError as error:
                _log.warning("topic identity not known", topic=topic, error=str(error))
                return
            known = self._identities.get(topic)
            if identity is None or identity == known:
                continue
            if known and (known.topic_id, known.cluster_id) != (identity.topic_id, identity.cluster_id):
                _log.warning("the log was replaced", topic=topic, was=known.topic_id, now=identity.topic_id)
                self._claims = {tp: c for tp, c in self._claims.items() if tp.topic != topic}
            self._identities[topic] = identity
        self._measure_lag()

    def _measure_lag(self) -> None:
        if not self._claims:
            return
        try:
            ends = self._consumer.end_offsets(list(self._claims), timeout_ms=1_000)
            self._consumer.commit_async(
                {tp: _offset_metadata(claim.next_offset) for tp, claim in self._claims.items()}
            )
        except _BOUNDS_UNKNOWN as error:
            _log.warning("lag not known", error=repr(error))
            return
        for tp, end in ends.items():
            lag = max(0, end - self._claims[tp].next_offset)
            metrics.CONSUMER_LAG.labels(tp.topic, str(tp.partition)).set(lag)

    # --- database ----------------------------------------------------------------------------

    def _open_connection(self) -> Connection | None:
        if time.monotonic() < self._next_connect:
            return None
        self._next_connect = time.monotonic() + _RECONNECT_SECONDS
        try:
            self._connection = connect(
                self._settings.database_url.get_secret_value(), application=self._group
            )
        except CONNECTION_ERRORS as error:
            _log.warning("database not reached", error=str(error).strip())
            return None
        self._consumer.resume(*self._consumer.paused())
        return self._connection

    def _drop_connection(self, error: Exception) -> None:
        """PostgreSQL is away or slow: stop fetching, keep polling, and ask it again for every position
        (a commit whose answer was lost may have happened)."""
        _log.warning("database lost", error=str(error).strip())
        metrics.BATCHES_ROLLED_BACK.labels(",".join(self._topics), "database").inc()
        if self._connection and not self._connection.closed:
            self._connection.close()
        self._connection = None
        self._claims.clear()
        self._consumer.pause(*self._consumer.assignment())

    # --- partitions --------------------------------------------------------------------------

    def _claim_unclaimed(self, connection: Connection) -> set[TopicPartition]:
        # Who fenced us is assigned the partition, and we are told soon; or it was a zombie and is gone then.
        now = time.monotonic()
        self._fenced = {tp: until for tp, until in self._fenced.items() if until > now}
        wanted = self._consumer.assignment() - self._claims.keys() - self._fenced.keys()
        wanted = {tp for tp in wanted if tp.topic in self._identities}
        if not wanted:
            return set()
        claims = {tp: self._claim(connection, tp) for tp in sorted(wanted)}
        # After the claims: from then on nobody else applies, and what was applied stands in the log. Who asks
        # before and is frozen in between takes what others applied since for a log that was truncated.
        try:
            ends = self._consumer.end_offsets(list(wanted), timeout_ms=5_000)
            beginnings = self._consumer.beginning_offsets(list(wanted), timeout_ms=5_000)
        except _BOUNDS_UNKNOWN as error:
            self._doubt_consumer(error)
            return set()
        self._doubted_since = None
        for tp, claim in claims.items():
            # The embedded broker answers with the first offset of its last batch, plus one (docs/adr/0008):
            # that it lost its log is told by the topic's id alone.
            if not self._reads_any_log:
                require_in_log(claim, schema=self._positions.schema, beginning=beginnings[tp], end=ends[tp])
            self._seek(tp, claim)
            self._claims[tp] = claim
        _log.info("partitions claimed", partitions=[f"{tp.topic}/{tp.partition}" for tp in sorted(wanted)])
        return wanted

    def _claim(self, connection: Connection, tp: TopicPartition) -> Claim:
        with transaction(connection) as cursor:
            return self._positions.claim(
                cursor,
                topic=tp.topic,
                partition=tp.partition,
                identity=self._identities[tp.topic],
                owner=self._owner,
                adopt=self._reads_any_log,
            )

    def _is_at_ends(self, connection: Connection) -> bool:
        """Whether every partition is applied, by whomever, up to where its log ended at the start: who starts
        again waits for no group. Behind the last record there may be marks of transactions, which are no
        records: of its own partitions, what the consumer comes to next counts as well."""
        logs_now = {topic: identity.topic_id for topic, identity in self._identities.items()}
        if logs_now.keys() != set(self._topics):
            return False
        try:
            if self._start != logs_now:
                found = {
                    TopicPartition(topic, partition)
                    for topic in self._topics
                    for partition in self._consumer.partitions_for_topic(topic) or ()
                }
                self._ends = self._consumer.end_offsets(list(found), timeout_ms=1_000) if found else {}
                self._start = logs_now if found else {}
            with transaction(connection) as cursor:
                applied = self._positions.applied(cursor, list(logs_now.values()))
            behind = [
                tp
                for tp, end in self._ends.items()
                if applied.get((logs_now[tp.topic], tp.partition), 0) < end
            ]
            return bool(self._start) and all(
                tp in self._claims
                and tp in self._consumer.assignment()
                and (self._consumer.position(tp, timeout_ms=_POLL_MS) or 0) >= self._ends[tp]
                for tp in behind
            )
        except _BOUNDS_UNKNOWN:
            return False

    def _seek(self, tp: TopicPartition, claim: Claim) -> None:
        """Read on from the position, asking the leader whether its log still holds what was applied before.

        With the leader epoch kafka-python asks (KIP-320), and raises ``LogTruncationError`` where others
        stand there now; its own ``seek`` takes a bare offset, of which nothing can be asked.
        """
        self._consumer.seek(tp, claim.next_offset)
        if not self._settings.ephemeral_broker:
            self._consumer._subscription.seek(
                tp, OffsetAndMetadata(claim.next_offset, "", claim.leader_epoch)
            )

    def _take(self, connection: Connection, tp: TopicPartition, polled: list[Any]) -> None:
        claim = self._claims[tp]
        records = tuple(
            ReceivedRecord(r.offset, r.key, r.value, r.leader_epoch)
            for r in polled
            if r.offset >= claim.next_offset
        )
        if not records:
            return
        batch = Batch(tp.topic, claim.identity.topic_id, tp.partition, records)
        try:
            commit_batch(connection, self._positions, self._apply, claim, batch)
        except FencedError as error:
            _log.warning("fenced", error=str(error))
            metrics.BATCHES_ROLLED_BACK.labels(tp.topic, "fenced").inc()
            del self._claims[tp]
            self._fenced[tp] = time.monotonic() + 2 * self._settings.kafka_session_timeout_ms / 1000
        except MovedError as error:
            _log.warning("position moved", partition=f"{tp.topic}/{tp.partition}", to=error.next_offset)
            metrics.BATCHES_ROLLED_BACK.labels(tp.topic, "moved").inc()
            claim.next_offset = error.next_offset
            self._consumer.seek(tp, error.next_offset)
        else:
            self._on_commit()


def _join_to_the_end(consumer: Any) -> None:
    """Let a join that outlasts its poll be finished by the next one.

    Where partitions came or went, kafka-python 3.0.12 joins again without noting that it has to; once the
    group's answer is there it finds the new partitions known, and neither takes the answer up nor sends
    heartbeats again: the member is lost, and its process reads nothing for good (Java's client had this
    as KAFKA-9815).
    """
    coordinator = consumer._coordinator
    if coordinator.rejoining:
        coordinator.request_rejoin()


def _offset_metadata(offset: int) -> Any:
    return OffsetAndMetadata(offset, "", -1)
