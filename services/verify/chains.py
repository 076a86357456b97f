"""The chain of blocks of every partition in a schema, and the positions that stand at their ends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from psycopg2 import sql

from services.runtime.errors import StopServiceError
from services.runtime.postgres import Cursor, read_queries
from services.verify.faults import BlockPlace, Fault
from services.verify.snapshot import MOST_FAULTS, rows

_QUERIES = read_queries(Path(__file__).parent / "sql")


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """Where a partition stands: the first offset not yet applied, and the hash of its last block."""

    schema: str
    topic: str
    topic_id: str
    cluster_id: str
    partition: int
    next_offset: int
    chain_head: bytes


def is_there(cursor: Cursor, schema: str) -> bool:
    """Whether the schema was made: a service that never started has none.

    Raises ``StopServiceError`` where it is of a version before this, and where there are no books at all.
    """
    (found,) = rows(cursor, _IS_THERE, (f"{schema}.block",))
    if found["is_there"] and not found["is_up_to_date"]:
        raise StopServiceError(
            f"lược đồ {schema} chưa cập nhật; hãy chạy giaingan migrate / the schema {schema} is behind: "
            "run giaingan migrate"
        )
    if schema == "aggregation" and not found["is_there"]:
        raise StopServiceError("không có sổ nào ở đây / there are no books in this database")
    return bool(found["is_there"])


def faults(cursor: Cursor, schema: str) -> Iterator[Fault]:
    """Blocks that do not follow each other or were altered, positions that are not at their chain's end."""
    for found in rows(cursor, _of(schema, "chain"), limit=MOST_FAULTS):
        yield Fault(found.pop("code"), found, block_place(schema, found))
    for found in rows(cursor, _of(schema, "positions"), limit=MOST_FAULTS):
        yield Fault("position-differs", {"schema": schema, **found})
    passed_over = rows(cursor, _of(schema, "passed_over"))
    told = _digests_of_lost_records(cursor) if passed_over else set()
    for found in passed_over:
        if found.pop("digest") not in told:
            yield Fault("passed-over-untold", {"schema": schema, **found}, block_place(schema, found))


def block_place(schema: str, found: dict[str, object]) -> BlockPlace:
    """The block of a row that holds its columns."""
    return BlockPlace(schema, *(found[name] for name in _PLACE))  # type: ignore[arg-type]


def ends(cursor: Cursor, schema: str) -> list[ChainEnd]:
    """Every partition that anything was read of."""
    return [ChainEnd(schema, **found) for found in rows(cursor, _of(schema, "chain_ends"))]


@dataclass(frozen=True, slots=True)
class Count:
    """How many blocks there are, how many of the version before, and how many passed over lost records."""

    blocks: int
    of_version_1: int
    of_lost_records: int


def count(cursor: Cursor, schema: str) -> Count:
    """The blocks of a schema."""
    (found,) = rows(cursor, _of(schema, "count_blocks"))
    return Count(**found)


def _digests_of_lost_records(cursor: Cursor) -> set[bytes]:
    """What the audit tells of records that were passed over, as the chain has to hold it (docs/adr/0020)."""
    return {
        hashlib.sha256(json.dumps(found["detail"], sort_keys=True).encode()).digest()
        for found in rows(cursor, _PASSED_OVER)
    }


def _of(schema: str, query: str) -> sql.Composed:
    return sql.SQL(_QUERIES[query]).format(schema=sql.Identifier(schema))


_IS_THERE = """
SELECT to_regclass(name) IS NOT NULL AS is_there,
       EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = to_regclass(name) AND attname = 'digest_version') AS is_up_to_date
  FROM (SELECT %s AS name) AS asked
"""
_PASSED_OVER = "SELECT detail FROM access.audit WHERE action = 'log.skip-lost'"
_PLACE = ("topic", "topic_id", "partition", "from_offset", "next_offset", "block_no", "applied_at")
