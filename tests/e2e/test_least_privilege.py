"""The sample through three services, each under a login of its own role: nothing they need is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.embedded import servers
from services.console.api_client import ApiClient
from services.runtime import roles
from tests.e2e.outcome import outcome
from tests.support.alerting import eventually
from tests.support.logins import execute, login_of
from tests.support.stack import RunningStack, running_stack
from tests.support.webhooks import INSTALLATION_KEY, LOOPBACK, Receiver, authority_file, receiver


@pytest.mark.timeout(180)
def test_the_sample_comes_out_the_same_under_least_privilege(
    database_url: str, broker: servers.Broker, tmp_path: Path, loaded: RunningStack
) -> None:
    roles.migrate_all(database_url)
    own_urls = {role.removeprefix("giaingan_"): login_of(database_url, role) for role in roles.SERVICES}
    settings = {
        "GIAINGAN_WEBHOOK_KEY": INSTALLATION_KEY,
        "GIAINGAN_WEBHOOK_INSIDE_NETWORKS": LOOPBACK,
        "SSL_CERT_FILE": str(authority_file(tmp_path)),
    }
    with receiver() as told, running_stack(database_url, broker, tmp_path, own_urls, **settings) as stack:
        secret = stack.post("alert", "/v1/webhooks", {"url": told.url})["secret"]
        stack.load_sample()
        assert outcome(stack) == outcome(loaded)
        assert stack.alerts(state="open")
        held = execute(
            database_url,
            "SELECT DISTINCT application_name, usename FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'giaingan-%%'",
        )
        # Every connection of a service is that of its own login.
        assert {str(name).split("-")[1] for name, _ in held} >= {"ingest", "aggregation", "alert"}
        assert [name for name, user in held if user == "postgres"] == []
        _require_told(stack, told, secret)
        auditor = login_of(database_url, roles.AUDITOR)
        assert execute(auditor, "SELECT count(*) > 500 FROM aggregation.ledger") == [(True,)]


def _require_told(stack: RunningStack, told: Receiver, secret: str) -> None:
    """Every change of the sample came to the webhook once, signed; each of its routes may what it does."""
    changes = execute(stack.database_url, "SELECT change_id FROM alert.alert_change")
    eventually(lambda: len(told.received) >= len(changes), seconds=60)
    assert sorted(told.ids) == sorted(str(change) for (change,) in changes)
    for received in told.received:
        received.verified_by(secret)

    client = ApiClient(stack.url("alert"), stack.token)
    (webhook,) = client.get("/v1/webhooks")["items"]
    path = f"/v1/webhooks/{webhook['endpoint_id']}"
    client.patch(path, {"url": f"{told.url}/2", "rules": ["behind_target"]})
    new = client.post(f"{path}/rotate-key", {"overlap_hours": 0})["secret"]
    delivery = client.get(f"{path}/deliveries", {"limit": 1})["items"][0]
    client.post(f"{path}/deliveries/{delivery['delivery_id']}/redeliver")
    client.post(f"{path}/test")
    eventually(lambda: len(told.received) == len(changes) + 2)
    for received in told.received[-2:]:
        assert received.path == "/hook/2"
        received.verified_by(new)
    client.delete(path)
    assert client.get("/v1/webhooks")["items"] == []
