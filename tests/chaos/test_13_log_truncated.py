"""A broker that lacks the newest records is made leader: the log ends before the position; nobody reads
until an operator has replaced it."""

from __future__ import annotations

import pytest
from kafka import KafkaConsumer
from kafka.admin import NewTopic

from deploy.embedded.stack import wait_until_ready
from deploy.kafka.cluster import KafkaBroker
from services.contracts import topics
from services.runtime.kafka_client import Publisher, Record
from tests.chaos import books
from tests.chaos.stream import FactStream, Sender
from tests.chaos.test_11_topic_re_created import require_stopped
from tests.chaos.world import World, wait
from tests.support.aggregation import log_ends

pytestmark = pytest.mark.apache_kafka


@pytest.mark.timeout(300)
@pytest.mark.parametrize("grows_again", [False, True], ids=["shorter", "grown beyond the position again"])
def test_13_a_truncated_log_stops_aggregation(world: World, grows_again: bool) -> None:
    """As an operator could allow it: two replicas, one of which is enough, and an unclean leader."""
    world.create_topics()
    _two_replicas(world)
    stream = FactStream(world.rng)
    sender = Sender(world.settings(kafka_delivery_timeout_ms=4_000), stream)
    worker = world.process("aggregation")
    worker.start()
    for fact in stream.take(30):
        sender.send(fact)
    world.settle()

    ahead, behind = world.cluster.broker(1), world.cluster.broker(2)
    behind.kill()
    for fact in stream.take(40):
        sender.send(fact)
    world.settle()
    held = world.rows("SELECT count(*), sum(disbursed) FROM aggregation.ledger")
    applied = _applied(world)
    ahead.kill()
    behind.start()
    wait(lambda: world.leader(topics.DISBURSEMENT, 0) is behind, "the broker that lacks records leads")
    if grows_again:
        # Other records stand where those stood that were applied.
        worker.freeze()
        while _end(world) <= applied:
            sender.send(stream.take(1)[0])
        worker.thaw()
    else:
        assert _end(world) < applied

    require_stopped(worker, topics.DISBURSEMENT)
    worker.start()
    require_stopped(worker, topics.DISBURSEMENT, "truncated")
    assert world.rows("SELECT count(*), sum(disbursed) FROM aggregation.ledger") == held
    assert _applied(world) == applied
    assert [
        fault for fault in books.faults(world.settings(), sender.acknowledged[:70]) if "position" not in fault
    ] == []

    lost = world.operator(
        *("skip-lost", "--schema", "aggregation", "--topic", topics.DISBURSEMENT, "--partition", "0"),
        *("--to", str(applied), "--reason", "not what it is for"),
    )
    assert lost.returncode == 1
    _replace_the_log(world, ahead)
    adopted = world.operator("adopt-log", "--schema", "aggregation", "--topic", topics.DISBURSEMENT)
    assert adopted.returncode == 0, adopted.stderr
    worker.start()
    wait_until_ready([worker])
    world.require_right(sender.acknowledged)


def _replace_the_log(world: World, ahead: KafkaBroker) -> None:
    """What is left of it, in a new one (docs/adr/0020)."""
    ahead.start()
    world.cluster.wait_until_whole()
    ends = log_ends(world.settings(), [topics.DISBURSEMENT])
    consumer = KafkaConsumer(bootstrap_servers=world.cluster.bootstrap_servers.split(","))
    left: list[Record] = []
    try:
        consumer.assign(list(ends))
        consumer.seek_to_beginning()
        while any(consumer.position(tp) < end for tp, end in ends.items()):
            for records in consumer.poll(timeout_ms=200).values():
                left += [Record(record.key.decode(), record.value) for record in records]
    finally:
        consumer.close()
    assert left
    world.re_create_topic(topics.DISBURSEMENT)
    publisher = Publisher(world.settings(kafka_delivery_timeout_ms=10_000), client_id="test-replaced")
    try:
        publisher.publish(topics.DISBURSEMENT, left)
    finally:
        publisher.close()


def _two_replicas(world: World) -> None:
    with world.admin() as admin:
        admin.delete_topics([topics.DISBURSEMENT])
        wait(lambda: topics.DISBURSEMENT not in admin.list_topics(), "the topic is deleted")
        admin.create_topics(
            [
                NewTopic(
                    topics.DISBURSEMENT,
                    replica_assignments={0: [1, 2]},
                    topic_configs={"min.insync.replicas": "1", "unclean.leader.election.enable": "true"},
                )
            ]
        )


def _end(world: World) -> int:
    return sum(log_ends(world.settings(), [topics.DISBURSEMENT]).values())


def _applied(world: World) -> int:
    query = "SELECT next_offset FROM aggregation.source_position WHERE topic = 'giaingan.disbursement.v1'"
    ((offset,),) = world.rows(query)
    return int(offset)
