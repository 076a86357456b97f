"""SIGSTOP inside a transaction: the server ends it, another takes over, and who wakes up writes nothing."""

from __future__ import annotations

import threading

import pytest

from deploy.embedded.stack import wait_until_ready
from tests.chaos.sql_detour import APPLIES_EVENTS, SqlDetour, Statement
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import World, wait

pytestmark = pytest.mark.chaos


@pytest.mark.timeout(240)
def test_03_a_worker_frozen_inside_a_transaction_gives_its_lock_up(world: World, detour: SqlDetour) -> None:
    world.create_topics()
    frozen, other = (world.process("aggregation", database_url=url) for url in (detour.url, ""))
    frozen.start()
    wait_until_ready([frozen])
    is_frozen = threading.Event()

    def freeze(statement: Statement) -> bool:
        is_it = statement.application == APPLIES_EVENTS and "INSERT INTO aggregation.ledger" in statement.text
        if is_it and not is_frozen.is_set():
            frozen.freeze()
            is_frozen.set()
        return True

    detour.on_statement = freeze
    with Sender(world.settings(), FactStream(world.rng)).running() as sender:
        wait(is_frozen.is_set, "a worker is frozen with rows written")
        other.start()
        wait(lambda: len(sender.acknowledged) > 50, "events come in")
    # Everything, while the first is still frozen: the partition whose lock it held too.
    world.require_right(sender.acknowledged)
    held = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
    assert world.rows(held + " AND datname = current_database()") == [(0,)]
    before = world.rows("SELECT count(*) FROM aggregation.block")
    frozen.thaw()
    wait(lambda: "database lost" in frozen.log_file.read_text(), "it finds its connection ended")
    assert world.rows("SELECT count(*) FROM aggregation.block") == before
    with Sender(world.settings(), FactStream(world.rng)).running() as later:
        wait(lambda: len(later.acknowledged) > 50, "events come in")
    world.require_right([*sender.acknowledged, *later.acknowledged])
    assert frozen.is_running
    assert other.is_running
