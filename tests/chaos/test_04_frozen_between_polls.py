"""SIGSTOP with a batch in hand, for longer than the session: it wakes up fenced, and writes nothing."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import pytest
from kafka import KafkaConsumer

from deploy.embedded.processes import ServiceProcess
from deploy.embedded.stack import wait_until_ready
from deploy.simulation.guards import GUARDS
from tests.chaos import books
from tests.chaos.sql_detour import APPLIES_EVENTS, SqlDetour, Statement
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import PARTITIONS, World, wait
from tests.support.aggregation import running


class _Zombie:
    """A worker that is frozen as it begins the transaction of a batch, and is let go on by ``wake``."""

    def __init__(self, world: World, detour: SqlDetour, *, without: str = "") -> None:
        self.process: ServiceProcess = world.process("aggregation", database_url=detour.url, without=without)
        self.is_frozen, self._goes_on, self.has_committed = (threading.Event() for _ in range(3))
        self._detour = detour
        self.process.start()
        wait_until_ready([self.process])

    def freeze_at_next_batch(self) -> None:
        """An idle loop asks nothing of the database: the next transaction is a batch's."""
        self._detour.on_statement = self._hold
        self._detour.on_answer = self._note

    def wake(self) -> None:
        self.process.thaw()
        self._goes_on.set()

    def _hold(self, statement: Statement) -> bool:
        if statement.application == APPLIES_EVENTS and not self.is_frozen.is_set():
            self.process.freeze()
            self.is_frozen.set()
            # Before the server has it: no lock, no snapshot, and no timeout of the server ends this.
            self._goes_on.wait()
        return True

    def _note(self, statement: Statement) -> bool:
        if statement.application == APPLIES_EVENTS and statement.in_batch and statement.text == "COMMIT":
            self.has_committed.set()
        return True


@pytest.mark.timeout(240)
def test_04_a_worker_frozen_beyond_its_session_wakes_up_fenced(world: World, detour: SqlDetour) -> None:
    world.create_topics()
    zombie = _Zombie(world, detour)
    acknowledged = _overtaken(world, zombie)
    assert books.faults(world.settings(), acknowledged) == []
    before = world.rows("SELECT count(*) FROM aggregation.block")
    zombie.wake()
    wait(lambda: '"event": "fenced"' in zombie.process.log_file.read_text(), "it is fenced")
    assert world.rows("SELECT count(*) FROM aggregation.block") == before
    with Sender(world.settings(), FactStream(world.rng)).running() as later:
        wait(lambda: len(later.acknowledged) > 50, "events come in")
    world.require_right([*acknowledged, *later.acknowledged])
    assert all(process.is_running for process in world.processes)


@pytest.mark.timeout(240)
def test_04_without_the_fence_it_writes_over_who_took_over(world: World, detour: SqlDetour) -> None:
    """The row turns red."""
    world.create_topics()
    zombie = _Zombie(world, detour, without="fence")
    world.execute(*GUARDS["fence"].statements)
    acknowledged = _overtaken(world, zombie)
    assert books.faults(world.settings(), acknowledged) == []
    zombie.wake()
    wait(zombie.has_committed.is_set, "it commits what others committed")
    assert any("does not follow" in fault for fault in books.faults(world.settings(), acknowledged))


@pytest.mark.apache_kafka
@pytest.mark.timeout(240)
def test_04_a_worker_that_is_overtaken_while_it_asks_where_the_log_ends_reads_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others applied in between is no log that was truncated."""
    world.create_topics()
    acknowledged: list[UUID] = []
    is_overtaken = threading.Event()
    end_offsets = KafkaConsumer.end_offsets

    def answer_late(consumer: Any, partitions: Any, **options: Any) -> Any:
        ends = end_offsets(consumer, partitions, **options)
        if consumer.config["group_id"] == "giaingan-aggregation" and not is_overtaken.is_set():
            # In no group, so that it need not wait until this one is taken for dead.
            rival = world.process("aggregation", settings={"GIAINGAN_EPHEMERAL_BROKER": "true"})
            rival.start()
            with Sender(world.settings(), FactStream(world.rng)).running() as sender:
                wait(lambda: len(sender.acknowledged) > 50, "events come in")
            acknowledged.extend(sender.acknowledged)
            world.settle()
            rival.kill()
            is_overtaken.set()
        return ends

    monkeypatch.setattr(KafkaConsumer, "end_offsets", answer_late)
    with running(world.settings()) as aggregation:
        wait(is_overtaken.is_set, "it is overtaken")
        with Sender(world.settings(), FactStream(world.rng)).running() as later:
            wait(lambda: len(later.acknowledged) > 50, "events come in")
        world.require_right([*acknowledged, *later.acknowledged])
        assert aggregation.failures == []


def _overtaken(world: World, zombie: _Zombie) -> list[UUID]:
    """The zombie has a batch in hand that another worker applied; returns what was acknowledged."""
    # A topic that the group learned of late makes it join and claim once more: not from here on.
    claimed = "SELECT count(*) FROM aggregation.source_position"
    wait(lambda: world.rows(claimed) == [(2 * PARTITIONS,)], "every partition is claimed")
    zombie.freeze_at_next_batch()
    with Sender(world.settings(), FactStream(world.rng)).running() as sender:
        wait(zombie.is_frozen.is_set, "a worker is frozen with a batch in hand")
        world.process("aggregation").start()
        wait(lambda: len(sender.acknowledged) > 50, "events come in")
    world.settle()
    return sender.acknowledged
