"""Puts the shadow in the place of the live schema, in one transaction and under the services' feet.

Every table of the live books is locked for it, so that no transaction sees half of each. A statement that
waits meanwhile looks its tables up again once it may go on, and finds the rebuilt ones; positions and epochs
are the same there, so that who holds a partition just goes on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg2 import sql

from services.aggregation.ledger_store import mark_due
from services.aggregation.rebuild import record, shadow
from services.aggregation.rebuild.books import POSITIONS, require_known
from services.aggregation.rebuild.outcome import Differences, RebuildError
from services.aggregation.rebuild.session import LIVE, SHADOW
from services.runtime import roles, schemas
from services.runtime.postgres import Connection, Cursor, read_queries, transaction

_QUERIES = read_queries(Path(__file__).parents[1] / "sql" / "rebuild")
_BEFORE = re.compile(rf"{LIVE}_before_([0-9]+)")


@dataclass(frozen=True, slots=True)
class Chain:
    """A partition of a log: how far it is applied, and the heads of its chain, live and rebuilt."""

    topic: str
    topic_id: str
    partition: int
    next_offset: int
    live: bytes
    rebuilt: bytes


def chains_at_equal_positions(cursor: Cursor) -> list[Chain]:
    """Raises ``RebuildError`` where the shadow is not where the live books are."""
    cursor.execute(_QUERIES["chains"])
    found = cursor.fetchall()
    for topic, topic_id, partition, live, rebuilt, _, _ in found:
        if live != (rebuilt or 0):
            raise RebuildError(
                "positions-differ",
                f"{topic}/{partition} (topic id {topic_id}): sổ đang dùng ở vị trí {live}, bản dựng lại ở "
                f"{rebuilt}; chạy lại / the live books are at offset {live}, the rebuilt ones at {rebuilt}: "
                "run it again",
            )
    return [
        Chain(topic, topic_id, partition, live, bytes(live_head), bytes(head or b""))
        for topic, topic_id, partition, live, _, live_head, head in found
    ]


def swap(cursor: Cursor, differences: Differences, *, since: datetime) -> str:
    """Put the shadow in place; returns the schema that the books of before are kept in.

    In the cursor's transaction, in which the shadow is at the live positions and writers wait.
    Raises ``psycopg2.errors.LockNotAvailable`` where a reader is in the way for long.
    """
    _lock_every_table(cursor)
    _require_same_version(cursor)
    chains = chains_at_equal_positions(cursor)
    cursor.execute(_QUERIES["carry_over"])
    _carry_sequences(cursor)
    shadow.detach(cursor)

    before = f"{LIVE}_before_{max([0, *kept_numbers(cursor)]) + 1}"
    for old, new in ((LIVE, before), (SHADOW, LIVE)):
        cursor.execute(
            sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
        )
    _name_live_in_functions(cursor)

    mark_due(cursor, differences.projects)
    if differences.touches_every_project:
        cursor.execute(_QUERIES["mark_every_project"])
    record.write(
        cursor,
        source="kafka",
        since=since,
        differences=differences.count,
        kept_in=before,
        chains=[_as_record(chain) for chain in chains],
    )
    # Last: from here on the transaction is the owner's.
    cursor.execute("SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = %s", (LIVE,))
    if cursor.fetchone() == (roles.OWNER,):
        roles.apply_grants(cursor, of=[schema for schema in schemas.ALL if schema.name == LIVE])
        # What tells what was edited is read from here on, and written by nobody.
        cursor.execute(
            sql.SQL("REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} FROM {}").format(
                sql.Identifier(before), sql.SQL(", ").join(map(sql.Identifier, roles.SERVICES))
            )
        )
    return before


def kept_numbers(cursor: Cursor) -> list[int]:
    """The numbers of the schemas that books of before are kept in."""
    cursor.execute("SELECT nspname FROM pg_namespace ORDER BY nspname")
    return sorted(int(match[1]) for (name,) in cursor.fetchall() if (match := _BEFORE.fullmatch(name)))


def drop_kept(connection: Connection) -> list[str]:
    """Drop every schema that books of before are kept in; returns their names."""
    with transaction(connection) as cursor:
        names = [f"{LIVE}_before_{number}" for number in kept_numbers(cursor)]
    for name in names:
        shadow.drop(connection, name)
    return names


def _require_same_version(cursor: Cursor) -> None:
    """Whoever migrates the live schema while the shadow is filled makes it another one."""
    cursor.execute(
        sql.SQL(
            "SELECT FROM {live} AS l FULL JOIN {shadow} AS s ON (l.name, l.sha256) = (s.name, s.sha256)"
            " WHERE l.name IS NULL OR s.name IS NULL"
        ).format(
            live=sql.Identifier(LIVE, "schema_migration"), shadow=sql.Identifier(SHADOW, "schema_migration")
        )
    )
    if cursor.rowcount:
        raise RebuildError(
            "other-version",
            "lược đồ aggregation vừa được cập nhật trong lúc dựng lại; hãy chạy lại, đúng phiên bản / the "
            "schema aggregation was migrated meanwhile: run it again, with the version that migrated it",
        )
    require_known(cursor)


def _lock_every_table(cursor: Cursor) -> None:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind IN ('r', 'p')"
        " ORDER BY relname <> %s, relname",
        (LIVE, POSITIONS),
    )
    tables = [sql.Identifier(LIVE, name) for (name,) in cursor.fetchall()]
    cursor.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.SQL(", ").join(tables)))


def _carry_sequences(cursor: Cursor) -> None:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind = 'S'", (LIVE,)
    )
    for (name,) in cursor.fetchall():
        cursor.execute(
            sql.SQL("SELECT setval({shadow}::regclass, last_value, is_called) FROM {live}").format(
                shadow=sql.Literal(f"{SHADOW}.{name}"), live=sql.Identifier(LIVE, name)
            )
        )


def _name_live_in_functions(cursor: Cursor) -> None:
    """What a function's text names is looked up when it runs."""
    cursor.execute(
        "SELECT pg_get_functiondef(oid) FROM pg_proc"
        " WHERE pronamespace = to_regnamespace(%s) AND prokind = 'f'",
        (LIVE,),
    )
    for (definition,) in cursor.fetchall():
        if f"{SHADOW}." in definition:
            cursor.execute(definition.replace(f"{SHADOW}.", f"{LIVE}."))


def _as_record(chain: Chain) -> dict[str, Any]:
    return {
        "topic_id": chain.topic_id,
        "partition": chain.partition,
        "next_offset": chain.next_offset,
        "before": chain.live.hex(),
        "after": chain.rebuilt.hex(),
    }
