"""Whether anybody ever spoke of a unit, in a plan decision or a register."""

from __future__ import annotations

from services.runtime.access import Unit
from services.runtime.postgres import Cursor

# Where services keep what was said of projects and owners; before their first start it is not there.
_PLACES = {
    "ingest.project_statement": (
        "SELECT EXISTS (SELECT FROM ingest.project_statement"
        " WHERE province_code = %(province)s AND (%(owner)s = '' OR owner_code = %(owner)s))"
    ),
    "aggregation.owner_registration": (
        "SELECT EXISTS (SELECT FROM aggregation.owner_registration"
        " WHERE province_code = %(province)s AND (%(owner)s = '' OR owner_code = %(owner)s))"
    ),
}


def is_known(cursor: Cursor, unit: Unit) -> bool:
    """Everything is always known."""
    return unit.is_everything or any(_is_in(cursor, table, query, unit) for table, query in _PLACES.items())


def _is_in(cursor: Cursor, table: str, query: str, unit: Unit) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (table,))
    if cursor.fetchone() != (True,):
        return False
    cursor.execute(query, {"province": unit.province_code, "owner": unit.owner_code})
    return cursor.fetchone() == (True,)
