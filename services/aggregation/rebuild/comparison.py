"""The live tables beside the rebuilt ones, row by row, in one snapshot that holds both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from services.aggregation.rebuild.outcome import Difference, Differences
from services.aggregation.rebuild.session import LIVE, SHADOW
from services.runtime.postgres import Cursor

_AT_ONCE = 1_000
_COLUMNS = """
SELECT attname FROM pg_attribute
 WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
 ORDER BY attnum
"""
_SUBJECT = (
    *("budget_year", "project_code", "fund_source", "series", "value_date", "as_of", "kind", "source_ref"),
    *("province_code", "owner_code", "scope_code", "event_id"),
)


def _nobody_listens(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Compared:
    """A table whose rows of one key must be the same in both, but for what is left out."""

    table: str
    key: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def compare(
    cursor: Cursor,
    tables: Sequence[Compared],
    differences: Differences,
    *,
    on_table: Callable[[str], None] = _nobody_listens,
) -> None:
    """Add what differs. The cursor's transaction sees both schemas at equal positions."""
    for compared in tables:
        on_table(compared.table)
        for difference in _of_table(cursor, compared):
            differences.add(difference)


def _of_table(cursor: Cursor, compared: Compared) -> Iterator[Difference]:
    cursor.execute(_COLUMNS, (f"{SHADOW}.{compared.table}",))
    columns = [name for (name,) in cursor.fetchall() if name not in compared.left_out]

    def columns_of(alias: str) -> sql.Composed:
        return sql.SQL(", ").join(
            sql.SQL("{}.{}").format(sql.Identifier(alias), sql.Identifier(c)) for c in columns
        )

    query = sql.SQL(_DIFFERING).format(
        live=sql.Identifier(LIVE, compared.table),
        shadow=sql.Identifier(SHADOW, compared.table),
        keys=sql.SQL(", ").join(map(sql.Identifier, compared.key)),
        live_columns=columns_of("l"),
        shadow_columns=columns_of("r"),
    )
    cursor.execute(query)
    while rows := cursor.fetchmany(_AT_ONCE):
        for live, rebuilt in rows:
            yield _difference(compared, columns, live or {}, rebuilt or {})


def _difference(
    compared: Compared, columns: Sequence[str], live: dict[str, Any], rebuilt: dict[str, Any]
) -> Difference:
    known = live or rebuilt
    differing = [c for c in columns if live.get(c) != rebuilt.get(c) or not (live and rebuilt)]
    return Difference(
        compared.table,
        {name: known[name] for name in compared.key},
        {name: known[name] for name in _SUBJECT if known.get(name) not in (None, "")},
        {name: live[name] for name in differing} if live else {},
        {name: rebuilt[name] for name in differing} if rebuilt else {},
    )


_DIFFERING = """
SELECT to_jsonb(l), to_jsonb(r)
  FROM {live} AS l FULL JOIN {shadow} AS r USING ({keys})
 WHERE ({live_columns}) IS DISTINCT FROM ({shadow_columns})
"""
