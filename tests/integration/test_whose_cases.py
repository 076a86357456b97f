"""Whose a case is, and what a person put aside: another unit's books are neither shown nor changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from kafka.admin import KafkaAdminClient

from deploy.embedded.servers import Broker
from services.contracts import codec, topics
from services.contracts.stated.one_fact import as_stated, kind_of
from services.domain.plan import PlanBase
from services.domain.register import ProjectRegistration
from services.runtime.access import Scope
from services.runtime.kafka_client import Admin, Record
from tests.support import facts
from tests.support.access import client_of, make_token
from tests.support.aggregation import Aggregation, running, settings_for

LATER = datetime(2022, 6, 2, 8, 0, tzinfo=UTC)
PAID = facts.movement("X", 100)
EARLY = facts.reversal("R", PAID)


@pytest.fixture
def aggregation(database_url: str, broker: Broker) -> Iterator[Aggregation]:
    """Project P1 of owner O1 and P2 of owner O2, both in Cà Mau; P9 of O9 in Cần Thơ."""
    with running(settings_for(database_url, broker.bootstrap_servers)) as running_aggregation:
        running_aggregation.publish(
            facts.plan(1_000),
            facts.plan(2_000, "P2", owner_code="O2", owner_name="Sở Y tế"),
            facts.plan(3_000, "P9", owner_code="O9", owner_name="Ban khác", province_code="92"),
        )
        running_aggregation.settle()
        yield running_aggregation


def of_unit(aggregation: Aggregation, unit: str, *scopes: Scope) -> FlaskClient:
    url = aggregation.settings.database_url.get_secret_value()
    token = make_token(url, *(scopes or (Scope.ADMIN,)), unit=unit, name=unit)
    return client_of(aggregation.client.application, token)


def publish(aggregation: Aggregation, *stated: codec.Fact) -> None:
    for fact in stated:
        aggregation.publish(fact)
        aggregation.settle()


def items(client: FlaskClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(path).get_json()["items"]
    return found


def disbursed(aggregation: Aggregation) -> int:
    found: int = aggregation.summary(as_of="2022-07-31", province="96")["total"]["disbursed"]
    return found


def held(aggregation: Aggregation) -> str:
    """The path of the one case that is held."""
    (case,) = items(aggregation.client, "/v1/quarantine")
    return f"/v1/quarantine/{case['quarantine_id']}"


def put_aside(aggregation: Aggregation, action: str) -> None:
    """Discard the held case, or fix it as a payment of 40 under a reference of its own."""
    body = {"reason": "gửi nhầm"} | (
        {"movement": as_stated(facts.movement("R-fixed", 40))} if action == "fix" else {}
    )
    answer = aggregation.client.post(f"{held(aggregation)}/{action}", json=body)
    assert answer.status_code in (200, 202), answer.text
    aggregation.settle()


# --- conflicts of two units ----------------------------------------------------------------------


@pytest.mark.parametrize("second_project", ["P1", "P404"])
def test_a_conflict_of_two_units_is_neither_shown_to_nor_decided_by_one_of_them(
    aggregation: Aggregation, second_project: str
) -> None:
    publish(
        aggregation,
        facts.movement("V-1", 777, project_code="P2"),
        facts.movement("V-1", 1, project_code=second_project),
    )
    (conflict,) = items(aggregation.client, "/v1/conflicts")
    path = f"/v1/conflicts/{conflict['conflict_id']}"
    for unit in ("96/O1", "96/O2", "92"):
        client = of_unit(aggregation, unit)
        assert items(client, "/v1/conflicts") == []
        assert client.get(path).status_code == 404
        for action in ("keep-first", "replace"):
            answer = client.post(f"{path}/{action}", json={"reason": "thử"})
            assert (answer.status_code, answer.get_json()["type"]) == (
                403,
                "urn:giaingan:problem:outside-unit",
            )
    assert aggregation.rows("SELECT count(*) FROM aggregation.case_decision") == [(0,)]
    assert disbursed(aggregation) == 777

    province = of_unit(aggregation, "96", Scope.READ)
    seen_by_province = [conflict["conflict_id"]] if second_project == "P1" else []
    assert [item["conflict_id"] for item in items(province, "/v1/conflicts")] == seen_by_province
    shown = aggregation.client.get(path).get_json()
    assert shown["first"]["movement"]["project_code"] == "P2"


def test_two_units_in_one_batch_make_a_conflict_of_neither(aggregation: Aggregation) -> None:
    batch = codec.encode_batch(
        [facts.movement("V-1", 777, project_code="P2"), facts.movement("V-1", 1)], recorded_at=LATER
    )
    aggregation.publisher.publish(topics.DISBURSEMENT, [Record("P1", batch)])
    aggregation.settle()
    assert len(items(aggregation.client, "/v1/conflicts")) == 1
    assert [items(of_unit(aggregation, unit), "/v1/conflicts") for unit in ("96/O1", "96/O2")] == [[], []]


def test_a_conflict_of_one_unit_is_shown_to_it_and_decided_by_it(aggregation: Aggregation) -> None:
    publish(aggregation, facts.movement("V-1", 777, project_code="P2"))
    publish(aggregation, facts.movement("V-1", 7, project_code="P2"))
    own = of_unit(aggregation, "96/O2")
    (conflict,) = items(own, "/v1/conflicts")
    path = f"/v1/conflicts/{conflict['conflict_id']}"
    assert own.get(path).get_json()["first"]["movement"]["amount"] == 777
    assert own.post(f"{path}/replace", json={"reason": "thừa số 7"}).status_code == 202
    aggregation.settle()
    assert disbursed(aggregation) == 7


def test_a_plan_line_that_gave_the_project_to_another_owner_is_replaced_by_nobody_of_either_unit(
    aggregation: Aggregation,
) -> None:
    line = facts.plan(1_000)
    publish(aggregation, replace(line, owner_code="O2"))
    (conflict,) = items(aggregation.client, "/v1/conflicts")
    answer = of_unit(aggregation, "96/O1").post(
        f"/v1/conflicts/{conflict['conflict_id']}/replace", json={"reason": "thử"}
    )
    assert answer.status_code == 403


def test_what_took_the_first_s_place_in_the_books_is_another_unit_s_and_stays_so(
    aggregation: Aggregation,
) -> None:
    """Both contents were about P1; the first was held, and fixed as a payment of P2."""
    first = facts.reversal("C", facts.movement("unknown", 9))
    batch = codec.encode_batch([first, facts.movement("C", 8)], recorded_at=LATER)
    aggregation.publisher.publish(topics.DISBURSEMENT, [Record("P1", batch)])
    aggregation.settle()
    own = of_unit(aggregation, "96/O1")
    (conflict,) = items(own, "/v1/conflicts")
    path = f"/v1/conflicts/{conflict['conflict_id']}"
    assert own.get(path).status_code == 200
    fixed = {"movement": as_stated(facts.movement("C", 777, project_code="P2")), "reason": "nhầm dự án"}
    assert aggregation.client.post(f"{held(aggregation)}/fix", json=fixed).status_code == 202
    aggregation.settle()
    assert own.get(path).status_code == 404
    for action in ("keep-first", "replace"):
        assert own.post(f"{path}/{action}", json={"reason": "thử"}).status_code == 403
    assert disbursed(aggregation) == 777


# --- whose a project is on a day -----------------------------------------------------------------


def registration(owner_code: str, effective: str, **changes: Any) -> ProjectRegistration:
    values: dict[str, Any] = {
        "source": "skhdt",
        "source_ref": f"{owner_code}/{effective}",
        "project_code": "P1",
        "project_name": "Dự án P1",
        "province_code": "96",
        "owner_code": owner_code,
        "project_group": "",
        "district": "",
        "sector": "",
        "starts_on": None,
        "closed_on": None,
        "total_investment": None,
        "effective_date": date.fromisoformat(effective),
        "revision": 0,
    }
    return ProjectRegistration(**(values | changes))


def decision(owner_code: str, effective: str) -> codec.Fact:
    return facts.plan(
        500,
        base=PlanBase.ADJUSTED,
        owner_code=owner_code,
        decision_number=f"{owner_code}/{effective}",
        effective_date=date.fromisoformat(effective),
    )


@pytest.mark.parametrize(
    ("stated", "owner"),
    [
        ([registration("O2", "2030-01-01")], "O1"),
        ([registration("O2", "2022-07-31")], "O2"),
        ([registration("O1", "2022-01-01"), decision("O2", "2022-05-01")], "O1"),
        ([decision("O2", "2022-05-01"), decision("O3", "2022-08-01")], "O2"),
        ([decision("O2", "2022-05-01"), decision("O3", "2022-04-01")], "O2"),
        ([registration("O2", "2022-05-01"), registration("O3", "2022-06-01")], "O3"),
        ([registration("O2", "2022-05-01"), registration("O3", "2022-05-01", revision=1)], "O3"),
    ],
)
def test_a_project_is_the_unit_s_that_is_in_force_on_the_business_date(
    aggregation: Aggregation, stated: list[codec.Fact], owner: str
) -> None:
    publish(aggregation, replace(facts.movement("1", 300), fund_source="X"), *stated)
    seen = {
        unit: (
            len(items(of_unit(aggregation, f"96/{unit}"), "/v1/quarantine")),
            aggregation.rows("SELECT owner_code FROM aggregation.unit_of('P1', '2022-07-31')"),
        )
        for unit in ("O1", "O2", "O3")
    }
    assert seen == {unit: (int(unit == owner), [(owner,)]) for unit in seen}


def test_of_what_is_all_to_come_the_earliest_says_whose_a_project_is(aggregation: Aggregation) -> None:
    publish(
        aggregation,
        registration("O5", "2031-01-01", project_code="P5"),
        registration("O4", "2030-01-01", project_code="P5"),
    )
    assert aggregation.rows("SELECT owner_code FROM aggregation.unit_of('P5', '2022-07-31')") == [("O4",)]


# --- what a person put aside ---------------------------------------------------------------------


@pytest.mark.parametrize(("action", "total"), [("discard", 100), ("fix", 140)])
def test_what_was_put_aside_is_not_applied_when_it_could_be(
    aggregation: Aggregation, action: str, total: int
) -> None:
    publish(aggregation, EARLY)
    put_aside(aggregation, action)
    publish(aggregation, PAID)
    assert disbursed(aggregation) == total
    publish(aggregation, EARLY)
    assert disbursed(aggregation) == total
    # Stated again by its sender: other bytes, the same content.
    aggregation.publisher.publish(
        topics.DISBURSEMENT, [Record("P1", codec.encode_batch([EARLY], recorded_at=LATER))]
    )
    aggregation.settle()
    assert disbursed(aggregation) == total
    state = {"discard": "discarded", "fix": "fixed"}[action]
    assert aggregation.rows("SELECT state, times_refused FROM aggregation.quarantine") == [(state, 3)]
    assert items(aggregation.client, "/v1/conflicts") == []


@pytest.mark.embedded_broker(reason="another log is adopted unasked only of a broker that forgets")
def test_a_log_that_is_written_again_undoes_no_decision(aggregation: Aggregation) -> None:
    publish(aggregation, EARLY)
    put_aside(aggregation, "discard")
    publish(aggregation, PAID)
    broker_admin = KafkaAdminClient(bootstrap_servers=aggregation.settings.kafka_bootstrap_servers)
    broker_admin.delete_topics([topics.DISBURSEMENT])
    broker_admin.close()
    time.sleep(1)
    admin = Admin(aggregation.settings, client_id="test-admin")
    admin.create_topics()
    admin.close()
    aggregation.publish(EARLY, PAID)
    aggregation.settle()
    assert aggregation.rows("SELECT times_refused FROM aggregation.quarantine") == [(2,)]
    assert disbursed(aggregation) == 100


def test_a_reversal_that_waits_in_other_bytes_is_not_released_once_it_was_put_aside(
    aggregation: Aggregation,
) -> None:
    publish(aggregation, EARLY)
    aggregation.publisher.publish(
        topics.DISBURSEMENT, [Record("P1", codec.encode_batch([EARLY], recorded_at=LATER))]
    )
    aggregation.settle()
    first, _ = items(aggregation.client, "/v1/quarantine")
    answer = aggregation.client.post(
        f"/v1/quarantine/{first['quarantine_id']}/discard", json={"reason": "gửi nhầm"}
    )
    assert answer.status_code == 200
    publish(aggregation, PAID)
    assert disbursed(aggregation) == 100
    # Nor is it published again: it would never be applied.
    for action, body in (("replay", None), ("fix", {"movement": as_stated(EARLY), "reason": "lại"})):
        answer = aggregation.client.post(f"{held(aggregation)}/{action}", json=body)
        assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:giaingan:problem:set-aside")


def test_a_fix_with_the_content_that_is_held_is_refused(aggregation: Aggregation) -> None:
    publish(aggregation, EARLY)
    body = {"movement": as_stated(EARLY), "reason": "lại"}
    answer = aggregation.client.post(f"{held(aggregation)}/fix", json=body)
    assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:giaingan:problem:set-aside")
    assert aggregation.rows("SELECT state FROM aggregation.quarantine") == [("held",)]


# --- in whose name a fix may be -----------------------------------------------------------------


@pytest.mark.parametrize(("stated", "status"), [("treasury.96", 202), ("owner.96", 202), ("another", 403)])
def test_a_fix_speaks_for_the_source_that_is_held_or_for_the_officers_own(
    aggregation: Aggregation, stated: str, status: int
) -> None:
    publish(aggregation, replace(facts.movement("held", 300, source="treasury.96"), fund_source="X"))
    token = make_token(
        aggregation.settings.database_url.get_secret_value(), Scope.ADMIN, unit="96", sources=["owner.96"]
    )
    officer = client_of(aggregation.client.application, token)
    body = {"movement": as_stated(facts.movement("new", 300, source=stated)), "reason": "sửa nguồn vốn"}
    answer = officer.post(f"{held(aggregation)}/fix", json=body)
    assert answer.status_code == status
    if status == 403:
        assert answer.get_json()["type"] == "urn:giaingan:problem:outside-source"


# --- the days on which money may move ------------------------------------------------------------


@pytest.mark.parametrize(
    ("fact", "found"),
    [
        (facts.movement("1", 5, "2022-01-31"), "project-not-started"),
        (facts.movement("1", 5, "2022-06-30"), "project-closed"),
        (facts.statement(5, "2022-01-31"), "project-not-started"),
        (facts.statement(0, "2022-01-31"), ""),
        (facts.statement(5, "2022-06-30"), ""),
        (facts.movement("1", 5, "2022-03-31"), ""),
    ],
)
def test_a_fix_is_judged_by_the_registration_in_force(
    aggregation: Aggregation, fact: Any, found: str
) -> None:
    publish(
        aggregation,
        registration("O1", "2022-01-01", starts_on=date(2022, 2, 1), closed_on=date(2022, 5, 31)),
        registration("O1", "2030-01-01", starts_on=date(2022, 4, 1), closed_on=date(2030, 1, 1)),
        replace(facts.movement("held", 300), fund_source="X"),
    )
    body = {kind_of(fact): as_stated(fact), "reason": "sửa"}
    answer = aggregation.client.post(f"{held(aggregation)}/fix", json=body)
    assert [error["code"] for error in answer.get_json().get("errors", [])] == ([found] if found else [])
