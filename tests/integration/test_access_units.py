"""A token that is bound to a unit sees that unit and what is under it, and nothing else is there for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from lxml import etree

from deploy.embedded import servers
from services.domain.progress import Subject, SubjectType
from services.runtime.access import Scope
from tests.support import ca_mau, facts
from tests.support.access import client_of, make_token
from tests.support.aggregation import Aggregation, running, settings_for
from tests.support.alerting import Desk, migrated
from tests.support.brokers import RunningBroker

AS_OF = {"as_of": "2022-05-31"}


# --- aggregation -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def aggregation(postgres_server: str, running_broker: RunningBroker) -> Iterator[Aggregation]:
    """Cà Mau (96) with owners O1 and O2, Quảng Nam (49) with an owner O1 too, and P9 that is nobody's."""
    url = servers.create_database(postgres_server, f"units_{uuid4().hex[:12]}")
    with running_broker() as broker, running(settings_for(url, broker.bootstrap_servers)) as started:
        started.publish(
            facts.plan(1_000, "P1"),
            facts.plan(2_000, "P2", owner_code="O2", owner_name="Sở Y tế"),
            facts.plan(4_000, "Q1", province_code="49"),
            facts.movement("1", 300, "2022-02-10"),
            facts.movement("2", 1_900, "2022-04-30", project_code="P2"),
            facts.movement("3", 500, "2022-04-30", project_code="Q1"),
            facts.movement("4", 7, "2022-04-30", project_code="P9"),
        )
        started.settle()
        yield started


def reader(aggregation: Aggregation, unit: str) -> FlaskClient:
    url = aggregation.settings.database_url.get_secret_value()
    return client_of(aggregation.client.application, make_token(url, Scope.READ, unit=unit))


def got(client: FlaskClient, path: str, **query: object) -> Any:
    answer = client.get(path, query_string={**AS_OF, **query})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


@pytest.mark.parametrize(
    ("unit", "query", "codes"),
    [
        ("", {}, ["P1", "P2", "P9", "Q1"]),
        ("96", {}, ["P1", "P2"]),
        ("96", {"province": "96"}, ["P1", "P2"]),
        ("96", {"province": "49"}, []),
        ("96", {"owner": "O1"}, ["P1"]),
        ("49", {"owner": "O1"}, ["Q1"]),
        ("96/O2", {}, ["P2"]),
        ("96/O2", {"owner": "O1"}, []),
        ("96/O1", {"province": "49"}, []),
        ("01", {}, []),
    ],
)
def test_projects_and_sums_are_those_of_the_unit(
    aggregation: Aggregation, unit: str, query: dict[str, str], codes: list[str]
) -> None:
    client = reader(aggregation, unit)
    plans = {"P1": 1_000, "P2": 2_000, "Q1": 4_000, "P9": 0}
    paid = {"P1": 300, "P2": 1_900, "Q1": 500, "P9": 7}
    projects = got(client, "/v1/projects", **query)
    assert [project["project_code"] for project in projects["items"]] == codes
    for group_by in ("owner", "fund_source", "month"):
        summary = got(client, "/v1/summary", group_by=group_by, **query)
        assert summary["total"]["current_plan"] == sum(plans[code] for code in codes)
        assert summary["total"]["disbursed"] == sum(paid[code] for code in codes)
        if group_by == "month":
            # P9 moved and is nobody's: in the months of who sees everything.
            assert sum(month["disbursed"] for month in summary["months"]) == sum(paid[c] for c in codes)


@pytest.mark.parametrize(
    ("unit", "seen"),
    [
        ("", {"P1", "P2", "Q1", "P9"}),
        ("96", {"P1", "P2"}),
        ("96/O1", {"P1"}),
        ("49/O1", {"Q1"}),
        ("01", set()),
    ],
)
def test_one_project_outside_the_unit_is_not_there(
    aggregation: Aggregation, unit: str, seen: set[str]
) -> None:
    client = reader(aggregation, unit)
    for code in ("P1", "P2", "Q1", "P9"):
        for path in (f"/v1/projects/{code}", f"/v1/projects/{code}/curve"):
            answer = client.get(path, query_string=AS_OF)
            assert answer.status_code == (200 if code in seen else 404), (code, answer.text)
    # Told in the same words as of one that nobody ever heard of.
    outside, unheard = (client.get(f"/v1/projects/{code}", query_string=AS_OF) for code in ("X1", "X2"))
    assert outside.text.replace("X1", "X2") == unheard.text


def test_the_day_the_books_reach_is_told_of_the_units_own_province_alone(aggregation: Aggregation) -> None:
    client = reader(aggregation, "49")
    assert got(client, "/v1/summary", group_by="owner")["books_through"] == "2022-04-30"
    assert got(client, "/v1/summary", group_by="owner", province="96")["books_through"] is None


# --- alert -----------------------------------------------------------------------------------------


def _subject(kind: SubjectType, code: str, province: str, owner: str = "") -> Subject:
    return Subject(kind, code, code, province, owner_code=owner, owner_name=owner)


SUBJECTS = [
    _subject(SubjectType.PROVINCE, "96", "96"),
    _subject(SubjectType.OWNER, "96/O1", "96", "O1"),
    _subject(SubjectType.PROJECT, "P1", "96", "O1"),
    _subject(SubjectType.PROJECT, "P2", "96", "O2"),
    _subject(SubjectType.PROVINCE, "49", "49"),
    _subject(SubjectType.PROJECT, "Q1", "49", "O1"),
]


@pytest.fixture(scope="module")
def desk(postgres_server: str) -> Desk:
    url = servers.create_database(postgres_server, f"units_{uuid4().hex[:12]}")
    migrated(url)
    desk = Desk(url)
    desk.judge(*(ca_mau.province(subject=subject, disbursed=500_000_000_000) for subject in SUBJECTS))
    return desk


# One alert of each subject.
RULE = "rule=behind_target"
SEEN = [
    ("", {"96", "96/O1", "P1", "P2", "49", "Q1"}),
    ("96", {"96", "96/O1", "P1", "P2"}),
    ("96/O1", {"96/O1", "P1"}),
    ("96/O2", {"P2"}),
    ("49", {"49", "Q1"}),
    ("01", set()),
]


@pytest.mark.parametrize(("unit", "seen"), SEEN)
def test_alerts_and_feeds_are_those_of_the_unit(desk: Desk, unit: str, seen: set[str]) -> None:
    client = desk.client(Scope.READ, unit=unit)
    items = client.get(f"/v1/alerts?{RULE}").get_json()["items"]
    assert {item["subject"]["code"] for item in items} == seen
    assert len(json.loads(client.get(f"/feeds/alerts.json?{RULE}").data)["items"]) == len(seen)
    atom = etree.fromstring(client.get(f"/feeds/alerts.atom?{RULE}").data)
    assert len(atom.findall("{http://www.w3.org/2005/Atom}entry")) == len(seen)


@pytest.mark.parametrize(("unit", "seen"), SEEN)
def test_one_alert_outside_the_unit_is_not_there(desk: Desk, unit: str, seen: set[str]) -> None:
    client = desk.client(Scope.READ, unit=unit)
    for item in desk.client().get(f"/v1/alerts?{RULE}").get_json()["items"]:
        answer = client.get(f"/v1/alerts/{item['alert_id']}")
        assert answer.status_code == (200 if item["subject"]["code"] in seen else 404)


def test_a_filter_narrows_and_never_widens(desk: Desk) -> None:
    client = desk.client(Scope.READ, unit="96/O1")
    for query, codes in (
        ("province=49", set[str]()),
        ("owner=O2", set()),
        ("province=96", {"96/O1", "P1"}),
        ("owner=O1&subject_type=project", {"P1"}),
    ):
        items = client.get(f"/v1/alerts?{RULE}&{query}").get_json()["items"]
        assert {item["subject"]["code"] for item in items} == codes, query


def test_pages_of_a_unit_have_no_holes(desk: Desk) -> None:
    client = desk.client(Scope.READ, unit="96")
    found: list[str] = []
    cursor = ""
    while True:
        page = client.get(f"/v1/alerts?{RULE}&limit=1{cursor}").get_json()
        found += [item["subject"]["code"] for item in page["items"]]
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(found) == ["96", "96/O1", "P1", "P2"]


def test_a_feed_is_one_readers_and_is_not_shared_on_its_way(desk: Desk) -> None:
    ids = set()
    for unit in ("", "96", "96/O1"):
        answer = desk.client(Scope.READ, unit=unit).get("/feeds/alerts.atom")
        assert "private" in answer.headers["Cache-Control"]
        assert answer.headers["Vary"] == "Authorization"
        ids.add(etree.fromstring(answer.data).findtext("{http://www.w3.org/2005/Atom}id"))
    # Another unit's feed is another feed to a reader that follows both.
    assert len(ids) == 3
