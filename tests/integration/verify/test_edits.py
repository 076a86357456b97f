"""Whatever a superuser edits in the books is found, and the block is named."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest
from psycopg2.extras import Json

from services.runtime import roles
from services.verify import row_digests
from services.verify.faults import BlockPlace
from services.verify.snapshot import snapshot
from services.verify.verification import Asked, verify
from tests.support.applied import Books
from tests.support.filled_books import BLOCKS, TABLES, run, verdict_of
from tests.support.logins import execute, login_of

# --- books that are right ----------------------------------------------------------------------------


def test_books_that_are_right_have_no_fault_and_an_auditor_can_say_so(books: Books) -> None:
    # A copy has no grants on the database itself.
    roles.migrate_all(books.database_url)
    auditor = login_of(books.database_url, roles.AUDITOR)
    verdict = verify(Asked(auditor)).verdict
    assert verdict.faults == []
    assert verdict.counted["blocks"] == BLOCKS
    assert verdict.counted["rows"] == sum(len(run(books, _ALL, table=table)) for table in TABLES)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(auditor, "UPDATE aggregation.ledger SET amount = 1")


def test_every_table_of_the_books_holds_a_row_here(books: Books) -> None:
    for table in TABLES:
        assert run(books, _ALL, table=table), table


# --- edited ------------------------------------------------------------------------------------------


def test_an_edit_of_any_column_of_any_row_names_its_block(books: Books) -> None:
    edited = 0
    for table in TABLES:
        for name, kind in execute(books.database_url, _COLUMNS, table):
            names = {"table": table, "column": str(name), "kind": str(kind)}
            ((place, block_no, before),) = run(books, _FIRST, **names)
            ((edited_place,),) = run(books, _EDIT.replace("CHANGED", _CHANGED[str(kind)]), place, **names)
            found, rows = altered_rows(books)
            assert found, names
            assert found[0].block_no == block_no, names
            assert any(row["book"] == table for row in rows) or name == "block_no", names
            run(books, _RESTORE, _plain(before), edited_place, **names)
            edited += 1
    assert verdict_of(books).faults == []
    assert edited > 150


def altered_rows(books: Books) -> tuple[list[BlockPlace], list[dict[str, Any]]]:
    """The blocks whose rows are not those that they added, and the rows of the first."""
    with snapshot(books.database_url) as cursor:
        bad = [fault.block for fault in row_digests.faults(cursor) if fault.block]
        return bad, row_digests.rows_of(cursor, bad[0]) if bad else []


def _plain(value: Any) -> Any:
    if isinstance(value, list | dict):
        return Json(value)
    return value


_ALL = "SELECT 1 FROM {table}"
_FIRST = "SELECT ctid::text, block_no, {column} FROM {table} ORDER BY block_no, event_id LIMIT 1"
_EDIT = "UPDATE {table} SET {column} = CHANGED WHERE ctid = %s::tid RETURNING ctid::text"
_RESTORE = "UPDATE {table} SET {column} = %s::{kind} WHERE ctid = %s::tid"
_CHANGED = {
    "bigint": "coalesce({column}, 0) + 1000",
    "integer": "{column} + 1",
    "text": "{column} || ' '",
    "bytea": "{column} || '\\x00'",
    "uuid": "gen_random_uuid()",
    "date": "{column} + 1",
    "timestamp with time zone": "{column} + interval '1 microsecond'",
    "jsonb": "'[]'",
}
_COLUMNS = """
SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
 WHERE attrelid = ('aggregation.' || %s)::regclass AND attnum > 0 AND NOT attisdropped
 ORDER BY attnum
"""
