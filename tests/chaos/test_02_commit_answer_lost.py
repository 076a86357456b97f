"""The batch is committed and the answer never arrives: aggregation is killed then, or lives on and asks."""

from __future__ import annotations

import threading

import pytest

from deploy.embedded.stack import wait_until_ready
from tests.chaos.sql_detour import APPLIES_EVENTS, SqlDetour, Statement
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import World, wait

_TIMES = 5


def _is_commit_of_batch(statement: Statement) -> bool:
    return statement.application == APPLIES_EVENTS and statement.in_batch and statement.text == "COMMIT"


@pytest.mark.chaos
@pytest.mark.timeout(240)
def test_02_killed_between_commit_and_its_answer_nothing_counts_twice(
    world: World, detour: SqlDetour
) -> None:
    world.create_topics()
    worker = world.process("aggregation", database_url=detour.url)
    with Sender(world.settings(), FactStream(world.rng)).running() as sender:
        for _ in range(_TIMES):
            struck = threading.Event()

            def kill(statement: Statement, struck: threading.Event = struck) -> bool:
                if struck.is_set() or not _is_commit_of_batch(statement):
                    return True
                worker.kill()
                struck.set()
                return False

            detour.on_answer = kill
            worker.start()
            wait(struck.is_set, "a batch is committed")
        detour.on_answer = lambda _: True
        worker.start()
        wait_until_ready([worker])
    world.require_right(sender.acknowledged)


@pytest.mark.timeout(120)
def test_02_a_commit_whose_answer_is_lost_counts_once(world: World, detour: SqlDetour) -> None:
    """The process lives on, and the position that it asks for tells."""
    world.create_topics()
    lost: list[str] = []

    def lose(statement: Statement) -> bool:
        if len(lost) >= _TIMES or not _is_commit_of_batch(statement):
            return True
        lost.append(statement.text)
        return False

    worker = world.process("aggregation", database_url=detour.url)
    worker.start()
    wait_until_ready([worker])
    detour.on_answer = lose
    with Sender(world.settings(), FactStream(world.rng)).running() as sender:
        wait(lambda: len(lost) >= _TIMES, "answers are lost")
    world.require_right(sender.acknowledged)
    assert worker.is_running
    assert worker.log_file.read_text().count("database lost") >= _TIMES
