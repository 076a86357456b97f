"""The disk of PostgreSQL is full: aggregation waits and loses nothing, and goes on when there is room.

A small file system in memory is mounted for it, which takes root.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.embedded.stack import wait_until_ready
from tests.chaos.database_server import DatabaseServer, give, own_database
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import World, wait

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("mount"), reason="mounting a small file system takes root"
    ),
]
_FULL = "No space left on device"
_CHUNK = bytes(4096)


@pytest.mark.timeout(240)
def test_17_no_room_for_tables_is_waited_for(world: World) -> None:
    """The server goes on and refuses what needs room."""
    world.create_topics()
    with _small_file_system(megabytes=64) as small, own_database(world) as server:
        give(small)
        server.run("psql", "-q", "-c", f"CREATE TABLESPACE small LOCATION '{small}'", server.url)
        server.run("psql", "-q", "-c", "ALTER DATABASE giaingan SET TABLESPACE small", server.url)
        _play(world, server, small)
        # Refused each time, never ended.
        assert server.log.count("terminated by signal") == 0


@pytest.mark.timeout(240)
def test_17_no_room_for_anything_loses_nothing(world: World) -> None:
    """The server's own log has no room either: it may end, and is started again when there is some."""
    world.create_topics()
    with (
        _small_file_system(megabytes=160) as small,
        own_database(world, small / "server", max_wal_size="48MB", min_wal_size="32MB") as server,
    ):
        _play(world, server, small)


def _play(world: World, server: DatabaseServer, small: Path) -> None:
    worker = world.process("aggregation")
    worker.start()
    wait_until_ready([worker])
    with Sender(world.settings(), FactStream(world.rng), pause_seconds=0.002).running() as sender:
        wait(lambda: len(sender.acknowledged) > 50, "events come in")
        with _filled(small):
            wait(lambda: _FULL in server.log, "the disk is full")
            before = len(sender.acknowledged)
            wait(lambda: len(sender.acknowledged) > before + 200, "events come in all the same")
            wait(lambda: "database lost" in worker.log_file.read_text(), "aggregation cannot write")
        if not server.is_running:
            server.start()
    world.require_right(sender.acknowledged)
    assert worker.is_running


@contextmanager
def _small_file_system(*, megabytes: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="giaingan-small-") as folder:
        # S603: no part of it is input.
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def _filled(folder: Path) -> Iterator[None]:
    """Not a block is free."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(_CHUNK)
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017 - how it has to end
    try:
        yield
    finally:
        filler.unlink()
