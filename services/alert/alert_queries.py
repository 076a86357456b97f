"""What the API and the feeds read: pages of alerts, one alert with its history, what is open."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg2 import sql

from services.alert.handling_store import HANDLING_COLUMNS, HANDLING_JOINS, handling_of, subject_of
from services.alert.readable_alerts import READABLE, READABLE_VALUES
from services.domain.handling import Handled, Handling
from services.domain.lag_rules import RuleName, Severity
from services.runtime.cursor import encode as cursor_of
from services.runtime.errors import ProblemError, shortened
from services.runtime.postgres import Cursor
from services.runtime.unit import Unit

_AT_ONCE = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = (
    *("state", "severity", "rule", "subject_type", "subject_code"),
    *("province_code", "owner_code", "budget_year"),
)
# What a filter may name, each compared for equality, or with every value of a list. Before the first step an
# alert is with its officer.
FILTERS: dict[str, sql.Composable] = {
    **{name: sql.SQL("a.{}").format(sql.Identifier(name)) for name in _COLUMNS},
    "stage": sql.SQL("CASE WHEN a.state = 'open' THEN coalesce(h.stage, 'open') END"),
    "assignee": sql.SQL("coalesce(h.assignee, a.figures #>> '{subject,accountable_officer}')"),
}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the last alert's update and id."""

    updated_at: datetime
    alert_id: UUID

    @property
    def key(self) -> tuple[int, str]:
        """As a cursor holds it: microseconds since 1970, and the id."""
        return (self.updated_at - _EPOCH) // timedelta(microseconds=1), str(self.alert_id)

    @classmethod
    def of(cls, key: Sequence[int | str]) -> Position:
        """The position of a key. Raises ``ValueError`` or ``OverflowError`` for one that is none."""
        micros, alert_id = key
        return cls(_EPOCH + timedelta(microseconds=int(micros)), UUID(str(alert_id)))


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert as it stands. ``figures`` has the shape of ``figures.Figures``."""

    alert_id: UUID
    state: str
    severity: str
    rule: str
    rule_version: int
    subject_type: str
    budget_year: int
    as_of: date
    sequence: int
    figures: dict[str, Any]
    title_vi: str
    title_en: str
    reason_vi: str
    reason_en: str
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    transition: str
    caused_by: list[UUID] | None
    correction_vi: str | None
    correction_en: str | None
    raised_at: datetime
    # How the last step since then left it; None before the first.
    handling: Handling | None

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> AlertRow:
        last_step = row[_OWN:]
        return cls(*(*row[:_OWN], handling_of(last_step) if last_step[0] else None))

    @property
    def handled(self) -> Handled:
        """What its handling is of."""
        return Handled(RuleName(self.rule), Severity(self.severity), subject_of(self.figures["subject"]))


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change of an alert."""

    change_id: UUID
    sequence: int
    transition: str
    severity: str
    rule_version: int
    as_of: date
    figures: dict[str, Any]
    reason_vi: str
    reason_en: str
    recorded_at: datetime
    judged_on: date | None
    raised_on: date | None
    caused_by: list[UUID] | None
    correction_vi: str | None
    correction_en: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Newest update first; ``ended_at`` is ``None`` on the last page."""

    alerts: list[AlertRow]
    ended_at: Position | None

    @property
    def next_cursor(self) -> str | None:
        return cursor_of(self.ended_at.key) if self.ended_at else None


def columns_of(unit: Unit) -> dict[str, str]:
    """What a unit may see, by column of the alert: itself and what is under it."""
    columns = {"province_code": unit.province_code, "owner_code": unit.owner_code}
    return {name: code for name, code in columns.items() if code}


def no_such_alert(alert_id: str) -> ProblemError:
    """404, also for an alert outside the caller's unit."""
    return ProblemError(
        404,
        "no-such-alert",
        "Không có cảnh báo nào mang mã này / there is no alert of that id",
        f"Không có {shortened(alert_id)}; GET /v1/alerts liệt kê các cảnh báo. / "
        f"There is no {shortened(alert_id)}; GET /v1/alerts lists those there are.",
    )


def page(
    cursor: Cursor,
    *,
    filters: Mapping[str, object],
    within: Mapping[str, object],
    limit: int,
    after: Position | None,
) -> Page:
    """Alerts that match every filter, of those that the caller may see (``within``).

    Raises ``KeyError`` for a filter that FILTERS does not have.
    """
    conditions = [READABLE, *equal(filters, ""), *equal(within, "within_")]
    if after:
        conditions.append(sql.SQL("(a.updated_at, a.id) < (%(after_time)s, %(after_id)s)"))
    cursor.execute(
        sql.SQL(_PAGE).format(where=sql.SQL(" AND ").join(conditions)),
        {
            **READABLE_VALUES,
            **filters,
            **prefixed(within),
            "limit": limit + 1,
            "after_time": after.updated_at if after else None,
            "after_id": after.alert_id if after else None,
        },
    )
    rows = [AlertRow.of(row) for row in cursor.fetchall()]
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], Position(last.updated_at, last.alert_id))


def every(
    cursor: Cursor, *, filters: Mapping[str, object], within: Mapping[str, object], most: int
) -> Generator[AlertRow]:
    """Up to ``most`` alerts that match, as they stand at one instant, read portion by portion."""
    conditions = [READABLE, *equal(filters, ""), *equal(within, "within_")]
    with cursor.connection.cursor(name="every_alert") as portion:
        portion.itersize = _AT_ONCE
        portion.execute(
            sql.SQL(_PAGE).format(where=sql.SQL(" AND ").join(conditions)),
            {**READABLE_VALUES, **filters, **prefixed(within), "limit": most},
        )
        for row in portion:
            yield AlertRow.of(row)


def equal(columns: Mapping[str, object], prefix: str) -> list[sql.Composable]:
    """The conditions of filters. Raises ``KeyError`` for one that FILTERS does not have."""
    if unknown := columns.keys() - FILTERS.keys():
        raise KeyError(unknown)
    return [
        sql.SQL("{} = ANY ({})" if isinstance(columns[name], list) else "{} = {}").format(
            FILTERS[name], sql.Placeholder(prefix + name)
        )
        for name in sorted(columns)
    ]


def prefixed(within: Mapping[str, object]) -> dict[str, object]:
    """Beside a filter on the same column, not in its place."""
    return {f"within_{name}": value for name, value in within.items()}


def one(
    cursor: Cursor, alert_id: UUID, *, within: Mapping[str, object]
) -> tuple[AlertRow, list[ChangeRow]] | None:
    """An alert with its changes, oldest first; ``None`` where there is none that the caller may see."""
    conditions = [READABLE, sql.SQL("a.id = %(alert_id)s"), *equal(within, "within_")]
    cursor.execute(
        sql.SQL(_ONE).format(where=sql.SQL(" AND ").join(conditions)),
        {**READABLE_VALUES, "alert_id": alert_id, **prefixed(within)},
    )
    row = cursor.fetchone()
    if row is None:
        return None
    cursor.execute(_CHANGES, (alert_id,))
    return AlertRow.of(row), [ChangeRow(*change) for change in cursor.fetchall()]


def open_counts(cursor: Cursor) -> dict[tuple[str, str], int]:
    """How many alerts are open, by rule and severity."""
    cursor.execute(_OPEN_COUNTS)
    return {(rule, severity): count for rule, severity, count in cursor.fetchall()}


def set_up_at(cursor: Cursor) -> datetime:
    """When the service's schema was made: the update time of a feed that has no entry yet."""
    cursor.execute("SELECT min(applied_at) FROM alert.schema_migration")
    row = cursor.fetchone()
    return row[0] if row and row[0] else _EPOCH


_OWN = len(fields(AlertRow)) - 1

# An alert beside its last change, which says how it came to stand so, and how it is handled.
_ALERTS = f"""
SELECT a.id, a.state, a.severity, a.rule, a.rule_version, a.subject_type, a.budget_year, a.as_of, a.sequence,
       a.figures, a.title_vi, a.title_en, a.reason_vi, a.reason_en, a.opened_at, a.updated_at, a.resolved_at,
       c.transition, c.caused_by, c.correction_vi, c.correction_en, r.recorded_at, {HANDLING_COLUMNS}
  FROM alert.alert AS a
  JOIN alert.alert_change AS c ON c.alert_id = a.id AND c.sequence = a.sequence {HANDLING_JOINS}
 WHERE {{where}}
"""  # noqa: S608 - our own text
_PAGE = _ALERTS + " ORDER BY a.updated_at DESC, a.id DESC LIMIT %(limit)s"
_ONE = _ALERTS
_CHANGES = """
SELECT change_id, sequence, transition, severity, rule_version, as_of, figures, reason_vi, reason_en,
       recorded_at, judged_on, raised_on, caused_by, correction_vi, correction_en
  FROM alert.alert_change WHERE alert_id = %s ORDER BY sequence
"""
_OPEN_COUNTS = "SELECT rule, severity, count(*) FROM alert.alert WHERE state = 'open' GROUP BY rule, severity"
