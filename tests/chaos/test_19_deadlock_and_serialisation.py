"""A rival session makes PostgreSQL end aggregation's transactions: by deadlock, and as not serialisable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest

from deploy.embedded.processes import ServiceProcess
from deploy.embedded.stack import wait_until_ready
from tests.chaos.sql_detour import APPLIES_EVENTS, SqlDetour, Statement
from tests.chaos.stream import FactStream, Sender
from tests.chaos.world import World, wait

pytestmark = pytest.mark.chaos
_TIMES = 3
# The rival asks in the other order than aggregation does: first the day's line, then the position.
_LOCK_BALANCES = "SELECT FROM aggregation.balance FOR UPDATE"
_LOCK_POSITIONS = "SELECT FROM aggregation.source_position FOR UPDATE"
_WAITS = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    " AND application_name = 'giaingan-aggregation' AND datname = current_database()"
)


@pytest.mark.timeout(240)
def test_19_what_a_deadlock_ended_is_done_again(world: World) -> None:
    world.create_topics()
    with _at_work(world) as (worker, _):
        # On a machine that is slow, a wait may end by its timeout before the rival asks.
        while worker.log_file.read_text().count("deadlock detected") < _TIMES:
            with closing(psycopg2.connect(world.database_url)) as rival, rival.cursor() as cursor:
                # Aggregation is the one that looks for the deadlock, and so the one that is ended.
                cursor.execute("SET deadlock_timeout = '60s'")
                cursor.execute(_LOCK_BALANCES)
                wait(lambda: world.rows(_WAITS) == [(1,)], "aggregation waits for a balance")
                # Returns when aggregation was ended, having let its position go.
                cursor.execute(_LOCK_POSITIONS)


@pytest.mark.timeout(240)
def test_19_what_was_not_serialisable_is_done_again(world: World, detour: SqlDetour) -> None:
    world.create_topics()
    with closing(psycopg2.connect(world.database_url)) as connection, connection.cursor() as cursor:
        # As an administrator may have it.
        cursor.execute("SELECT format('ALTER DATABASE %I', current_database())")
        ((alter,),) = cursor.fetchall()
        cursor.execute(f"{alter} SET default_transaction_isolation = 'repeatable read'")
        connection.commit()
    ended: list[str] = []

    def change_what_it_will_change(statement: Statement) -> bool:
        is_it = statement.application == APPLIES_EVENTS and "INSERT INTO aggregation.ledger" in statement.text
        if is_it and len(ended) < _TIMES:
            with closing(psycopg2.connect(world.database_url)) as rival, rival.cursor() as cursor:
                cursor.execute("UPDATE aggregation.balance SET disbursed = disbursed")
                if cursor.rowcount:
                    ended.append(statement.step)
                rival.commit()
        return True

    with _at_work(world, detour.url) as (worker, _):
        detour.on_statement = change_what_it_will_change
        wait(lambda: len(ended) == _TIMES, "what it changes was changed")
    assert "could not serialize access due to concurrent update" in worker.log_file.read_text()


@contextmanager
def _at_work(world: World, database_url: str = "") -> Iterator[tuple[ServiceProcess, Sender]]:
    """A worker into whose few lines events come; in the end everything is right and it runs still."""
    worker = world.process("aggregation", database_url=database_url)
    worker.start()
    wait_until_ready([worker])
    with Sender(world.settings(), FactStream(world.rng)).running() as sender:
        # Every line has a row to be locked.
        wait(lambda: world.rows("SELECT count(*) > 100 FROM aggregation.balance") == [(True,)], "balances")
        yield worker, sender
    world.require_right(sender.acknowledged)
    # Its connection is sound: the transaction alone is done again.
    assert "database lost" not in worker.log_file.read_text()
    assert worker.is_running, worker.log_file.read_text()[-2_000:]
