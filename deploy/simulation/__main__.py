"""``giaingan-sim``: plays seeds of the simulation and tells which fail."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path

import click
import psycopg2
from psycopg2 import sql

from deploy.embedded import servers
from deploy.simulation.guards import GUARDS, removed
from deploy.simulation.play import World, play
from services.aggregation.__main__ import MIGRATIONS, SCHEMA
from services.runtime import logs, postgres

_TEMPLATE = "giaingan_sim_template"


@click.command()
@click.option("--seeds", default=200, show_default=True, help="How many seeds to play.")
@click.option("--first", default=1, show_default=True, help="The first of them.")
@click.option(
    "--processes", default=os.cpu_count() or 1, show_default=True, help="How many seeds to play at once."
)
@click.option(
    "--without", "guard", type=click.Choice(list(GUARDS)), help="Take a guard out: seeds must fail."
)
def main(seeds: int, first: int, processes: int, guard: str | None) -> None:
    """Play the aggregation protocol with every fault at every step, each seed in a database of its own.

    A seed that fails is named: giaingan-sim --first SEED --seeds 1 plays exactly it again.
    """
    if "PYTHONHASHSEED" not in os.environ:
        # In which order a set is gone through decides which statement comes first.
        command = [sys.executable, "-P", "-m", "deploy.simulation", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606
    logs.configure("CRITICAL", "simulation")
    failed: dict[int, list[str]] = {}
    strikes: Counter[str] = Counter()
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="giaingan-sim-") as folder,
        servers.postgres(Path(folder) / "data") as url,
        removed(guard) if guard else nullcontext() as taken_out,
    ):
        make_template(url, taken_out.statements if taken_out else ())
        numbers = range(first, first + seeds)
        # Forked, so that a guard that was taken out is out there too.
        with (
            ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("fork")) as pool,
            click.progressbar(
                pool.map(partial(_play_one, url), numbers), length=seeds, label="seeds", file=sys.stderr
            ) as bar,
        ):
            for seed, (faults, struck) in zip(numbers, bar, strict=True):
                if faults:
                    failed[seed] = faults
                strikes.update(struck)
    seconds = time.monotonic() - started
    click.echo(f"{seeds} seeds from {first} in {seconds:.0f} s: {len(failed)} failed")
    click.echo("struck: " + ", ".join(f"{name} {count}" for name, count in sorted(strikes.items())))
    for seed, faults in failed.items():
        click.echo(f"seed {seed}: {len(faults)} faults, the first: {faults[0]}")
    sys.exit(1 if failed else 0)


def _play_one(server_url: str, seed: int) -> tuple[list[str], dict[str, int]]:
    world = World(seed, fresh_database(server_url, f"giaingan_sim_{os.getpid()}"))
    return play(world), world.strikes


def make_template(server_url: str, statements: Iterable[str] = ()) -> None:
    """Make anew the migrated database that each seed gets a copy of, with a guard's constraints taken out."""
    _drop(server_url, _TEMPLATE)
    template = servers.create_database(server_url, _TEMPLATE)
    postgres.migrate(template, schema=SCHEMA, folders=MIGRATIONS)
    with closing(psycopg2.connect(template)) as connection, connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def fresh_database(server_url: str, name: str = "giaingan_sim") -> str:
    """A copy of the migrated template, in place of the one that had the name before."""
    _drop(server_url, name)
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    _execute(server_url, copy.format(sql.Identifier(name), sql.Identifier(_TEMPLATE)))
    return server_url.replace("/postgres?", f"/{name}?", 1)


def _drop(server_url: str, name: str) -> None:
    _execute(server_url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(server_url: str, statement: sql.Composed) -> None:
    with closing(psycopg2.connect(server_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


if __name__ == "__main__":
    main()
