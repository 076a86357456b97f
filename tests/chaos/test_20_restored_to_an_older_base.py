"""PostgreSQL is put back to an older base backup: the positions are of then, and the log heals it."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pytest

from deploy.embedded.stack import wait_until_ready
from tests.chaos import checksums
from tests.chaos.database_server import give, own_database
from tests.chaos.sql_detour import SqlDetour
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import World, wait

pytestmark = pytest.mark.chaos


@pytest.mark.timeout(240)
def test_20_books_restored_to_an_older_base_heal_from_the_log(world: World) -> None:
    """Under a worker that goes on all the time, and remembers what it applied to the books that are gone."""
    world.create_topics()
    with (
        tempfile.TemporaryDirectory(prefix="giaingan-pg-") as folder,
        own_database(world) as server,
        SqlDetour(world.database_url).running() as detour,
    ):
        give(Path(folder))
        worker = world.process("aggregation", database_url=detour.url)
        worker.start()
        wait_until_ready([worker])
        with Sender(world.settings(), FactStream(world.rng)).running() as sender:
            wait(lambda: len(sender.acknowledged) > 50, "events come in")
            server.copy_to(Path(folder) / "copy")
            before = len(sender.acknowledged)
            wait(lambda: len(sender.acknowledged) > before + 100, "events come in after the copy")
        world.require_right(sender.acknowledged)
        reached, content = checksums.positions(world), checksums.of_content(world)

        is_looked_at = threading.Event()
        detour.on_statement = lambda _: is_looked_at.wait()
        server.kill()
        server.put_back(Path(folder) / "copy")
        server.start()
        rewound = checksums.positions(world)
        assert rewound != reached
        assert all(rewound[place] <= reached[place] for place in rewound)
        assert checksums.of_content(world) != content
        is_looked_at.set()

        world.require_right(sender.acknowledged)
        assert (checksums.positions(world), checksums.of_content(world)) == (reached, content)
        assert worker.is_running
