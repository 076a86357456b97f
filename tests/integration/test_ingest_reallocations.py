"""POST /v1/reallocations: a decision is taken whole, or every fault of it is told and nothing is taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.contracts import topics
from services.domain.reallocation import Reallocation
from services.runtime.kafka_client import partition_of
from tests.integration.ingest_stack import (
    PARTITIONS,
    Ingest,
    make_known,
    read_log,
    running_ingest,
    settings_for,
)
from tests.support import stated
from tests.support.brokers import Broker


@pytest.fixture
def ingest(database_url: str, broker: Broker) -> Iterator[Ingest]:
    with running_ingest(settings_for(database_url, broker)) as running:
        make_known(running, *(f"P{number:03}" for number in range(12)))
        yield running


def side(code: str, before: int, after: int, **changes: Any) -> dict[str, Any]:
    return {
        "project_code": code,
        "fund_source": "local.balance",
        "amount_before": before,
        "amount_after": after,
    } | changes


def body(*sides: dict[str, Any], **changes: Any) -> dict[str, Any]:
    decision = {
        "source": "skhdt.ca-mau",
        "budget_year": 2022,
        "decision_number": "15/NQ-HĐND",
        "decision_date": "2022-07-20",
        "effective_date": "2022-07-20",
        "sides": list(sides),
    }
    return {"reallocations": [decision | changes]}


def test_a_decision_on_projects_of_several_partitions_is_one_event(ingest: Ingest, broker: Broker) -> None:
    sides = [side(f"P{number:03}", 100, 100 + (110 if number == 11 else -10)) for number in range(12)]
    answer = ingest.post("/v1/reallocations", body(*reversed(sides)))
    assert answer.status_code == 202, answer.text
    assert (answer.json["new"], answer.json["profile"]) == (1, "reallocations")

    (read,) = (r for r in read_log(broker, topics.PLAN) if isinstance(r.event.fact, Reallocation))
    assert isinstance(read.event.fact, Reallocation)
    assert sum(each.change for each in read.event.fact.sides) == 0
    assert len({partition_of(each.project_code, PARTITIONS) for each in read.event.fact.sides}) > 1
    assert (read.key, read.partition) == ("P000", partition_of("P000", PARTITIONS))
    # Sent again, also with its sides in another order, it is the same.
    again = ingest.post("/v1/reallocations", body(*sides))
    assert (again.json["new"], again.json["duplicate"]) == (0, 1)
    other = ingest.post("/v1/reallocations", body(side("P000", 100, 80), side("P001", 100, 120)))
    assert other.json["conflicting"] == 1


def test_every_fault_is_told_at_its_place_and_nothing_is_taken(ingest: Ingest, broker: Broker) -> None:
    answer = ingest.post(
        "/v1/reallocations",
        body(side("P000", 100, 80), side("P00X", 0, 30), side("P001", 5, 5, fund_source="local.balanc")),
    )
    assert answer.status_code == 422
    assert {(e["code"], e["where"]) for e in answer.json["errors"]} == {
        ("sides-not-balanced", "reallocations.0.sides"),
        ("unknown-project", "reallocations.0.sides.1.project_code"),
        ("unknown-choice", "reallocations.0.sides.2.fund_source"),
    }
    (unbalanced,) = (e for e in answer.json["errors"] if e["code"] == "sides-not-balanced")
    assert unbalanced["read"] == "10"
    assert not any(isinstance(r.event.fact, Reallocation) for r in read_log(broker, topics.PLAN))


@pytest.mark.parametrize(
    ("sides", "faults"),
    [
        ([side("P000", 100, 100)], [("too-few-sides", "sides")]),
        ([side("P000", 100, 80), side("P000", 100, 120)], [("repeated-side", "sides")]),
        ([side("P000", 10, -10), side("P001", 0, 20)], [("greater-than-equal", "sides.0.amount_after")]),
        ([], [("too-short", "sides")]),
    ],
)
def test_what_is_no_reallocation_is_refused(
    ingest: Ingest, sides: list[dict[str, Any]], faults: list[tuple[str, str]]
) -> None:
    answer = ingest.post("/v1/reallocations", body(*sides))
    assert answer.status_code == 422
    found = [(e["code"], e["where"].removeprefix("reallocations.0.")) for e in answer.json["errors"]]
    assert found == faults


def test_a_unit_moves_plan_between_its_own_projects_alone(ingest: Ingest) -> None:
    ingest.post("/v1/registers", {"projects": [stated.project(project_code="Q1", province_code="49")]})
    of_unit = ingest.of_unit("96")
    answer = of_unit.post("/v1/reallocations", body(side("P000", 100, 80), side("Q1", 0, 20)))
    assert answer.status_code == 403
    assert [(e["code"], e["where"], e["read"]) for e in answer.json["errors"]] == [
        ("outside-unit", "reallocations.0.sides.1.project_code", '"Q1"')
    ]
    assert of_unit.post("/v1/reallocations", body(side("P000", 9, 8), side("P001", 0, 1))).status_code == 202
