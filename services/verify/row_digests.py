"""The digest of every block, reckoned again from the rows that carry its number.

Which tables and columns there are is asked of PostgreSQL, so that no column is left out: every table of the
schema with a block number, every column of it but that. How a row is written is in docs/adr/0014.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from services.runtime.errors import StopServiceError
from services.runtime.postgres import Cursor
from services.verify.chains import block_place
from services.verify.faults import BlockPlace, Fault
from services.verify.snapshot import MOST_FAULTS, rows

SCHEMA = "aggregation"
# Of a bad block, so many rows are shown at most.
_MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class OldRows:
    """Rows that no block of today's kind holds: how many, and the digest of all of them."""

    count: int
    digest: bytes


def books(cursor: Cursor) -> list[str]:
    """The tables whose rows carry a block's number."""
    return [found["book"] for found in rows(cursor, _BOOKS)]


def faults(cursor: Cursor) -> Iterator[Fault]:
    """Blocks whose rows are not those that they added, and rows that are in no block."""
    tables = books(cursor)
    query = sql.SQL(_COMPARE).format(groups=_groups(cursor, tables, where="block_no IS NOT NULL"))
    for found in rows(cursor, query, limit=MOST_FAULTS):
        code = found.pop("code")
        yield Fault(code, found, block_place(SCHEMA, found) if found["applied_at"] else None)
    for table in tables:
        for found in rows(cursor, _without_block(cursor, table), limit=MOST_FAULTS):
            yield Fault("row-without-block", {"book": table, **found})


def count(cursor: Cursor) -> int:
    """How many rows the tables hold."""
    counts = (
        sql.SQL("SELECT count(*) AS rows FROM aggregation.{}").format(sql.Identifier(table))
        for table in books(cursor)
    )
    (found,) = rows(
        cursor, sql.SQL("SELECT sum(rows)::bigint AS rows FROM ({}) AS t").format(_UNION.join(counts))
    )
    return int(found["rows"])


def old_rows(cursor: Cursor) -> OldRows:
    """What processes of the version before added: no block tells of it, a head kept outside does."""
    found = rows(cursor, _groups(cursor, books(cursor), where="block_no IS NULL"))
    return OldRows(found[0]["rows_now"], found[0]["digest"]) if found else OldRows(0, b"")


def rows_of(cursor: Cursor, block: BlockPlace) -> list[dict[str, Any]]:
    """The rows of a block as the tables hold them now, each with its table's name."""
    if block.block_no is None or block.schema != SCHEMA:
        return []
    found: list[dict[str, Any]] = []
    for table in books(cursor):
        query = sql.SQL(_ROWS_OF).format(table=sql.Identifier(table))
        found += (
            {"book": table, **row["row"]} for row in rows(cursor, query, (block.block_no,), limit=_MOST_ROWS)
        )
    return found


# --- the SQL of a row's hash -----------------------------------------------------------------------


def _groups(cursor: Cursor, tables: list[str], *, where: str) -> sql.Composed:
    hashes = (
        sql.SQL(_HASHED).format(row=_row(cursor, table), table=sql.Identifier(table), where=sql.SQL(where))
        for table in tables
    )
    return sql.SQL(_GROUPS).format(hashes=_UNION.join(hashes))


def _row(cursor: Cursor, table: str) -> sql.Composable:
    name = sql.SQL("{}::bytea").format(_hex(_prefixed(table)))
    return _joined([name, *(_field(*column) for column in sorted(_columns(cursor, table)))])


def _field(name: str, kind: str, is_nullable: bool) -> sql.Composable:
    """The SQL of a column that is written; of a null, nothing."""
    if kind not in _SEND:
        raise StopServiceError(f"the column {name} is of type {kind}, of which no digest is known")
    column = sql.Identifier(name)
    sent = sql.SQL(_SEND[kind]).format(column)
    if kind in _FIXED_BYTES:
        prefix = _hex(_prefixed(name) + struct.pack(">i", _FIXED_BYTES[kind]))
        field: sql.Composable = sql.SQL("{}::bytea || {}").format(prefix, sent)
    else:
        length = sql.SQL("octet_length({})").format(column if kind in _MEASURED_AS_IT_IS else sent)
        field = sql.SQL("{}::bytea || int4send({}) || {}").format(_hex(_prefixed(name)), length, sent)
    return sql.SQL("coalesce({}, '')").format(field) if is_nullable else sql.SQL("({})").format(field)


def _columns(cursor: Cursor, table: str) -> list[tuple[str, str, bool]]:
    return [(each["name"], each["kind"], each["is_nullable"]) for each in rows(cursor, _COLUMNS, (table,))]


def _joined(parts: list[sql.Composable]) -> sql.Composable:
    """Halves of halves: each byte is copied as often as the tree is deep, not as there are columns."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return sql.SQL("({} || {})").format(_joined(parts[:middle]), _joined(parts[middle:]))


def _prefixed(text: str) -> bytes:
    return struct.pack(">i", len(text.encode())) + text.encode()


def _hex(value: bytes) -> sql.Composable:
    return sql.SQL(f"'\\x{value.hex()}'")


def _without_block(cursor: Cursor, table: str) -> sql.Composed:
    """Rows without a number are of the version before: their place is in a block of that version. A reversal
    that it released has the place where it came in, and the moment of the block that added it."""
    has_moment = any(name == "applied_at" for name, _, _ in _columns(cursor, table))
    return sql.SQL(_WITHOUT_BLOCK).format(
        table=sql.Identifier(table), unless_released=sql.SQL(_UNLESS_RELEASED if has_moment else "")
    )


_UNION = sql.SQL(" UNION ALL ")
_FIXED_BYTES = {"bigint": 8, "integer": 4, "uuid": 16, "date": 4, "timestamp with time zone": 8, "boolean": 1}
# Text is sent as UTF-8, which the database is in as well.
_MEASURED_AS_IT_IS = {"text", "bytea"}
_SEND = {
    "bigint": "int8send({})",
    "integer": "int4send({})",
    "uuid": "uuid_send({})",
    "date": "date_send({})",
    "timestamp with time zone": "timestamptz_send({})",
    "boolean": "boolsend({})",
    "text": "textsend({})",
    "bytea": "{}",
    "jsonb": "jsonb_send({})",
}
_BOOKS = """
SELECT c.relname AS book
  FROM pg_class AS c
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'block_no' AND NOT a.attisdropped
 WHERE c.relnamespace = 'aggregation'::regnamespace AND c.relkind = 'r' AND c.relname <> 'block'
 ORDER BY 1
"""
_COLUMNS = """
SELECT attname AS name, format_type(atttypid, NULL) AS kind, NOT attnotnull AS is_nullable
  FROM pg_attribute
 WHERE attrelid = format('aggregation.%%I', %s)::regclass
   AND attnum > 0 AND NOT attisdropped AND attname <> 'block_no'
"""
_HASHED = "SELECT block_no, sha256({row}) AS row_hash FROM aggregation.{table} WHERE {where}"
_GROUPS = """
SELECT block_no, count(*) AS rows_now, sha256(string_agg(row_hash, '' ORDER BY row_hash)) AS digest
  FROM ({hashes}) AS hashed
 GROUP BY block_no
"""
_COMPARE = """
WITH added AS ({groups}), block AS (
    SELECT b.*, coalesce(p.topic, b.topic_id) AS topic
      FROM aggregation.block AS b
      LEFT JOIN aggregation.source_position AS p ON p.topic_id = b.topic_id AND p.partition = b.partition
     WHERE b.digest_version = 2
)
SELECT CASE WHEN b.block_no IS NULL THEN 'rows-of-no-block'
            WHEN coalesce(a.rows_now, 0) < b.row_count THEN 'rows-missing'
            WHEN coalesce(a.rows_now, 0) > b.row_count THEN 'rows-added'
            ELSE 'rows-altered' END AS code,
       coalesce(b.block_no, a.block_no) AS block_no, b.row_count, coalesce(a.rows_now, 0) AS rows_now,
       b.topic, b.topic_id, b.partition, b.from_offset, b.next_offset, b.applied_at
  FROM added AS a
  FULL JOIN block AS b ON b.block_no = a.block_no
 WHERE (b.row_count, b.digest) IS DISTINCT FROM (coalesce(a.rows_now, 0), coalesce(a.digest, sha256('')))
 ORDER BY b.applied_at, b.from_offset
"""
_WITHOUT_BLOCK = """
SELECT t.event_id
  FROM aggregation.{table} AS t
  LEFT JOIN LATERAL (
       SELECT b.digest_version, b.next_offset FROM aggregation.block AS b
        WHERE b.topic_id = t.topic_id AND b.partition = t.partition AND b.from_offset <= t."offset"
        ORDER BY b.from_offset DESC LIMIT 1) AS place ON true
 WHERE t.block_no IS NULL
   AND (place.digest_version IS NULL OR place.next_offset <= t."offset"
        OR (place.digest_version <> 1 {unless_released}))
 ORDER BY t.event_id
"""
_UNLESS_RELEASED = """
            AND NOT EXISTS (SELECT FROM aggregation.block AS b
                             WHERE b.digest_version = 1 AND b.applied_at = t.applied_at)
"""
_ROWS_OF = "SELECT to_jsonb(t) AS row FROM aggregation.{table} AS t WHERE t.block_no = %s ORDER BY t.event_id"
