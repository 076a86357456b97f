"""A position passes over records that the log lost, exactly these, by an operator's word that is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.aggregation.__main__ import MIGRATIONS
from services.contracts import topics
from services.runtime import lost_records
from services.runtime.access import tokens
from services.runtime.kafka_client import LogBounds, LogIdentity
from services.runtime.lost_records import LostRange, NotLostError
from services.runtime.positions import FencedError, LogReplacedError, Positions
from services.runtime.postgres import Connection, connect, migrate, transaction
from services.verify.verification import Asked, verify

LOG = LogIdentity("cluster-1", "topic-1", 1)
POSITIONS = Positions("aggregation")
NOW = datetime(2022, 8, 1, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Connection]:
    """A service has read up to offset 5."""
    migrate(database_url, schema="aggregation", folders=MIGRATIONS)
    tokens.prepare(database_url)
    connection = connect(database_url, application="test")
    with transaction(connection) as cursor:
        claim = POSITIONS.claim(cursor, topic=topics.PLAN, partition=0, identity=LOG, owner="a", adopt=False)
        head = POSITIONS.lock(cursor, claim)
        POSITIONS.advance(cursor, claim, next_offset=5, head=head, digest=b"d" * 32)
    yield connection
    connection.close()


def skip(database: Connection, **changes: Any) -> LostRange:
    said: dict[str, Any] = {
        "topic": topics.PLAN, "partition": 0, "identity": LOG, "bounds": LogBounds(9, 20), "to": 9,
        "reason": "a retention by mistake", "operator": "an", "now": NOW,
    }  # fmt: skip
    with transaction(database) as cursor:
        return lost_records.skip(cursor, POSITIONS, **(said | changes))


def test_exactly_what_is_lost_is_passed_over_and_told(database: Connection) -> None:
    lost = skip(database)
    assert (lost.from_offset, lost.next_offset) == (5, 9)
    with transaction(database) as cursor:
        assert POSITIONS.applied(cursor, [LOG.topic_id]) == {(LOG.topic_id, 0): 9}
        (told,) = lost_records.ranges(cursor, "aggregation")
        assert (told.lost, told.is_in_chain) == (lost, True)
        # Chained to what came before, and what comes after is chained to it.
        cursor.execute("SELECT from_offset, previous_hash, hash FROM aggregation.block ORDER BY from_offset")
        (_, _, first), (at, previous, second) = cursor.fetchall()
        assert (at, bytes(previous)) == (5, bytes(first))
        cursor.execute("SELECT chain_head FROM aggregation.source_position")
        assert cursor.fetchone() == (second,)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"to": 8}, "say --to 9"),
        ({"to": 10}, "say --to 9"),
        ({"bounds": LogBounds(5, 20)}, "nothing was lost"),
        ({"bounds": LogBounds(0, 20)}, "nothing was lost"),
        ({"bounds": LogBounds(0, 4)}, "it was truncated"),
        ({"partition": 1}, "has never read it"),
    ],
)
def test_what_is_not_lost_is_not_passed_over(database: Connection, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(NotLostError, match=why) as refused:
        skip(database, **changes)
    assert " / " in str(refused.value)
    with transaction(database) as cursor:
        assert POSITIONS.applied(cursor, [LOG.topic_id]) == {(LOG.topic_id, 0): 5}
        assert lost_records.ranges(cursor, "aggregation") == []


def test_another_log_is_not_passed_over(database: Connection) -> None:
    with pytest.raises(LogReplacedError):
        skip(database, identity=LogIdentity("cluster-1", "topic-2", 1))


def test_who_held_the_partition_is_fenced(database: Connection) -> None:
    with transaction(database) as cursor:
        held = POSITIONS.claim(cursor, topic=topics.PLAN, partition=0, identity=LOG, owner="b", adopt=False)
    skip(database)
    with pytest.raises(FencedError), transaction(database) as cursor:
        POSITIONS.lock(cursor, held)


def test_words_that_were_changed_afterwards_show(database: Connection) -> None:
    skip(database)
    with transaction(database) as cursor:
        cursor.execute("ALTER TABLE access.audit DISABLE TRIGGER ALL")
        cursor.execute('UPDATE access.audit SET detail = detail || \'{"operator": "nobody"}\'')
    with transaction(database) as cursor:
        (told,) = lost_records.ranges(cursor, "aggregation")
    assert not told.is_in_chain


def test_verification_counts_what_was_passed_over_and_asks_for_its_words(
    database: Connection, database_url: str
) -> None:
    skip(database)
    verdict = verify(Asked(database_url)).verdict
    assert (verdict.faults, verdict.counted["passed_over"]) == ([], 1)
    with transaction(database) as cursor:
        cursor.execute("ALTER TABLE access.audit DISABLE TRIGGER ALL")
        cursor.execute("DELETE FROM access.audit")
    (fault,) = verify(Asked(database_url)).verdict.faults
    assert fault.code == "passed-over-untold"
    assert fault.block is not None
    assert (fault.block.from_offset, fault.block.next_offset) == (5, 9)


def test_nothing_is_put_into_the_place_of_what_was_passed_over(
    database: Connection, database_url: str
) -> None:
    """Neither the version before nor this one has read anything there."""
    skip(database)
    with transaction(database) as cursor:
        cursor.execute(
            "INSERT INTO aggregation.conflict (event_id, content_hash, topic, payload, topic_id, partition,"
            ' "offset", index) VALUES (gen_random_uuid(), %s, %s, %s, %s, 0, 7, 0)',
            (b"c" * 32, topics.PLAN, b"p", LOG.topic_id),
        )
    assert "row-without-block" in {fault.code for fault in verify(Asked(database_url)).verdict.faults}
