"""The audit: every write with its answer, and every refusal, in one append-only table.

A write that is accepted is written inside its own transaction (``accepted``). The gate writes the rest.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg2
from flask import g, has_request_context, request
from psycopg2.extras import Json

from services.runtime import logs, metrics
from services.runtime.access.callers import Caller
from services.runtime.postgres import CONNECTION_ERRORS, Cursor, Pool

_log = logs.get(__name__)
_FLUSH_SECONDS = 2.0
_MOST_ROWS = 1_000
_MOST_TEXT = 300
_ELSEWHERE = "(other)"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One thing that was done, or refused."""

    service: str
    method: str
    route: str
    path: str
    status: int
    code: str
    address: str
    token_id: UUID | None = None
    token_name: str = ""
    unit: str = ""
    action: str = ""
    target: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    times: int = 1

    @property
    def kind(self) -> tuple[object, ...]:
        """What rows have in common that are counted as one."""
        return (self.address, self.status, self.code, self.method, self.route, self.token_id)


def accepted(
    cursor: Cursor,
    caller: Caller,
    *,
    action: str,
    target: str,
    detail: Mapping[str, Any] | None = None,
    status: int | None = None,
) -> None:
    """Write the row of an accepted write inside the write's own transaction: both are there or neither.

    ``status``: what will be answered, where it is not the route's usual one. ``detail`` is JSON, never a
    body or a secret.
    """
    row = of_request(status=g.get("giaingan_usual_status", 200) if status is None else status, caller=caller)
    insert(cursor, [replace(row, action=action, target=target, detail=detail or {})])
    g.giaingan_audited = True


def by_operator(
    cursor: Cursor, operator: str, *, action: str, target: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Write the row of what an operator did at the console, where no token is asked for."""
    row = AuditRow(
        service="console", method="", route="", path="", status=0, code="", address="", token_name=operator
    )
    insert(cursor, [replace(row, action=action, target=target, detail=detail or {})])


def of_request(*, status: int, code: str = "", caller: Caller | None) -> AuditRow:
    """The row of the current request. Raises ``LookupError`` outside one."""
    if not has_request_context():
        raise LookupError("the audit row of a request is asked for outside one")
    return AuditRow(
        service=str(g.get("giaingan_service", "")),
        method=request.method,
        route=request.url_rule.rule if request.url_rule else "(none)",
        path=request.path,
        status=status,
        code=code,
        address=request.remote_addr or "",
        token_id=caller.token_id if caller else None,
        token_name=caller.name if caller else "",
        unit=caller.unit.code if caller else "",
    )


def insert(cursor: Cursor, rows: Iterable[AuditRow]) -> None:
    """Append rows."""
    for row in rows:
        cursor.execute(
            _INSERT,
            (
                row.at,
                row.service,
                row.token_id,
                row.token_name,
                row.unit,
                _text(row.method),
                row.route,
                _text(row.path),
                row.status,
                row.code,
                _text(row.address),
                row.action,
                _text(row.target),
                Json(dict(row.detail)),
                row.times,
            ),
        )


class Tally:
    """Refusals, counted in memory and written every two seconds: one row of those that are alike, so that
    a flood of them floods no table. What cannot be written is kept and tried again."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._rows: dict[tuple[object, ...], AuditRow] = {}

    def add(self, row: AuditRow) -> None:
        """Count a refusal."""
        with self._lock:
            self._count(row)
            metrics.AUDIT_WAITING.labels(row.service).set(len(self._rows))

    def _count(self, row: AuditRow) -> None:
        known = self._rows.get(row.kind)
        if known is None and len(self._rows) >= _MOST_ROWS:
            # From so many addresses at once: what and how often is kept, from where is not.
            row = replace(
                row, address=_ELSEWHERE, method=_ELSEWHERE, route=_ELSEWHERE, path=_ELSEWHERE, token_id=None,
                token_name="", unit="",
            )  # fmt: skip
            known = self._rows.get(row.kind)
        if known is None:
            self._rows[row.kind] = row
            return
        last = row.detail.get("last_at", row.at.isoformat())
        self._rows[row.kind] = replace(
            known, times=known.times + row.times, detail={**known.detail, "last_at": last}
        )

    def run(self, stop: threading.Event) -> None:
        """Write until told to stop; the rest is written by ``close``."""
        while not stop.wait(_FLUSH_SECONDS):
            self.flush()

    def flush(self) -> bool:
        """Write what was counted; ``False`` where the database does not take it now."""
        with self._lock:
            rows, self._rows = self._rows, {}
        if not rows:
            return True
        try:
            with self._pool.transaction(wait_seconds=1.0) as cursor:
                insert(cursor, rows.values())
        except CONNECTION_ERRORS as error:
            _log.error("audit rows are not written yet", rows=len(rows), error=str(error).strip())
            with self._lock:
                newer, self._rows = self._rows, rows
                for row in newer.values():
                    self._count(row)
            return False
        except psycopg2.Error:
            # Trying again would not help; they must not hold up those to come.
            _log.exception("audit rows cannot be written")
            _log_whole(rows.values())
        with self._lock:
            for service in {row.service for row in rows.values()}:
                metrics.AUDIT_WAITING.labels(service).set(len(self._rows))
        return True

    def close(self) -> None:
        """Write the rest; what the database does not take goes to the log, whole."""
        if self.flush():
            return
        with self._lock:
            _log_whole(self._rows.values())
            self._rows.clear()


def as_log(row: AuditRow) -> dict[str, str]:
    """The row as fields of a log line."""
    return {name: str(getattr(row, name)) for name in row.__slots__}


def _log_whole(rows: Iterable[AuditRow]) -> None:
    for row in rows:
        _log.critical("audit row not written", **as_log(row))


def _text(text: str) -> str:
    """PostgreSQL takes no NUL, and a sender's text is not to fill the table."""
    return text.replace("\0", "")[:_MOST_TEXT]


_INSERT = """
INSERT INTO access.audit (at, service, token_id, token_name, unit, method, route, path, status, code, address,
                          action, target, detail, times)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
