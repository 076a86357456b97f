"""The register that ingest judges by: learned from what it accepts, and from what others write to Kafka."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.contracts import codec, topics
from services.contracts.stated.models import PlanRevisionIn, ProjectIn
from services.ingest.judging import register_store
from services.ingest.judging.register import RegisteredProject
from services.runtime import postgres
from services.runtime.access import Scope
from services.runtime.kafka_client import Publisher, Record
from tests.integration.ingest_stack import Answer, Ingest, ingest_of_a_module, wait_until
from tests.support import stated
from tests.support.brokers import RunningBroker

NOW = datetime(2022, 7, 31, tzinfo=UTC)


@pytest.fixture(scope="module")
def ingest(postgres_server: str, running_broker: RunningBroker) -> Iterator[Ingest]:
    with ingest_of_a_module(postgres_server, running_broker) as running:
        yield running


def send_money(ingest: Ingest, code: str, **changes: Any) -> Answer:
    movement = stated.movement(source_ref=f"V-{uuid4()}", project_code=code, **changes)
    return ingest.post("/v1/disbursements", {"movements": [movement]})


def code_of(answer: Answer) -> str:
    return str(answer.json["errors"][0]["code"])


def revision(code: str, **changes: Any) -> codec.Fact:
    return PlanRevisionIn.model_validate_json(
        json.dumps(stated.revision(project_code=code, **changes))
    ).fact()


def project(code: str, **changes: Any) -> codec.Fact:
    return ProjectIn.model_validate_json(json.dumps(stated.project(project_code=code, **changes))).fact()


def write_to_topic(ingest: Ingest, key: str, value: bytes) -> None:
    publisher = Publisher(ingest.settings, client_id="another-system")
    try:
        publisher.publish(topics.PLAN, [Record(key, value)])
    finally:
        publisher.close()


def registered(ingest: Ingest, code: str) -> RegisteredProject | None:
    connection = postgres.connect(ingest.settings.database_url.get_secret_value(), application="test")
    try:
        with postgres.transaction(connection) as cursor:
            found = register_store.find(cursor, [code], on=ingest.settings.business_date or NOW.date())
    finally:
        connection.close()
    return found[0] if found else None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/plans", lambda code: {"revisions": [stated.revision(project_code=code)]}),
        ("/v1/registers", lambda code: {"projects": [stated.project(project_code=code)]}),
    ],
)
def test_money_is_refused_until_the_plan_or_the_register_makes_its_project_known(
    ingest: Ingest, path: str, body: Any
) -> None:
    code = f"P-{uuid4()}"
    assert code_of(send_money(ingest, code)) == "unknown-project"
    assert ingest.post(path, body(code)).status_code == 202
    assert send_money(ingest, code).status_code == 202


def test_a_curve_of_a_project_may_come_with_its_plan(ingest: Ingest) -> None:
    code = f"P-{uuid4()}"
    curve = stated.schedule(kind="registered", scope_code=code)
    assert code_of(ingest.post("/v1/plans", {"schedules": [curve]})) == "unknown-project"
    both = {"revisions": [stated.revision(project_code=code)], "schedules": [curve]}
    assert ingest.post("/v1/plans", both).status_code == 202


def test_a_faulty_introduction_is_the_only_fault_told(ingest: Ingest) -> None:
    code = f"P-{uuid4()}"
    curve = stated.schedule(kind="registered", scope_code=code)
    both = {"revisions": [stated.revision(project_code=code, amount=1.5)], "schedules": [curve]}
    answer = ingest.post("/v1/plans", both)
    assert [error["code"] for error in answer.json["errors"]] == ["int-type"]


def test_a_plan_that_another_system_writes_to_the_topic_makes_its_project_known(ingest: Ingest) -> None:
    code = f"P-{uuid4()}"
    write_to_topic(ingest, code, codec.encode_batch([revision(code)], recorded_at=NOW))
    wait_until(lambda: registered(ingest, code) is not None)
    assert send_money(ingest, code).status_code == 202


def test_what_does_not_decode_is_passed_over_and_what_follows_is_learned(ingest: Ingest) -> None:
    code = f"P-{uuid4()}"
    write_to_topic(ingest, code, b"garbage")
    hidden = dataclasses.replace(project(code), project_code=f"{code}\u200b")  # type: ignore[arg-type]
    write_to_topic(ingest, code, codec.encode_batch([hidden], recorded_at=NOW))
    write_to_topic(ingest, code, codec.encode_batch([project(code)], recorded_at=NOW))
    wait_until(lambda: registered(ingest, code) is not None)
    assert registered(ingest, f"{code}\u200b") is None


def test_what_is_learned_does_not_depend_on_the_order_nor_on_repetition(ingest: Ingest) -> None:
    statements = [
        revision("{}", owner_code="FIRST", decision_number="1"),
        revision("{}", owner_code="SECOND", decision_number="2", effective_date="2022-05-20"),
        revision(
            "{}",
            owner_code="LATER-DECIDED",
            decision_number="3",
            decision_date="2022-05-21",
            effective_date="2022-05-20",
        ),
        project("{}", owner_code="LATEST", effective_date="2022-06-01", closed_on="2022-12-31"),
        project(
            "{}", owner_code="CORRECTED", effective_date="2022-06-01", revision=1, starts_on="2022-01-15"
        ),
        project("{}", owner_code="NOT-YET", effective_date="2022-09-01", closed_on="2022-09-01"),
    ]
    seen = []
    for order in (statements, statements[::-1], [*statements[2:], *statements, *statements[:3]]):
        code = f"P-{uuid4()}"
        connection = postgres.connect(ingest.settings.database_url.get_secret_value(), application="test")
        try:
            for fact in order:
                named = dataclasses.replace(fact, project_code=code, source_ref=f"{fact.source_ref}/{code}")  # type: ignore[arg-type]
                with postgres.transaction(connection) as cursor:
                    register_store.learn(cursor, [named])
        finally:
            connection.close()
        found = registered(ingest, code)
        assert found is not None
        seen.append((found.owner_code, found.starts_on, found.closed_on))
    assert [(owner, str(start), end) for owner, start, end in seen] == [("CORRECTED", "2022-01-15", None)] * 3


@pytest.mark.parametrize(
    ("statements", "owner", "closed_on"),
    [
        # A registration in force outranks every decision, a later one too.
        (
            [project("{}"), revision("{}", owner_code="PLAN", effective_date="2022-06-01")],
            "BQL-GT",
            None,
        ),
        # A decision in force outranks a registration to come, whose days count all the same.
        (
            [
                revision("{}", owner_code="PLAN"),
                project("{}", owner_code="TO-COME", effective_date="2022-09-01", closed_on="2022-12-01"),
            ],
            "PLAN",
            "2022-12-01",
        ),
        # Of what is to come, the earliest.
        (
            [
                project("{}", owner_code="LATER", effective_date="2022-11-01", closed_on="2022-12-02"),
                project("{}", owner_code="FIRST", effective_date="2022-09-01", closed_on="2022-12-01"),
                revision("{}", owner_code="BETWEEN", effective_date="2022-10-01"),
            ],
            "FIRST",
            "2022-12-01",
        ),
    ],
)
def test_whose_a_project_is_goes_by_what_is_in_force_on_the_business_date(
    ingest: Ingest, statements: list[codec.Fact], owner: str, closed_on: str | None
) -> None:
    code = f"P-{uuid4()}"
    connection = postgres.connect(ingest.settings.database_url.get_secret_value(), application="test")
    try:
        for fact in statements:
            named = dataclasses.replace(fact, project_code=code, source_ref=f"{fact.source_ref}/{code}")  # type: ignore[arg-type]
            with postgres.transaction(connection) as cursor:
                register_store.learn(cursor, [named])
    finally:
        connection.close()
    found = registered(ingest, code)
    assert found is not None
    assert (found.owner_code, found.closed_on and found.closed_on.isoformat()) == (owner, closed_on)


def test_of_two_contents_under_one_id_the_first_counts(ingest: Ingest) -> None:
    code = f"P-{uuid4()}"
    assert ingest.post("/v1/registers", {"projects": [stated.project(project_code=code)]}).status_code == 202
    other = stated.project(project_code=code, owner_code="ANOTHER")
    assert ingest.post("/v1/registers", {"projects": [other]}).json["conflicting"] == 1
    wait_until(lambda: ingest.rows("SELECT count(*) FROM ingest.block")[0][0] > 0)
    found = registered(ingest, code)
    assert found is not None
    assert found.owner_code == "BQL-GT"


def test_a_closed_project_takes_money_up_to_its_last_day(ingest: Ingest) -> None:
    code = f"P-{uuid4()}"
    open_days = stated.project(project_code=code, starts_on="2022-02-01", closed_on="2022-05-31")
    assert ingest.post("/v1/registers", {"projects": [open_days]}).status_code == 202
    assert send_money(ingest, code, value_date="2022-05-31").status_code == 202
    assert code_of(send_money(ingest, code, value_date="2022-06-01")) == "project-closed"
    assert code_of(send_money(ingest, code, value_date="2022-01-31")) == "project-not-started"


def test_a_unit_writes_its_own_alone_and_is_told_each_fact_that_is_not(ingest: Ingest) -> None:
    own, foreign = f"P-{uuid4()}", f"P-{uuid4()}"
    both = [stated.project(project_code=own), stated.project(project_code=foreign, owner_code="SO-GD")]
    assert ingest.post("/v1/registers", {"projects": both}).status_code == 202
    unit = ingest.of_unit("96/BQL-GT")
    assert send_money(unit, own).status_code == 202
    movements = [
        stated.movement(source_ref=f"V-{uuid4()}", project_code=code) for code in (own, foreign, "none")
    ]
    answer = unit.post("/v1/disbursements", {"movements": movements})
    assert (answer.status_code, answer.json["type"]) == (403, "urn:giaingan:problem:outside-unit")
    assert [(error["code"], error["where"]) for error in answer.json["errors"]] == [
        ("outside-unit", "movements.1.project_code")
    ]
    assert unit.post("/v1/registers", {"projects": [both[1]]}).status_code == 403
    assert ingest.of_unit("49").post("/v1/plans", {"schedules": [stated.schedule()]}).status_code == 403
    assert ingest.of_unit("96").post("/v1/disbursements", {"movements": movements[:2]}).status_code == 202


def test_a_token_without_the_scope_is_refused(ingest: Ingest) -> None:
    assert send_money(ingest.of_unit("", Scope.READ), "none").status_code == 403
    assert send_money(ingest.of_unit("", Scope.INGEST_WRITE), "none").status_code == 422


# --- receipts ----------------------------------------------------------------------------------


def test_receipts_are_listed_newest_first_and_paged(ingest: Ingest) -> None:
    code = f"P-{uuid4()}"
    ingest.post("/v1/registers", {"projects": [stated.project(project_code=code)]})
    given = [send_money(ingest, code).json for _ in range(5)]
    listed: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = ingest.get(f"/v1/imports?profile=disbursements&limit=2{cursor}").json
        assert len(page["receipts"]) <= 2
        listed += page["receipts"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    newest = [receipt["receipt_id"] for receipt in given[::-1]]
    assert [receipt["receipt_id"] for receipt in listed[:5]] == newest
    assert [receipt["received_at"] for receipt in listed] == sorted(
        (receipt["received_at"] for receipt in listed), reverse=True
    )
    assert len({receipt["receipt_id"] for receipt in listed}) == len(listed)
    assert (listed[0]["accepted_by"], listed[0]["unit"], listed[0]["new"]) == ("test", "", 1)

    since = given[3]["received_at"]
    found = ingest.get(f"/v1/imports?since={since}").json["receipts"]
    assert [receipt["receipt_id"] for receipt in found] == newest[:2]
    assert ingest.get("/v1/imports?profile=projects").json["receipts"] == []


def test_a_unit_sees_receipts_of_its_own_tokens_and_of_those_under_it(ingest: Ingest) -> None:
    code = f"P-{uuid4()}"
    ingest.post("/v1/registers", {"projects": [stated.project(project_code=code)]})
    owner = ingest.of_unit("96/BQL-GT", Scope.INGEST_WRITE)
    receipt_id = send_money(owner, code).json["receipt_id"]
    of_all = send_money(ingest, code).json["receipt_id"]
    for unit, sees in (("96/BQL-GT", True), ("96", True), ("96/BQL", False), ("49", False), ("", True)):
        reader = ingest.of_unit(unit, Scope.READ)
        assert reader.get(f"/v1/imports/{receipt_id}").status_code == (200 if sees else 404), unit
        listed = {receipt["receipt_id"] for receipt in reader.get("/v1/imports?limit=500").json["receipts"]}
        assert (receipt_id in listed) is sees
        assert (of_all in listed) is (unit == "")


def test_a_write_is_audited_in_its_own_transaction(ingest: Ingest) -> None:
    receipt_id = ingest.post(
        "/v1/registers", {"projects": [stated.project(project_code=f"P-{uuid4()}")]}
    ).json["receipt_id"]
    rows = ingest.rows("SELECT action, target, token_name, status, detail FROM access.audit")
    (row,) = [row for row in rows if row[1] == f"imports/{receipt_id}"]
    assert row[:4] == ("ingest.accept", f"imports/{receipt_id}", "test", 202)
    assert (row[4]["profile"], row[4]["new"]) == ("registers", 1)
