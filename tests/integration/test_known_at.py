"""What did we know on 30 June? The instant of knowledge over HTTP, when it is settled, and rows of before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from deploy.embedded import servers
from services.aggregation.__main__ import MIGRATIONS, SCHEMA
from services.runtime import roles
from services.runtime.postgres import Connection, connect, migrate, transaction
from tests.support import facts
from tests.support.aggregation import Aggregation, running, settings_for
from tests.support.brokers import RunningBroker
from tests.support.logins import execute, login_of

LATE = facts.movement("3", 70, "2022-05-20")
CORRECTED = facts.plan(1_500, revision=1, source_ref="1/QĐ/sửa")
_BOOKS = (
    *("ledger", "statement_line", "plan_revision", "baseline_schedule", "project_registration"),
    *("owner_registration", "officer_assignment", "completed_work_line"),
)


@pytest.fixture(scope="module")
def aggregation(postgres_server: str, running_broker: RunningBroker) -> Iterator[Aggregation]:
    """P1 with a plan and money that came in time; a voucher of May and a corrected plan that came in July."""
    url = servers.create_database(postgres_server, "known_at")
    with running_broker() as broker, running(settings_for(url, broker.bootstrap_servers)) as started:
        started.publish(
            facts.plan(1_000),
            facts.movement("1", 300, "2022-02-10"),
            facts.movement("2", 100, "2022-06-30"),
            LATE,
            CORRECTED,
        )
        started.settle()
        for event_id, applied_at in {
            facts.plan(1_000).event_id: "2022-01-05T08:00:00Z",
            facts.movement("1", 1).event_id: "2022-02-11T08:00:00Z",
            # The last microsecond of 30 June in Vietnam, and the first of July.
            facts.movement("2", 1).event_id: "2022-06-30T16:59:59.999999Z",
            LATE.event_id: "2022-06-30T17:00:00Z",
            CORRECTED.event_id: "2022-07-10T08:00:00Z",
        }.items():
            apply_in_the_past(started.database, str(event_id), applied_at)
        yield started


def apply_in_the_past(connection: Connection, event_id: str, applied_at: str) -> None:
    """As if the event had been applied at that instant."""
    with transaction(connection) as cursor:
        # Its triggers do not run for a superuser who says so: nothing else changes an appended row.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in _BOOKS:
            cursor.execute(
                f"UPDATE aggregation.{table} SET applied_at = %s WHERE event_id = %s",  # noqa: S608
                (applied_at, event_id),
            )


def get(aggregation: Aggregation, path: str, **query: object) -> Any:
    answer = aggregation.client.get(path, query_string=query)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


@pytest.mark.parametrize(
    ("known_at", "plan", "disbursed"),
    [
        (None, 1_500, 470),
        ("2022-02-10", 1_000, 0),
        ("2022-06-30", 1_000, 400),
        ("2022-06-30T16:59:59.999998Z", 1_000, 300),
        ("2022-06-30T23:59:59.999999+07:00", 1_000, 400),
        ("2022-07-01T00:00:00+07:00", 1_000, 470),
        ("2022-07-10T08:00:00Z", 1_500, 470),
    ],
)
def test_what_was_known_on_a_day_is_asked_by_one_parameter(
    aggregation: Aggregation, known_at: str | None, plan: int, disbursed: int
) -> None:
    asked = {"as_of": "2022-06-30"} | ({"known_at": known_at} if known_at else {})
    detail = get(aggregation, "/v1/projects/P1", **asked)
    figures = detail["project"]["figures"]
    assert (figures["current_plan"], figures["disbursed"]) == (plan, disbursed)
    assert sum(each["disbursed"] for each in detail["series"]) == disbursed
    assert get(aggregation, "/v1/projects", **asked)["items"][0]["figures"] == figures
    for group_by in ("owner", "month"):
        summary = get(aggregation, "/v1/summary", province="96", group_by=group_by, **asked)
        assert summary["total"] == figures
    assert sum(month["disbursed"] for month in summary["months"]) == disbursed
    curve = get(aggregation, "/v1/projects/P1/curve", **asked)
    assert (curve["disbursed"][-1]["amount"] if curve["disbursed"] else 0) == disbursed


def test_the_answer_says_of_which_instant_it_is(aggregation: Aggregation) -> None:
    asked = {"as_of": "2022-06-30", "known_at": "2022-06-30"}
    for path in ("/v1/projects", "/v1/projects/P1", "/v1/projects/P1/curve", "/v1/summary"):
        assert get(aggregation, path, **asked)["known_at"] == "2022-06-30T23:59:59.999999+07:00"
        assert get(aggregation, path, as_of="2022-06-30")["known_at"] is None


def test_what_nobody_knew_yet_is_not_there(aggregation: Aggregation) -> None:
    asked = {"as_of": "2022-06-30", "known_at": "2022-01-04"}
    answer = aggregation.client.get("/v1/projects/P1", query_string=asked)
    assert answer.status_code == 404
    assert "2022-01-04T23:59:59.999999+07:00" in answer.get_json()["detail"]
    assert get(aggregation, "/v1/projects", **asked)["items"] == []


def test_the_exported_plan_is_that_of_the_instant(aggregation: Aggregation) -> None:
    for known_at, lines in {"2022-06-30": 1, "2022-07-10": 2}.items():
        answer = aggregation.client.get("/v1/exports/plan.xlsx", query_string={"known_at": known_at})
        assert answer.status_code == 200
        assert (
            f"-biet-den-{known_at.replace('-', '')}T235959+0700.xlsx" in answer.headers["Content-Disposition"]
        )
        assert openpyxl.load_workbook(BytesIO(answer.data)).active.max_row == 1 + lines


@pytest.mark.parametrize(
    ("known_at", "code"),
    [
        ("9999-12-31", "in-future"),
        pytest.param((datetime.now(UTC) + timedelta(hours=1)).isoformat(), "in-future", id="in an hour"),
        ("2022-06-30T08:00:00", "not-a-moment"),
        ("30/06/2022", "not-a-moment"),
        ("0001-01-01T00:00:00+14:00", "not-a-moment"),
    ],
)
def test_an_instant_that_is_none_or_is_to_come_is_refused(
    aggregation: Aggregation, known_at: str, code: str
) -> None:
    for path in ("/v1/projects", "/v1/projects/P1", "/v1/summary", "/v1/exports/plan.xlsx"):
        answer = aggregation.client.get(path, query_string={"known_at": known_at})
        assert answer.status_code == 422, answer.text
        (error,) = answer.get_json()["errors"]
        assert (error["code"], error["where"]) == (code, "known_at")


# --- when it is settled ------------------------------------------------------------------------------


def test_an_instant_of_just_now_is_not_settled(aggregation: Aggregation) -> None:
    known_at = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    for path in (
        "/v1/projects",
        "/v1/projects/P1",
        "/v1/projects/P1/curve",
        "/v1/summary",
        "/v1/exports/plan.xlsx",
    ):
        answer = aggregation.client.get(path, query_string={"known_at": known_at})
        assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:giaingan:problem:not-settled")
        assert int(answer.headers["Retry-After"]) > 0


def settled_until(connection: Connection) -> datetime:
    with transaction(connection) as cursor:
        cursor.execute("SELECT aggregation.settled_until('0 seconds')")
        row = cursor.fetchone()
    assert row
    settled: datetime = row[0]
    return settled


@pytest.mark.parametrize("at_work", ["FOR UPDATE", "UPDATE"])
def test_the_books_are_settled_up_to_the_oldest_writer_at_work(database_url: str, at_work: str) -> None:
    roles.migrate_all(database_url)
    writer, reader = connect(database_url, application="test"), connect(database_url, application="test")
    try:
        with transaction(writer) as cursor:
            cursor.execute("SELECT now()")
            row = cursor.fetchone()
            assert row
            began: datetime = row[0]
            if at_work == "UPDATE":
                cursor.execute("UPDATE aggregation.source_position SET next_offset = 1")
            else:
                cursor.execute("SELECT 1 FROM aggregation.source_position FOR UPDATE")
            assert settled_until(reader) == began - timedelta(microseconds=1)
        # And up to now when it has ended.
        assert settled_until(reader) > began
        with transaction(writer) as cursor:
            # Who only reads keeps nobody waiting.
            cursor.execute("SELECT now(), count(*) FROM aggregation.source_position")
            row = cursor.fetchone()
            assert row
            assert settled_until(reader) > row[0]
    finally:
        writer.close()
        reader.close()


def test_a_writer_of_another_login_keeps_the_last_ten_minutes_open(database_url: str) -> None:
    """When it began is hidden from a login that is not a member of its role."""
    roles.migrate_all(database_url)
    writer = connect(database_url, application="test")
    asked = "SELECT clock_timestamp() - aggregation.settled_until('0 seconds') >= '9 minutes'"
    auditor = login_of(database_url, roles.AUDITOR)
    try:
        assert execute(auditor, asked) == [(False,)]
        with transaction(writer) as cursor:
            cursor.execute("SELECT 1 FROM aggregation.source_position FOR UPDATE")
            assert execute(auditor, asked) == [(True,)]
    finally:
        writer.close()


# --- rows of before ----------------------------------------------------------------------------------

_OLD = """
INSERT INTO aggregation.block (
       topic_id, partition, from_offset, next_offset, previous_hash, digest, hash, applied_at)
VALUES ('log', 0, 0, 5, '', '', '', '2022-02-02T00:00:00Z'),
       ('log', 0, 5, 6, '', '', '', '2022-02-03T00:00:00Z');
INSERT INTO aggregation.completed_work_line (
       event_id, content_hash, source, source_ref, project_code, budget_year, cumulative, currency, as_of,
       status, revision, recorded_at, topic_id, partition, "offset", index)
SELECT gen_random_uuid(), '', 's', "offset"::text, 'P1', 2022, 1, 'VND', '2022-01-31', 'actual', 0,
       '2022-02-01T00:00:00Z', topic_id, 0, "offset", 0
  FROM (VALUES ('log', 0), ('log', 4), ('log', 5), ('log', 6), ('lost', 1)) AS place (topic_id, "offset")
"""


def test_rows_of_before_are_dated_by_their_block_else_by_the_door(database_url: str, tmp_path: Path) -> None:
    *common, schema = MIGRATIONS
    for path in schema.glob("[0-9]*.sql"):
        if path.name < "0008":
            shutil.copy(path, tmp_path)
    migrate(database_url, schema=SCHEMA, folders=(*common, tmp_path))
    execute(database_url, _OLD)
    migrate(database_url, schema=SCHEMA, folders=MIGRATIONS)
    dated = execute(
        database_url,
        'SELECT topic_id, "offset", applied_at::date::text FROM aggregation.completed_work_line'
        " ORDER BY 1, 2",
    )
    assert dated == [
        ("log", 0, "2022-02-02"),
        ("log", 4, "2022-02-02"),
        ("log", 5, "2022-02-03"),
        ("log", 6, "2022-02-01"),
        ("lost", 1, "2022-02-01"),
    ]
    triggers = "SELECT DISTINCT tgenabled::text FROM pg_trigger WHERE tgname = 'append_only'"
    assert execute(database_url, triggers) == [("O",)]


def test_the_version_before_still_asks_its_own_questions(aggregation: Aggregation) -> None:
    series = ["treasury_vouchers"]
    lines = aggregation.rows("SELECT * FROM aggregation.lines(2022, '2022-06-30', '96', %s)", series)
    assert len(lines) == 1
    asked_now = "SELECT * FROM aggregation.lines(2022, '2022-06-30', '96', %s, NULL)"
    assert lines == aggregation.rows(asked_now, series)
    assert aggregation.rows("SELECT project_code FROM aggregation.projects(2022, '2022-06-30')") == [("P1",)]
    reached = "SELECT aggregation.books_through(2022, '96', '2022-12-31', %s)::text"
    assert aggregation.rows(reached, series) == [("2022-06-30",)]
    assert aggregation.rows("SELECT amount FROM aggregation.plan_decision") == [(1_500,)]
