"""The database goes and comes back, and requests meet in it: nothing is acknowledged that is not kept."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
from psycopg2 import sql

from services.contracts import topics
from services.contracts.stated.models import MovementIn
from services.ingest.log import journal
from services.ingest.log import writer as log_writer
from services.ingest.log.journal import PlacedEntry
from services.ingest.log.record_packing import Entry
from services.runtime import postgres
from services.runtime.kafka_client import Place
from tests.integration.ingest_stack import (
    Answer,
    Ingest,
    journalled_movements,
    make_known,
    read_log,
    running_ingest,
    settings_for,
)
from tests.support import stated
from tests.support.brokers import Broker


class Database:
    """The test's database, which can be taken away and given back."""

    def __init__(self, server_url: str, database_url: str) -> None:
        self._server_url = server_url
        self.url = database_url
        self._name = urlsplit(database_url).path.removeprefix("/")

    def take_away(self) -> None:
        """No new connection is let in, and those there are end."""
        self._allow_connections(False)
        self._execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", self._name
        )

    def give_back(self) -> None:
        self._allow_connections(True)

    def _allow_connections(self, allowed: bool) -> None:
        statement = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        self._execute(statement.format(sql.Identifier(self._name), sql.Literal(allowed)))

    def _execute(self, statement: Any, *values: object) -> None:
        connection = psycopg2.connect(self._server_url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
        finally:
            connection.close()


@pytest.fixture
def database(postgres_server: str, database_url: str) -> Database:
    return Database(postgres_server, database_url)


@pytest.fixture
def ingest(database: Database, broker: Broker) -> Iterator[Ingest]:
    with running_ingest(settings_for(database.url, broker)) as running:
        make_known(running, *(f"P{number}" for number in range(7)))
        yield running


def movements(*numbers: int) -> dict[str, Any]:
    return {
        "movements": [
            stated.movement(source_ref=f"V-{number}", project_code=f"P{number % 7}", amount=number + 1)
            for number in numbers
        ]
    }


def ids_of(body: dict[str, Any]) -> list[str]:
    facts = [MovementIn.model_validate_json(json.dumps(item)).fact() for item in body["movements"]]
    return [str(fact.event_id) for fact in facts]


def assert_unavailable(answer: Answer, body: dict[str, Any]) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json["type"] == "urn:giaingan:problem:database-unavailable"
    assert answer.json["event_ids"] == ids_of(body)
    assert answer.retry_after


def test_without_a_database_nothing_is_published_and_the_same_request_is_taken_later(
    ingest: Ingest, database: Database, broker: Broker
) -> None:
    body = movements(1, 2, 3)
    database.take_away()
    answer = ingest.post("/v1/disbursements", body)
    assert (answer.status_code, answer.json["type"]) == (503, "urn:giaingan:problem:database-unavailable")
    # Nobody can be let in without the database, so no event was looked at and none is in doubt.
    assert answer.json["event_ids"] == []
    assert ingest.get("/readyz").status_code == 503
    assert ingest.get("/healthz").status_code == 200
    assert read_log(broker, topics.DISBURSEMENT) == []
    database.give_back()
    assert ingest.post("/v1/disbursements", body).json["new"] == 3
    assert ingest.get("/readyz").status_code == 200


def test_a_database_lost_after_publishing_is_no_acknowledgement(
    ingest: Ingest, database: Database, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = movements(1, 2, 3)
    write = log_writer.write

    def write_and_lose(*arguments: Any) -> Any:
        placed = write(*arguments)
        database.take_away()
        return placed

    monkeypatch.setattr(log_writer, "write", write_and_lose)
    assert_unavailable(ingest.post("/v1/disbursements", body), body)
    monkeypatch.undo()
    database.give_back()
    assert journalled_movements(ingest) == 0
    assert ingest.post("/v1/disbursements", body).json["new"] == 3
    assert {str(read.event.fact.event_id) for read in read_log(broker, topics.DISBURSEMENT)} == set(
        ids_of(body)
    )


def test_requests_with_the_same_events_in_any_order_do_not_hinder_each_other(
    ingest: Ingest, broker: Broker
) -> None:
    numbers = list(range(300))
    bodies = []
    for seed in range(12):
        shuffled = random.Random(seed).sample(numbers, len(numbers))  # noqa: S311
        bodies.append(movements(*shuffled))
    with ThreadPoolExecutor(max_workers=6) as senders:
        answers = list(senders.map(lambda body: ingest.post("/v1/disbursements", body), bodies))
    assert [answer.status_code for answer in answers] == [202] * len(bodies)
    assert sum(answer.json["new"] for answer in answers) == 300
    assert [answer.json["new"] + answer.json["duplicate"] for answer in answers] == [300] * len(bodies)
    assert journalled_movements(ingest) == 300
    assert {str(read.event.fact.event_id) for read in read_log(broker, topics.DISBURSEMENT)} == set(
        ids_of(movements(*numbers))
    )


def test_two_requests_with_the_same_events_in_opposite_orders_do_not_deadlock(ingest: Ingest) -> None:
    facts = [
        MovementIn.model_validate_json(json.dumps(item)).fact()
        for item in movements(*range(8_000))["movements"]
    ]
    now = datetime(2022, 7, 31, tzinfo=UTC)
    placed = [PlacedEntry(Entry.of(fact, recorded_at=now), "topic-id", Place(0, 0)) for fact in facts]
    together = threading.Barrier(2)

    def add(some: list[PlacedEntry]) -> None:
        connection = postgres.connect(ingest.settings.database_url.get_secret_value(), application="test")
        try:
            with postgres.transaction(connection) as cursor:
                together.wait()
                journal.add(cursor, some)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=2) as requests:
        for done in [requests.submit(add, placed), requests.submit(add, placed[::-1])]:
            done.result()
    assert journalled_movements(ingest) == 8_000
