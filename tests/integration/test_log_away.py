"""A broker that does not answer is no log that lost its records: who reads the log tells the two apart."""

from __future__ import annotations

import pytest

from services.aggregation.rebuild import log_records
from services.aggregation.rebuild.log_records import LogRecords
from services.aggregation.rebuild.outcome import RebuildError
from services.contracts import topics
from services.runtime.kafka_client import Admin, BrokerUnavailableError
from services.verify import log_ends
from services.verify.chains import ChainEnd
from tests.integration.test_rebuild import publish_everything
from tests.support.aggregation import running, settings_for
from tests.support.brokers import Broker

pytestmark = pytest.mark.timeout(120)


def test_a_broker_that_stops_answering_during_a_rebuild_is_not_a_log_that_lost_records(
    database_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_records, "_PATIENCE_SECONDS", 1.0)
    settings = settings_for(database_url, broker.bootstrap_servers)
    with running(settings) as aggregation:
        publish_everything(aggregation)
        aggregation.settle()
        applied = aggregation.rows(
            "SELECT topic, topic_id, partition, next_offset FROM aggregation.source_position"
            " WHERE next_offset > 0"
        )
    log = LogRecords(settings, sorted({topic for topic, *_ in applied}))
    log.require_whole([place[:3] for place in applied])
    topic, _, partition, ends = applied[0]
    broker.freeze()
    try:
        with pytest.raises(RebuildError, match="no-broker"):
            log.take(topic, partition, 0, ends)
    finally:
        broker.thaw()
        log.close()


def test_a_partition_that_the_broker_does_not_have_is_not_a_fault_of_the_books(
    database_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_ends, "_PATIENCE_MS", 2_000)
    settings = settings_for(database_url, broker.bootstrap_servers)
    with running(settings):
        admin = Admin(settings, client_id="test-identity")
        identity = admin.identity(topics.DISBURSEMENT)
        admin.close()
    assert identity is not None
    assert settings.topic_partitions is not None
    # kafka-python fails in one way where it knows no partition that it is asked for, in another where some.
    first, beyond = (
        ChainEnd(
            "aggregation",
            topics.DISBURSEMENT,
            identity.topic_id,
            identity.cluster_id,
            partition,
            next_offset=0,
            chain_head=b"",
        )
        for partition in (0, settings.topic_partitions)
    )
    assert list(log_ends.faults(settings, [first])) == []
    for asked in ([beyond], [first, beyond]):
        with pytest.raises(BrokerUnavailableError):
            list(log_ends.faults(settings, asked))
