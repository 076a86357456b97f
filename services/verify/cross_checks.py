"""What the tables must say of each other, whatever was edited: sums, reversals, statements, cases.

One query a check, by the code of its fault (``sql/``); each finds what does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from services.runtime.postgres import Cursor, read_queries
from services.verify.chains import block_place
from services.verify.faults import BlockPlace, Fault
from services.verify.snapshot import MOST_FAULTS, rows

_QUERIES = read_queries(Path(__file__).parent / "sql")
CODES = (
    "content-differs",
    "balance-differs",
    "reach-differs",
    "reversal-differs",
    "reversed-twice",
    "effect-differs",
    "statement-differs",
    "difference-of-no-statement",
    "reallocation-differs",
    "reversal-waits",
    "conflict-of-nothing",
)


def faults(cursor: Cursor, code: str) -> Iterator[Fault]:
    """What one of the checks finds."""
    for found in rows(cursor, _QUERIES[code.replace("-", "_")], limit=MOST_FAULTS):
        yield Fault(code, found, _block(cursor, found.get("block_no")))


def _block(cursor: Cursor, block_no: int | None) -> BlockPlace | None:
    if block_no is None:
        return None
    found = rows(cursor, _QUERIES["block_of_number"], (block_no,))
    return block_place("aggregation", found[0]) if found else None
