"""The question before a webhook: would this address be called? Row 45 of the bad inputs."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from services.alert import webhook_address
from services.runtime.access import Scope
from tests.support.access import bearer, make_token
from tests.support.alerting import Desk, migrated


@pytest.fixture
def client(database_url: str) -> FlaskClient:
    migrated(database_url)
    return Desk(database_url).client()


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::1]:8443/",
        "https://2130706433/",
        "https://localhost/",
        "http://93.184.216.34/",
    ],
)
def test_45_a_webhook_into_the_inside_network_is_422(client: FlaskClient, url: str) -> None:
    answer = client.post("/v1/webhook-checks", json={"url": url})
    assert answer.status_code == 422
    (fault,) = answer.get_json()["errors"]
    assert (fault["code"], fault["where"], fault["read"]) == ("webhook-address", "url", url)
    assert " / " in fault["detail"]
    assert " / " in fault["mend"]


def test_45_a_name_that_turns_inside_after_it_was_asked_is_not_asked_again(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    monkeypatch.setattr(webhook_address.checked, "__kwdefaults__", {"resolve": lambda _: next(answers)})
    first = client.post("/v1/webhook-checks", json={"url": "https://rebind.example/"})
    assert first.get_json()["addresses"] == ["93.184.216.34"]
    second = client.post("/v1/webhook-checks", json={"url": "https://rebind.example/"})
    assert second.status_code == 422


def test_a_public_address_may_be_called(client: FlaskClient) -> None:
    answer = client.post("/v1/webhook-checks", json={"url": "https://93.184.216.34/hook"})
    assert answer.status_code == 200
    assert answer.get_json()["addresses"] == ["93.184.216.34"]


def test_asking_needs_the_scope_to_act(database_url: str, client: FlaskClient) -> None:
    reader = bearer(make_token(database_url, Scope.READ))
    answer = client.post("/v1/webhook-checks", json={"url": "https://93.184.216.34/"}, headers=reader)
    assert answer.status_code == 403
