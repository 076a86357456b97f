"""The whole alert service on a real broker: progress topic in, alert topic out."""

from __future__ import annotations

from collections import Counter

import pytest

from services.domain.progress import Subject, SubjectType
from services.runtime.batch_commit import Apply, Batch
from services.runtime.kafka_client import Admin
from services.runtime.positions import BlockRows
from services.runtime.postgres import Cursor, connect, transaction
from tests.support import ca_mau
from tests.support.alerting import Alerting, eventually, published_changes, running, settings_for
from tests.support.brokers import Broker, is_apache_kafka

BETTER = 1_500_000_000_000


def published_is_complete(alerting: Alerting) -> bool:
    ((waiting,),) = alerting.rows("SELECT count(*) FROM alert.outbox WHERE published_topic_id IS NULL")
    return bool(waiting == 0)


def test_progress_becomes_one_alert_and_each_change_is_published_once(
    database_url: str, broker: Broker
) -> None:
    with running(settings_for(database_url, broker.bootstrap_servers)) as alerting:
        alerting.publish(ca_mau.province(version=1))
        alerting.publish(b"\xff garbage")
        alerting.publish(ca_mau.province(version=2))
        alerting.publish(ca_mau.province(version=3, disbursed=BETTER))
        alerting.publish(ca_mau.province(version=4))
        alerting.publish(ca_mau.province(version=2, disbursed=BETTER))
        eventually(lambda: alerting.applied() == 6)
        assert alerting.history() == ["opened", "resolved", "reopened"]
        assert len(alerting.rows("SELECT * FROM alert.quarantine")) == 1

        eventually(lambda: published_is_complete(alerting))
        published = published_changes(broker)
        assert [key for key, _ in published] == [b"96"] * 3
        ids = [str(row[0]).encode() for row in alerting.rows(_CHANGE_IDS)]
        assert [next(i for i in ids if i in value) for _, value in published] == ids


def test_a_worker_that_dies_inside_its_transaction_leaves_nothing_half(
    database_url: str, broker: Broker
) -> None:
    """The first try fails after every row is written; the second finds nothing of it."""
    failures: list[int] = []

    def failing_once(apply: Apply) -> Apply:
        def wrapped(cursor: Cursor, batch: Batch) -> bytes | BlockRows:
            digest = apply(cursor, batch)
            if not failures:
                cursor.execute("SELECT count(*) FROM alert.alert_change")
                failures.append(cursor.fetchone()[0])  # type: ignore[index]
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            return digest

        return wrapped

    settings = settings_for(database_url, broker.bootstrap_servers)
    with running(settings, wrap=failing_once) as alerting:
        alerting.publish(ca_mau.province())
        eventually(lambda: alerting.applied() == 1)
        assert failures == [1]
        assert alerting.history() == ["opened"]
        assert len(alerting.rows("SELECT * FROM alert.block")) == 1


@pytest.mark.embedded_broker(reason="history is told again only to a broker that forgot it")
def test_a_broker_that_forgot_is_told_the_history_again(database_url: str, broker: Broker) -> None:
    settings = settings_for(database_url, broker.bootstrap_servers, ephemeral_broker=True)
    with running(settings) as alerting:
        alerting.publish(ca_mau.province(version=1), ca_mau.province(version=2, disbursed=BETTER))
        eventually(lambda: alerting.applied() == 2)
        eventually(lambda: len(published_changes(broker)) == 2)
        before = published_changes(broker)

        broker.stop()
        broker.start()
        admin = Admin(settings, client_id="test-admin")
        admin.create_topics()
        admin.close()
        eventually(lambda: len(published_changes(broker)) == 2, seconds=40)
        assert published_changes(broker) == before
        assert alerting.history() == ["opened", "resolved"]


def test_another_relay_waits_while_one_leads(database_url: str, broker: Broker) -> None:
    with running(settings_for(database_url, broker.bootstrap_servers)) as alerting:
        alerting.publish(ca_mau.province())
        eventually(lambda: published_is_complete(alerting) and len(alerting.history()) == 1)
        second = connect(database_url, application="second")
        with transaction(second) as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext('giaingan-alert-relay'))")
            assert cursor.fetchone() == (False,)
        second.close()


def test_what_waits_while_the_broker_is_away_is_published_when_it_is_back(
    database_url: str, broker: Broker
) -> None:
    settings = settings_for(database_url, broker.bootstrap_servers, ephemeral_broker=not is_apache_kafka())
    with running(settings) as alerting:
        many = [
            ca_mau.province(subject=Subject(SubjectType.PROJECT, f"P{n}", f"Dự án {n}", "96"))
            for n in range(50)
        ]
        alerting.publish(*many)
        eventually(lambda: alerting.applied() == 50)
        broker.kill()
        broker.start()
        admin = Admin(settings, client_id="test-admin")
        admin.create_topics()
        admin.close()
        eventually(
            lambda: (
                len({value for _, value in published_changes(broker)}) == 50
                and published_is_complete(alerting)
            ),
            seconds=40,
        )
        keys = Counter(key for key, _ in published_changes(broker))
        assert set(keys) == {f"P{n}".encode() for n in range(50)}


_CHANGE_IDS = "SELECT change_id FROM alert.alert_change ORDER BY sequence"
