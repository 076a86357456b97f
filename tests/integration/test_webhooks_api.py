"""Receivers of alerts over HTTP: made, seen, changed and deleted by whoever may, each write in the audit."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.runtime.access import Scope
from tests.support.alerting import Desk, migrated
from tests.support.webhooks import SETTINGS, make

URL = "https://127.0.0.1:9/hook/secret-path"
NOBODY = str(uuid4())


@pytest.fixture
def desk(database_url: str) -> Desk:
    migrated(database_url)
    return Desk(database_url)


@pytest.fixture
def client(desk: Desk) -> FlaskClient:
    return desk.client(Scope.ALERT_ACT, **SETTINGS)


def problem(answer: TestResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json", answer.text
    return answer.status_code, answer.get_json()["type"].rpartition(":")[2]


def listed(client: FlaskClient) -> list[str]:
    answer = client.get("/v1/webhooks")
    assert answer.status_code == 200, answer.text
    return [item["endpoint_id"] for item in answer.get_json()["items"]]


def test_a_webhook_shows_its_secret_once_and_keeps_it_nowhere(desk: Desk, client: FlaskClient) -> None:
    made = make(client, URL, description="Sở Kế hoạch", rules=["behind_target"], severities=["critical"])
    secret = made.pop("secret")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    path = f"/v1/webhooks/{made['endpoint_id']}"
    assert client.get(path).get_json() == made
    assert (made["state"], made["unit"], made["created_by"], len(made["keys"])) == ("enabled", "", "test", 1)
    assert secret not in client.get(path).text + client.get("/v1/webhooks").text
    kept = "".join(
        str(desk.rows(query))
        for query in (
            "SELECT * FROM alert.webhook_endpoint",
            "SELECT * FROM alert.webhook_key",
            "SELECT * FROM access.audit",
        )
    )
    assert secret not in kept
    assert base64.b64decode(secret.removeprefix("whsec_")).hex() not in kept


def test_every_write_is_in_the_audit_without_the_address(desk: Desk, client: FlaskClient) -> None:
    made = make(client, URL)
    path = f"/v1/webhooks/{made['endpoint_id']}"
    client.patch(path, json={"url": f"{URL}/2", "enabled": True})
    client.post(f"{path}/rotate-key", json={})
    sent = client.post(f"{path}/test").get_json()
    client.post(f"{path}/deliveries/{sent['delivery_id']}/redeliver")
    client.delete(path)
    rows = desk.rows("SELECT action, target, detail::text FROM access.audit ORDER BY audit_id")
    assert [(action, target) for action, target, _ in rows] == [
        (f"webhook.{what}", made["endpoint_id"])
        for what in ("create", "change", "rotate-key", "test", "redeliver", "delete")
    ]
    assert "secret-path" not in str(rows)


def test_what_is_left_out_stays(client: FlaskClient) -> None:
    made = make(client, URL, description="a", rules=["behind_target"])
    path = f"/v1/webhooks/{made['endpoint_id']}"
    changed = client.patch(path, json={"description": "b", "states": ["open"]}).get_json()
    assert (changed["description"], changed["rules"], changed["states"]) == ("b", ["behind_target"], ["open"])
    assert changed["url"] == URL
    assert client.patch(path, json={}).get_json()["description"] == "b"
    assert client.patch(path, json={"rules": []}).get_json()["rules"] == []


def test_a_disabled_one_says_why_and_is_neither_tested_nor_sent_to(client: FlaskClient) -> None:
    path = f"/v1/webhooks/{make(client, URL)['endpoint_id']}"
    changed = client.patch(path, json={"enabled": False}).get_json()
    assert (changed["state"], changed["state_reason"]) == ("disabled", "by-officer")
    assert problem(client.post(f"{path}/test")) == (409, "webhook-disabled")
    assert problem(client.post(f"{path}/deliveries/{NOBODY}/redeliver")) == (409, "webhook-disabled")
    changed = client.patch(path, json={"enabled": True}).get_json()
    assert (changed["state"], changed["state_reason"]) == ("enabled", "")


def test_a_deleted_one_is_not_there_and_its_log_is_kept(desk: Desk, client: FlaskClient) -> None:
    path = f"/v1/webhooks/{make(client, URL)['endpoint_id']}"
    client.post(f"{path}/test")
    assert client.delete(path).status_code == 200
    assert problem(client.get(path)) == (404, "no-such-webhook")
    assert listed(client) == []
    assert desk.rows("SELECT state FROM alert.webhook_delivery") == [("given_up",)]


def test_two_keys_sign_after_a_rotation_and_never_three(client: FlaskClient) -> None:
    made = make(client, URL)
    path = f"/v1/webhooks/{made['endpoint_id']}"
    (first,) = made["keys"]
    rotated = client.post(f"{path}/rotate-key", json={}).get_json()
    assert rotated["secret"] != made["secret"]
    new, before = rotated["keys"]
    assert before["key_id"] == first["key_id"]
    assert (new["expires_at"], before["expires_at"] is None) == (None, False)
    again = client.post(f"{path}/rotate-key", json={"overlap_hours": 1}).get_json()
    assert [key["key_id"] for key in again["keys"]][1:] == [new["key_id"]]
    assert len(client.post(f"{path}/rotate-key", json={"overlap_hours": 0}).get_json()["keys"]) == 1


def test_a_unit_makes_and_sees_its_own_and_what_is_under_it(desk: Desk, client: FlaskClient) -> None:
    made = {unit: make(client, URL, unit=unit)["endpoint_id"] for unit in ("", "49", "96", "96/O1", "96/O2")}
    province = desk.client(Scope.ALERT_ACT, unit="96", **SETTINGS)
    assert listed(province) == [made["96/O2"], made["96/O1"], made["96"]]
    owner = desk.client(Scope.ALERT_ACT, unit="96/O1", **SETTINGS)
    assert listed(owner) == [made["96/O1"]]
    for unit in ("", "49", "96", "96/O2"):
        path = f"/v1/webhooks/{made[unit]}"
        for answer in (
            owner.get(path),
            owner.patch(path, json={"url": URL}),
            owner.delete(path),
            owner.post(f"{path}/rotate-key", json={}),
            owner.post(f"{path}/test"),
            owner.get(f"{path}/deliveries"),
            owner.post(f"{path}/deliveries/{NOBODY}/redeliver"),
        ):
            assert problem(answer) == (404, "no-such-webhook")
    assert make(owner, URL)["unit"] == "96/O1"
    for unit in ("", "96", "96/O2", "49"):
        assert problem(owner.post("/v1/webhooks", json={"url": URL, "unit": unit})) == (403, "outside-unit")


def test_a_unit_sees_none_of_an_owner_whose_code_begins_with_its_own(desk: Desk, client: FlaskClient) -> None:
    made = {unit: make(client, URL, unit=unit)["endpoint_id"] for unit in ("96/B", "96/B/1")}
    for unit, endpoint_id in made.items():
        assert listed(desk.client(Scope.ALERT_ACT, unit=unit, **SETTINGS)) == [endpoint_id]
    assert listed(desk.client(Scope.ALERT_ACT, unit="96", **SETTINGS)) == [made["96/B/1"], made["96/B"]]


def test_pages_hold_every_webhook_once(client: FlaskClient) -> None:
    made = [make(client, URL)["endpoint_id"] for _ in range(5)]
    found: list[str] = []
    cursor = ""
    while True:
        page = client.get(f"/v1/webhooks?limit=2{cursor}").get_json()
        found += [item["endpoint_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == made[::-1]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": "https://127.0.0.1/a b"}, "url"),
        ({"url": "https://127.0.0.1/đường"}, "url"),
        ({}, "url"),
        ({"url": URL, "unit": "Cà Mau"}, "unit"),
        ({"url": URL, "rules": ["no_such"]}, "rules.0"),
        ({"url": URL, "severities": ["high"]}, "severities.0"),
        ({"url": URL, "states": "open"}, "states"),
        ({"url": URL, "secret": "mine"}, "secret"),
    ],
)
def test_a_wrong_webhook_is_refused_by_field(client: FlaskClient, body: dict[str, Any], where: str) -> None:
    answer = client.post("/v1/webhooks", json=body)
    assert problem(answer) == (422, "invalid")
    (fault,) = answer.get_json()["errors"]
    assert fault["where"] == where
    assert listed(client) == []


def test_networks_inside_are_called_only_where_an_operator_named_them(desk: Desk) -> None:
    client = desk.client(webhook_key=SETTINGS["webhook_key"])
    assert problem(client.post("/v1/webhooks", json={"url": URL})) == (422, "invalid")


def test_without_a_key_of_the_installation_none_is_made(desk: Desk) -> None:
    client = desk.client(webhook_inside_networks="127.0.0.0/8")
    assert problem(client.post("/v1/webhooks", json={"url": URL})) == (409, "webhooks-not-set-up")
    assert desk.rows("SELECT count(*) FROM alert.webhook_endpoint") == [(0,)]


def test_reading_alerts_is_not_enough(desk: Desk) -> None:
    assert problem(desk.client(Scope.READ, **SETTINGS).get("/v1/webhooks")) == (403, "scope-missing")
