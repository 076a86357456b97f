"""A database that a version without a register wrote: its projects are known before anything answers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from deploy.embedded.servers import Broker
from services.ingest.__main__ import assemble
from services.ingest.judging import register_store
from services.runtime import postgres
from tests.integration.ingest_stack import Ingest, running_ingest, settings_for, wait_until
from tests.support import stated
from tests.support.access import make_token

FORGET = """
ALTER TABLE ingest.project_statement DISABLE TRIGGER ALL;
DELETE FROM ingest.project_statement;
ALTER TABLE ingest.project_statement ENABLE TRIGGER ALL;
UPDATE ingest.register_filled SET accepted_no = 0;
ALTER TABLE ingest.block DISABLE TRIGGER ALL;
DELETE FROM ingest.block;
DELETE FROM ingest.source_position;
SELECT 1
"""


def of_before(settings: Any) -> None:
    """Projects taken in, and nothing learned of them."""
    with running_ingest(settings) as before:
        plans = {"revisions": [stated.revision(), stated.revision(project_code="P2", decision_number="2")]}
        assert before.post("/v1/plans", plans).status_code == 202
        assert before.post("/v1/plans", {"schedules": [stated.schedule()]}).status_code == 202
        other = stated.revision(project_code="P2", decision_number="2", owner_code="CONFLICTING")
        assert before.post("/v1/plans", {"revisions": [other]}).json["conflicting"] == 1
    before.rows(FORGET)


def test_the_projects_of_before_are_known_and_nobodys_to_take_and_readiness_waits_for_the_topic(
    database_url: str, broker: Broker
) -> None:
    settings = settings_for(database_url, broker)
    of_before(settings)
    parts = assemble(settings)
    stop = threading.Event()
    watch = threading.Thread(target=parts.loops["topic-watch"].run, args=(stop,))
    register = threading.Thread(target=parts.loops["register"].run, args=(stop,))
    watch.start()
    try:
        after = Ingest(settings, parts, make_token(database_url))
        waits_for = [["register"]]
        wait_until(lambda: [[e["where"] for e in after.get("/readyz").json.get("errors", [])]] == waits_for)
        evil = after.of_unit("96/EVIL", sources=["evil"])
        taken = stated.project(owner_code="EVIL", source="evil", effective_date="2022-02-01")
        assert evil.post("/v1/registers", {"projects": [taken]}).status_code == 403
        assert after.post("/v1/disbursements", {"movements": [stated.movement()]}).status_code == 202
        owners = after.rows("SELECT project_code, owner_code FROM ingest.project_statement ORDER BY 1")
        assert owners == [("7891234", "BQL-GT"), ("P2", "BQL-GT")]
        register.start()
        wait_until(after.is_ready)
    finally:
        stop.set()
        watch.join()
        if register.ident:
            register.join()
        parts.close()


def test_the_register_is_filled_in_slices_once(
    database_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register_store, "_FILLED_AT_ONCE", 2)
    of_before(settings_for(database_url, broker))
    pool = postgres.Pool(database_url, application="test", size=1)
    try:
        assert register_store.fill_from_journal(pool) == 4
        assert register_store.fill_from_journal(pool) == 0
        with pool.transaction() as cursor:
            cursor.execute("SELECT count(*) FROM ingest.project_statement")
            assert cursor.fetchone() == (2,)
    finally:
        pool.close()
