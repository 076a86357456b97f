"""The sample through three services, each under a login of its own role: nothing they need is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.embedded import servers
from services.runtime import roles
from tests.e2e.outcome import outcome
from tests.support.logins import execute, login_of
from tests.support.stack import RunningStack, running_stack


@pytest.mark.timeout(180)
def test_the_sample_comes_out_the_same_under_least_privilege(
    database_url: str, broker: servers.Broker, tmp_path: Path, loaded: RunningStack
) -> None:
    roles.migrate_all(database_url)
    own_urls = {role.removeprefix("giaingan_"): login_of(database_url, role) for role in roles.SERVICES}
    with running_stack(database_url, broker, tmp_path, own_urls) as stack:
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
        auditor = login_of(database_url, roles.AUDITOR)
        assert execute(auditor, "SELECT count(*) > 500 FROM aggregation.ledger") == [(True,)]
