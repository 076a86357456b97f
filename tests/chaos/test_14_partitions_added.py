"""The topic grows from 4 to 8 partitions: a project's later events stand in another one than its earlier."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from kafka.admin import NewPartitions

from services.contracts import topics
from services.domain.disbursement import Movement
from services.runtime.kafka_client import partition_of
from tests.chaos.stream import FactStream, Sender, changed
from tests.chaos.world import PARTITIONS, World, wait
from tests.support import facts
from tests.support.aggregation import running

pytestmark = pytest.mark.apache_kafka


@pytest.mark.timeout(240)
def test_14_added_partitions_lose_and_double_nothing(world: World) -> None:
    world.create_topics()
    stream = FactStream(world.rng)
    paid = [
        facts.movement(f"paid-{n}", 1_000 + n, project_code=f"Q{n:02}", day="2022-03-15") for n in range(40)
    ]
    moved = [m for m in paid if partition_of(m.project_code, 4) != partition_of(m.project_code, 8)]
    assert len(moved) > 5
    with ExitStack() as workers:
        reading = workers.enter_context(running(world.settings()))
        with Sender(world.settings(), stream).running() as sender:
            for movement in paid:
                sender.send(movement)
            wait(lambda: len(sender.acknowledged) > 80, "events come in")
        # Two more workers share what comes, so that both partitions of a project are read at once.
        others = [workers.enter_context(running(world.settings())) for _ in range(2)]
        with world.admin() as admin:
            admin.create_partitions({topics.DISBURSEMENT: NewPartitions(2 * PARTITIONS)})
        with Sender(world.settings(), stream).running() as later:
            for movement in paid:
                _meet_again(world, later, movement)
            before = len(later.acknowledged)
            wait(lambda: len(later.acknowledged) > before + 50, "events go on")
        world.require_right([*sender.acknowledged, *later.acknowledged])
        assert [worker.failures for worker in (reading, *others)] == [[], [], []]
    ((partitions,),) = world.rows("SELECT count(DISTINCT partition) FROM aggregation.ledger")
    assert partitions > PARTITIONS
    ((left, waiting),) = world.rows(
        "SELECT sum(disbursed)::bigint, (SELECT count(*) FROM aggregation.quarantine)"
        " FROM aggregation.balance WHERE project_code LIKE 'Q%'"
    )
    assert (left, waiting) == (0, 0)


def _meet_again(world: World, sender: Sender, movement: Movement) -> None:
    """Its reversal, itself once more, and something else under its id, in any order."""
    again = [facts.reversal(f"back-{movement.source_ref}", movement), movement, changed(movement)]
    world.rng.shuffle(again)
    for fact in again:
        sender.send(fact)
