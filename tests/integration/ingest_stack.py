"""Ingest put together in this process on the real database and broker, and a reader of its log."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from flask.testing import FlaskClient
from kafka import KafkaConsumer, TopicPartition
from werkzeug.test import TestResponse

from deploy.embedded import servers
from services.contracts import codec, topics
from services.ingest.__main__ import assemble
from services.runtime import postgres, service
from services.runtime.access import Scope
from services.runtime.config import Settings
from services.runtime.kafka_client import Admin
from tests.support import stated
from tests.support.access import client_of, make_token
from tests.support.brokers import Broker, RunningBroker, settings_of_broker

DELIVERY_TIMEOUT_MS = 1_500
PARTITIONS = 4


def settings_for(database_url: str, broker: Broker, **changes: Any) -> Settings:
    values = {
        "DATABASE_URL": database_url,
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "business_date": date(2022, 7, 31),
        "topic_partitions": PARTITIONS,
        "kafka_delivery_timeout_ms": DELIVERY_TIMEOUT_MS,
        **settings_of_broker(),
        **changes,
    }
    return Settings(**values)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the service; ``json`` is its body, read."""

    status_code: int
    content_type: str
    retry_after: str
    text: str
    # Idempotent-Replayed
    is_replayed: bool

    @classmethod
    def of(cls, response: TestResponse) -> Answer:
        headers = response.headers
        content_type = headers.get("Content-Type", "")
        return cls(
            response.status_code,
            content_type,
            headers.get("Retry-After", ""),
            response.text,
            "Idempotent-Replayed" in headers,
        )

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Ingest:
    """A running ingest, to be sent requests and looked into."""

    settings: Settings
    parts: service.Parts
    # An admin's.
    token: str = field(repr=False)

    @property
    def client(self) -> FlaskClient:
        """A client with the token."""
        return client_of(self.parts.app, self.token)

    def get(self, path: str) -> Answer:
        return Answer.of(self.client.get(path))

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """``headers`` by their names with underscores: ``Idempotency_Key="k"``."""
        return self.post_raw(path, json.dumps(body).encode(), "application/json", **headers)

    def post_raw(self, path: str, content: bytes, content_type: str, **headers: str) -> Answer:
        return self._post(path, content, content_type, headers)

    def post_form(self, path: str, form: dict[str, Any], **headers: str) -> Answer:
        return self._post(path, form, "multipart/form-data", headers)

    def _post(self, path: str, sent: Any, content_type: str, headers: dict[str, str]) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer.of(self.client.post(path, data=sent, content_type=content_type, headers=named))

    def of_unit(self, unit: str, *scopes: Scope, sources: Iterable[str] | None = None) -> Ingest:
        """The same service to a caller that is bound to a unit, and states facts of these sources."""
        url = self.settings.database_url.get_secret_value()
        held = scopes or (Scope.INGEST_WRITE,)
        token = make_token(url, *held, unit=unit, sources=sources, name=unit or "all")
        return replace(self, token=token)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = postgres.connect(self.settings.database_url.get_secret_value(), application="test")
        try:
            with postgres.transaction(connection) as cursor:
                cursor.execute(query)
                return cursor.fetchall()
        finally:
            connection.close()

    def is_ready(self) -> bool:
        return self.get("/readyz").status_code == 200


@contextmanager
def running_ingest(settings: Settings) -> Iterator[Ingest]:
    """Ingest with its loops running; topics are created first, as an operator would."""
    create_topics(settings)
    parts = assemble(settings)
    stop = threading.Event()
    threads = [threading.Thread(target=loop.run, args=(stop,)) for loop in parts.loops.values()]
    for thread in threads:
        thread.start()
    ingest = Ingest(settings, parts, make_token(settings.database_url.get_secret_value()))
    try:
        wait_until(ingest.is_ready)
        # Who leaves a group while joining it waits for the broker.
        wait_until(lambda: not getattr(parts.loops["register"], "not_ready", ""))
        yield ingest
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        parts.close()


@contextmanager
def ingest_of_a_module(
    postgres_server: str, running_broker: RunningBroker, **changes: Any
) -> Iterator[Ingest]:
    """Ingest on a database and a broker of its own, for tests that do not disturb each other."""
    database_url = servers.create_database(postgres_server, f"test_{uuid4().hex[:12]}")
    with running_broker() as broker, running_ingest(settings_for(database_url, broker, **changes)) as ingest:
        yield ingest


def make_known(ingest: Ingest, *codes: str) -> set[UUID]:
    """Register projects, as whoever sends money on them does first; returns the ids of the events."""
    body = {"projects": [stated.project(project_code=code) for code in codes]}
    answer = ingest.post("/v1/registers", body)
    assert answer.status_code == 202, answer.text
    return {UUID(event_id) for event_id in answer.json["event_ids"]}


def journalled_movements(ingest: Ingest) -> int:
    """How many disbursement events the journal holds."""
    ((count,),) = ingest.rows("SELECT count(*) FROM ingest.journal WHERE topic = 'giaingan.disbursement.v1'")
    return int(count)


def create_topics(settings: Settings) -> None:
    admin = Admin(settings, client_id="test-admin")
    try:
        admin.create_topics()
    finally:
        admin.close()


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Read:
    """One event as it stands in the log."""

    partition: int
    offset: int
    key: str
    event: codec.Event


def read_log(broker: Broker, topic: str) -> list[Read]:
    """Every event of the topic, from its beginning to its present end, partition by partition."""
    consumer = KafkaConsumer(
        bootstrap_servers=broker.bootstrap_servers, enable_auto_commit=False, fetch_max_wait_ms=50
    )
    decode = codec.decode_disbursements if topic == topics.DISBURSEMENT else codec.decode_plans
    try:
        partitions = [TopicPartition(topic, n) for n in sorted(consumer.partitions_for_topic(topic) or ())]
        ends = consumer.end_offsets(partitions)
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        found: list[Read] = []
        deadline = time.monotonic() + 10
        while any(consumer.position(tp) < end for tp, end in ends.items()):
            assert time.monotonic() < deadline, "the log could not be read to its end"
            for tp, records in consumer.poll(timeout_ms=100).items():
                for record in records:
                    for event in decode(record.value):
                        assert isinstance(event, codec.Event), event
                        found.append(Read(tp.partition, record.offset, record.key.decode(), event))
        # Which partition is answered first is the broker's.
        return sorted(found, key=lambda read: (read.partition, read.offset))
    finally:
        consumer.close()
