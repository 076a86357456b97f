"""Records are deleted before they were applied: aggregation stops until an operator says to go on."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest

from deploy.embedded.stack import wait_until_ready
from services.contracts import topics
from tests.chaos.stream import FactStream, Sender
from tests.chaos.test_11_topic_re_created import require_stopped
from tests.chaos.world import World, wait
from tests.support.aggregation import log_beginnings, log_ends

pytestmark = pytest.mark.apache_kafka
REASON = "retention set by mistake"
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

    kept = len(sender.acknowledged)
    lost = stream.take(80)
    for fact in lost:
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

    behind = {
        tp.partition: (after[tp.partition], begin)
        for tp, begin in beginnings.items()
        if after[tp.partition] < begin
    }
    _skip_what_is_lost(world, behind)
    worker.start()
    wait_until_ready([worker])
    # What was lost is nowhere; then its sender sends it again, and it counts once.
    world.require_right(sender.acknowledged[:kept] + sender.acknowledged[kept + len(lost) :])
    for fact in lost:
        sender.send(fact)
    world.require_right(sender.acknowledged)
    _require_ranges_told(world, behind)


def _skip_what_is_lost(world: World, behind: dict[int, tuple[int, int]]) -> None:
    """Exactly that, and nothing that is still there."""
    of_topic = ("skip-lost", "--schema", "aggregation", "--topic", topics.DISBURSEMENT, "--reason", REASON)
    for partition, (position, begin) in behind.items():
        of_partition = (*of_topic, "--partition", str(partition))
        for wrong in {begin - 1, begin + 1} - {0}:
            refused = world.operator(*of_partition, "--to", str(wrong))
            assert refused.returncode == 1
            assert f"say --to {begin}" in refused.stderr
        done = world.operator(*of_partition, "--to", str(begin))
        assert done.returncode == 0, done.stderr
        assert f"/{partition} [{position}, {begin})" in done.stdout
        again = world.operator(*of_partition, "--to", str(begin))
        assert (again.returncode, "nothing was lost" in again.stderr) == (1, True)


def _require_ranges_told(world: World, behind: dict[int, tuple[int, int]]) -> None:
    """The audit tells each range, and its block holds the same words; words that are changed are seen."""
    told = world.operator("lost-ranges", "--schema", "aggregation")
    assert told.returncode == 0, told.stderr
    for partition, (position, begin) in behind.items():
        assert f"{topics.DISBURSEMENT}/{partition} [{position}, {begin})" in told.stdout
    with closing(psycopg2.connect(world.database_url)) as superuser, superuser, superuser.cursor() as cursor:
        cursor.execute("ALTER TABLE access.audit DISABLE TRIGGER ALL")
        cursor.execute(
            "UPDATE access.audit SET detail = jsonb_set(detail, '{reason}', '\"another\"')"
            " WHERE action = 'log.skip-lost'"
        )
    assert world.operator("lost-ranges", "--schema", "aggregation").returncode == 1
