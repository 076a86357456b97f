"""A broker is killed while events come in, and another leads: what was acknowledged is in the books."""

from __future__ import annotations

import pytest

from services.contracts import topics
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import PARTITIONS, World, wait
from tests.support.aggregation import running

pytestmark = pytest.mark.apache_kafka


@pytest.mark.timeout(240)
def test_10_a_killed_broker_and_a_new_leader_lose_nothing(world: World) -> None:
    world.create_topics()
    with (
        running(world.settings()) as aggregation,
        Sender(world.settings(kafka_delivery_timeout_ms=3_000), FactStream(world.rng)).running() as sender,
    ):
        for _ in range(2):
            partition = world.rng.randrange(PARTITIONS)
            before = len(sender.acknowledged)
            wait(lambda before=before: len(sender.acknowledged) > before + 20, "events are acknowledged")  # type: ignore[misc]
            leader = world.leader(topics.DISBURSEMENT, partition)
            assert leader
            leader.kill()
            wait(
                lambda partition=partition, leader=leader: (  # type: ignore[misc]
                    world.leader(topics.DISBURSEMENT, partition) not in (None, leader)
                ),
                "another broker leads",
            )
            before = len(sender.acknowledged)
            wait(lambda before=before: len(sender.acknowledged) > before + 50, "two brokers go on")  # type: ignore[misc]
            leader.start()
            world.cluster.wait_until_whole()
    with running(world.settings()):
        world.require_right(sender.acknowledged)
    assert aggregation.failures == []
