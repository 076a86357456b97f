"""Somebody writes to the topic in a Kafka transaction and aborts it: it was never there."""

from __future__ import annotations

import pytest
from kafka import KafkaProducer

from services.contracts import codec, topics
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import World
from tests.support import facts
from tests.support.aggregation import RECORDED_AT, running

pytestmark = pytest.mark.apache_kafka


@pytest.mark.timeout(120)
def test_15_an_aborted_transaction_is_invisible_and_a_committed_one_counts(world: World) -> None:
    world.create_topics()
    stream = FactStream(world.rng)
    sender = Sender(world.settings(), stream)
    aborted = [facts.movement(f"aborted-{n}", 7, project_code=f"A{n:02}") for n in range(12)]
    committed = [facts.movement(f"committed-{n}", 11, project_code=f"A{n:02}") for n in range(12)]
    producer = KafkaProducer(
        bootstrap_servers=world.cluster.bootstrap_servers.split(","), transactional_id="somebody"
    )
    with running(world.settings()):
        producer.init_transactions()
        for sent, is_kept in ((aborted, False), (committed, True), (aborted, False)):
            producer.begin_transaction()
            for movement in sent:
                value = codec.encode_batch([movement], recorded_at=RECORDED_AT)
                producer.send(topics.DISBURSEMENT, key=codec.routing_key(movement).encode(), value=value)
            producer.flush()
            if is_kept:
                producer.commit_transaction()
            else:
                producer.abort_transaction()
        producer.close()
        # What ends a transaction has an offset too: something behind it lets the position pass.
        after = [facts.movement(f"after-{n}", 13, project_code=f"A{n:02}") for n in range(12)]
        for fact in (*stream.take(60), *after):
            sender.send(fact)
        world.require_right({*sender.acknowledged, *(m.event_id for m in committed)})
    found = world.rows(
        "SELECT count(*), sum(disbursed)::bigint FROM aggregation.ledger WHERE project_code LIKE 'A%'"
    )
    assert found == [(24, 12 * (11 + 13))]
    assert world.rows("SELECT count(*) FROM aggregation.quarantine") == [(0,)]
