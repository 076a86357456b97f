"""Requests made up from the service's own description, right and wrong: none may bring it down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import given
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.integration.ingest_stack import Ingest, make_known, running_ingest, settings_for
from tests.support.access import bearer
from tests.support.brokers import Broker
from tests.support.made_up import made_up

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Values that fit each other, by field.
SOUND = {
    "project_code": "P-1",
    "province_code": "96",
    "budget_year": 2022,
    **dict.fromkeys(("value_date", "as_of", "decision_date", "effective_date"), "2022-03-05"),
    **dict.fromkeys(("source", "owner_code", "project_name", "owner_name", "officer_name"), "X"),
    **dict.fromkeys(("accountable_officer", "head_name", "head_post", "supervisor_name"), "X"),
    **dict.fromkeys(("officer_post", "district", "sector", "decision_number", "rate_base"), "X"),
}
# Of the kinds of movements and curves, those that need no more than the made-up fields.
FITTING_KIND = {"reversal": "refund", "registered": "target", "national": "target"}
JSON_DOORS = ["/v1/disbursements", "/v1/plans", "/v1/statements", "/v1/registers", "/v1/completed-work"]


@pytest.fixture
def ingest(database_url: str, broker: Broker) -> Iterator[Ingest]:
    with running_ingest(settings_for(database_url, broker)) as running:
        yield running


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_no_made_up_request_breaks_a_json_door(ingest: Ingest, mode: schemathesis.GenerationMode) -> None:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", ingest.parts.app)
    make_known(ingest, "P-1")
    wanted = 202 if mode is schemathesis.GenerationMode.POSITIVE else 422
    for path in JSON_DOORS:
        assert wanted in answered(ingest, schema[path]["POST"], mode), path


def answered(ingest: Ingest, operation: Any, mode: schemathesis.GenerationMode) -> set[int]:
    """The statuses of made-up requests to a door, each checked against its description."""
    statuses: set[int] = set()

    @made_up(25)
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Case[Any]) -> None:
        if mode is schemathesis.GenerationMode.POSITIVE:
            made_to_fit(case.headers, case.body)
        response = case.call_and_validate(checks=CHECKS, headers=bearer(ingest.token))
        statuses.add(response.status_code)

    send()
    return statuses


def made_to_fit(headers: Any, body: Any) -> None:
    """What spans fields, no description can say: the days of a year, a project that there is. Nor that a key
    is used once, or that 1.0 is no count of đồng, though it is an integer to JSON Schema."""
    if headers and "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = str(uuid4())
    for items in body.values():
        # Two that are made up about one project contradict each other.
        del items[1:]
        for item in items:
            fitting = {**SOUND, "base": "initial", "kind": FITTING_KIND.get(item.get("kind"))}
            item.update({name: value for name, value in fitting.items() if name in item and value})
            item.update({name: int(value) for name, value in item.items() if isinstance(value, float)})
            for name in ("reverses_event_id", "carried_from_year", "currency", "starts_on", "closed_on"):
                item.pop(name, None)
            if "points" in item:
                item |= {"points": [{"date": "2022-06-30", "basis_points": 5_000}], "scope_code": "96"}


def test_receipts_and_forms_are_described_as_they_are(ingest: Ingest) -> None:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", ingest.parts.app)

    for path, method in (("/v1/imports/{receipt_id}", "GET"), ("/v1/imports", "POST")):

        @made_up(15)
        @given(case=schema[path][method].as_strategy())
        def send(case: Case[Any]) -> None:
            case.call_and_validate(checks=CHECKS, headers=bearer(ingest.token))

        send()


def test_the_description_lists_the_fund_sources_of_the_policy(ingest: Ingest) -> None:
    schemas = ingest.get("/openapi.json").json["components"]["schemas"]
    for name in ("MovementIn", "StatementLineIn", "PlanRevisionIn"):
        assert {"central.sector", "local.lottery"} <= set(schemas[name]["properties"]["fund_source"]["enum"])
