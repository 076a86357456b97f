"""SIGTERM at any step of a batch: the batch is finished, the process ends in order, and the next goes on."""

from __future__ import annotations

import threading

import pytest

from deploy.embedded.processes import ServiceProcess
from tests.chaos.sql_detour import APPLIES_EVENTS, SqlDetour, Statement
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import World, wait

pytestmark = pytest.mark.chaos
_STOP_SECONDS = 15.0
# Of the statements of a batch: most make more.
_MOST_STEPS = 14


@pytest.mark.timeout(240)
def test_31_told_to_stop_in_a_batch_it_finishes_the_batch(world: World, detour: SqlDetour) -> None:
    _stop_often(world, detour, times=6)


@pytest.mark.chaos_full
@pytest.mark.timeout(1_800)
def test_31_a_hundred_times(world: World, detour: SqlDetour) -> None:
    _stop_often(world, detour, times=100)


def _stop_often(world: World, detour: SqlDetour, *, times: int) -> None:
    world.create_topics()
    worker = world.process("aggregation", database_url=detour.url)
    with Sender(world.settings(), FactStream(world.rng)).running() as sender:
        for _ in range(times):
            batch = _Told(worker, at_step=world.rng.randint(1, _MOST_STEPS))
            detour.on_statement, detour.on_answer = batch.tell, batch.note
            worker.start()
            wait(batch.is_told.is_set, "a batch comes to the step")
            wait(lambda: not worker.is_running, "it ends", seconds=_STOP_SECONDS)
            assert worker.exit_code == 0, worker.log_file.read_text()[-2_000:]
            assert batch.is_committed.is_set(), "it left the batch in hand undone"
        worker.start()
    world.require_right(sender.acknowledged)


class _Told:
    """SIGTERM at a step of the first batch that makes so many."""

    def __init__(self, worker: ServiceProcess, *, at_step: int) -> None:
        self.is_told, self.is_committed = threading.Event(), threading.Event()
        self._worker = worker
        self._at_step = at_step
        self._step = 0

    def tell(self, statement: Statement) -> bool:
        if statement.application == APPLIES_EVENTS and not self.is_told.is_set():
            self._step = self._step + 1 if statement.in_batch else 0
            if self._step == self._at_step:
                self._worker.ask_to_stop()
                self.is_told.set()
        return True

    def note(self, statement: Statement) -> bool:
        is_commit = (
            statement.application == APPLIES_EVENTS and statement.in_batch and statement.text == "COMMIT"
        )
        if is_commit and self.is_told.is_set():
            self.is_committed.set()
        return True
