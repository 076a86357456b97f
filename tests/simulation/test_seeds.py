"""The seeded simulation of aggregation's protocol: sound seeds, the same seed twice, and no guard in vain."""

from __future__ import annotations

import pytest

from deploy.simulation.__main__ import fresh_database, make_template
from deploy.simulation.guards import GUARDS, removed
from deploy.simulation.play import World, play

_SOUND_SEEDS = range(1, 9)
# So many seeds are played until one shows that the guard is gone.
_MOST_SEEDS = 40


@pytest.fixture(scope="module")
def server(postgres_server: str) -> str:
    """The server with a migrated template."""
    make_template(postgres_server)
    return postgres_server


def played(server: str, seed: int) -> tuple[list[str], World]:
    world = World(seed, fresh_database(server))
    return play(world), world


@pytest.mark.parametrize("seed", _SOUND_SEEDS)
def test_every_seed_ends_with_the_books_right(server: str, seed: int) -> None:
    faults, world = played(server, seed)
    assert faults == []
    assert sum(world.strikes.values()) > 10


def test_a_seed_plays_the_same_twice(server: str) -> None:
    (_, first), (_, second) = played(server, 7), played(server, 7)
    assert first.strikes == second.strikes
    assert first.log.partitions == second.log.partitions
    assert first.rng.getstate() == second.rng.getstate()


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_taken_out_turns_seeds_red(postgres_server: str, guard: str) -> None:
    with removed(guard) as taken_out:
        make_template(postgres_server, taken_out.statements)
        assert any(played(postgres_server, seed)[0] for seed in range(1, _MOST_SEEDS)), guard
