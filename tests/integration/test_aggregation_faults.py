"""Faults at each step of a batch: whatever dies, the sums are the same, and who is fenced writes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg2
import pytest

from services.aggregation import ledger_store
from services.aggregation.__main__ import MIGRATIONS
from services.aggregation.apply_events import ApplyEvents
from services.aggregation.ledger_store import LedgerRow, Place
from services.contracts import codec, topics
from services.domain.disbursement import Movement, StatementLine
from services.domain.plan import PlanRevision
from services.runtime import batch_commit
from services.runtime.batch_commit import Apply, Batch, ReceivedRecord
from services.runtime.kafka_client import Admin, LogIdentity, Record
from services.runtime.positions import FencedError, LogReplacedError, MovedError, Positions
from services.runtime.postgres import Cursor, connect, migrate, transaction
from tests.support import facts
from tests.support.aggregation import RECORDED_AT, Aggregation, eventually, running, settings_for
from tests.support.alerting import FUND_SOURCES
from tests.support.brokers import Broker, lose_log

SENT = [facts.movement(str(n), 100 + n) for n in range(12)]
TOTAL = sum(m.amount.minor_units for m in SENT)
LOG = LogIdentity("cluster-1", "topic-1", 1)


def require_exact(aggregation: Aggregation) -> None:
    """Ledger, balances and the sent events say the same, each once."""
    ((rows, disbursed),) = aggregation.rows("SELECT count(*), sum(disbursed)::bigint FROM aggregation.ledger")
    ((balance,),) = aggregation.rows("SELECT sum(disbursed)::bigint FROM aggregation.balance")
    assert (rows, disbursed, balance) == (len(SENT), TOTAL, TOTAL)


def test_a_worker_that_dies_inside_the_transaction_leaves_nothing_and_the_next_one_finishes(
    database_url: str, broker: Broker
) -> None:
    settings = settings_for(database_url, broker.bootstrap_servers)

    def dies_after_writing(apply: Apply) -> Apply:
        def wrapped(cursor: Cursor, batch: Batch) -> bytes:
            apply(cursor, batch)
            raise RuntimeError("killed here")

        return wrapped

    with running(settings, wrap_apply=dies_after_writing) as first:
        first.publish(*SENT)
        eventually(lambda: bool(first.failures))
        assert first.rows("SELECT count(*) FROM aggregation.ledger") == [(0,)]
    with running(settings) as second:
        second.settle()
        require_exact(second)


def test_a_commit_whose_answer_is_lost_counts_once(
    database_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction commits, the answer never comes: the position alone tells, and it is asked."""
    lost = threading.Event()

    @contextmanager
    def commits_and_loses_the_answer(connection: psycopg2.extensions.connection) -> Iterator[Cursor]:
        with transaction(connection) as cursor:
            yield cursor
        ledger_written = "advance" in steps
        if ledger_written and not lost.is_set():
            lost.set()
            raise psycopg2.OperationalError("server closed the connection unexpectedly")

    steps: list[str] = []
    advance = Positions.advance

    def noted(self: Positions, *args: object, **kwargs: object) -> None:
        steps.append("advance")
        advance(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(batch_commit, "transaction", commits_and_loses_the_answer)
    monkeypatch.setattr(Positions, "advance", noted)
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        aggregation.publish(*SENT)
        aggregation.settle()
        assert lost.is_set()
        require_exact(aggregation)


def test_a_database_that_goes_away_is_waited_for(database_url: str, broker: Broker) -> None:
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        aggregation.publish(*SENT[:6])
        aggregation.settle()
        aggregation.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'giaingan-%%' AND datname = current_database()"
        )
        aggregation.publish(*SENT[6:])
        aggregation.settle()
        require_exact(aggregation)


def test_a_loop_without_events_notices_that_its_database_went_away(database_url: str, broker: Broker) -> None:
    """The server may come back with older positions (from a backup), and no event may come for days."""
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        aggregation.publish(*SENT)
        aggregation.settle()
        claims = "SELECT min(epoch) FROM aggregation.source_position"
        ((before,),) = aggregation.rows(claims)
        aggregation.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'giaingan-aggregation' AND datname = current_database()"
        )
        eventually(lambda: aggregation.rows(claims) > [(before,)])
        require_exact(aggregation)


def test_progress_goes_on_above_what_was_told_where_the_database_forgot_it(
    database_url: str, broker: Broker
) -> None:
    """As after a restore from a backup: alert judges no version that is not above the last."""
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        aggregation.rows("SELECT setval('aggregation.progress_version', 1000)")
        aggregation.publish(facts.plan(10_000), SENT[0])
        aggregation.settle()
        before = aggregation.told()["project", "P1"].version
        aggregation.rows("SELECT setval('aggregation.progress_version', 1)")
        aggregation.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'giaingan-progress' AND datname = current_database()"
        )
        aggregation.publish(SENT[1])
        aggregation.settle()
        assert aggregation.told()["project", "P1"].version > before


def test_a_consumer_goes_on_after_several_records_in_one_batch_of_the_log(
    database_url: str, broker: Broker
) -> None:
    """The embedded broker names too low an end for such a log; what was applied is not beyond it."""
    settings = settings_for(database_url, broker.bootstrap_servers)
    records = [Record("P1", codec.encode_batch([m], recorded_at=RECORDED_AT)) for m in SENT[:8]]
    with running(settings) as first:
        first.publisher.publish(topics.DISBURSEMENT, records)
        eventually(lambda: first.rows("SELECT count(*) FROM aggregation.ledger") == [(8,)])
    with running(settings) as second:
        claimed = "SELECT min(epoch) FROM aggregation.source_position"
        # A join that is lost is made again after ten sessions of a second.
        eventually(lambda: second.rows(claimed) == [(2,)], seconds=40)
        second.publish(*SENT[8:])
        eventually(lambda: second.rows("SELECT count(*) FROM aggregation.ledger") == [(len(SENT),)])
        require_exact(second)


def test_a_worker_fenced_by_a_zombie_takes_its_partition_back(database_url: str, broker: Broker) -> None:
    settings = settings_for(database_url, broker.bootstrap_servers)
    with running(settings) as aggregation:
        aggregation.publish(*SENT[:6])
        aggregation.settle()
        identities = aggregation.rows(
            "SELECT DISTINCT topic, topic_id, cluster_id FROM aggregation.source_position"
        )
        for topic, topic_id, cluster_id in identities:
            identity = LogIdentity(cluster_id, topic_id, 3)
            with transaction(aggregation.database) as cursor:
                for partition in range(3):
                    Positions("aggregation").claim(
                        cursor,
                        topic=topic,
                        partition=partition,
                        identity=identity,
                        owner="zombie",
                        adopt=False,
                    )
        aggregation.publish(*SENT[6:])
        aggregation.settle()
        require_exact(aggregation)


def test_a_reversal_that_crossed_its_movement_in_another_partition_is_found(
    database_url: str, broker: Broker
) -> None:
    """Both transactions at once, neither sees the other: the next batch looks again."""
    paid = SENT[0]
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        aggregation.publish(facts.reversal("r", paid))
        aggregation.settle()
        with transaction(aggregation.database) as cursor:
            cursor.execute(
                "INSERT INTO aggregation.ledger (event_id, origin_event_id, content_hash, source, source_ref,"
                " project_code, fund_source, budget_year, series, kind, amount, currency, disbursed,"
                " work_certified, advance_outstanding, value_date, status, recorded_at, topic_id, partition,"
                " \"offset\", index) VALUES (%s, %s, %s, 't', 'r', 'P1', 'central.sector', 2022,"
                " 'treasury_vouchers', 'completed_work_payment', %s, 'VND', %s, %s, 0, '2022-05-31',"
                " 'actual', now(), 'other', 0, 0, 0)",
                (paid.event_id, paid.event_id, paid.content_hash, *[paid.amount.minor_units] * 3),
            )
        aggregation.publish(SENT[1])
        aggregation.settle()
        assert aggregation.client.get("/v1/quarantine").get_json()["items"] == []
        found = aggregation.rows(
            "SELECT disbursed FROM aggregation.ledger WHERE reverses_event_id = %s", paid.event_id
        )
        assert found == [(-paid.amount.minor_units,)]


@pytest.mark.parametrize(
    "first",
    [SENT[0], facts.statement(900, "2022-05-31"), facts.plan(1_000)],
    ids=["movement", "statement", "plan"],
)
def test_what_two_partitions_state_at_once_under_one_id_is_a_conflict_all_the_same(
    database_url: str, first: Movement | StatementLine | PlanRevision
) -> None:
    """Neither transaction sees the other's event; the second waits for its id, and finds it taken."""
    migrate(database_url, schema="aggregation", folders=MIGRATIONS)
    second = replace(first, project_code="P2")
    fates: list[str] = []
    one, other = (connect(database_url, application="test") for _ in range(2))

    def apply_second() -> None:
        with transaction(other) as cursor:
            apply_at_once(cursor, second, partition=1)
        fates.append("applied")

    thread = threading.Thread(target=apply_second)
    with transaction(one) as cursor:
        apply_at_once(cursor, first, partition=0)
        thread.start()
        thread.join(0.5)
        assert fates == []
    thread.join()
    assert fates == ["applied"]
    with transaction(one) as cursor:
        cursor.execute("SELECT event_id, content_hash FROM aggregation.conflict")
        ((event_id, content_hash),) = cursor.fetchall()
    assert (event_id, bytes(content_hash)) == (first.event_id, second.content_hash)
    one.close()
    other.close()


def apply_at_once(cursor: Cursor, fact: codec.Fact, *, partition: int) -> None:
    """A batch of one record with one fact."""
    topic = topics.PLAN if isinstance(fact, codec.PlanFact) else topics.DISBURSEMENT
    record = ReceivedRecord(0, b"k", codec.encode_batch([fact], recorded_at=RECORDED_AT))
    ApplyEvents(FUND_SOURCES).apply(cursor, Batch(topic, "log", partition, (record,)))


@pytest.fixture
def positions(database_url: str) -> Iterator[tuple[Positions, Callable[[], Cursor]]]:
    migrate(database_url, schema="aggregation", folders=MIGRATIONS)
    connection = connect(database_url, application="test")
    yield Positions("aggregation"), connection.cursor
    connection.close()


def test_balances_are_summed_only_from_the_rows_the_ledger_took(
    positions: tuple[Positions, Callable[[], Cursor]],
) -> None:
    """Even where a duplicate gets past the look-up before it, as two workers at once could make it."""
    cursor = positions[1]()
    rows = [
        LedgerRow(
            event_id=m.event_id,
            origin_event_id=m.event_id,
            content_hash=m.content_hash,
            source=m.source,
            source_ref=m.source_ref,
            project_code=m.project_code,
            fund_source=m.fund_source,
            budget_year=m.budget_year,
            series=m.series,
            kind=m.kind,
            amount=m.amount,
            effect=m.effect(),
            value_date=m.value_date,
            status=m.status,
            recorded_at=RECORDED_AT,
            place=Place(topics.DISBURSEMENT, "topic-1", 0, n, 0),
        )
        for n, m in enumerate(SENT)
    ]
    assert len(ledger_store.insert(cursor, [*rows[:6], rows[0]])) == 6
    assert len(ledger_store.insert(cursor, rows)) == len(SENT) - 6
    cursor.execute("SELECT sum(disbursed)::bigint, sum(movements)::bigint FROM aggregation.balance")
    assert cursor.fetchone() == (TOTAL, len(SENT))


def test_who_claimed_before_is_fenced(positions: tuple[Positions, Callable[[], Cursor]]) -> None:
    store, cursor_of = positions
    cursor = cursor_of()
    first = store.claim(cursor, topic=topics.PLAN, partition=0, identity=LOG, owner="a", adopt=False)
    second = store.claim(cursor, topic=topics.PLAN, partition=0, identity=LOG, owner="b", adopt=False)
    with pytest.raises(FencedError):
        store.lock(cursor, first)
    with pytest.raises(FencedError):
        store.advance(cursor, first, next_offset=5, head=b"", digest=b"")
    cursor.connection.rollback()
    second = store.claim(cursor, topic=topics.PLAN, partition=0, identity=LOG, owner="b", adopt=False)
    head = store.lock(cursor, second)
    store.advance(cursor, second, next_offset=5, head=head, digest=b"d")
    with pytest.raises(MovedError) as moved:
        store.lock(cursor, second)
    assert moved.value.next_offset == 5


def test_another_log_is_refused_until_an_operator_adopts_it(
    positions: tuple[Positions, Callable[[], Cursor]],
) -> None:
    store, cursor_of = positions
    cursor = cursor_of()
    claim = store.claim(cursor, topic=topics.PLAN, partition=0, identity=LOG, owner="a", adopt=False)
    store.advance(cursor, claim, next_offset=5, head=b"", digest=b"")
    cursor.connection.commit()

    recreated = LogIdentity("cluster-1", "topic-2", 1)
    with pytest.raises(LogReplacedError, match="adopt-log"):
        store.claim(cursor, topic=topics.PLAN, partition=0, identity=recreated, owner="a", adopt=False)
    store.adopt(cursor, topic=topics.PLAN, identity=recreated)
    cursor.connection.commit()
    adopted = store.claim(cursor, topic=topics.PLAN, partition=0, identity=recreated, owner="a", adopt=False)
    assert adopted.next_offset == 0


def test_a_re_created_topic_stops_the_service_instead_of_skipping_money(
    database_url: str, broker: Broker
) -> None:
    settings = settings_for(database_url, broker.bootstrap_servers, ephemeral_broker=False)
    with running(settings) as aggregation:
        aggregation.publish(*SENT)
        aggregation.settle()
    lose_log(broker)
    admin = Admin(settings, client_id="test")
    admin.create_topics()
    admin.close()
    with running(settings) as aggregation:
        eventually(lambda: bool(aggregation.failures))
        assert isinstance(aggregation.failures[0], LogReplacedError)
