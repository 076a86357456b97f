"""Which table of the schema is made again from the log, and which is carried over.

Every table is named here: what a later migration adds is refused until somebody has said what becomes of it.
"""

from __future__ import annotations

from services.aggregation.rebuild.comparison import Compared
from services.aggregation.rebuild.outcome import RebuildError
from services.runtime.postgres import Cursor

_EVENT = ("event_id",)

# Made again by applying the log, and compared.
REPLAYED = (
    Compared("ledger", _EVENT),
    Compared("statement_line", _EVENT),
    Compared("completed_work_line", _EVENT),
    Compared("plan_revision", _EVENT),
    Compared("baseline_schedule", _EVENT),
    Compared("project_registration", _EVENT),
    Compared("owner_registration", _EVENT),
    Compared("officer_assignment", _EVENT),
    Compared("conflict", ("event_id", "content_hash")),
    Compared("conflict_subject", ("conflict_id",)),
    # How often it came, and in which words it was refused, is not of the books.
    Compared(
        "quarantine",
        ("topic", "payload_hash"),
        ("detail", "is_read", "times_refused", "last_refused_at", "released_at"),
    ),
    Compared(
        "balance",
        ("budget_year", "project_code", "fund_source", "series", "value_date"),
    ),
    Compared("source_reach", ("budget_year", "project_code", "fund_source", "source")),
    Compared("block", ("topic_id", "partition", "from_offset")),
)
# What a person decided. No log holds it: it is put where it stood between the batches.
DECIDED = ("case_decision",)
# What decisions publish, what was told, ticked and rebuilt, by which migrations: as the live books have it.
CARRIED = ("case_record", "cutoff_tick", "province_told", "progress_due", "rebuild", "schema_migration")
POSITIONS = "source_position"

_TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('aggregation') AND relkind IN ('r', 'p')
"""


def require_known(cursor: Cursor) -> None:
    """Raises ``RebuildError`` where the schema has a table of which nothing is said here."""
    known = {compared.table for compared in REPLAYED} | {*DECIDED, *CARRIED, POSITIONS}
    cursor.execute(_TABLES)
    if unknown := sorted({name for (name,) in cursor.fetchall()} - known):
        raise RebuildError(
            "unknown-table",
            f"lược đồ aggregation có bảng mà phiên bản này không biết: {', '.join(unknown)}; dùng giaingan "
            "cùng phiên bản với cơ sở dữ liệu / the schema aggregation has tables that this version does not "
            f"know: {', '.join(unknown)}. Use the version of giaingan that migrated it",
        )
