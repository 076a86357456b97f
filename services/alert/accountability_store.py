"""The raisings that officers answer for, as they are recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from psycopg2 import sql

from services.alert.alert_queries import equal, prefixed
from services.alert.handling_store import handling_of, subject_of
from services.alert.readable_alerts import READABLE, READABLE_VALUES
from services.domain.accountability import Ending, Officer, Raising
from services.domain.handling import Handled, Handling
from services.domain.lag_rules import RuleName, Severity
from services.runtime.clock import VIETNAM
from services.runtime.postgres import Cursor

# How an alert stands before its first step: what it is of, its budget year, when it was raised.
Begun = Callable[[Handled, int, datetime], Handling]


def raisings(
    cursor: Cursor,
    *,
    filters: Mapping[str, object],
    within: Mapping[str, object],
    since: date | None,
    until: date | None,
    begun: Begun,
) -> Iterator[Raising]:
    """Every raising from ``since`` to ``until``, both days counted in, of alerts that the caller may see."""
    conditions = [READABLE, *equal(filters, ""), *equal(within, "within_")]
    cursor.execute(
        sql.SQL(_RAISINGS).format(where=sql.SQL(" AND ").join(conditions)),
        {
            **READABLE_VALUES,
            **filters,
            **prefixed(within),
            "since": _midnight(since),
            # After the last day that there is nothing is raised.
            "until": _midnight(until + timedelta(days=1) if until and until < date.max else None),
        },
    )
    for row in cursor:
        yield _raising(row, begun)


def _raising(row: tuple[Any, ...], begun: Begun) -> Raising:
    rule, severity, budget_year, raised_at, subject, province_code, owner_code = row[:7]
    ended_as, ended_as_of, ended_at, acknowledged_at, assigned_to, *last_step = row[7:]
    handled = Handled(RuleName(rule), Severity(severity), subject_of(subject))
    ending = None
    if ended_as:
        ending = Ending(ended_as == "cancelled", ended_as_of, ended_at.astimezone(VIETNAM).date())
    return Raising(
        officer=Officer(province_code, owner_code, assigned_to or handled.subject.accountable_officer),
        owner_name=handled.subject.owner_name,
        rule=handled.rule,
        raised_at=raised_at,
        handling=handling_of(last_step) if last_step[0] else begun(handled, budget_year, raised_at),
        acknowledged_at=acknowledged_at,
        ending=ending,
    )


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min, VIETNAM) if day else None


# Of the changes between two raisings the last ending counts: what was resolved may be cancelled afterwards.
_RAISINGS = """
SELECT a.rule, a.severity, a.budget_year, r.recorded_at, r.figures -> 'subject',
       a.province_code, a.owner_code, e.transition, e.as_of, e.recorded_at, s.acknowledged_at, s.assigned_to,
       h.stage, h.level, h.assignee, h.acknowledge_by, h.snoozed_until, h.cause, h.promised_by, h.step
  FROM alert.alert_change AS r
  JOIN alert.alert AS a ON a.id = r.alert_id
  LEFT JOIN LATERAL (
       SELECT min(sequence) AS sequence FROM alert.alert_change
        WHERE alert_id = r.alert_id AND sequence > r.sequence AND transition IN ('opened', 'reopened')
  ) AS n ON true
  LEFT JOIN LATERAL (
       SELECT transition, as_of, recorded_at FROM alert.alert_change
        WHERE alert_id = r.alert_id AND sequence > r.sequence
           AND sequence < coalesce(n.sequence, a.sequence + 1) AND transition IN ('resolved', 'cancelled')
        ORDER BY sequence DESC LIMIT 1
  ) AS e ON true
  LEFT JOIN LATERAL (
       SELECT min(taken_at) FILTER (WHERE kind = 'acknowledged') AS acknowledged_at,
              (array_agg(assignee ORDER BY step DESC) FILTER (WHERE kind = 'assigned'))[1] AS assigned_to
         FROM alert.handling_step WHERE alert_id = r.alert_id AND raised_sequence = r.sequence
  ) AS s ON true
  LEFT JOIN LATERAL (
       SELECT * FROM alert.handling_step
        WHERE alert_id = r.alert_id AND raised_sequence = r.sequence
        ORDER BY step DESC LIMIT 1
  ) AS h ON true
 WHERE r.transition IN ('opened', 'reopened')
   AND (%(since)s::timestamptz IS NULL OR r.recorded_at >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR r.recorded_at < %(until)s)
   AND {where}
"""
