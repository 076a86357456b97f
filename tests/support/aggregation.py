"""Aggregation's real loops in this process, on a real broker and database, for tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask.testing import FlaskClient
from kafka import KafkaConsumer, TopicPartition

from services.aggregation import old_cases, series_policy
from services.aggregation.__main__ import MIGRATIONS, SCHEMA
from services.aggregation.accounts_api import AccountsApi
from services.aggregation.apply_events import ApplyEvents
from services.aggregation.case_decisions import CaseDecisions
from services.aggregation.cases_api import CasesApi
from services.aggregation.cutoff_tick import CutoffTick
from services.aggregation.evidence_api import EvidenceApi
from services.aggregation.export_api import ExportApi
from services.aggregation.http_api import ReadApi
from services.aggregation.plan_api import PlanApi
from services.aggregation.publish_decisions import PublishDecisions
from services.aggregation.tell_progress import TellProgress
from services.contracts import codec, progress_codec, topics
from services.domain.progress import Progress
from services.runtime.access.gate import Gate
from services.runtime.api import Api
from services.runtime.batch_commit import Apply
from services.runtime.clock import Clock
from services.runtime.config import Settings
from services.runtime.fund_sources import FundSourceNames
from services.runtime.kafka_client import Admin, Place, Publisher, Record
from services.runtime.kafka_loop import KafkaLoop
from services.runtime.postgres import Connection, Pool, connect, migrate
from tests.support.access import client_of, make_token
from tests.support.brokers import settings_of_broker

RECORDED_AT = datetime(2022, 6, 1, 8, 0, tzinfo=UTC)


def settings_for(database_url: str, bootstrap_servers: str, **changes: Any) -> Settings:
    """Settings of a test: few partitions, short waits, business date 31/07/2022."""
    values: dict[str, Any] = {
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "business_date": date(2022, 7, 31),
        "topic_partitions": 3,
        "kafka_delivery_timeout_ms": 3_000,
        "emit_interval_ms": 20,
        "ephemeral_broker": True,
        **settings_of_broker(),
    }
    return Settings(**(values | changes))


@dataclass
class Aggregation:
    """Handles to what runs."""

    settings: Settings
    publisher: Publisher
    database: Connection
    client: FlaskClient
    failures: list[BaseException]

    @property
    def headers(self) -> dict[str, str]:
        """What the client sends to be let in."""
        return {"Authorization": self.client.environ_base["HTTP_AUTHORIZATION"]}

    def publish(self, *facts: codec.Fact) -> list[Place]:
        """One record a fact, to its topic, keyed as ingest keys it."""
        return [self._publish_one(fact) for fact in facts]

    def _publish_one(self, fact: codec.Fact) -> Place:
        topic = topics.PLAN if isinstance(fact, codec.PlanFact) else topics.DISBURSEMENT
        value = codec.encode_batch([fact], recorded_at=RECORDED_AT)
        return self.publisher.publish(topic, [Record(codec.routing_key(fact), value)])[0]

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What a query finds now."""
        with self.database.cursor() as cursor:
            cursor.execute(statement, parameters)
            found = cursor.fetchall()
        self.database.commit()
        return found

    def settle(self) -> None:
        """Wait until decisions are published, every record of both topics is applied and progress told."""
        eventually(
            lambda: (
                not self.rows("SELECT 1 FROM aggregation.case_record WHERE published_topic_id IS NULL")
                and self.unapplied() == 0
                and not self.rows("SELECT 1 FROM aggregation.progress_due")
            )
        )

    def unapplied(self) -> int:
        """Records in the logs beyond the positions in PostgreSQL."""
        if self.failures:
            raise self.failures[0]
        ends = log_ends(self.settings, [topics.PLAN, topics.DISBURSEMENT])
        admin = Admin(self.settings, client_id="test-admin")
        ids = {
            topic: identity.topic_id
            for topic in (topics.PLAN, topics.DISBURSEMENT)
            if (identity := admin.identity(topic))
        }
        admin.close()
        applied = {
            (topic_id, partition): offset
            for topic_id, partition, offset in self.rows(
                "SELECT topic_id, partition, next_offset FROM aggregation.source_position"
            )
        }
        return sum(max(0, end - applied.get((ids[tp.topic], tp.partition), 0)) for tp, end in ends.items())

    def summary(self, **query: object) -> dict[str, Any]:
        """GET /v1/summary."""
        answer: dict[str, Any] = self.client.get("/v1/summary", query_string=query).get_json()
        return answer

    def told(self) -> dict[tuple[str, str], Progress]:
        """The latest progress of each subject in the log."""
        latest: dict[tuple[str, str], Progress] = {}
        for value in read_all(self.settings, topics.PROGRESS):
            progress = progress_codec.decode_progress(value)
            key = (str(progress.subject.type), progress.subject.code)
            if key not in latest or latest[key].version < progress.version:
                latest[key] = progress
        return latest


@contextmanager
def running(
    settings: Settings, *, wrap_apply: Callable[[Apply], Apply] = lambda apply: apply
) -> Iterator[Aggregation]:
    """Aggregation from migration to loops; stopped at the end. ``wrap_apply`` is for faults."""
    url = settings.database_url.get_secret_value()
    migrate(url, schema=SCHEMA, folders=MIGRATIONS)
    old_cases.read(url)
    admin = Admin(settings, client_id="test-admin")
    admin.create_topics()
    admin.close()
    clock = Clock(settings.business_date)
    series = series_policy.load(settings.policy_dir)
    publisher = Publisher(settings, client_id="test-publisher")
    pool = Pool(url, application="test-api", size=2)
    fund_sources = FundSourceNames.load(settings.policy_dir)
    apply_events = ApplyEvents(fund_sources)
    teller = TellProgress(
        settings, publisher=publisher, clock=clock, series=series, fund_sources=fund_sources
    )
    tick = CutoffTick(settings, clock=clock, on_tick=teller.notice)
    outbox = PublishDecisions(settings, publisher=publisher)
    events = KafkaLoop(
        settings,
        schema="aggregation",
        topics=[topics.PLAN, topics.DISBURSEMENT],
        apply=wrap_apply(apply_events.apply),
        on_commit=teller.notice,
    )
    gate = Gate(settings, service=SCHEMA, pool=pool)
    api = Api(service=SCHEMA, title="t", description="d", gate=gate)
    ReadApi(pool=pool, clock=clock, series=series, fund_sources=fund_sources).install(api)
    PlanApi(pool=pool, clock=clock, series=series, fund_sources=fund_sources).install(api)
    AccountsApi(pool=pool, clock=clock, series=series, fund_sources=fund_sources).install(api)
    EvidenceApi(pool=pool, clock=clock, series=series, fund_sources=fund_sources).install(api)
    decisions = CaseDecisions(pool=pool, clock=clock, fund_sources=fund_sources, on_decision=outbox.notice)
    CasesApi(pool=pool, clock=clock, decisions=decisions).install(api)
    ExportApi(pool=pool, clock=clock).install(api)

    stop = threading.Event()
    failures: list[BaseException] = []

    def guarded(run: Callable[[threading.Event], None]) -> None:
        try:
            run(stop)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(loop.run,)) for loop in (events, teller, tick, outbox)]
    for thread in threads:
        thread.start()
    database = connect(url, application="test")
    try:
        client = client_of(api.app, make_token(url))
        yield Aggregation(settings, publisher, database, client, failures)
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=10)
        database.close()
        publisher.close()
        gate.close()
        pool.close()


def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for a condition. Raises ``AssertionError``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def log_ends(settings: Settings, names: Iterable[str]) -> dict[TopicPartition, int]:
    """The end of each partition of these topics."""
    return _log_bounds(settings, names, KafkaConsumer.end_offsets)


def log_beginnings(settings: Settings, names: Iterable[str]) -> dict[TopicPartition, int]:
    """The first offset that is left of each partition of these topics."""
    return _log_bounds(settings, names, KafkaConsumer.beginning_offsets)


def _log_bounds(
    settings: Settings, names: Iterable[str], asked: Callable[..., dict[TopicPartition, int]]
) -> dict[TopicPartition, int]:
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers.split(","))
    try:
        partitions = [TopicPartition(n, p) for n in names for p in consumer.partitions_for_topic(n) or ()]
        return asked(consumer, partitions)
    finally:
        consumer.close()


def read_all(settings: Settings, topic: str) -> list[bytes]:
    """The values of every record of a topic."""
    ends = log_ends(settings, [topic])
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers, enable_auto_commit=False)
    try:
        consumer.assign(list(ends))
        consumer.seek_to_beginning()
        values: list[bytes] = []
        while len(values) < sum(ends.values()):
            for records in consumer.poll(timeout_ms=200).values():
                values += [record.value for record in records]
        return values
    finally:
        consumer.close()
