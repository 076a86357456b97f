"""The alert service's real loops in this process, on a real broker and database, for tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from kafka import KafkaConsumer, TopicPartition

from services.alert import http_api, policy
from services.alert.__main__ import MIGRATIONS, SCHEMA
from services.alert.feed_entries import NumberChanges
from services.alert.handle_alerts import HandleAlerts
from services.alert.relay import Relay
from services.alert.watch_progress import WatchProgress
from services.contracts import progress_codec, topics
from services.domain.progress import Progress
from services.runtime.access import Scope
from services.runtime.access.gate import Gate
from services.runtime.api import Api
from services.runtime.batch_commit import Apply, Batch, ReceivedRecord
from services.runtime.clock import Clock
from services.runtime.config import Settings
from services.runtime.fund_sources import FundSourceNames
from services.runtime.kafka_client import Admin, Publisher, Record
from services.runtime.kafka_loop import KafkaLoop
from services.runtime.postgres import Pool, connect, migrate, transaction
from tests.support.access import client_of, make_token
from tests.support.brokers import Broker, settings_of_broker

POLICY = Path(__file__).resolve().parents[2] / "deploy" / "policy"
RULES = POLICY / "rules"
FUND_SOURCES = FundSourceNames.load(POLICY)
PARTITIONS = 2


def settings_for(database_url: str, bootstrap_servers: str = "127.0.0.1:1", **changes: Any) -> Settings:
    """Settings of a test: few partitions, short waits."""
    values: dict[str, Any] = {
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "business_date": date(2022, 5, 31),
        "topic_partitions": PARTITIONS,
        "kafka_delivery_timeout_ms": 2_000,
        **settings_of_broker(),
        "public_url": "https://alerts.example.vn",
        **changes,
    }
    return Settings(**values)


def migrated(database_url: str) -> None:
    """Give the database the alert service's schema."""
    migrate(database_url, schema=SCHEMA, folders=MIGRATIONS)


def rows(database_url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    connection = connect(database_url, application="test")
    try:
        with transaction(connection) as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()
    finally:
        connection.close()


def eventually(is_so: Callable[[], bool], *, seconds: float = 20) -> None:
    """Wait until it is so. Raises ``AssertionError`` with the last fault."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "not so in time"
        time.sleep(0.05)


@dataclass(slots=True)
class Desk:
    """The flow on a database without a broker: batches are handed to it as the loop would."""

    database_url: str
    watch: WatchProgress = field(default_factory=lambda: WatchProgress(policy.load(RULES), FUND_SOURCES))
    offset: int = 0
    clock: Clock = field(default_factory=Clock)

    def handle(self) -> HandleAlerts:
        """What people and time do, without the loop."""
        pool = Pool(self.database_url, application="test-handling", size=2)
        return HandleAlerts(pool, policy.load(RULES), clock=self.clock)

    def judge(self, *progresses: Progress | bytes) -> bytes:
        """Apply one batch in one transaction; returns its digest."""
        records = []
        for progress in progresses:
            value = progress if isinstance(progress, bytes) else progress_codec.encode_progress(progress)
            records.append(ReceivedRecord(self.offset, b"key", value))
            self.offset += 1
        connection = connect(self.database_url, application="test")
        try:
            with transaction(connection) as cursor:
                digest = self.watch.apply(cursor, Batch(topics.PROGRESS, "log-1", 0, tuple(records)))
        finally:
            connection.close()
        self.watch.committed()
        # As its loop does, soon after.
        NumberChanges(Pool(self.database_url, application="test-feeds", size=1)).number()
        return digest

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return rows(self.database_url, query, *values)

    def history(self) -> list[str]:
        """The transitions of every alert, in order."""
        return [
            name
            for (name,) in self.rows(
                "SELECT transition FROM alert.outbox JOIN alert.alert_change USING (change_id) ORDER BY id"
            )
        ]

    def api(self, **changes: Any) -> Api:
        settings = settings_for(self.database_url, **changes)
        pool = Pool(self.database_url, application="test-api", size=4)
        return http_api.build(
            settings,
            pool,
            FUND_SOURCES,
            gate=Gate(settings, service=SCHEMA, pool=pool),
            handle=HandleAlerts(pool, policy.load(RULES), clock=self.clock),
            clock=self.clock,
        )

    def client(self, *scopes: Scope, unit: str = "", **changes: Any) -> FlaskClient:
        """A client of the API with a token of its own; without scopes, an admin's."""
        return client_of(self.api(**changes).app, make_token(self.database_url, *scopes, unit=unit))


@dataclass(slots=True)
class Alerting:
    """The running service: publish progress, look at what came of it."""

    settings: Settings
    publisher: Publisher
    loop: KafkaLoop

    def publish(self, *progresses: Progress | bytes) -> None:
        """Publish to the progress topic and wait for the acknowledgement."""
        records = [
            Record("garbage", progress)
            if isinstance(progress, bytes)
            else Record(progress.subject.code, progress_codec.encode_progress(progress))
            for progress in progresses
        ]
        self.publisher.publish(topics.PROGRESS, records)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return rows(self.settings.database_url.get_secret_value(), query, *values)

    def history(self) -> list[str]:
        return [name for (name,) in self.rows("SELECT transition FROM alert.alert_change ORDER BY sequence")]

    def applied(self) -> int:
        """How many offsets of the progress topic are applied, over all logs."""
        ((offsets,),) = self.rows("SELECT coalesce(sum(next_offset), 0) FROM alert.source_position")
        return int(offsets)


@contextmanager
def running(
    settings: Settings, *, wrap: Callable[[Apply], Apply] = lambda apply: apply
) -> Iterator[Alerting]:
    """The service's loops in threads, its topics created; ``wrap`` puts a fault around the apply."""
    migrated(settings.database_url.get_secret_value())
    admin = Admin(settings, client_id="test-admin")
    admin.create_topics()
    admin.close()
    watch = WatchProgress(policy.load(RULES), FUND_SOURCES)
    loop = KafkaLoop(
        settings,
        schema=SCHEMA,
        topics=[topics.PROGRESS],
        apply=wrap(watch.apply),
        on_commit=watch.committed,
    )
    publisher = Publisher(settings, client_id="test")
    stop = threading.Event()
    threads = [threading.Thread(target=part.run, args=(stop,)) for part in (loop, Relay(settings))]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: not loop.not_ready)
        yield Alerting(settings, publisher, loop)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        publisher.close()


def published_changes(broker: Broker) -> Sequence[tuple[bytes, bytes]]:
    """Key and value of every record of the alert topic, in order within each partition."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap_servers.split(","), enable_auto_commit=False)
    try:
        partitions = [TopicPartition(topics.ALERT, partition) for partition in range(PARTITIONS)]
        ends = consumer.end_offsets(partitions)
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        found: list[tuple[bytes, bytes]] = []
        deadline = time.monotonic() + 10
        while len(found) < sum(ends.values()) and time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=200).values():
                found += [(record.key, record.value) for record in records]
        return found
    finally:
        consumer.close()
