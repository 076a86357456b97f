"""The broker goes and comes back: nothing acknowledged is lost, nothing is acknowledged that is not kept."""

from __future__ import annotations

import json
import threading
import time
from typing import Any
from uuid import UUID

import pytest

from services.contracts import topics
from services.contracts.stated.models import MovementIn
from services.ingest.log import journal
from services.ingest.log import writer as log_writer
from services.runtime import postgres
from services.runtime.kafka_client import Admin, BrokerUnavailableError
from tests.integration.ingest_stack import (
    DELIVERY_TIMEOUT_MS,
    Ingest,
    create_topics,
    journalled_movements,
    make_known,
    read_log,
    running_ingest,
    settings_for,
    wait_until,
)
from tests.support import stated
from tests.support.brokers import Broker, is_apache_kafka

FORGETFUL = pytest.mark.embedded_broker(
    reason="the log is written again only for a broker that forgets it; Apache Kafka keeps it"
)
PROJECTS = [f"P{number:03}" for number in range(30)]


def movements(first: int, count: int) -> dict[str, Any]:
    return {
        "movements": [
            stated.movement(source_ref=f"V-{number}", project_code=f"P{number % 30:03}", amount=number + 1)
            for number in range(first, first + count)
        ]
    }


def ids_of(body: dict[str, Any]) -> list[UUID]:
    return [MovementIn.model_validate_json(json.dumps(item)).fact().event_id for item in body["movements"]]


def ids_in_log(broker: Broker, topic: str = topics.DISBURSEMENT) -> list[UUID]:
    return [read.event.fact.event_id for read in read_log(broker, topic)]


def test_without_a_broker_the_answer_is_503_in_time_and_names_the_events(
    database_url: str, broker: Broker
) -> None:
    with running_ingest(settings_for(database_url, broker)) as ingest:
        make_known(ingest, *PROJECTS)
        ingest.post("/v1/disbursements", movements(0, 5))
        before = set(ids_in_log(broker))
        broker.kill()
        body = movements(100, 40)
        started = time.monotonic()
        answer = ingest.post("/v1/disbursements", body)
        seconds = time.monotonic() - started

        assert answer.status_code == 503
        assert answer.json["type"] == "urn:giaingan:problem:broker-unavailable"
        assert int(answer.retry_after) >= 1
        assert answer.json["event_ids"] == [str(event_id) for event_id in ids_of(body)]
        assert seconds < DELIVERY_TIMEOUT_MS / 1000 + 2
        assert journalled_movements(ingest) == 5
        assert ingest.get("/healthz").status_code == 200

        broker.start()
        create_topics(ingest.settings)
        wait_until(lambda: ingest.post("/v1/disbursements", body).status_code == 202)
        # The embedded broker lost what was there before.
        assert set(ids_in_log(broker)) - before == set(ids_of(body))


def test_a_paused_broker_is_503_and_ingest_recovers_by_itself(database_url: str, broker: Broker) -> None:
    """Longer than a publish may take: kafka-python's producer can stay wedged after that for good."""
    with running_ingest(settings_for(database_url, broker)) as ingest:
        make_known(ingest, *PROJECTS)
        assert ingest.post("/v1/disbursements", movements(0, 30)).status_code == 202
        broker.freeze()
        try:
            unanswered = [ingest.post("/v1/disbursements", movements(100 * n, 30)) for n in (1, 2)]
        finally:
            broker.thaw()
        assert [answer.status_code for answer in unanswered] == [503, 503]
        assert {answer.json["type"] for answer in unanswered} == {"urn:giaingan:problem:broker-unavailable"}
        assert all(int(answer.retry_after) >= 1 for answer in unanswered)
        assert [len(answer.json["event_ids"]) for answer in unanswered] == [30, 30]

        # The same process, the same requests: each is taken now, and each event stands once in the journal.
        for n in (1, 2):
            wait_until(
                lambda n=n: ingest.post("/v1/disbursements", movements(100 * n, 30)).status_code == 202  # type: ignore[misc]
            )
        assert journalled_movements(ingest) == 90
        wait_until(ingest.is_ready)
        expected = {event_id for n in (0, 1, 2) for event_id in ids_of(movements(100 * n, 30))}
        assert set(ids_in_log(broker)) == expected


def test_duplicates_are_acknowledged_without_a_broker(database_url: str, broker: Broker) -> None:
    with running_ingest(settings_for(database_url, broker)) as ingest:
        make_known(ingest, *PROJECTS)
        ingest.post("/v1/disbursements", movements(0, 5))
        broker.kill()
        answer = ingest.post("/v1/disbursements", movements(0, 5))
        assert (answer.status_code, answer.json["duplicate"]) == (202, 5)


@FORGETFUL
def test_a_log_that_the_broker_lost_is_written_again(database_url: str, broker: Broker) -> None:
    with running_ingest(settings_for(database_url, broker, ephemeral_broker=True)) as ingest:
        registered = make_known(ingest, *PROJECTS)
        body = movements(0, 500)
        assert ingest.post("/v1/disbursements", body).status_code == 202
        plan = {"revisions": [stated.revision()], "schedules": [stated.schedule()]}
        plan_ids = {UUID(i) for i in ingest.post("/v1/plans", plan).json["event_ids"]}

        for restart in range(1, 3):
            broker.kill()
            broker.start()
            wait_until(lambda: everything_is_in_the_present_log(ingest))
            later = movements(1_000 * restart, 20)
            wait_until(lambda later=later: ingest.post("/v1/disbursements", later).status_code == 202)  # type: ignore[misc]
            body["movements"] += later["movements"]
            wait_until(lambda: everything_is_in_the_present_log(ingest))
            assert set(ids_in_log(broker)) == set(ids_of(body))
            assert set(ids_in_log(broker, topics.PLAN)) == plan_ids | registered


def test_what_is_sent_while_the_broker_restarts_is_not_lost(database_url: str, broker: Broker) -> None:
    settings = settings_for(database_url, broker, ephemeral_broker=not is_apache_kafka())
    acknowledged: list[UUID] = []
    done = threading.Event()

    with running_ingest(settings) as ingest:
        make_known(ingest, *PROJECTS)

        def send() -> None:
            number = 0
            while not done.is_set():
                body = movements(number, 3)
                if ingest.post("/v1/disbursements", body).status_code == 202:
                    acknowledged.extend(ids_of(body))
                    number += 3

        sender = threading.Thread(target=send)
        sender.start()
        for _ in range(3):
            time.sleep(0.7)
            broker.kill()
            broker.start()
            before = len(acknowledged)
            wait_until(lambda before=before: len(acknowledged) > before)  # type: ignore[misc]
        done.set()
        sender.join()
        wait_until(lambda: everything_is_in_the_present_log(ingest))
        assert len(acknowledged) > 20
        assert set(acknowledged) <= set(ids_in_log(broker))


@FORGETFUL
def test_a_log_lost_between_publishing_and_journalling_is_noticed(
    database_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(database_url, broker, ephemeral_broker=True)
    write = log_writer.write
    lose_once = iter([True])

    def write_and_lose_the_log(*arguments: Any) -> Any:
        placed = write(*arguments)
        if next(lose_once, False):
            broker.kill()
            broker.start()
            create_topics(settings)
            # Long enough for the keeper to have seen the new log, and found nothing to restore.
            time.sleep(1.5)
        return placed

    with running_ingest(settings) as ingest:
        make_known(ingest, *PROJECTS)
        monkeypatch.setattr(log_writer, "write", write_and_lose_the_log)
        body = movements(0, 30)
        assert ingest.post("/v1/disbursements", body).status_code == 202
        wait_until(lambda: everything_is_in_the_present_log(ingest))
    assert set(ids_in_log(broker)) == set(ids_of(body))


@FORGETFUL
def test_a_start_restores_what_was_lost_before(database_url: str, broker: Broker) -> None:
    settings = settings_for(database_url, broker, ephemeral_broker=True)
    with running_ingest(settings) as ingest:
        make_known(ingest, *PROJECTS)
        ingest.post("/v1/disbursements", movements(0, 30))
    broker.kill()
    broker.start()
    with running_ingest(settings) as ingest:
        wait_until(lambda: everything_is_in_the_present_log(ingest))
    assert set(ids_in_log(broker)) == set(ids_of(movements(0, 30)))


@FORGETFUL
def test_a_crash_between_publishing_and_recording_the_place_is_harmless(
    database_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(database_url, broker, ephemeral_broker=True)
    with running_ingest(settings) as ingest:
        make_known(ingest, *PROJECTS)
        ingest.post("/v1/disbursements", movements(0, 30))
        fail_once = iter([True])
        record_places = journal.move

        def crash(cursor: postgres.Cursor, placed: list[journal.PlacedEntry]) -> None:
            if placed[0].entry.topic == topics.DISBURSEMENT and next(fail_once, False):
                raise postgres.CONNECTION_ERRORS[0]("the connection went")
            record_places(cursor, placed)

        monkeypatch.setattr(journal, "move", crash)
        broker.kill()
        broker.start()
        wait_until(lambda: everything_is_in_the_present_log(ingest))
    found = ids_in_log(broker)
    assert set(found) == set(ids_of(movements(0, 30)))
    assert len(found) == 60


@pytest.mark.embedded_broker(reason="of Apache Kafka a log that is gone stops ingest: tests/chaos, row 11")
def test_a_lasting_broker_is_never_written_to_again(database_url: str, broker: Broker) -> None:
    with running_ingest(settings_for(database_url, broker)) as ingest:
        make_known(ingest, *PROJECTS)
        ingest.post("/v1/disbursements", movements(0, 5))
        broker.kill()
        broker.start()
        create_topics(ingest.settings)
        time.sleep(3)
        assert ids_in_log(broker) == []


def everything_is_in_the_present_log(ingest: Ingest) -> bool:
    """Asks the database and the broker, not the service."""
    admin = Admin(ingest.settings, client_id="test-observer")
    try:
        identities = [admin.identity(topic) for topic in (topics.PLAN, topics.DISBURSEMENT)]
    except BrokerUnavailableError:
        return False
    finally:
        admin.close()
    present = {identity.topic_id for identity in identities if identity}
    journalled = {topic_id for (topic_id,) in ingest.rows("SELECT DISTINCT topic_id FROM ingest.journal")}
    return journalled <= present
