"""A reallocation through the log: told of every side, and decided by an officer as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import facts
from tests.support.aggregation import Aggregation, running, settings_for
from tests.support.brokers import Broker

MOVED = facts.reallocation(("P1", 1_000, 700), ("P2", 500, 800))
AS_OF = {"as_of": "2022-07-31"}


@pytest.fixture
def aggregation(database_url: str, broker: Broker) -> Iterator[Aggregation]:
    with running(settings_for(database_url, broker.bootstrap_servers)) as started:
        started.publish(facts.plan(1_000), facts.plan(500, "P2"), facts.movement("1", 100, "2022-07-15"))
        started.settle()
        yield started


def plans_told(aggregation: Aggregation) -> list[int]:
    told = aggregation.told()
    return [told["project", code].current_plan for code in ("P1", "P2")] + [
        told["province", "96"].current_plan
    ]


def decide(aggregation: Aggregation, path: str, body: dict[str, Any]) -> None:
    answer = aggregation.client.post(path, json=body)
    assert answer.status_code == 202, answer.text
    aggregation.settle()


def test_the_progress_of_every_side_is_told(aggregation: Aggregation) -> None:
    assert plans_told(aggregation) == [1_000, 500, 1_500]
    aggregation.publish(MOVED)
    aggregation.settle()
    assert plans_told(aggregation) == [700, 800, 1_500]
    # Its rows name no unit, and none is told of for them.
    provinces = {code for kind, code in aggregation.told() if kind == "province"}
    assert provinces == {"96"}


def test_a_conflict_is_replaced_as_a_whole(aggregation: Aggregation) -> None:
    other = facts.reallocation(("P1", 1_000, 600), ("P2", 500, 900))
    aggregation.publish(MOVED, other)
    aggregation.settle()
    (conflict,) = aggregation.client.get("/v1/conflicts").get_json()["items"]
    path = f"/v1/conflicts/{conflict['conflict_id']}"
    shown = aggregation.client.get(path).get_json()
    assert shown["first"]["reallocation"]["sides"][0]["amount_after"] == 700
    decide(aggregation, f"{path}/replace", {"reason": "số sau điều chuyển ghi nhầm"})
    assert plans_told(aggregation) == [600, 900, 1_500]


def test_a_held_decision_is_fixed_as_a_whole(aggregation: Aggregation) -> None:
    aggregation.publish(facts.reallocation(("P1", 1_000, 700), ("P2", 500, 801)))
    aggregation.settle()
    (held,) = aggregation.client.get("/v1/quarantine").get_json()["items"]
    assert held["reason"] == "sides-not-balanced"
    path = f"/v1/quarantine/{held['quarantine_id']}"
    fact = aggregation.client.get(path).get_json()["fact"]
    side = fact["reallocation"]["sides"][1]
    side |= {"project_code": "P9", "amount_after": 800}
    answer = aggregation.client.post(f"{path}/fix", json=fact | {"reason": "lệch 1 đồng"})
    assert [(e["code"], e["where"]) for e in answer.get_json()["errors"]] == [
        ("unknown-project", "reallocation.sides.1.project_code")
    ]
    side["project_code"] = "P2"
    decide(aggregation, f"{path}/fix", fact | {"reason": "lệch 1 đồng"})
    assert plans_told(aggregation) == [700, 800, 1_500]
