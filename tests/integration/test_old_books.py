"""A database that a version before wrote is migrated with its rows, and its cases are somebody's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from deploy.embedded.servers import Broker
from services.aggregation import old_cases
from services.aggregation.__main__ import MIGRATIONS, SCHEMA
from services.contracts import codec, topics
from services.runtime.access import Scope
from services.runtime.kafka_client import Record
from services.runtime.postgres import connect, migrate, transaction
from tests.support import facts
from tests.support.access import client_of, make_token
from tests.support.aggregation import Aggregation, running, settings_for

OLD_ROWS = (Path(__file__).parents[1] / "support" / "books_before_cases.sql").read_text(encoding="utf-8")
JUNK = b"\xff\xffjunk"


def migrate_to(database_url: str, last: str, folder: Path) -> None:
    """As the version did whose last migration begins with ``last``."""
    *common, schema = MIGRATIONS
    for path in schema.glob("[0-9]*.sql"):
        if path.name[:4] <= last:
            shutil.copy(path, folder)
    migrate(database_url, schema=SCHEMA, folders=(*common, folder))


def execute(database_url: str, statements: str) -> None:
    connection = connect(database_url, application="test")
    with transaction(connection) as cursor:
        cursor.execute(statements)
    connection.close()


@pytest.fixture
def aggregation(database_url: str, broker: Broker, tmp_path: Path) -> Iterator[Aggregation]:
    """Aggregation of this version on books that the version before cases wrote."""
    migrate_to(database_url, "0002", tmp_path)
    execute(database_url, OLD_ROWS)
    with running(settings_for(database_url, broker.bootstrap_servers)) as running_aggregation:
        running_aggregation.settle()
        yield running_aggregation


def of_unit(aggregation: Aggregation, unit: str) -> FlaskClient:
    url = aggregation.settings.database_url.get_secret_value()
    token = make_token(url, Scope.ADMIN, unit=unit, name=unit)
    return client_of(aggregation.client.application, token)


def references(client: FlaskClient) -> list[str]:
    """Of the conflicts that the caller sees, what came second."""
    found = []
    for item in client.get("/v1/conflicts").get_json()["items"]:
        shown = client.get(f"/v1/conflicts/{item['conflict_id']}").get_json()
        (second,) = shown["second"].values()
        found.append(second.get("source_ref", "plan"))
    return found


def test_old_books_keep_their_figures(aggregation: Aggregation) -> None:
    total = aggregation.summary(as_of="2022-07-31")["total"]
    assert (total["disbursed"], total["current_plan"]) == (1_147, 3_000)


def test_old_cases_are_their_unit_s_and_those_of_two_units_are_neither_s(aggregation: Aggregation) -> None:
    assert references(aggregation.client) == ["1", "V-1", "plan"]
    own, other = of_unit(aggregation, "96/O1"), of_unit(aggregation, "96/O2")
    assert references(own) == ["1", "plan"]
    assert references(other) == []
    held = [
        [item["reason"] for item in client.get("/v1/quarantine").get_json()["items"]]
        for client in (own, other, aggregation.client)
    ]
    assert held == [["reversal-of-unknown"], [], ["reversal-of-unknown", "not-decoded"]]
    url = aggregation.settings.database_url.get_secret_value()
    assert old_cases.read(url) == 0


def test_an_old_case_is_decided_as_a_new_one(aggregation: Aggregation) -> None:
    own = of_unit(aggregation, "96/O1")
    (conflict, _) = own.get("/v1/conflicts").get_json()["items"]
    path = f"/v1/conflicts/{conflict['conflict_id']}/replace"
    assert own.post(path, json={"reason": "đúng là 301"}).status_code == 202
    aggregation.settle()
    assert aggregation.summary(as_of="2022-07-31")["total"]["disbursed"] == 1_148

    (held,) = own.get("/v1/quarantine").get_json()["items"]
    path = f"/v1/quarantine/{held['quarantine_id']}/discard"
    assert own.post(path, json={"reason": "gửi nhầm"}).status_code == 200
    paid = facts.movement("X", 100)
    # Stated again by its sender: other bytes than the old version held, the same content.
    again = codec.encode_batch([facts.reversal("R", paid)], recorded_at=datetime(2022, 6, 2, tzinfo=UTC))
    aggregation.publish(paid)
    aggregation.settle()
    aggregation.publisher.publish(topics.DISBURSEMENT, [Record("P1", again)])
    aggregation.settle()
    assert aggregation.summary(as_of="2022-07-31")["total"]["disbursed"] == 1_248


def test_an_old_record_that_could_not_be_read_is_counted_when_it_comes_again(
    aggregation: Aggregation,
) -> None:
    aggregation.publisher.publish(topics.DISBURSEMENT, [Record("P1", JUNK)])
    aggregation.settle()
    query = "SELECT is_record, times_refused FROM aggregation.quarantine WHERE reason = 'not-decoded'"
    assert aggregation.rows(query) == [(True, 2)]


def test_what_two_versions_held_under_two_hashes_is_migrated_and_counted_once(
    database_url: str, broker: Broker, tmp_path: Path
) -> None:
    migrate_to(database_url, "0005", tmp_path)
    execute(
        database_url,
        r"""
        INSERT INTO aggregation.quarantine (
               topic, payload_hash, event_id, reason, detail, payload, topic_id, partition, "offset", index,
               is_record)
        SELECT 'giaingan.disbursement.v1', sha256(prefix || '\xffff6a756e6b'::bytea), '', 'not-decoded', '',
               '\xffff6a756e6b', 'log', 0, 0, 0, true
          FROM unnest(ARRAY[''::bytea, '\x7265636f726400'::bytea]) AS version (prefix)
        """,
    )
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        aggregation.publisher.publish(topics.DISBURSEMENT, [Record("P1", JUNK)])
        aggregation.settle()
        query = "SELECT times_refused FROM aggregation.quarantine ORDER BY quarantine_id"
        assert aggregation.rows(query) == [(1,), (2,)]
