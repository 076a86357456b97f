"""The read API over a real ledger: what it answers, page by page, and that no request breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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

from deploy.embedded import servers
from services.domain.plan import BaselineKind
from tests.support import facts
from tests.support.aggregation import Aggregation, running, settings_for
from tests.support.brokers import RunningBroker
from tests.support.made_up import made_up

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
AS_OF = {"as_of": "2022-05-31"}


@pytest.fixture(scope="module")
def aggregation(postgres_server: str, running_broker: RunningBroker) -> Iterator[Aggregation]:
    """Three projects of two owners; P3 has paid nothing, P9 has no plan."""
    url = servers.create_database(postgres_server, "aggregation_api")
    with running_broker() as broker, running(settings_for(url, broker.bootstrap_servers)) as started:
        started.publish(
            facts.curve(BaselineKind.TARGET, "96", facts.CA_MAU_TARGET),
            facts.plan(1_000, "P1", district="Cái Nước"),
            facts.plan(500, "P1", fund_source="local.lottery", district="Cái Nước"),
            facts.plan(2_000, "P2", owner_code="O2", owner_name="Sở Y tế"),
            facts.plan(300, "P3"),
            facts.movement("1", 300, "2022-02-10"),
            facts.movement("2", 150, "2022-05-31", fund_source="local.lottery"),
            facts.movement("3", 1_900, "2022-04-30", project_code="P2"),
            facts.movement("4", 7, "2022-04-30", project_code="P9"),
        )
        started.settle()
        yield started


def get(aggregation: Aggregation, path: str, **query: object) -> Any:
    answer = aggregation.client.get(path, query_string=query)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def test_a_summary_by_fund_source_shows_the_level_and_its_parts(aggregation: Aggregation) -> None:
    summary = get(aggregation, "/v1/summary", province="96", group_by="fund_source", **AS_OF)
    central, local = summary["groups"]
    assert (central["key"], central["figures"]["disbursed"]) == ("central", 2_200)
    assert central["name"] == "Ngân sách trung ương / Central government budget"
    assert [part["key"] for part in local["parts"]] == ["local.lottery"]
    assert summary["total"]["execution_rate_percent"] == 61.84
    assert summary["books_through"] == "2022-05-31"


@pytest.mark.parametrize(
    ("group_by", "expected"),
    [
        ("owner", {"O1": 450, "O2": 1_900}),
        ("district", {"": 1_900, "Cái Nước": 450}),
        ("sector", {"": 2_350}),
    ],
)
def test_a_summary_groups_every_line_once(
    aggregation: Aggregation, group_by: str, expected: dict[str, int]
) -> None:
    summary = get(aggregation, "/v1/summary", province="96", group_by=group_by, **AS_OF)
    assert {g["key"]: g["figures"]["disbursed"] for g in summary["groups"]} == expected


def test_a_summary_by_month_says_what_was_paid_in_it_and_up_to_it(aggregation: Aggregation) -> None:
    months = get(aggregation, "/v1/summary", province="96", group_by="month", **AS_OF)["months"]
    assert [(m["month"], m["disbursed"], m["cumulative"]) for m in months] == [
        ("2022-02", 300, 300),
        ("2022-04", 1_900, 2_200),
        ("2022-05", 150, 2_350),
    ]


@pytest.mark.parametrize(
    ("sort", "codes"),
    [
        ("code", ["P1", "P2", "P3", "P9"]),
        ("-disbursed", ["P2", "P1", "P9", "P3"]),
        ("rate", ["P9", "P3", "P1", "P2"]),
    ],
)
def test_projects_are_sorted_and_paged_without_a_gap(
    aggregation: Aggregation, sort: str, codes: list[str]
) -> None:
    whole = get(aggregation, "/v1/projects", sort=sort, **AS_OF)
    assert [p["project_code"] for p in whole["items"]] == codes
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = get(aggregation, "/v1/projects", sort=sort, limit=1, **AS_OF, **cursor)
        found += [p["project_code"] for p in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == codes


def test_a_project_is_shown_beside_its_target(aggregation: Aggregation) -> None:
    (target,) = get(aggregation, "/v1/projects/P1", **AS_OF)["baselines"]
    assert (target["baseline"], target["planned_rate_percent"], target["dpi"]) == ("target", 40.0, 0.75)
    assert (target["shortfall"], target["time_variance_months"]) == (150, -1.0)


def test_a_project_is_measured_where_the_books_end_as_its_alerts_are(aggregation: Aggregation) -> None:
    detail = get(aggregation, "/v1/projects/P1", as_of="2022-07-31")
    assert detail["books_through"] == "2022-05-31"
    assert detail["baselines"][0]["planned_rate_percent"] == 40.0


def test_a_curve_has_what_was_planned_and_what_was_paid(aggregation: Aggregation) -> None:
    curve = get(aggregation, "/v1/projects/P1/curve", **AS_OF)
    assert [(p["date"], p["amount"]) for p in curve["disbursed"]] == [
        ("2022-02-10", 300),
        ("2022-05-31", 450),
    ]
    assert [p["amount"] for p in curve["planned"][0]["points"]] == [300, 750, 1_125, 1_500]


def test_the_last_day_there_is_has_nothing(aggregation: Aggregation) -> None:
    assert get(aggregation, "/v1/summary", as_of="9999-12-31")["total"]["current_plan"] == 0


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/v1/projects/NONE", AS_OF, 404, "unknown-project"),
        ("/v1/projects", {"as_of": "2022-05-31", "budget_year": 2023}, 422, "invalid"),
        ("/v1/projects", {"cursor": "nonsense"}, 422, "invalid"),
        ("/v1/projects", {"limit": 10**9}, 422, "invalid"),
        ("/v1/summary", {"group_by": "colour"}, 422, "invalid"),
        ("/v1/summary", {"provinc": "96"}, 422, "invalid"),
        ("/v1/summary", {"as_of": "31/05/2022"}, 422, "invalid"),
        ("/v1/summary", {"owner": "O1\0", "group_by": "month"}, 422, "invalid"),
        ("/v1/projects/P%00", {}, 422, "invalid"),
    ],
)
def test_a_bad_question_gets_a_problem_that_names_it(
    aggregation: Aggregation, path: str, query: dict[str, object], status: int, code: str
) -> None:
    answer = aggregation.client.get(path, query_string=query)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    problem = answer.get_json()
    assert problem["type"] == f"urn:giaingan:problem:{code}"
    assert status == 404 or not query or problem["errors"][0]["where"] in query


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_no_made_up_request_breaks_the_read_api(
    aggregation: Aggregation, mode: schemathesis.GenerationMode
) -> None:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", aggregation.client.application)
    seen: set[int] = set()
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]
        if mode is schemathesis.GenerationMode.NEGATIVE and not operation.path.startswith("/v1"):
            # Without a parameter there is nothing to get wrong.
            continue

        @made_up(15)
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case: Case[Any]) -> None:
            answer = case.call_and_validate(checks=CHECKS, headers=aggregation.headers)
            # Some cases are made up without the token.
            if "Authorization" in answer.request.headers:
                seen.add(answer.status_code)

        send()

    assert 401 not in seen
