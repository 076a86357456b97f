"""A consumer that no longer knows its own partitions is thrown away, and the next one reads on."""

from __future__ import annotations

from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from deploy.embedded.servers import Broker
from services.runtime import kafka_loop
from tests.support import facts
from tests.support.aggregation import running, settings_for


def test_a_consumer_whose_metadata_lacks_a_topic_is_replaced(
    database_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As seen after a broker's restart: the answer leaves a partition out, however often it is asked."""
    asked: list[int] = []
    real_end_offsets = KafkaConsumer.end_offsets

    def end_offsets(consumer: Any, partitions: list[TopicPartition], **options: Any) -> Any:
        if consumer.config["group_id"] is None:
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
