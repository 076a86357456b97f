"""The books made again from the log, by the code that applies every event, beside the live ones.

create the shadow -> catch up -> writers wait a moment: equal positions, one snapshot -> compare
                  -> writers wait a moment: equal positions, swap
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg2

from services.aggregation.rebuild import books, shadow
from services.aggregation.rebuild.comparison import compare
from services.aggregation.rebuild.log_records import LogRecords
from services.aggregation.rebuild.outcome import Differences, Outcome, RebuildError
from services.aggregation.rebuild.replay import Replay
from services.aggregation.rebuild.session import (
    LIVE,
    SHADOW,
    one_rebuild,
    open_session,
    while_writers_wait,
)
from services.aggregation.rebuild.swap import chains_at_equal_positions, swap
from services.contracts import topics
from services.runtime.config import Settings
from services.runtime.errors import StopServiceError
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import (
    APPEND_ONLY,
    POSITIONS,
    Connection,
    Cursor,
    missing_migrations,
    transaction,
)

MIGRATIONS = (APPEND_ONLY, POSITIONS, Path(__file__).parents[1] / "sql" / "schema")
# What may be applied while the writers wait: a few batches are a few hundredths of a second.
_FEW_BATCHES = 20


@dataclass(frozen=True, slots=True)
class Heard:
    """Whom to tell what is being done: how many batches there are, each that was applied (its records), and
    each table that is compared."""

    on_batches: Callable[[int], None]
    on_batch: Callable[[int], None]
    on_table: Callable[[str], None]


NOBODY = Heard(lambda _: None, lambda _: None, lambda _: None)


def rebuild(settings: Settings, *, to_swap: bool, heard: Heard = NOBODY) -> Outcome:
    """Make the books again, compare, and with ``to_swap`` put them in place.

    Killed at any moment it leaves the live books as they are, and a shadow that the next one begins anew.
    Raises ``RebuildError``, and ``psycopg2.Error``.
    """
    started = time.monotonic()
    outcome = Outcome("kafka", Differences())
    with _opened(settings, heard) as work:
        work.catch_up()
        _, outcome.compare_held_seconds = while_writers_wait(work.lock, work.take_snapshot)
        with transaction(work.snapshot) as cursor:
            compare(cursor, books.REPLAYED, outcome.differences, on_table=heard.on_table)
            cursor.execute("SELECT count(*) FROM aggregation.ledger")
            ((outcome.rows,),) = cursor.fetchall()
        if to_swap:
            work.catch_up()
            outcome.before, outcome.swap_held_seconds = while_writers_wait(
                work.lock, lambda cursor: work.swap(cursor, outcome.differences)
            )
            outcome.is_swapped = True
        outcome.records = work.replay.records
    outcome.seconds = time.monotonic() - started
    return outcome


@dataclass(slots=True)
class _Work:
    """The sessions of one rebuild: who holds the locks, who sees both books at one instant."""

    lock: Connection
    snapshot: Connection
    replay: Replay
    since: datetime

    def catch_up(self) -> None:
        """Apply until the live books are no more than a few batches ahead."""
        self.replay.catch_up()
        while self.replay.waiting() > _FEW_BATCHES:
            self.replay.catch_up()

    def take_snapshot(self, _: Cursor) -> None:
        """Come to the live positions, and let the other session see both books there."""
        self._come_level()
        self.snapshot.rollback()
        cursor = self.snapshot.cursor()
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        chains_at_equal_positions(cursor)

    def swap(self, cursor: Cursor, differences: Differences) -> str:
        self._come_level()
        return swap(cursor, differences, since=self.since)

    def _come_level(self) -> None:
        self.replay.catch_up()
        self.replay.decide()


@contextmanager
def _opened(settings: Settings, heard: Heard) -> Iterator[_Work]:
    database_url = settings.database_url.get_secret_value()
    with ExitStack() as closing:
        lock = closing.enter_context(one_rebuild(database_url))
        live, snapshot = open_session(database_url), open_session(database_url)
        closing.callback(live.close)
        closing.callback(snapshot.close)
        with transaction(live) as cursor:
            books.require_known(cursor)
            _require_this_version(cursor)
            applied = _applied_of(cursor)
            cursor.execute("SELECT now(), (SELECT count(*) FROM aggregation.block)")
            ((since, batches),) = cursor.fetchall()
        log = LogRecords(settings, [topics.PLAN, topics.DISBURSEMENT])
        closing.callback(log.close)
        log.require_whole(applied)
        shadow.create(database_url, lock, MIGRATIONS)
        closing.callback(_drop_what_is_left, lock)
        writer = shadow.open_shadow(database_url)
        closing.callback(writer.close)
        heard.on_batches(batches)
        replay = Replay(live, writer, log, FundSourceNames.load(settings.policy_dir), on_batch=heard.on_batch)
        yield _Work(lock, snapshot, replay, since)


def _drop_what_is_left(connection: Connection) -> None:
    """Of a shadow that was put in place there is nothing; one that cannot be dropped now is begun anew."""
    with suppress(psycopg2.Error):
        shadow.drop(connection, SHADOW)


def _require_this_version(cursor: Cursor) -> None:
    """The shadow is made by this version's migrations: the live schema must be too."""
    cursor.execute("SELECT name, sha256 FROM aggregation.schema_migration")
    known = dict(cursor.fetchall())
    try:
        lacking = missing_migrations(MIGRATIONS, schema=LIVE, known=known)
    except StopServiceError as error:
        raise RebuildError("other-version", f"lược đồ khác phiên bản này / {error}") from error
    later = sorted(known.keys() - {path.name for folder in MIGRATIONS for path in folder.glob("[0-9]*.sql")})
    if lacking or later:
        raise RebuildError(
            "other-version",
            f"lược đồ aggregation không cùng phiên bản với lệnh này (thiếu {lacking}, thừa {later}); dùng "
            "giaingan đúng phiên bản, chạy giaingan migrate / the schema is not of this version (it lacks "
            f"{lacking}, and has {later} more): use the version that runs, and run giaingan migrate",
        )


def _applied_of(cursor: Cursor) -> list[tuple[str, str, int]]:
    """Topic, topic id and partition of all that the live books applied anything of, each from offset 0 on."""
    cursor.execute("SELECT topic, topic_id, partition FROM aggregation.source_position WHERE next_offset > 0")
    return [(topic, topic_id, partition) for topic, topic_id, partition in cursor.fetchall()]
