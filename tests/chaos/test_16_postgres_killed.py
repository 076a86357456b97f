"""PostgreSQL, postmaster and backends, killed while events come in: it recovers, and nothing is lost."""

from __future__ import annotations

import time

import pytest

from deploy.embedded.stack import wait_until_ready
from tests.chaos.database_server import own_database
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import World, wait

pytestmark = pytest.mark.chaos
_TIMES = 4


@pytest.mark.timeout(240)
def test_16_a_killed_postgres_recovers_and_nothing_is_lost(world: World) -> None:
    world.create_topics()
    with own_database(world) as server:
        worker = world.process("aggregation")
        worker.start()
        wait_until_ready([worker])
        with Sender(world.settings(), FactStream(world.rng), pause_seconds=0.005).running() as sender:
            for _ in range(_TIMES):
                before = len(sender.acknowledged)
                wait(lambda before=before: len(sender.acknowledged) > before + 50, "events come in")  # type: ignore[misc]
                # A moment in which some batch is always in work.
                time.sleep(world.rng.uniform(0.0, 0.5))
                server.kill()
                wait(lambda: bool(worker.not_ready()), "it says that it cannot work")
                server.start()
                wait(lambda: not worker.not_ready(), "it works again by itself")
        world.require_right(sender.acknowledged)
        assert worker.is_running
        assert "database lost" in worker.log_file.read_text()
        assert server.log.count("database system was not properly shut down") == _TIMES
