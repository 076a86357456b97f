"""Two processes with one ``group.instance.id``: the broker fences one, the epoch whatever gets past it."""

from __future__ import annotations

from functools import partial

import pytest
from kafka import KafkaConsumer

from services.runtime import kafka_loop
from services.runtime.errors import StopServiceError
from tests.chaos.stream import FactStream
from tests.chaos.world import World, wait
from tests.support.aggregation import running

pytestmark = pytest.mark.apache_kafka


@pytest.mark.timeout(180)
def test_06_two_processes_with_one_instance_id_double_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The services set none (docs/adr/0013); an operator who did would start the same one twice one day."""
    static = partial(KafkaConsumer, group_instance_id="the-same")
    monkeypatch.setattr(kafka_loop, "KafkaConsumer", static)
    stream = FactStream(world.rng)
    with running(world.settings()) as first:
        sent = stream.take(40)
        first.publish(*sent)
        first.settle()
        with running(world.settings()) as second:
            wait(lambda: bool(first.failures or second.failures), "one of them stops")
            more = stream.take(40)
            second.publish(*more)
            world.require_right({fact.event_id for fact in (*sent, *more)})
            (stopped,) = first.failures + second.failures
            assert isinstance(stopped, StopServiceError)
            assert "FencedInstanceId" in str(stopped)
