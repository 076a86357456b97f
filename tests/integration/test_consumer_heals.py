"""A consumer that no longer knows its own partitions is thrown away, and the next one reads on."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.coordinator.base import BaseCoordinator

from services.aggregation.__main__ import MIGRATIONS
from services.aggregation.apply_events import ApplyEvents
from services.contracts import topics
from services.runtime import kafka_loop
from services.runtime.kafka_client import Admin
from services.runtime.kafka_loop import KafkaLoop
from services.runtime.postgres import migrate
from tests.support import facts
from tests.support.aggregation import eventually, running, settings_for
from tests.support.alerting import FUND_SOURCES
from tests.support.brokers import Broker


def test_a_consumer_whose_metadata_lacks_a_topic_is_replaced(
    database_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As seen after a broker's restart: the answer leaves a partition out, however often it is asked."""
    asked: list[int] = []
    real_end_offsets = KafkaConsumer.end_offsets

    def end_offsets(consumer: Any, partitions: list[TopicPartition], **options: Any) -> Any:
        if consumer.config["client_id"].startswith("kafka-python"):
            return real_end_offsets(consumer, partitions, **options)  # the test asks too
        asked.append(id(consumer))
        if id(consumer) == asked[0]:
            raise KeyError(partitions[0])
        return real_end_offsets(consumer, partitions, **options)

    monkeypatch.setattr(KafkaConsumer, "end_offsets", end_offsets)
    monkeypatch.setattr(kafka_loop, "_CONSUMER_DOUBT_SECONDS", 0.5)
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        aggregation.publish(facts.movement("1", 500))
        aggregation.settle()
        assert aggregation.rows("SELECT count(*) FROM aggregation.ledger") == [(1,)]
    assert len(set(asked)) > 1


@pytest.mark.embedded_broker(reason="on Apache Kafka the processes of a service share a group")
def test_on_the_embedded_broker_every_partition_is_read_without_joining_the_group(
    database_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There a lone member was given no partition now and then, for as long as anybody waited."""

    async def never_answered(coordinator: Any) -> Any:
        await coordinator._manager._net.sleep(3_600)

    monkeypatch.setattr(BaseCoordinator, "_do_join_and_sync_async", never_answered)
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        aggregation.publish(*(facts.movement(str(n), 500) for n in range(6)))
        aggregation.settle()
        assert aggregation.rows("SELECT count(*) FROM aggregation.ledger") == [(6,)]


def test_a_consumer_that_started_before_its_topics_reads_them_once_they_are_there(
    database_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group is joined twice: without partitions, and again when they are seen; both outlast a poll."""
    real_join = BaseCoordinator._do_join_and_sync_async

    async def join_slowly(coordinator: Any) -> Any:
        answer = await real_join(coordinator)
        await coordinator._manager._net.sleep(0.3)
        return answer

    monkeypatch.setattr(BaseCoordinator, "_do_join_and_sync_async", join_slowly)
    settings = settings_for(database_url, broker.bootstrap_servers, ephemeral_broker=False)
    migrate(database_url, schema="aggregation", folders=MIGRATIONS)
    apply = ApplyEvents(FUND_SOURCES).apply
    loop = KafkaLoop(settings, schema="aggregation", topics=[topics.PLAN, topics.DISBURSEMENT], apply=apply)
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    try:
        # Long enough to be in the group, without anything to read.
        time.sleep(3)
        admin = Admin(settings, client_id="test-admin")
        admin.create_topics()
        admin.close()
        eventually(lambda: not loop.not_ready, seconds=30)
    finally:
        stop.set()
        thread.join()
