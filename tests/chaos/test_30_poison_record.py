"""Garbage on the topic is kept with its bytes, and the rest flows."""

from __future__ import annotations

import pytest
from kafka import KafkaProducer

from services.contracts import codec, topics
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import PARTITIONS, World
from tests.support.aggregation import RECORDED_AT, running

pytestmark = pytest.mark.apache_kafka


@pytest.mark.timeout(120)
def test_30_poison_records_are_quarantined_and_the_rest_flows(world: World) -> None:
    world.create_topics()
    stream = FactStream(world.rng)
    sender = Sender(world.settings(), stream)
    sound = [codec.encode_batch([fact], recorded_at=RECORDED_AT) for fact in stream.take(10)]
    poison: list[bytes | None] = [
        None,
        b"",
        b"\xff",
        b"\x00" * 100,
        *(_spoiled(world, each) for each in sound),
    ]
    poison += [b"\xff" + world.rng.randbytes(world.rng.randint(1, 5_000)) for _ in range(20)]
    producer = KafkaProducer(bootstrap_servers=world.cluster.bootstrap_servers.split(","), acks="all")
    with running(world.settings()) as aggregation:
        for value in poison:
            partition = world.rng.randrange(PARTITIONS)
            producer.send(topics.DISBURSEMENT, key=b"k", value=value, partition=partition).get(timeout=10)
            for fact in stream.take(3):
                sender.send(fact)
        producer.close()
        world.require_right(sender.acknowledged)
        assert aggregation.failures == []
    ((held,),) = world.rows(
        "SELECT count(*) FROM aggregation.quarantine WHERE reason <> 'reversal-of-unknown'"
    )
    # The same bytes twice are one case.
    assert held >= 20


def _spoiled(world: World, value: bytes) -> bytes:
    """A sound record with one bit turned."""
    at = world.rng.randrange(len(value))
    return value[:at] + bytes([value[at] ^ (1 << world.rng.randrange(8))]) + value[at + 1 :]
