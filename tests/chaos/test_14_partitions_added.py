"""The topic grows from 4 to 8 partitions: a project's later events stand in another one than its earlier."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from kafka.admin import NewPartitions

from services.contracts import topics
from services.runtime.kafka_client import partition_of
from tests.chaos.stream import FactStream, Sender, changed
from tests.chaos.world import PARTITIONS, World, wait
from tests.support import facts
from tests.support.aggregation import running

pytestmark = pytest.mark.apache_kafka
PAID = [facts.movement(f"paid-{n}", 1_000 + n, project_code=f"Q{n:02}", day="2022-03-15") for n in range(40)]


def test_14_the_projects_change_their_partition() -> None:
    """What the other two show is shown of them."""
    assert any(partition_of(m.project_code, 4) != partition_of(m.project_code, 8) for m in PAID)


@pytest.mark.timeout(240)
def test_14_added_partitions_lose_and_double_nothing(world: World) -> None:
    world.create_topics()
    stream = FactStream(world.rng)
    sender = Sender(world.settings(), stream)
    for movement in PAID:
        sender.send(movement)
    for fact in stream.take(60):
        sender.send(fact)
    with world.admin() as admin:
        admin.create_partitions({topics.DISBURSEMENT: NewPartitions(2 * PARTITIONS)})
    later = Sender(world.settings(), stream)
    for movement in PAID:
        # Its reversal and itself once more, in another partition now; which is read first, nobody says.
        again = [facts.reversal(f"back-{movement.source_ref}", movement), movement]
        world.rng.shuffle(again)
        for fact in again:
            later.send(fact)
    for fact in stream.take(60):
        later.send(fact)
    with ExitStack() as stack:
        workers = [stack.enter_context(running(world.settings())) for _ in range(3)]
        world.require_right([*sender.acknowledged, *later.acknowledged])
        # And what contradicts the books from another partition is kept for a person.
        for movement in PAID:
            later.send(changed(movement))
        world.require_right(later.acknowledged)
        assert [worker.failures for worker in workers] == [[], [], []]
    assert world.rows("SELECT count(DISTINCT partition) FROM aggregation.source_position") == [(8,)]
    query = "SELECT count(*), sum(disbursed)::bigint FROM aggregation.ledger WHERE project_code LIKE 'Q%'"
    assert world.rows(query) == [(2 * len(PAID), 0)]
    assert world.rows("SELECT count(*) FROM aggregation.conflict") == [(len(PAID),)]


@pytest.mark.timeout(240)
def test_14_partitions_added_while_it_runs_are_read(world: World) -> None:
    """A consumer learns of them by itself, and joins its group once more for them."""
    world.create_topics()
    with (
        running(world.settings()) as reading,
        Sender(world.settings(), FactStream(world.rng)).running() as sender,
    ):
        wait(lambda: len(sender.acknowledged) > 50, "events come in")
        with world.admin() as admin:
            admin.create_partitions({topics.DISBURSEMENT: NewPartitions(2 * PARTITIONS)})
        later = Sender(world.settings(), FactStream(world.rng))
        for movement in PAID:
            later.send(movement)
        wait(lambda: len(sender.acknowledged) > 150, "events go on")
    with running(world.settings()) as reading:
        world.require_right([*sender.acknowledged, *later.acknowledged])
        assert reading.failures == []
