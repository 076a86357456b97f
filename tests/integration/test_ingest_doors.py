"""The JSON doors on the real database and broker: what is accepted, refused, and left in the log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg2
import pytest

from services.contracts import topics
from services.contracts.stated.models import BaselineScheduleIn, MovementIn, PlanRevisionIn, StatementLineIn
from services.runtime.kafka_client import partition_of
from tests.integration.ingest_stack import (
    PARTITIONS,
    Ingest,
    journalled_movements,
    make_known,
    read_log,
    running_ingest,
    settings_for,
)
from tests.support import stated
from tests.support.brokers import Broker

SOUND = json.dumps({"movements": [stated.movement()]}, separators=(",", ":")).encode()


@pytest.fixture
def ingest(database_url: str, broker: Broker) -> Iterator[Ingest]:
    with running_ingest(settings_for(database_url, broker)) as running:
        make_known(running, "7891234", *(f"P{number:03}" for number in range(30)))
        yield running


def movements(count: int) -> dict[str, Any]:
    return {
        "movements": [
            stated.movement(source_ref=f"V-{number}", project_code=f"P{number % 30:03}", amount=number + 1)
            for number in range(count)
        ]
    }


def test_accepted_movements_are_in_the_log_under_their_project(ingest: Ingest, broker: Broker) -> None:
    body = movements(700)
    answer = ingest.post("/v1/disbursements", body)

    assert answer.status_code == 202, answer.text
    facts = [MovementIn.model_validate_json(json.dumps(item)).fact() for item in body["movements"]]
    receipt = answer.json
    assert receipt["event_ids"] == [str(fact.event_id) for fact in facts]
    assert (receipt["new"], receipt["duplicate"], receipt["conflicting"]) == (700, 0, 0)
    assert receipt["totals"] == [
        {"fund_source": "local.balance", "currency": "VND", "minor_units": sum(range(1, 701))}
    ]

    log = read_log(broker, topics.DISBURSEMENT)
    assert {read.event.fact.event_id: read.event.fact for read in log} == {f.event_id: f for f in facts}
    assert len(log) == 700
    for read in log:
        assert partition_of(read.event.fact.project_code, PARTITIONS) == read.partition  # type: ignore[union-attr]
        assert partition_of(read.key, PARTITIONS) == read.partition
    assert max(Counter((read.partition, read.offset) for read in log).values()) <= 200
    first_by_record = {(read.partition, read.offset): read for read in reversed(log)}
    assert all(read.key == read.event.fact.project_code for read in first_by_record.values())  # type: ignore[union-attr]


def test_within_a_partition_events_keep_the_order_sent(ingest: Ingest, broker: Broker) -> None:
    body = movements(700)
    ingest.post("/v1/disbursements", body)
    sent = [item["source_ref"] for item in body["movements"]]
    by_partition: dict[int, list[str]] = {}
    for read in sorted(read_log(broker, topics.DISBURSEMENT), key=lambda r: (r.partition, r.offset)):
        by_partition.setdefault(read.partition, []).append(read.event.fact.source_ref)
    for refs in by_partition.values():
        assert refs == sorted(refs, key=sent.index)


def test_the_journal_knows_each_event_and_its_place(ingest: Ingest, broker: Broker) -> None:
    body = movements(300)
    ingest.post("/v1/disbursements", body)
    places = {
        (str(read.event.fact.event_id), read.partition, read.offset)
        for read in read_log(broker, topics.DISBURSEMENT)
    }
    rows = ingest.rows(
        'SELECT event_id, partition, "offset" FROM ingest.journal'
        " WHERE topic = 'giaingan.disbursement.v1' ORDER BY accepted_no"
    )
    assert {(str(event_id), partition, offset) for event_id, partition, offset in rows} == places
    facts = [MovementIn.model_validate_json(json.dumps(item)).fact() for item in body["movements"]]
    assert [row[0] for row in rows] == [fact.event_id for fact in facts]


def test_plans_and_curves_go_to_the_plan_topic(ingest: Ingest, broker: Broker) -> None:
    body = {"revisions": [stated.revision()], "schedules": [stated.schedule()]}
    answer = ingest.post("/v1/plans", body)
    assert answer.status_code == 202, answer.text
    expected = {
        PlanRevisionIn.model_validate_json(json.dumps(stated.revision())).fact(),
        BaselineScheduleIn.model_validate_json(json.dumps(stated.schedule())).fact(),
    }
    assert {read.event.fact for read in read_log(broker, topics.PLAN)} >= expected
    assert read_log(broker, topics.DISBURSEMENT) == []


def test_statements_go_to_the_disbursement_topic(ingest: Ingest, broker: Broker) -> None:
    answer = ingest.post("/v1/statements", {"lines": [stated.statement()]})
    assert answer.status_code == 202, answer.text
    (read,) = read_log(broker, topics.DISBURSEMENT)
    assert read.event.fact == StatementLineIn.model_validate_json(json.dumps(stated.statement())).fact()


def test_the_same_body_again_is_all_duplicates_and_publishes_nothing(ingest: Ingest, broker: Broker) -> None:
    body = movements(50)
    first = ingest.post("/v1/disbursements", body).json
    before = read_log(broker, topics.DISBURSEMENT)
    body["movements"].reverse()
    again = ingest.post("/v1/disbursements", body)

    assert again.status_code == 202
    assert (again.json["new"], again.json["duplicate"], again.json["conflicting"]) == (0, 50, 0)
    assert again.json["event_ids"] == first["event_ids"][::-1]
    assert read_log(broker, topics.DISBURSEMENT) == before
    assert journalled_movements(ingest) == 50


def test_the_same_fact_twice_in_one_body_is_published_once(ingest: Ingest, broker: Broker) -> None:
    answer = ingest.post("/v1/disbursements", {"movements": [stated.movement(), stated.movement()]})
    assert (answer.json["new"], answer.json["duplicate"]) == (1, 1)
    assert len(read_log(broker, topics.DISBURSEMENT)) == 1


def test_another_content_under_a_known_id_is_published_and_told(ingest: Ingest, broker: Broker) -> None:
    ingest.post("/v1/disbursements", {"movements": [stated.movement()]})
    other = {"movements": [stated.movement(amount="2000000"), stated.movement(source_ref="V-2")]}
    answer = ingest.post("/v1/disbursements", other)

    assert answer.status_code == 202
    assert (answer.json["new"], answer.json["duplicate"], answer.json["conflicting"]) == (1, 0, 1)
    amounts = [
        read.event.fact.amount.minor_units  # type: ignore[union-attr]
        for read in read_log(broker, topics.DISBURSEMENT)
        if read.event.fact.source_ref == "V-1"
    ]
    assert amounts == [1_000_000, 2_000_000]
    repeated = ingest.post("/v1/disbursements", other)
    assert (repeated.json["new"], repeated.json["duplicate"], repeated.json["conflicting"]) == (0, 2, 0)


def test_every_fault_of_a_body_is_told_at_once_and_nothing_is_accepted(
    ingest: Ingest, broker: Broker
) -> None:
    body = {
        "movements": [
            stated.movement(source_ref="ok"),
            stated.movement(source_ref="float", amount=1.5, value_date="03/04/2022"),
            stated.movement(source_ref="future", value_date="2022-08-01"),
            stated.movement(source_ref="hidden\u200b", colour="red"),
            stated.movement(source_ref="ok", amount=7),
            stated.movement(source_ref="reversal", kind="reversal"),
            stated.movement(source_ref="fund", fund_source="central.secter"),
            stated.movement(source_ref="space", project_code="7 891"),
        ]
    }
    answer = ingest.post("/v1/disbursements", body)

    assert answer.status_code == 422
    assert {(error["code"], error["where"]) for error in answer.json["errors"]} == {
        ("int-type", "movements.1.amount"),
        ("not-iso-date", "movements.1.value_date"),
        ("after-business-date", "movements.2.value_date"),
        ("invisible-character", "movements.3.source_ref"),
        ("extra-forbidden", "movements.3.colour"),
        ("contradicts-itself", "movements.4.source_ref"),
        ("reversal-without-reference", "movements.5.reverses_event_id"),
        ("unknown-choice", "movements.6.fund_source"),
        ("space-in-code", "movements.7.project_code"),
    }
    assert all(error["mend"] for error in answer.json["errors"])
    assert read_log(broker, topics.DISBURSEMENT) == []
    assert journalled_movements(ingest) == 0
    assert ingest.rows("SELECT count(*) FROM ingest.receipt WHERE kind = 'disbursements'") == [(0,)]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "empty-body"),
        (b'{"movements":[', 400, "malformed-json"),
        (b"[" * 10_000, 400, "malformed-json"),
        (SOUND.replace(b'"amount":', b'"amount":5,"amount":'), 400, "duplicate-key"),
        (SOUND.replace(b'"amount":', b'"colour":1,"colour":2,"amount":'), 400, "duplicate-key"),
        (b'{"movements":[{"source":"\xff"}]}', 400, "malformed-json"),
        (b"[]", 422, "invalid"),
        (b'{"movements":[]}', 422, "invalid"),
        (b'{"movements":[{"amount":NaN}]}', 422, "invalid"),
        (b'{"movements":[{"amount":' + b"9" * 5_000 + b"}]}", 400, "malformed-json"),
        (b'{"x":' + b"9" * 5_000 + b"}", 400, "malformed-json"),
        (json.dumps(movements(1_001)).encode(), 422, "invalid"),
        (json.dumps({"movements": [stated.movement(source="a\x00b")]}).encode(), 422, "invalid"),
        (json.dumps({"movements": [stated.movement(project_code="P" * 1_000_000)]}).encode(), 422, "invalid"),
        (b" " * (32 * 1024 * 1024 + 1), 413, "request-entity-too-large"),
    ],
)
def test_a_bad_body_gets_a_clear_answer(ingest: Ingest, content: bytes, status: int, code: str) -> None:
    answer = ingest.post_raw("/v1/disbursements", content, "application/json")
    assert (answer.status_code, answer.json["type"]) == (status, f"urn:giaingan:problem:{code}")
    assert len(answer.text) < 2_000 or status == 422


def test_a_fund_source_that_the_policy_does_not_name_is_refused(ingest: Ingest, broker: Broker) -> None:
    """Alone too, where every field has the right form."""
    for path, body in (
        ("/v1/disbursements", {"movements": [stated.movement(fund_source="central.secter")]}),
        ("/v1/statements", {"lines": [stated.statement(fund_source="central.secter")]}),
        ("/v1/plans", {"revisions": [stated.revision(fund_source="central.secter")]}),
    ):
        answer = ingest.post(path, body)
        assert answer.status_code == 422
        (error,) = answer.json["errors"]
        assert error["code"] == "unknown-choice"
        assert "central.sector" in error["mend"]
    assert read_log(broker, topics.DISBURSEMENT) == []


def test_a_body_that_is_not_json_is_415(ingest: Ingest) -> None:
    answer = ingest.post_raw("/v1/disbursements", b"a=1", "text/plain")
    assert answer.status_code == 415


def test_a_receipt_can_be_read_again(ingest: Ingest) -> None:
    given = ingest.post("/v1/disbursements", movements(3)).json
    again = ingest.get(f"/v1/imports/{given['receipt_id']}")
    assert (again.status_code, again.json) == (200, given)


@pytest.mark.parametrize("receipt_id", [str(uuid4()), "none"], ids=["unknown", "no-id"])
def test_a_receipt_never_given_is_404(ingest: Ingest, receipt_id: str) -> None:
    answer = ingest.get(f"/v1/imports/{receipt_id}")
    assert (answer.status_code, answer.json["type"]) == (404, "urn:giaingan:problem:receipt-unknown")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ingest.journal SET payload = ''",
        "UPDATE ingest.journal SET routing_key = 'other', topic_id = 'x'",
        "UPDATE ingest.journal SET accepted_no = accepted_no + 1",
        "DELETE FROM ingest.journal",
        "TRUNCATE ingest.journal",
        "UPDATE ingest.receipt SET kind = 'x'",
        "DELETE FROM ingest.receipt",
        "TRUNCATE ingest.receipt",
    ],
)
def test_what_was_accepted_cannot_be_changed(ingest: Ingest, statement: str) -> None:
    ingest.post("/v1/disbursements", movements(1))
    with pytest.raises(psycopg2.errors.RestrictViolation, match="refused"):
        ingest.rows(statement)


def test_the_place_of_an_event_may_change(ingest: Ingest) -> None:
    ingest.post("/v1/disbursements", movements(1))
    moved = ingest.rows(
        "UPDATE ingest.journal SET topic_id = 'x', partition = 1, \"offset\" = 2"
        " WHERE topic = 'giaingan.disbursement.v1' RETURNING event_id"
    )
    assert len(moved) == 1
    assert isinstance(moved[0][0], UUID)
