"""The alert service's HTTP side on real rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis.strategies import SearchStrategy
from lxml import etree
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.embedded import servers
from services.alert.http_models import AlertDetail, AlertPage
from services.domain.progress import Subject, SubjectType
from services.runtime.access import Scope
from tests.support import ca_mau
from tests.support.access import bearer, make_token
from tests.support.alerting import Desk, migrated
from tests.support.made_up import made_up

RELAX_NG = etree.RelaxNG(etree.parse(Path(__file__).parents[1] / "contract" / "atom.rng"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def filled(database_url: str) -> Desk:
    """Cà Mau behind, five projects behind, one of them caught up since."""
    migrated(database_url)
    desk = Desk(database_url)
    desk.judge(ca_mau.province())
    for number in range(5):
        desk.judge(project(number))
    desk.judge(project(0, disbursed=1_500_000_000_000, version=2))
    return desk


@pytest.fixture(scope="module")
def desk(postgres_server: str) -> Desk:
    """For tests that only read; one for all of them."""
    return filled(servers.create_database(postgres_server, f"test_{uuid4().hex[:12]}"))


@pytest.fixture(scope="module")
def client(desk: Desk) -> FlaskClient:
    return desk.client()


def project(number: int, **figures: Any) -> Any:
    subject = Subject(
        SubjectType.PROJECT, f"P{number}", f"Dự án <{number}> & Co", "96", owner_code="O1", owner_name="Ban A"
    )
    return ca_mau.province(subject=subject, **figures)


def listed(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/v1/alerts{query}")
    assert answer.status_code == 200, answer.text
    AlertPage.model_validate_json(answer.data)
    items: list[dict[str, Any]] = answer.json["items"]  # type: ignore[index]
    return items


def codes(items: list[dict[str, Any]]) -> list[str]:
    return [item["subject"]["code"] for item in items]


def test_the_newest_update_comes_first(client: FlaskClient) -> None:
    assert codes(listed(client)) == ["P0", "P4", "P3", "P2", "P1", "96"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=resolved", ["P0"]),
        ("state=open&subject_type=project", ["P4", "P3", "P2", "P1"]),
        ("subject_code=P3", ["P3"]),
        ("severity=critical", []),
        ("min_severity=critical", []),
        ("min_severity=warning", ["96"]),
        ("min_severity=info", ["P0", "P4", "P3", "P2", "P1", "96"]),
        ("min_severity=warning&severity=info", []),
        ("min_severity=info&severity=info", ["P0", "P4", "P3", "P2", "P1"]),
        ("rule=behind_target&subject_type=province", ["96"]),
        ("owner=O1&state=open&limit=2", ["P4", "P3"]),
        ("province=49", []),
        ("budget_year=2022&subject_type=province", ["96"]),
        ("budget_year=2021", []),
    ],
)
def test_filters(client: FlaskClient, query: str, expected: list[str]) -> None:
    assert codes(listed(client, f"?{query}")) == expected


def test_pages_hold_every_alert_once(client: FlaskClient) -> None:
    found: list[str] = []
    cursor = ""
    while True:
        answer = client.get(f"/v1/alerts?limit=2{cursor}").json
        assert answer is not None
        found += codes(answer["items"])
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert found == codes(listed(client))


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=1000000000",
        "limit=many",
        "cursor=x",
        "cursor=%F0%9F%98%80",
        "cursor=MTIz",
        "cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5LjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw",
        "cursor=MV8wLjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw",
        "state=closed",
        "severty=critical",
        "province=%00",
        "province=%07",
        "subject_code=",
        "budget_year=99999999999999999999",
        "state=open&state=resolved",
    ],
)
@pytest.mark.parametrize("path", ["/v1/alerts", "/feeds/alerts.atom", "/feeds/alerts.json"])
def test_a_bad_question_is_refused_by_name(client: FlaskClient, path: str, query: str) -> None:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["errors"][0]["where"] == query.partition("=")[0]


def test_an_alert_shows_its_history_and_its_figures(client: FlaskClient) -> None:
    (item,) = listed(client, "?state=resolved")
    answer = client.get(f"/v1/alerts/{item['alert_id']}")
    detail = AlertDetail.model_validate_json(answer.data)
    assert [(c.sequence, c.transition.value) for c in detail.changes] == [(1, "opened"), (2, "resolved")]
    opened = detail.changes[0].finding
    assert (opened.disbursed, opened.currency) == (1_207_200_000_000, "VND")
    assert opened.execution_rate == 0.339961
    assert opened.threshold == 0.9
    (target,) = [c for c in opened.comparisons if c.name == opened.judged_by]
    assert (target.name, target.planned_share, target.dpi) == ("target", 0.4, 0.849901)
    assert (target.earned_schedule, target.time_variance, target.time_index) == (
        4.399606,
        -0.600394,
        0.879921,
    )
    assert (target.shortfall, target.planned_value) == (213_200_000_000, 1_420_400_000_000)
    assert [c.name for c in opened.comparisons] == ["target", "national", "previous_year"]
    assert detail.resolved_at is not None
    assert detail.finding.disbursed == 1_500_000_000_000


@pytest.mark.parametrize(
    "alert_id", ["x", "00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}"]
)
def test_an_unknown_alert_is_404(client: FlaskClient, alert_id: str) -> None:
    answer = client.get(f"/v1/alerts/{alert_id}")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("spelling", ["{{{}}}", "urn:uuid:{}"])
def test_an_alert_has_one_address(client: FlaskClient, spelling: str) -> None:
    alert_id = listed(client)[0]["alert_id"]
    assert client.get(f"/v1/alerts/{alert_id}").status_code == 200
    assert client.get(f"/v1/alerts/{spelling.format(alert_id)}").status_code == 404


def test_an_id_that_no_database_can_hold_is_refused(client: FlaskClient) -> None:
    assert client.get("/v1/alerts/%00").status_code == 422


def test_the_atom_feed_of_real_rows_is_valid(client: FlaskClient) -> None:
    answer = client.get("/feeds/alerts.atom?state=open&limit=2")
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    root = etree.fromstring(answer.data)
    RELAX_NG.assertValid(root)
    ids = [f"urn:uuid:{item['alert_id']}" for item in listed(client, "?state=open")]
    assert root.xpath("a:entry/a:id/text()", namespaces=ATOM) == ids[:2]

    next_link = root.find("a:link[@rel='next']", ATOM)
    assert next_link is not None
    following = client.get(str(next_link.get("href")).removeprefix("https://alerts.example.vn"))
    page = etree.fromstring(following.data)
    RELAX_NG.assertValid(page)
    assert page.xpath("a:entry/a:id/text()", namespaces=ATOM) == ids[2:4]
    assert page.xpath("a:id/text()", namespaces=ATOM) == root.xpath("a:id/text()", namespaces=ATOM)


def test_the_atom_feed_of_an_empty_table_is_valid(database_url: str) -> None:
    migrated(database_url)
    answer = Desk(database_url).client().get("/feeds/alerts.atom")
    RELAX_NG.assertValid(etree.fromstring(answer.data))


def test_the_json_feed(client: FlaskClient) -> None:
    answer = client.get("/feeds/alerts.json?limit=2")
    assert answer.content_type == "application/feed+json"
    feed = json.loads(answer.data)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == "https://alerts.example.vn/feeds/alerts.json?limit=2"
    assert [item["tags"][0] for item in feed["items"]] == ["state:resolved", "state:open"]
    assert "Dự án &lt;0&gt; &amp; Co" in feed["items"][0]["content_html"]
    following = client.get(feed["next_url"].removeprefix("https://alerts.example.vn"))
    assert len(json.loads(following.data)["items"]) == 2


@pytest.mark.parametrize("path", ["/feeds/alerts.atom", "/feeds/alerts.json"])
def test_who_has_the_feed_already_is_told_so_until_it_changes(database_url: str, path: str) -> None:
    desk = filled(database_url)
    client = desk.client()
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    desk.judge(project(1, disbursed=1_250_000_000_000, version=2))
    changed = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_open_alerts_are_counted_at_the_scrape(client: FlaskClient) -> None:
    page = client.get("/metrics").text
    # The province is behind its target; its four projects too, but no slower than the nation was.
    assert 'giaingan_alerts_open{rule="behind_target",severity="warning"} 1.0' in page
    assert 'giaingan_alerts_open{rule="behind_target",severity="info"} 4.0' in page
    assert 'giaingan_alerts_open{rule="over_plan",severity="critical"} 0.0' in page


def test_the_description_says_what_every_figure_is_counted_in(client: FlaskClient) -> None:
    description = client.get("/openapi.json").json
    assert description is not None
    figures = description["components"]["schemas"]["Figures"]["properties"]
    assert "minor units" in figures["disbursed"]["description"]
    for name in ("Figures", "ComparisonFigures", "PlanFigures", "LineFigures", "AlertOut", "AlertDetail"):
        for key, field in description["components"]["schemas"][name]["properties"].items():
            assert "description" in field or "$ref" in field, f"{name}.{key}"


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_no_made_up_request_is_a_server_error(desk: Desk, mode: schemathesis.GenerationMode) -> None:
    """Allowed by the description or not: it is answered, and as the description says."""
    # Without limits: every request is to be answered by the route itself. A stream tells what there is.
    limits = {"client_burst": 100_000, "failed_logins_per_minute": 100_000, "max_streams": 0}
    schema = schemathesis.openapi.from_wsgi("/openapi.json", desk.api(**limits).app)
    headers = bearer(make_token(desk.database_url))
    seen: set[int] = set()
    paths = [
        *("/v1/alerts", "/v1/alerts.csv", "/v1/accountability"),
        *("/feeds/alerts.atom", "/feeds/alerts.json", "/feeds/alerts.rss", "/feeds/alerts.stream"),
    ]
    if mode is schemathesis.GenerationMode.POSITIVE:
        # Any text is an id that may be asked for, so no wrong one can be made up.
        paths.append("/v1/alerts/{alert_id}")
    for path in paths:
        _send_made_up(schema[path]["GET"].as_strategy(generation_mode=mode), headers, seen)
    assert (200 in seen) if mode is schemathesis.GenerationMode.POSITIVE else (422 in seen)


STEPS = ("acknowledge", "assign", "snooze", "wake", "escalate", "promise", "note")


@pytest.mark.parametrize("step", STEPS)
def test_no_made_up_step_is_a_server_error(database_url: str, step: str) -> None:
    """On an alert that there is: taken or refused, as the description says."""
    migrated(database_url)
    desk = Desk(database_url)
    desk.judge(ca_mau.province())
    limits = {"client_burst": 100_000, "failed_logins_per_minute": 100_000}
    schema = schemathesis.openapi.from_wsgi("/openapi.json", desk.api(**limits).app)
    headers, seen = bearer(make_token(database_url)), set[int]()
    ((alert_id,),) = desk.rows("SELECT id::text FROM alert.alert")
    operation = schema[f"/v1/alerts/{{alert_id}}/{step}"]["POST"]
    for mode in schemathesis.GenerationMode:

        @made_up(50)
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case: Case[Any]) -> None:
            case.path_parameters = {"alert_id": alert_id}
            seen.add(case.call_and_validate(checks=CHECKS, headers=headers).status_code)

        send()
    assert seen & {200, 409, 422}
    assert max(seen) < 500


def _send_made_up(cases: SearchStrategy[Case[Any]], headers: dict[str, str], seen: set[int]) -> None:
    @made_up(100)
    @given(case=cases)
    def send(case: Case[Any]) -> None:
        seen.add(case.call_and_validate(checks=CHECKS, headers=headers).status_code)

    send()


def test_progress_that_could_not_be_judged_is_listed_page_by_page(database_url: str) -> None:
    migrated(database_url)
    desk = Desk(database_url)
    desk.rows(
        "INSERT INTO alert.quarantine (topic_id, partition, record_offset, reason, detail, payload)"
        " SELECT 't', 1, n, 'not-understood', 'no batch', 'x' FROM generate_series(0, 4) AS n RETURNING 1"
    )
    client = desk.client()
    first = client.get("/v1/quarantine?limit=3").get_json()
    rest = client.get(f"/v1/quarantine?limit=3&cursor={first['next_cursor']}").get_json()
    assert [item["offset"] for item in first["items"] + rest["items"]] == [0, 1, 2, 3, 4]
    assert rest["next_cursor"] is None
    assert first["items"][0]["payload_base64"] == "eA=="
    assert desk.client(Scope.READ, unit="96").get("/v1/quarantine").status_code == 403
