"""The seed of the session, and what the rows of the fault matrix stand on."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.sql_detour import SqlDetour
from tests.chaos.world import World
from tests.support import brokers

# In the environment, so that all processes of a session have the one that is printed.
_SEED = os.environ.setdefault("GIAINGAN_CHAOS_SEED", str(secrets.randbelow(2**32)))


def pytest_report_header() -> str:
    return f"chaos: GIAINGAN_CHAOS_SEED={_SEED} plays the same moments again"


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Of the session's seed and the test's own name: it plays the same alone and among others."""
    print(f"GIAINGAN_CHAOS_SEED={_SEED}")  # noqa: T201 - shown with what fails
    return random.Random(f"{_SEED}/{request.node.name}")  # noqa: S311 - moments of faults, no secret


@pytest.fixture
def world(
    database_url: str, rng: random.Random, tmp_path: Path, running_broker: brokers.RunningBroker
) -> Iterator[World]:
    """An empty broker and an empty database; every broker is well again afterwards."""
    with running_broker() as broker:
        world = World(database_url, broker, rng, tmp_path)
        try:
            yield world
        finally:
            world.stop()
            if brokers.is_apache_kafka():
                world.cluster.heal()


@pytest.fixture
def detour(world: World) -> Iterator[SqlDetour]:
    """A way to the world's database that sees every statement."""
    with SqlDetour(world.database_url).running() as detour:
        yield detour
