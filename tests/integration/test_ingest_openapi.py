"""Requests made up from the service's own description, right and wrong: none may bring it down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.integration.ingest_stack import Ingest, running_ingest, settings_for
from tests.support.access import bearer
from tests.support.brokers import Broker

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
JSON_DOORS = ["/v1/disbursements", "/v1/plans", "/v1/statements", "/v1/registers", "/v1/completed-work"]


@pytest.fixture
def ingest(database_url: str, broker: Broker) -> Iterator[Ingest]:
    with running_ingest(settings_for(database_url, broker)) as running:
        yield running


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_no_made_up_request_breaks_a_json_door(ingest: Ingest, mode: schemathesis.GenerationMode) -> None:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", ingest.parts.app)
    seen: set[int] = set()

    for path in JSON_DOORS:

        @settings(
            max_examples=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=schema[path]["POST"].as_strategy(generation_mode=mode))
        def send(case: Case[Any]) -> None:
            response = case.call_and_validate(checks=CHECKS, headers=bearer(ingest.token))
            seen.add(response.status_code)

        send()

    # Whether a made-up project happens to be introduced before it is paid, chance decides: 202 or 422.
    assert seen & ({202, 422} if mode is schemathesis.GenerationMode.POSITIVE else {422})


def test_receipts_and_forms_are_described_as_they_are(ingest: Ingest) -> None:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", ingest.parts.app)

    for path, method in (("/v1/imports/{receipt_id}", "GET"), ("/v1/imports", "POST")):

        @settings(
            max_examples=15,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=schema[path][method].as_strategy())
        def send(case: Case[Any]) -> None:
            case.call_and_validate(checks=CHECKS, headers=bearer(ingest.token))

        send()


def test_the_description_lists_the_fund_sources_of_the_policy(ingest: Ingest) -> None:
    schemas = ingest.get("/openapi.json").json["components"]["schemas"]
    for name in ("MovementIn", "StatementLineIn", "PlanRevisionIn"):
        assert {"central.sector", "local.lottery"} <= set(schemas[name]["properties"]["fund_source"]["enum"])
