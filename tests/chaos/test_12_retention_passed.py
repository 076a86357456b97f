"""Records are deleted before they were applied: aggregation stops, names them, and never goes on behind."""

from __future__ import annotations

import pytest

from services.contracts import topics
from tests.chaos.stream import FactStream, Sender
from tests.chaos.test_11_topic_re_created import require_stopped
from tests.chaos.world import World, wait
from tests.support.aggregation import log_beginnings, log_ends

pytestmark = pytest.mark.apache_kafka
POSITIONS = """
SELECT partition, next_offset FROM aggregation.source_position WHERE topic = 'giaingan.disbursement.v1'
"""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("is_frozen", [True, False], ids=["while it is frozen", "while it is stopped"])
def test_12_retention_that_passed_the_position_stops_aggregation(world: World, is_frozen: bool) -> None:
    world.create_topics()
    stream = FactStream(world.rng)
    sender = Sender(world.settings(), stream)
    for fact in stream.take(40):
        sender.send(fact)
    worker = world.process("aggregation")
    worker.start()
    world.settle()
    held = world.rows("SELECT count(*), sum(disbursed) FROM aggregation.ledger")
    if is_frozen:
        worker.freeze()
    else:
        worker.stop()

    for fact in stream.take(80):
        sender.send(fact)
    # Somebody gave the topic a retention, as nobody may (docs/TOPICS.md).
    world.configure_topic(topics.DISBURSEMENT, retention_ms="500")
    ends = log_ends(world.settings(), [topics.DISBURSEMENT])
    wait(lambda: log_beginnings(world.settings(), [topics.DISBURSEMENT]) == ends, "the records are deleted")
    world.configure_topic(topics.DISBURSEMENT, retention_ms="-1")
    for fact in stream.take(20):
        sender.send(fact)

    if is_frozen:
        worker.thaw()
    else:
        worker.start()
    require_stopped(worker, topics.DISBURSEMENT)
    worker.start()
    require_stopped(worker, topics.DISBURSEMENT, "records were deleted before they were applied")
    # Nothing behind the gap was read: at most what the frozen process had been sent before.
    beginnings = log_beginnings(world.settings(), [topics.DISBURSEMENT])
    after = dict(world.rows(POSITIONS))
    assert all(after[tp.partition] <= beginning for tp, beginning in beginnings.items())
    assert any(after[tp.partition] < beginning for tp, beginning in beginnings.items())
    if not is_frozen:
        assert world.rows("SELECT count(*), sum(disbursed) FROM aggregation.ledger") == held
