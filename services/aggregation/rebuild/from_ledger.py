"""What is derived from the books, summed again from their rows.

The sums are made in one snapshot and compared in it, while the services go on. Put in place, each row that
differed gets what it lacked: the services only ever add to these rows, so that what they added since the
snapshot stays, and nobody has to wait.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg2 import sql

from services.aggregation.ledger_store import mark_due
from services.aggregation.rebuild import record
from services.aggregation.rebuild.comparison import Compared, compare
from services.aggregation.rebuild.outcome import Differences, Outcome
from services.aggregation.rebuild.session import LIVE, SHADOW, one_rebuild
from services.aggregation.rebuild.shadow import drop
from services.runtime.postgres import Connection, transaction


@dataclass(frozen=True, slots=True)
class Derived:
    """A table of sums: its key, what is summed, and the query that sums it from the books."""

    table: str
    key: tuple[str, ...]
    sums: tuple[str, ...]
    # How many rows went into a sum; a sum of none is no row.
    count: str
    query: str


DERIVED = (
    Derived(
        table="balance",
        key=("budget_year", "project_code", "fund_source", "series", "value_date"),
        sums=("disbursed", "work_certified", "advance_outstanding", "movements"),
        count="movements",
        query="""
        SELECT project_code, fund_source, budget_year, series, value_date,
               sum(disbursed)::bigint AS disbursed, sum(work_certified)::bigint AS work_certified,
               sum(advance_outstanding)::bigint AS advance_outstanding, count(*) AS movements
          FROM aggregation.ledger
         GROUP BY budget_year, project_code, fund_source, series, value_date
        """,
    ),
)


@dataclass(frozen=True, slots=True)
class Latest:
    """A table of the latest day by key, and the query that finds it in the books."""

    table: str
    key: tuple[str, ...]
    day: str
    query: str


REACH = Latest(
    table="source_reach",
    key=("budget_year", "project_code", "fund_source", "source"),
    day="reaches",
    query="""
    SELECT stated.budget_year, stated.project_code, stated.fund_source, stated.source,
           max(stated.day) AS reaches
      FROM (SELECT budget_year, project_code, fund_source, source, value_date AS day
              FROM aggregation.ledger WHERE kind <> 'statement_difference'
             UNION ALL
            SELECT budget_year, project_code, fund_source, source, as_of
              FROM aggregation.statement_line) AS stated
     GROUP BY stated.budget_year, stated.project_code, stated.fund_source, stated.source
    """,
)


def rebuild(database_url: str, *, swap: bool, derived: Sequence[Derived] = DERIVED) -> Outcome:
    """Sum again, compare, and with ``swap`` put right what differs. Raises ``RebuildError``."""
    started = time.monotonic()
    outcome = Outcome("ledger", Differences())
    with one_rebuild(database_url) as connection:
        drop(connection, SHADOW)
        try:
            with transaction(connection) as cursor:
                cursor.execute("SELECT now()")
                ((since,),) = cursor.fetchall()
            outcome.rows = _compare(connection, derived, outcome.differences)
            if swap:
                _put_in_place(connection, derived, outcome, since)
        finally:
            if not connection.closed:
                drop(connection, SHADOW)
    outcome.seconds = time.monotonic() - started
    return outcome


def _compare(connection: Connection, derived: Sequence[Derived], differences: Differences) -> int:
    """Returns how many rows of the ledger were summed."""
    with transaction(connection) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SHADOW)))
        for each in derived:
            cursor.execute(_sql("CREATE TABLE {shadow} AS {query}", each))
            # What live lacks, or has too much; nothing where both are the same.
            cursor.execute(_sql(_LACKING, each))
        cursor.execute(_latest(_COMPARE_LATEST, REACH))
        cursor.execute(_latest(_LATEST_LACKING, REACH))
        tables = [Compared(each.table, each.key) for each in derived]
        compare(cursor, [*tables, Compared(REACH.table, REACH.key)], differences)
        cursor.execute("SELECT count(*) FROM aggregation.ledger")
        ((rows,),) = cursor.fetchall()
    return int(rows)


def _put_in_place(
    connection: Connection, derived: Sequence[Derived], outcome: Outcome, since: datetime
) -> None:
    with transaction(connection) as cursor:
        for each in derived:
            cursor.execute(_sql(_ADD_WHAT_LACKS, each))
            cursor.execute(
                _sql("DELETE FROM {live} AS l USING {lacking} AS d WHERE {same} AND l.{count} = 0", each)
            )
        # With each row that differs locked, whoever would raise it waits; asked again after that, the books
        # hold all that is committed, and what waits raises what is put in place.
        for statement in (_LOCK_LATEST, _PUT_LATEST, _DELETE_LATEST):
            cursor.execute(_latest(statement, REACH))
        mark_due(cursor, outcome.differences.projects)
        record.write(cursor, source="ledger", since=since, differences=outcome.differences.count, kept_in="")
    outcome.is_swapped = True


def _sql(statement: str, derived: Derived) -> sql.Composed:
    def joined(pattern: str, names: Sequence[str], between: str = ", ") -> sql.Composed:
        return sql.SQL(between).join(sql.SQL(pattern).format(c=sql.Identifier(name)) for name in names)

    return sql.SQL(statement).format(
        live=sql.Identifier(LIVE, derived.table),
        shadow=sql.Identifier(SHADOW, derived.table),
        lacking=sql.Identifier(SHADOW, f"{derived.table}_lacking"),
        query=sql.SQL(derived.query),
        keys=joined("{c}", derived.key),
        sums=joined("{c}", derived.sums),
        missing=joined("coalesce(r.{c}, 0) - coalesce(l.{c}, 0) AS {c}", derived.sums),
        live_sums=joined("l.{c}", derived.sums),
        shadow_sums=joined("r.{c}", derived.sums),
        added=joined("{c} = l.{c} + excluded.{c}", derived.sums),
        same=joined("l.{c} = d.{c}", derived.key, " AND "),
        count=sql.Identifier(derived.count),
    )


def _latest(statement: str, latest: Latest) -> sql.Composed:
    def keys_of(alias: str) -> sql.Composed:
        return sql.SQL(", ").join(sql.Identifier(alias, name) for name in latest.key)

    return sql.SQL(statement).format(
        live=sql.Identifier(LIVE, latest.table),
        shadow=sql.Identifier(SHADOW, latest.table),
        lacking=sql.Identifier(SHADOW, f"{latest.table}_lacking"),
        query=sql.SQL(latest.query),
        keys=sql.SQL(", ").join(map(sql.Identifier, latest.key)),
        live_keys=keys_of("l"),
        lacking_keys=keys_of("d"),
        query_keys=keys_of("q"),
        day=sql.Identifier(latest.day),
    )


_COMPARE_LATEST = "CREATE TABLE {shadow} AS {query}"
_LATEST_LACKING = """
CREATE TABLE {lacking} AS
SELECT {keys} FROM {live} AS l FULL JOIN {shadow} AS r USING ({keys}) WHERE l.{day} IS DISTINCT FROM r.{day}
"""
_LOCK_LATEST = """
SELECT FROM {live} AS l JOIN {lacking} AS d USING ({keys}) ORDER BY {live_keys} FOR UPDATE OF l
"""
_PUT_LATEST = """
INSERT INTO {live} AS l ({keys}, {day})
SELECT {query_keys}, q.{day} FROM ({query}) AS q JOIN {lacking} AS d USING ({keys}) ORDER BY {query_keys}
    ON CONFLICT ({keys}) DO UPDATE SET {day} = excluded.{day}
"""
_DELETE_LATEST = """
DELETE FROM {live} AS l USING {lacking} AS d
 WHERE ({live_keys}) = ({lacking_keys})
   AND NOT EXISTS (SELECT FROM ({query}) AS q WHERE ({query_keys}) = ({live_keys}))
"""
_LACKING = """
CREATE TABLE {lacking} AS
SELECT {keys}, {missing}
  FROM {live} AS l FULL JOIN {shadow} AS r USING ({keys})
 WHERE ({live_sums}) IS DISTINCT FROM ({shadow_sums})
"""
_ADD_WHAT_LACKS = """
INSERT INTO {live} AS l ({keys}, {sums}) SELECT {keys}, {sums} FROM {lacking} ORDER BY {keys}
    ON CONFLICT ({keys}) DO UPDATE SET {added}
"""
