"""The rows that a block added to the books, and their digest.

The digest is made of the rows as PostgreSQL stored them, read back in the transaction that added them. A row
is written as its table's name and then, in the order of their names, every column that is not null: name and
value, each after its length in four bytes, the value in PostgreSQL's binary format (numbers big-endian, a
moment in microseconds since 2000-01-01 UTC, a day in days since then). SHA-256 of that is the row's hash; the
digest of a block is SHA-256 over the hashes of its rows in ascending order (docs/adr/0014).

``giaingan verify`` reckons the same in SQL of its own (services/verify): it shares nothing with this module.
"""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg2 import sql

from services.contracts import topics
from services.runtime.errors import StopServiceError
from services.runtime.positions import BlockRows
from services.runtime.postgres import Cursor

_PLACE = ("topic_id", "partition", "offset", "index")
_FACT = ("event_id", "content_hash", "source", "source_ref", "recorded_at", "applied_at", *_PLACE)
_MONEY = ("amount", "currency")
_LINE = ("project_code", "fund_source", "budget_year")

_LEDGER = (
    *_FACT,
    *_LINE,
    *_MONEY,
    *("seq", "origin_event_id", "series", "kind", "disbursed", "work_certified", "advance_outstanding"),
    *("value_date", "status", "reverses_event_id"),
)
_STATEMENT_LINE = (
    *_FACT,
    *_LINE,
    "series",
    "reporter",
    "cumulative",
    "currency",
    "as_of",
    "status",
    "revision",
)
_COMPLETED_WORK_LINE = (
    *_FACT,
    *("project_code", "budget_year", "cumulative", "currency", "as_of", "status", "revision"),
)
_PLAN_REVISION = (
    *_FACT,
    *_LINE,
    *_MONEY,
    *(
        "project_name",
        "level",
        "owner_code",
        "owner_name",
        "accountable_officer",
        "project_group",
        "district",
    ),
    *("sector", "province_code", "base", "decision_number", "decision_date", "effective_date"),
    *("carried_from_year", "revision", "reallocation_id", "amount_before"),
)
_BASELINE_SCHEDULE = (
    *_FACT,
    *(
        "kind",
        "scope_code",
        "budget_year",
        "points",
        "decision_number",
        "effective_date",
        "rate_base",
        "revision",
    ),
)
_PROJECT_REGISTRATION = (
    *_FACT,
    *("project_code", "project_name", "province_code", "owner_code", "project_group", "district", "sector"),
    *("starts_on", "closed_on", "total_investment", "currency", "effective_date", "revision"),
)
_OWNER_REGISTRATION = (
    *_FACT,
    *("province_code", "owner_code", "owner_name", "head_name", "head_post", "supervisor_name"),
    *("effective_date", "revision"),
)
_OFFICER_ASSIGNMENT = (
    *_FACT,
    *("province_code", "owner_code", "project_code", "officer_name", "officer_post", "officer_email"),
    *("effective_date", "revision"),
)
_CONFLICT = (
    *("event_id", "content_hash", *_PLACE),
    *("conflict_id", "topic", "payload", "seen_at", "project_code", "province_code", "owner_code"),
)

# Which tables a batch of a topic adds to, and every column of them but the block's number.
BOOKS: dict[str, dict[str, Sequence[str]]] = {
    topics.DISBURSEMENT: {
        "ledger": _LEDGER,
        "statement_line": _STATEMENT_LINE,
        "completed_work_line": _COMPLETED_WORK_LINE,
        "conflict": _CONFLICT,
    },
    topics.PLAN: {
        "plan_revision": _PLAN_REVISION,
        "baseline_schedule": _BASELINE_SCHEDULE,
        "project_registration": _PROJECT_REGISTRATION,
        "owner_registration": _OWNER_REGISTRATION,
        "officer_assignment": _OFFICER_ASSIGNMENT,
        "conflict": _CONFLICT,
    },
}


@dataclass(frozen=True, slots=True)
class OpenBlock:
    """The block of this transaction: its number, and when it is applied (microseconds since 1970, UTC)."""

    block_no: int
    applied_at_us: int


def begin(cursor: Cursor) -> OpenBlock:
    """Give the rows that this transaction adds from now on the number of a new block."""
    cursor.execute(_BEGIN)
    row = cursor.fetchone()
    if row is None:
        raise StopServiceError("a block got no number")
    return OpenBlock(*row)


def close(cursor: Cursor, block: OpenBlock, topic: str) -> BlockRows:
    """How many rows the block added, and their digest."""
    hashes = sorted(
        row_hash
        for table, columns in BOOKS[topic].items()
        for row_hash in _row_hashes(cursor, block.block_no, table, sorted(columns))
    )
    digest = hashlib.sha256(b"".join(hashes)).digest()
    return BlockRows(digest, block.block_no, len(hashes), block.applied_at_us)


def _row_hashes(cursor: Cursor, block_no: int, table: str, names: list[str]) -> Iterator[bytes]:
    query = sql.SQL(_ROWS).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, names)),
        table=sql.Identifier(table),
        block_no=sql.Literal(block_no),
    )
    copied = io.BytesIO()
    cursor.copy_expert(query, copied)
    yield from _hashes(copied.getvalue(), _named(table), [_named(name) for name in names])


def _named(name: str) -> bytes:
    return struct.pack(">i", len(name)) + name.encode()


def _hashes(copied: bytes, table: bytes, columns: list[bytes]) -> Iterator[bytes]:
    """The hash of each row of a COPY in binary format: there, too, each value stands after its length in four
    bytes, -1 for null."""
    length_at = struct.Struct(">i").unpack_from
    # The signature, four bytes of flags, and the length of an extension that is never there.
    at = len(b"PGCOPY\n\xff\r\n\0") + 8
    while copied[at : at + 2] != _END:
        at += 2
        parts = [table]
        for column in columns:
            (length,) = length_at(copied, at)
            end = at + 4 + max(0, length)
            if length >= 0:
                parts += (column, copied[at:end])
            at = end
        yield hashlib.sha256(b"".join(parts)).digest()


# Where the number of a row's columns would stand.
_END = b"\xff\xff"
_BEGIN = """
WITH block AS (SELECT nextval('aggregation.block_no') AS block_no)
SELECT block_no, (extract(epoch FROM now()) * 1000000)::bigint
  FROM block, LATERAL set_config('giaingan.block_no', block_no::text, true)
"""
_ROWS = """
COPY (SELECT {columns} FROM aggregation.{table} WHERE block_no = {block_no}) TO STDOUT (FORMAT binary)
"""
