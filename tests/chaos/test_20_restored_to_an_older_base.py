"""PostgreSQL is put back to an older base backup: the positions are of then, and the log heals it."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pytest

from deploy.embedded.stack import wait_until_ready
from services.contracts import progress_codec, topics
from tests.chaos import checksums
from tests.chaos.database_server import give, own_database
from tests.chaos.sql_detour import SqlDetour
from tests.chaos.stream import PROJECTS, FactStream, Sender
from tests.chaos.world import World, wait
from tests.support import facts
from tests.support.aggregation import read_all

pytestmark = pytest.mark.chaos
_VERSION = "SELECT last_value FROM aggregation.progress_version"
# After a restart PostgreSQL leaves out 32 values of a sequence: more than these are told.
_TOLD_AFTER = 50
_DUE = "SELECT count(*) FROM aggregation.progress_due"


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
            for number in range(PROJECTS):
                decision = f"{number}/QĐ"
                sender.send(facts.plan(10**12, project=f"P{number:02}", decision_number=decision))
            wait(lambda: len(sender.acknowledged) > 50, "events come in")
            server.copy_to(Path(folder) / "copy")
            ((at_copy,),) = world.rows(_VERSION)
            wait(lambda: world.rows(_VERSION) > [(at_copy + _TOLD_AFTER,)], "progress is told after the copy")
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
        wait(lambda: world.rows(_DUE) == [(0,)], "all progress is told")
        _require_growing_versions(world)


def _require_growing_versions(world: World) -> None:
    """What is told after the restore is newer than what was told before: else alert would not judge it."""
    told: dict[str, list[int]] = {}
    for value in read_all(world.settings(), topics.PROGRESS):
        progress = progress_codec.decode_progress(value)
        told.setdefault(f"{progress.subject.type}/{progress.subject.code}", []).append(progress.version)
    assert len(told) > PROJECTS
    assert [versions for versions in told.values() if versions != sorted(set(versions))] == []
