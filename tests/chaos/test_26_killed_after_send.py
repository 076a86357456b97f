"""Alert is killed when a change is in the log and not yet marked so: it is published again, under its id."""

from __future__ import annotations

import threading
from collections import Counter
from uuid import UUID

import pytest

from services.contracts import progress_codec, topics
from services.domain.progress import Subject, SubjectType
from services.runtime.kafka_client import Publisher, Record
from tests.chaos.sql_detour import SqlDetour, Statement
from tests.chaos.world import World, wait
from tests.support import ca_mau
from tests.support.aggregation import read_all

pytestmark = pytest.mark.chaos
_TIMES = 3
_RELAY = "giaingan-alert-relay"


@pytest.mark.timeout(240)
def test_26_a_change_that_was_sent_and_not_marked_is_sent_again_under_its_id(
    world: World, detour: SqlDetour
) -> None:
    world.create_topics()
    worker = world.process("alert", database_url=detour.url)
    worker.start()
    publisher = Publisher(world.settings(kafka_delivery_timeout_ms=10_000), client_id="test-progress")
    for number in range(_TIMES):
        struck = threading.Event()

        def kill(statement: Statement, struck: threading.Event = struck) -> bool:
            if struck.is_set() or not _is_mark(statement):
                return True
            worker.kill()
            struck.set()
            return False

        detour.on_statement = kill
        subject = Subject(SubjectType.PROJECT, f"P{number}", f"Dự án {number}", "96")
        value = progress_codec.encode_progress(ca_mau.province(subject=subject))
        publisher.publish(topics.PROGRESS, [Record(subject.code, value)])
        wait(struck.is_set, "a change is sent and about to be marked")
        worker.start()
        wait(lambda: _unmarked(world) == 0, "the change is marked")
    publisher.close()

    changes = _changes(world)
    assert len(changes) == len(set(changes)) == _TIMES
    sent = Counter(_change_id(value, changes) for value in read_all(world.settings(), topics.ALERT))
    # Each was sent twice at least, and nothing but these.
    assert set(sent) == set(changes)
    assert min(sent.values()) >= 2
    # In the same bytes, so that whoever knows the id need not look into it.
    assert len(set(read_all(world.settings(), topics.ALERT))) == _TIMES


def _is_mark(statement: Statement) -> bool:
    return statement.application == _RELAY and "published_at = now()" in statement.text


def _changes(world: World) -> list[UUID]:
    return [UUID(str(row[0])) for row in world.rows("SELECT change_id FROM alert.alert_change")]


def _unmarked(world: World) -> int:
    ((count,),) = world.rows("SELECT count(*) FROM alert.outbox WHERE published_at IS NULL")
    return int(count)


def _change_id(value: bytes, changes: list[UUID]) -> UUID | None:
    return next((change for change in changes if str(change).encode() in value), None)
