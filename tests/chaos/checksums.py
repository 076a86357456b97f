"""What the books hold as one number, to be compared before and after."""

from __future__ import annotations

from tests.chaos.world import World

# What was stated and what it adds up to. What a line's statements are booked by is left out: which of them
# come in one batch decides it, and the sums of every day do not depend on it.
_CONTENT = """
SELECT md5(string_agg(line, ';' ORDER BY line)) FROM (
    SELECT concat_ws(',', event_id, content_hash, disbursed, work_certified, advance_outstanding, value_date)
           AS line FROM aggregation.ledger WHERE kind <> 'statement_difference'
     UNION ALL
    SELECT concat_ws(',', event_id, content_hash, cumulative) FROM aggregation.statement_line
     UNION ALL
    SELECT concat_ws(',', budget_year, project_code, fund_source, series, value_date, disbursed,
                     work_certified, advance_outstanding)
      FROM aggregation.balance WHERE (disbursed, work_certified, advance_outstanding) <> (0, 0, 0)
) AS lines
"""
_TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
 WHERE schemaname IN ('aggregation', 'access') ORDER BY 1
"""


def of_content(world: World) -> str:
    """Every event and every balance, wherever in the log it was read and however often."""
    ((checksum,),) = world.rows(_CONTENT)
    return str(checksum)


def of_tables(world: World) -> dict[str, str]:
    """Every row of every table, with its position, its block and its moments."""
    return {
        table: str(world.rows(f"SELECT md5(string_agg(t::text, ';' ORDER BY t::text)) FROM {table} AS t"))  # noqa: S608 - of the catalogue
        for (table,) in world.rows(_TABLES)
    }


def positions(world: World) -> dict[tuple[str, int], int]:
    """How far each partition is applied."""
    query = "SELECT topic, partition, next_offset FROM aggregation.source_position"
    return {(topic, partition): offset for topic, partition, offset in world.rows(query)}
