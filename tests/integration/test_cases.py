"""What a person decides: quarantine and conflicts, through the real log, database and API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.contracts import codec, topics
from services.contracts.stated.one_fact import as_stated
from services.domain.disbursement import Movement
from services.domain.money import Money
from services.runtime.access import Scope
from services.runtime.kafka_client import Admin, Record
from tests.support import facts
from tests.support.access import client_of, make_token
from tests.support.aggregation import RECORDED_AT, Aggregation, eventually, running, settings_for
from tests.support.brokers import Broker


@pytest.fixture
def aggregation(database_url: str, broker: Broker) -> Iterator[Aggregation]:
    """A plan of project P1 of owner O1 in Cà Mau."""
    with running(settings_for(database_url, broker.bootstrap_servers)) as running_aggregation:
        running_aggregation.publish(facts.plan(1_000))
        running_aggregation.settle()
        yield running_aggregation


def client(aggregation: Aggregation, *scopes: Scope, unit: str = "", name: str = "khác") -> FlaskClient:
    """A client with a token of its own."""
    url = aggregation.settings.database_url.get_secret_value()
    return client_of(aggregation.client.application, make_token(url, *scopes, unit=unit, name=name))


def send_bytes(aggregation: Aggregation, value: bytes, topic: str = topics.DISBURSEMENT) -> None:
    aggregation.publisher.publish(topic, [Record("P1", value)])
    aggregation.settle()


def the_case(aggregation: Aggregation, **query: Any) -> dict[str, Any]:
    """The one case of the list, in detail."""
    (item,) = aggregation.client.get("/v1/quarantine", query_string=query).get_json()["items"]
    return shown(aggregation, f"/v1/quarantine/{item['quarantine_id']}")


def the_conflict(aggregation: Aggregation, **query: Any) -> dict[str, Any]:
    (item,) = aggregation.client.get("/v1/conflicts", query_string=query).get_json()["items"]
    return shown(aggregation, f"/v1/conflicts/{item['conflict_id']}")


def shown(aggregation: Aggregation, path: str) -> dict[str, Any]:
    answer = aggregation.client.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def decide(
    aggregation: Aggregation, path: str, body: dict[str, Any] | None = None, status: int = 202
) -> dict[str, Any]:
    answer = aggregation.client.post(path, json=body) if body else aggregation.client.post(path)
    assert answer.status_code == status, answer.text
    aggregation.settle()
    found: dict[str, Any] = answer.get_json()
    return found


def disbursed(aggregation: Aggregation, as_of: str = "2022-07-31") -> int:
    found: int = aggregation.summary(as_of=as_of)["total"]["disbursed"]
    return found


# --- quarantine ----------------------------------------------------------------------------------


def test_bad_input_30_garbage_is_held_whole_and_shown_with_its_bytes(aggregation: Aggregation) -> None:
    send_bytes(aggregation, b"\xff\xffgarbage")
    case = the_case(aggregation)
    assert (case["reason"], case["is_record"], case["fact"], case["message"]) == (
        "not-decoded",
        True,
        None,
        None,
    )
    assert case["payload_base64"] == "//9nYXJiYWdl"
    assert case["payload_dump"] == ["0000  ff ff 67 61 72 62 61 67 65                       ..garbage"]


def test_bad_input_32_a_null_value_is_held_and_its_replay_is_held_again(aggregation: Aggregation) -> None:
    send_bytes(aggregation, b"")
    case = the_case(aggregation)
    assert (case["detail"], case["payload_base64"]) == ("the record has no value", "")
    decide(aggregation, f"/v1/quarantine/{case['quarantine_id']}/replay")
    again = the_case(aggregation)
    assert (again["quarantine_id"], again["times_refused"]) == (case["quarantine_id"], 2)


def test_a_fixed_event_counts_under_its_own_identity(aggregation: Aggregation) -> None:
    aggregation.publish(replace(facts.movement("1", 300), fund_source="Trung ương"))
    aggregation.settle()
    case = the_case(aggregation)
    assert case["reason"] == "malformed-field"
    assert case["project_code"] == "P1"
    stated = case["fact"]["movement"]
    assert (stated["source_ref"], stated["amount"]) == ("1", 300)

    path = f"/v1/quarantine/{case['quarantine_id']}"
    corrected = {"movement": stated | {"fund_source": "central.sector"}, "reason": "gõ nhầm nguồn vốn"}
    decided = decide(aggregation, f"{path}/fix", corrected)
    assert (decided["state"], decided["event_ids"]) == ("fixed", [str(facts.movement("1", 300).event_id)])
    assert disbursed(aggregation) == 300

    (decision,) = shown(aggregation, path)["decisions"]
    assert (decision["action"], decision["token_name"], decision["is_published"]) == ("fix", "test", True)
    audited = aggregation.rows("SELECT action, target, status FROM access.audit WHERE action <> ''")
    assert audited == [("quarantine.fix", f"quarantine/{case['quarantine_id']}", 202)]


def test_what_was_fixed_stays_fixed_when_its_bytes_come_again(aggregation: Aggregation) -> None:
    broken = codec.encode_batch(
        [replace(facts.movement("1", 300), fund_source="Trung ương")], recorded_at=RECORDED_AT
    )
    send_bytes(aggregation, broken)
    case = the_case(aggregation)
    corrected = {"movement": case["fact"]["movement"] | {"fund_source": "central.sector"}}
    decide(aggregation, f"/v1/quarantine/{case['quarantine_id']}/fix", corrected)
    send_bytes(aggregation, broken)
    again = the_case(aggregation, state="fixed")
    assert again["times_refused"] == 2
    assert disbursed(aggregation) == 300


@pytest.mark.parametrize(
    ("changes", "where", "code"),
    [
        ({"amount": 3.5}, "movement.amount", "int-type"),
        ({"fund_source": "nobody.knows"}, "movement.fund_source", "unknown-choice"),
        ({"project_code": "P404"}, "movement.project_code", "unknown-project"),
        ({"value_date": "2022-12-31"}, "movement.value_date", "after-business-date"),
        ({"kind": "reversal"}, "movement.reverses_event_id", "reversal-without-reference"),
    ],
)
def test_a_fix_keeps_the_rules_of_the_doors(
    aggregation: Aggregation, changes: dict[str, Any], where: str, code: str
) -> None:
    aggregation.publish(replace(facts.movement("1", 300), fund_source="Trung ương"))
    aggregation.settle()
    case = the_case(aggregation)
    stated = case["fact"]["movement"] | {"fund_source": "central.sector"} | changes
    answer = aggregation.client.post(f"/v1/quarantine/{case['quarantine_id']}/fix", json={"movement": stated})
    assert answer.status_code == 422
    found = [(error["where"], error["code"]) for error in answer.get_json()["errors"]]
    assert found == [(where, code)]
    assert the_case(aggregation)["state"] == "held"


def test_a_fix_states_one_fact_and_no_field_twice(aggregation: Aggregation) -> None:
    send_bytes(aggregation, b"\xff\xffgarbage")
    path = f"/v1/quarantine/{the_case(aggregation)['quarantine_id']}/fix"
    assert aggregation.client.post(path, json={}).status_code == 422
    stated = json.dumps({"movement": facts_json(facts.movement("9", 5))})
    twice = stated.replace('"amount": 5', '"amount": 5, "amount": 50')
    refused = aggregation.client.post(path, data=twice, content_type="application/json")
    assert (refused.status_code, refused.get_json()["type"]) == (400, "urn:giaingan:problem:duplicate-key")


def test_a_replay_that_is_refused_again_is_held_again_under_its_latest_reason(
    aggregation: Aggregation,
) -> None:
    paid = facts.movement("1", 300)
    early = facts.reversal("2", paid)
    aggregation.publish(early)
    aggregation.settle()
    case = the_case(aggregation)
    assert case["reason"] == "reversal-of-unknown"
    aggregation.rows("UPDATE aggregation.quarantine SET waits_for_event_id = NULL RETURNING 1")
    aggregation.publish(paid, facts.reversal("3", paid))
    aggregation.settle()

    path = f"/v1/quarantine/{case['quarantine_id']}"
    decided = decide(aggregation, f"{path}/replay")
    assert decided["state"] == "replayed"
    again = shown(aggregation, path)
    assert (again["state"], again["reason"], again["times_refused"]) == ("held", "already-reversed", 2)
    assert disbursed(aggregation) == 0


def test_a_discarded_event_stays_discarded_when_it_comes_again(aggregation: Aggregation) -> None:
    garbage = b"\xff\xffgarbage"
    send_bytes(aggregation, garbage)
    path = f"/v1/quarantine/{the_case(aggregation)['quarantine_id']}"
    assert aggregation.client.post(f"{path}/discard", json={"reason": "  "}).status_code == 422
    decide(aggregation, f"{path}/discard", {"reason": "thử nghiệm của nhà cung cấp"}, status=200)
    send_bytes(aggregation, garbage)

    case = shown(aggregation, path)
    assert (case["state"], case["times_refused"]) == ("discarded", 2)
    assert case["payload_base64"] == "//9nYXJiYWdl"
    assert aggregation.client.get("/v1/quarantine").get_json()["items"] == []


@pytest.mark.parametrize("action", ["fix", "replay", "discard"])
def test_a_case_is_decided_once(aggregation: Aggregation, action: str) -> None:
    send_bytes(aggregation, b"\xff\xffgarbage")
    path = f"/v1/quarantine/{the_case(aggregation)['quarantine_id']}"
    decide(aggregation, f"{path}/discard", {"reason": "không dùng"}, status=200)
    stated = {"movement": facts_json(facts.movement("9", 5))} if action == "fix" else {"reason": "lại"}
    answer = aggregation.client.post(f"{path}/{action}", json=stated)
    assert answer.status_code == 409
    problem = answer.get_json()
    assert problem["type"] == "urn:giaingan:problem:case-closed"
    assert "discarded" in problem["detail"]
    assert aggregation.rows("SELECT count(*) FROM aggregation.case_record") == [(0,)]


@pytest.mark.parametrize("kind", ["quarantine", "conflicts"])
def test_of_several_who_decide_at_once_one_does(aggregation: Aggregation, kind: str) -> None:
    first = facts.movement("1", 300)
    contradicting(aggregation, first, replace(first, amount=Money(30)))
    send_bytes(aggregation, b"\xff\xffgarbage")
    path = {
        "quarantine": f"/v1/quarantine/{the_case(aggregation)['quarantine_id']}/replay",
        "conflicts": f"/v1/conflicts/{the_conflict(aggregation)['conflict_id']}/replace",
    }[kind]
    # Both are at it before either is done.
    blocker = aggregation.database.cursor()
    blocker.execute("LOCK TABLE aggregation.case_decision IN SHARE MODE")
    clients = [client(aggregation, name=f"người {n}") for n in range(2)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        answers = [pool.submit(c.post, path, json={"reason": "cùng lúc"}) for c in clients]
        time.sleep(0.5)
        aggregation.database.rollback()
        statuses = sorted(answer.result().status_code for answer in answers)
    assert statuses == [202, 409]
    assert aggregation.rows("SELECT count(*) FROM aggregation.case_decision") == [(1,)]


def test_a_case_that_is_not_there_is_no_such_case(aggregation: Aggregation) -> None:
    for path in ("/v1/quarantine/999", "/v1/quarantine/x", "/v1/conflicts/1" + "0" * 30):
        answer = aggregation.client.get(path)
        assert (answer.status_code, answer.get_json()["type"]) == (404, "urn:giaingan:problem:no-such-case")
    answer = aggregation.client.post("/v1/conflicts/999/replace", json={"reason": "x"})
    assert answer.status_code == 404


def test_quarantine_is_listed_by_state_reason_and_topic_and_paged(aggregation: Aggregation) -> None:
    for number in range(3):
        aggregation.publisher.publish(topics.DISBURSEMENT, [Record("P1", b"\xff" + bytes([number]))])
    aggregation.publish(replace(facts.movement("1", 300), fund_source="X"))
    send_bytes(aggregation, b"\xff\xff", topics.PLAN)

    def listed(**query: object) -> list[str]:
        answer = aggregation.client.get("/v1/quarantine", query_string=query).get_json()
        return [item["reason"] for item in answer["items"]]

    assert len(listed()) == 5
    assert listed(reason="malformed-field") == ["malformed-field"]
    assert listed(topic=topics.PLAN) == ["not-decoded"]
    assert listed(state="discarded") == []
    assert aggregation.client.get("/v1/quarantine?state=lost").status_code == 422
    page = aggregation.client.get("/v1/quarantine?limit=2").get_json()
    rest = listed(limit=10, cursor=page["next_cursor"])
    assert (len(page["items"]), len(rest)) == (2, 3)


def test_a_unit_sees_and_decides_its_own_cases_only(aggregation: Aggregation) -> None:
    aggregation.publish(
        facts.plan(500, "P2", owner_code="O2"), replace(facts.movement("1", 300), fund_source="X")
    )
    aggregation.publish(replace(facts.movement("2", 40, project_code="P2"), fund_source="X"))
    send_bytes(aggregation, b"\xff\xffgarbage")
    first, second, unread = aggregation.client.get("/v1/quarantine").get_json()["items"]
    if first["project_code"] != "P1":
        first, second = second, first

    own = client(aggregation, Scope.ADMIN, unit="96/O1")
    assert [i["project_code"] for i in own.get("/v1/quarantine").get_json()["items"]] == ["P1"]
    assert own.get(f"/v1/quarantine/{first['quarantine_id']}").status_code == 200
    for hidden in (second, unread):
        path = f"/v1/quarantine/{hidden['quarantine_id']}"
        assert own.get(path).status_code == 404
        assert own.post(f"{path}/replay").status_code == 403
    moved = {"movement": facts_json(facts.movement("1", 300, project_code="P2"))}
    answer = own.post(f"/v1/quarantine/{first['quarantine_id']}/fix", json=moved)
    assert (answer.status_code, answer.get_json()["type"]) == (403, "urn:giaingan:problem:outside-unit")
    province = client(aggregation, Scope.READ, unit="96", name="tỉnh")
    assert len(province.get("/v1/quarantine").get_json()["items"]) == 2
    assert province.post(f"/v1/quarantine/{first['quarantine_id']}/replay").status_code == 403
    assert aggregation.rows("SELECT count(*) FROM aggregation.case_decision") == [(0,)]


def facts_json(movement: Movement) -> dict[str, Any]:
    return as_stated(movement)


# --- conflicts -----------------------------------------------------------------------------------


def contradicting(aggregation: Aggregation, first: codec.Fact, second: codec.Fact) -> dict[str, Any]:
    """The conflict that the two make."""
    aggregation.publish(first)
    aggregation.settle()
    aggregation.publish(second)
    aggregation.settle()
    return the_conflict(aggregation)


def test_a_conflict_is_shown_field_by_field(aggregation: Aggregation) -> None:
    first = facts.movement("1", 300)
    conflict = contradicting(aggregation, first, replace(first, amount=Money(30)))
    assert (conflict["state"], conflict["project_code"]) == ("open", "P1")
    assert conflict["first"]["movement"]["amount"] == 300
    assert conflict["second"]["movement"]["amount"] == 30
    assert conflict["differences"] == [{"field": "amount", "first": 300, "second": 30}]


def test_keeping_the_first_leaves_the_books_and_closes_the_conflict(aggregation: Aggregation) -> None:
    first = facts.movement("1", 300)
    conflict = contradicting(aggregation, first, replace(first, amount=Money(30)))
    path = f"/v1/conflicts/{conflict['conflict_id']}"
    assert aggregation.client.post(f"{path}/keep-first", json={}).status_code == 422
    decide(aggregation, f"{path}/keep-first", {"reason": "đối chiếu chứng từ giấy"}, status=200)
    assert disbursed(aggregation) == 300
    assert the_conflict(aggregation, state="kept")["decisions"][0]["reason"] == "đối chiếu chứng từ giấy"
    answer = aggregation.client.post(f"{path}/replace", json={"reason": "đổi ý"})
    assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:giaingan:problem:case-closed")


def test_replacing_a_movement_reverses_the_first_on_its_own_day(aggregation: Aggregation) -> None:
    first = facts.movement("1", 300, "2022-03-15")
    second = replace(first, amount=Money(30), value_date=facts.movement("x", 1, "2022-05-20").value_date)
    conflict = contradicting(aggregation, first, second)
    path = f"/v1/conflicts/{conflict['conflict_id']}"
    decided = decide(aggregation, f"{path}/replace", {"reason": "thừa một số 0"})
    assert len(decided["event_ids"]) == 2
    assert [disbursed(aggregation, day) for day in ("2022-04-30", "2022-07-31")] == [0, 30]
    refs = aggregation.rows("SELECT source_ref, value_date::text FROM aggregation.ledger ORDER BY seq")
    assert refs == [("1", "2022-03-15"), ("1~2", "2022-05-20"), ("1~2/back", "2022-03-15")]


def test_what_was_reversed_already_cannot_be_replaced(aggregation: Aggregation) -> None:
    first = facts.movement("1", 300)
    conflict = contradicting(aggregation, first, replace(first, amount=Money(30)))
    aggregation.publish(facts.reversal("2", first))
    aggregation.settle()
    answer = aggregation.client.post(
        f"/v1/conflicts/{conflict['conflict_id']}/replace", json={"reason": "sai số"}
    )
    assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:giaingan:problem:cannot-replace")
    assert the_conflict(aggregation)["state"] == "open"


def test_only_one_of_several_contradictions_takes_the_place(aggregation: Aggregation) -> None:
    first = facts.movement("1", 300)
    conflict = contradicting(aggregation, first, replace(first, amount=Money(30)))
    aggregation.publish(replace(first, amount=Money(3)))
    aggregation.settle()
    decide(aggregation, f"/v1/conflicts/{conflict['conflict_id']}/replace", {"reason": "sai số"})
    other = the_conflict(aggregation)
    answer = aggregation.client.post(
        f"/v1/conflicts/{other['conflict_id']}/replace", json={"reason": "sai số"}
    )
    assert answer.status_code == 409
    assert disbursed(aggregation) == 30


def test_replacing_a_statement_and_a_plan_line_takes_the_next_revision(aggregation: Aggregation) -> None:
    stated = facts.statement(500, "2022-05-31")
    conflict = contradicting(aggregation, stated, replace(stated, cumulative=Money(50)))
    decide(aggregation, f"/v1/conflicts/{conflict['conflict_id']}/replace", {"reason": "sai đơn vị"})
    assert disbursed(aggregation) == 50

    plan = facts.plan(1_000)
    aggregation.publish(replace(plan, amount=Money(2_000)))
    aggregation.settle()
    decide(
        aggregation,
        f"/v1/conflicts/{the_conflict(aggregation)['conflict_id']}/replace",
        {"reason": "sai đơn vị"},
    )
    assert aggregation.summary(as_of="2022-07-31")["total"]["current_plan"] == 2_000


def test_a_decision_that_was_published_twice_counts_once(aggregation: Aggregation) -> None:
    """The process dies after publishing and before marking it."""
    first = facts.movement("1", 300)
    conflict = contradicting(aggregation, first, replace(first, amount=Money(30)))
    decide(aggregation, f"/v1/conflicts/{conflict['conflict_id']}/replace", {"reason": "sai số"})
    aggregation.rows("UPDATE aggregation.case_record SET published_topic_id = NULL RETURNING 1")
    aggregation.settle()
    assert disbursed(aggregation) == 30
    assert aggregation.rows("SELECT count(*) FROM aggregation.ledger") == [(3,)]
    assert aggregation.client.get("/v1/conflicts").get_json()["items"] == []


# --- the broker and the database between deciding and publishing ---------------------------------


def test_a_decision_is_taken_while_the_broker_is_away_and_published_when_it_is_back(
    aggregation: Aggregation, broker: Broker
) -> None:
    first = facts.movement("1", 300)
    conflict = contradicting(aggregation, first, replace(first, amount=Money(30)))
    path = f"/v1/conflicts/{conflict['conflict_id']}"
    broker.kill()
    answer = aggregation.client.post(f"{path}/replace", json={"reason": "sai số"})
    assert answer.status_code == 202
    assert shown(aggregation, path)["decisions"][0]["is_published"] is False
    assert disbursed(aggregation) == 300
    broker.start()
    create_topics(aggregation)
    eventually(lambda: disbursed(aggregation) == 30, seconds=60)
    eventually(lambda: shown(aggregation, path)["decisions"][0]["is_published"])


@pytest.mark.embedded_broker(reason="decisions are published again only to a broker that forgot them")
def test_a_broker_that_forgets_is_told_the_decisions_again(aggregation: Aggregation, broker: Broker) -> None:
    aggregation.publish(replace(facts.movement("1", 300), fund_source="X"))
    aggregation.settle()
    case = the_case(aggregation)
    corrected = {"movement": case["fact"]["movement"] | {"fund_source": "central.sector"}}
    decide(aggregation, f"/v1/quarantine/{case['quarantine_id']}/fix", corrected)
    (before,) = aggregation.rows("SELECT published_topic_id FROM aggregation.case_record")
    broker.kill()
    broker.start()
    create_topics(aggregation)
    query = "SELECT published_topic_id FROM aggregation.case_record"
    eventually(lambda: aggregation.rows(query) != [before], seconds=60)
    eventually(lambda: aggregation.unapplied() == 0, seconds=60)
    assert disbursed(aggregation) == 300
    assert aggregation.rows("SELECT count(*) FROM aggregation.ledger") == [(1,)]


def create_topics(aggregation: Aggregation) -> None:
    """As ingest's log keeper does when the broker has forgotten them."""
    admin = Admin(aggregation.settings, client_id="test-admin")
    admin.create_topics()
    admin.close()
