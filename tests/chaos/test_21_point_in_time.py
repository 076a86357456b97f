"""PostgreSQL restored to a point in time, from a base backup and the archived log: the same rows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from uuid import UUID

import pytest

from tests.chaos import checksums
from tests.chaos.database_server import DatabaseServer, give, own_database
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import World, wait

pytestmark = pytest.mark.chaos


@pytest.mark.timeout(240)
def test_21_a_restore_to_a_point_in_time_has_equal_checksums_and_goes_on(world: World) -> None:
    world.create_topics()
    with tempfile.TemporaryDirectory(prefix="giaingan-pg-") as folder:
        copy, archive = Path(folder) / "copy", Path(folder) / "archive"
        archive.mkdir()
        for each in (Path(folder), archive):
            give(each)
        with own_database(world, archive_mode="on", archive_command=f"cp %p {archive}/%f") as server:
            stream = FactStream(world.rng)
            first = _applied(world, stream)
            server.copy_to(copy)
            acknowledged = [*first, *_applied(world, stream)]
            # Nothing writes now: these are the books of this moment.
            tables, positions = checksums.of_tables(world), checksums.positions(world)
            ((moment,),) = world.rows("SELECT clock_timestamp()::text")
            acknowledged += _applied(world, stream)
            content = checksums.of_content(world)
            assert checksums.positions(world) != positions
            _archive_everything(world, server)

            server.kill()
            server.put_back(copy)
            (copy / "recovery.signal").touch()
            give(copy / "recovery.signal", mode=0o600)
            server.start(
                recovery_target_time=moment,
                recovery_target_action="promote",
                restore_command=f"cp {archive}/%f %p",
                archive_mode="off",
            )
            assert checksums.positions(world) == positions
            assert checksums.of_tables(world) == tables

            worker = world.process("aggregation")
            worker.start()
            world.require_right(acknowledged)
            assert checksums.of_content(world) == content


def _applied(world: World, stream: FactStream) -> list[UUID]:
    """Events come in and are applied by a worker that is told to stop then; returns their ids."""
    worker = world.process("aggregation")
    worker.start()
    with Sender(world.settings(), stream).running() as sender:
        wait(lambda: len(sender.acknowledged) > 50, "events come in")
    world.require_right(sender.acknowledged)
    worker.stop()
    assert worker.exit_code == 0
    return sender.acknowledged


def _archive_everything(world: World, server: DatabaseServer) -> None:
    """The segment that is written to now is archived too."""
    ((segment,),) = world.rows("SELECT pg_walfile_name(pg_current_wal_lsn())")
    server.run("psql", "-q", "-c", "SELECT pg_switch_wal()", server.url)
    archived = f"SELECT coalesce(last_archived_wal >= '{segment}', false) FROM pg_stat_archiver"  # noqa: S608 - a segment's name
    wait(lambda: world.rows(archived) == [(True,)], "the last segment is archived")
