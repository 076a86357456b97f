"""An event that is applied by a transaction which commits after the telling was read: it is told as late, and
what was told names no instant of which the ledger says otherwise. Real books, and a second writer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

from services.aggregation.apply_events import ApplyEvents
from services.aggregation.tell_progress import TellProgress
from services.alert import recomputing
from services.alert.aggregation_client import EvidenceOf
from services.contracts import codec, progress_codec, topics
from services.domain.progress import LateEvent, Progress
from services.runtime import batch_commit
from services.runtime.batch_commit import Batch, ReceivedRecord
from services.runtime.kafka_client import Admin, BrokerUnavailableError
from services.runtime.positions import BlockRows, Positions
from services.runtime.postgres import Cursor, connect, transaction
from tests.support import facts
from tests.support.aggregation import RECORDED_AT, Aggregation, eventually, read_all, running, settings_for
from tests.support.alerting import FUND_SOURCES
from tests.support.brokers import Broker

# A partition that the running process does not read, as if another process did.
_OF_ANOTHER = 7
SLOW = facts.movement("slow", 70, "2022-05-15")


@contextmanager
def applied_slowly(aggregation: Aggregation, fact: codec.Fact) -> Iterator[None]:
    """Another writer has begun to apply the event, and commits at the end."""
    admin = Admin(aggregation.settings, client_id="test-rival")
    identity = admin.identity(topics.DISBURSEMENT)
    admin.close()
    assert identity
    positions, is_written, may_commit = Positions("aggregation"), threading.Event(), threading.Event()
    apply_events = ApplyEvents(FUND_SOURCES)

    def apply(cursor: Cursor, batch: Batch) -> bytes | BlockRows:
        rows = apply_events.apply(cursor, batch)
        is_written.set()
        may_commit.wait()
        return rows

    connection = connect(
        aggregation.settings.database_url.get_secret_value(), application="giaingan-aggregation"
    )
    with transaction(connection) as cursor:
        claim = positions.claim(
            cursor,
            topic=topics.DISBURSEMENT,
            partition=_OF_ANOTHER,
            identity=identity,
            owner="another",
            adopt=False,
        )
    value = codec.encode_batch([fact], recorded_at=RECORDED_AT)
    batch = Batch(topics.DISBURSEMENT, identity.topic_id, _OF_ANOTHER, (ReceivedRecord(0, b"slow", value),))
    writer = threading.Thread(
        target=batch_commit.commit_batch, args=(connection, positions, apply, claim, batch)
    )
    writer.start()
    try:
        assert is_written.wait(5)
        yield
    finally:
        may_commit.set()
        writer.join()
        connection.close()


def tellings(aggregation: Aggregation) -> list[Progress]:
    """Of the province, the earliest first."""
    told = map(progress_codec.decode_progress, read_all(aggregation.settings, topics.PROGRESS))
    return sorted((each for each in told if each.subject.code == "96"), key=lambda each: each.version)


def evidence_of(aggregation: Aggregation, progress: Progress) -> Any:
    """What the ledger gives for the day and the instant of knowledge of a telling."""
    assert progress.known_at
    known_at = progress.known_at.isoformat()
    eventually(lambda: bool(aggregation.rows("SELECT aggregation.settled_until() >= %s", known_at)[0][0]))
    of = EvidenceOf("province", "96", 2022, progress.as_of.isoformat(), known_at)
    answer = aggregation.client.get(of.path(limit=100))
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_what_commits_after_the_telling_is_told_as_late_and_not_known_to_it(
    database_url: str, broker: Broker
) -> None:
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        aggregation.publish(
            facts.plan(1_000), facts.plan(1_000, "P2"), facts.movement("in time", 300, "2022-05-31")
        )
        aggregation.settle()
        with applied_slowly(aggregation, SLOW):
            # Begun after it, and committed before it.
            aggregation.publish(facts.movement("meanwhile", 50, "2022-05-20", project_code="P2"))
            aggregation.settle()
            before = tellings(aggregation)[-1]
            assert before.disbursed == 350
        aggregation.settle()
        after = tellings(aggregation)[-1]
        assert after.disbursed == 420
        assert after.late_events == (LateEvent(SLOW.event_id, date(2022, 5, 15)),)
        # No instant gives the one without the other: what began earlier is known earlier.
        assert before.known_at is None
        assert recomputing.from_ledger(after, evidence_of(aggregation, after)) == after


def test_who_is_nearly_done_is_waited_for(database_url: str, broker: Broker) -> None:
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        aggregation.publish(facts.plan(1_000), facts.plan(1_000, "P2"))
        aggregation.settle()
        with applied_slowly(aggregation, SLOW):
            aggregation.publish(facts.movement("meanwhile", 50, "2022-05-20", project_code="P2"))
            eventually(lambda: aggregation.unapplied() == 0)
        aggregation.settle()
        told = [each for each in tellings(aggregation) if each.disbursed]
        assert {each.disbursed for each in told} == {120}
        for each in told:
            assert recomputing.from_ledger(each, evidence_of(aggregation, each)) == each


def test_what_could_not_be_published_is_named_as_late_the_next_time(
    database_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut short between reading and publishing, nothing was told: how far is kept only afterwards."""
    publish, cut_short = TellProgress._publish, threading.Event()

    def cut_short_once(self: TellProgress, told: list[Progress]) -> None:
        if any(each.late_events for each in told) and not cut_short.is_set():
            cut_short.set()
            raise BrokerUnavailableError("cut short here")
        publish(self, told)

    monkeypatch.setattr(TellProgress, "_publish", cut_short_once)
    late = facts.movement("late", 70, "2022-05-15")
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        aggregation.publish(facts.plan(1_000), facts.movement("in time", 300, "2022-05-31"))
        aggregation.settle()
        aggregation.publish(late)
        aggregation.settle()
        assert cut_short.is_set()
        assert tellings(aggregation)[-1].late_events == (LateEvent(late.event_id, date(2022, 5, 15)),)
