"""The positions against the logs they are in: whether each is the same log still, and reaches so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from services.runtime.config import Settings
from services.runtime.kafka_client import Admin, BrokerUnavailableError
from services.verify.chains import ChainEnd
from services.verify.faults import Fault

_PATIENCE_MS = 10_000


def faults(settings: Settings, ends: Iterable[ChainEnd]) -> Iterator[Fault]:
    """What does not fit between the positions and the logs as they are now. Asked after the positions, since
    a log only grows. Raises ``BrokerUnavailableError``."""
    admin = Admin(settings, client_id="giaingan-verify")
    try:
        for (schema, topic), of_topic in groupby(ends, key=lambda end: (end.schema, end.topic)):
            positions = list(of_topic)
            identity = admin.identity(topic)
            # Of logs that followed each other, the last one is the present one.
            newest = positions[-1]
            known = {"cluster_id": newest.cluster_id, "topic_id": newest.topic_id}
            if identity is None or (identity.cluster_id, identity.topic_id) != tuple(known.values()):
                now = {
                    "cluster_now": identity.cluster_id if identity else "-",
                    "topic_now": identity.topic_id if identity else "-",
                }
                if any(each.next_offset for each in positions):
                    yield Fault("log-replaced", {"schema": schema, "topic": topic, **known, **now})
                continue
            yield from _bounds(settings, [each for each in positions if each.topic_id == identity.topic_id])
    finally:
        admin.close()


def _bounds(settings: Settings, positions: list[ChainEnd]) -> Iterator[Fault]:
    places = {TopicPartition(each.topic, each.partition): each for each in positions}
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=settings.kafka_bootstrap_servers.split(","),
            client_id="giaingan-verify",
            enable_auto_commit=False,
            bootstrap_timeout_ms=_PATIENCE_MS,
        )
        try:
            beginnings = consumer.beginning_offsets(list(places), timeout_ms=_PATIENCE_MS)
            log_ends = consumer.end_offsets(list(places), timeout_ms=_PATIENCE_MS)
        finally:
            consumer.close()
    # kafka-python raises KeyError where its metadata came without the topic.
    except (KafkaError, KeyError) as error:
        raise BrokerUnavailableError(repr(error)) from error
    for tp, end in places.items():
        found = {
            "schema": end.schema,
            "topic": tp.topic,
            "partition": tp.partition,
            "position": end.next_offset,
        }
        if end.next_offset > log_ends[tp]:
            yield Fault("position-beyond-log", {**found, "end": log_ends[tp]})
        if end.next_offset < beginnings[tp]:
            yield Fault("log-begins-later", {**found, "beginning": beginnings[tp]})
