"""Receivers and their keys in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg2 import sql

from services.runtime.postgres import Cursor
from services.runtime.unit import Unit

# What may be changed of an endpoint, by column.
CHANGEABLE = frozenset(
    {"url", "description", "rules", "severities", "states", "state", "state_reason", "held_until"}
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver. An empty list of rules, severities or states lets every one through."""

    endpoint_id: UUID
    url: str
    description: str
    unit: Unit
    rules: list[str]
    severities: list[str]
    states: list[str]
    state: str
    state_reason: str
    created_at: datetime
    created_by: str
    changed_at: datetime
    failing_since: datetime | None
    held_until: datetime | None


@dataclass(frozen=True, slots=True)
class EndpointKey:
    """A key of an endpoint; its secret follows from these two (``signing.InstallationKeys``)."""

    key_id: UUID
    installation_key: str
    created_at: datetime
    expires_at: datetime | None


def insert(
    cursor: Cursor,
    *,
    endpoint_id: UUID,
    url: str,
    description: str,
    unit: Unit,
    rules: Sequence[str],
    severities: Sequence[str],
    states: Sequence[str],
    created_by: str,
) -> None:
    """Add a receiver; it is told of what changes from now on."""
    row = (endpoint_id, url, description, unit.code, list(rules), list(severities), list(states), created_by)
    cursor.execute(_INSERT, row)


def update(cursor: Cursor, endpoint_id: UUID, changes: Mapping[str, object]) -> None:
    """Change columns of CHANGEABLE. Raises ``KeyError`` for another one."""
    if unknown := changes.keys() - CHANGEABLE:
        raise KeyError(unknown)
    assignments = [
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in sorted(changes)
    ]
    statement = sql.SQL(_UPDATE).format(assignments=sql.SQL(", ").join(assignments))
    cursor.execute(statement, {**changes, "endpoint_id": endpoint_id})


def give_up_pending(cursor: Cursor, endpoint_id: UUID) -> None:
    """What is still to be sent to an endpoint is given up."""
    cursor.execute(_GIVE_UP_PENDING, (endpoint_id,))


def one(cursor: Cursor, endpoint_id: UUID, *, to_change: bool = False) -> Endpoint | None:
    """A receiver that was not deleted; ``to_change`` holds its row until the transaction ends."""
    cursor.execute(
        f"{_ENDPOINTS} AND endpoint_id = %s {'FOR NO KEY UPDATE' if to_change else ''}", (endpoint_id,)
    )
    row = cursor.fetchone()
    return _endpoint(row) if row else None


def page(cursor: Cursor, *, unit: Unit, limit: int, after: tuple[datetime, UUID] | None) -> list[Endpoint]:
    """Receivers of a unit and what is under it, newest first."""
    cursor.execute(
        _PAGE,
        {
            "unit": unit.code,
            "limit": limit,
            "after_time": after[0] if after else None,
            "after_id": after[1] if after else None,
        },
    )
    return [_endpoint(row) for row in cursor.fetchall()]


def insert_key(
    cursor: Cursor, endpoint_id: UUID, *, key_id: UUID, installation_key: str, created_by: str
) -> None:
    """Add a key, which signs from now on."""
    cursor.execute(_INSERT_KEY, (key_id, endpoint_id, installation_key, created_by))


def keys(cursor: Cursor, endpoint_id: UUID) -> list[EndpointKey]:
    """The keys that sign now, newest first: one, or two after a rotation."""
    cursor.execute(_KEYS, (endpoint_id,))
    return [EndpointKey(*row) for row in cursor.fetchall()]


def end_keys(cursor: Cursor, endpoint_id: UUID, *, overlap: timedelta) -> None:
    """Let the latest key sign for a while beside the next one, and end those before it now: no more than two
    sign at once."""
    cursor.execute(_END_KEYS, {"endpoint_id": endpoint_id, "overlap": overlap})


def _endpoint(row: tuple[Any, ...]) -> Endpoint:
    endpoint_id, url, description, unit, *rest = row
    return Endpoint(endpoint_id, url, description, Unit(unit), *rest)


_COLUMNS = (
    "endpoint_id, url, description, unit, rules, severities, states, state, state_reason, created_at,"
    " created_by, changed_at, failing_since, held_until"
)
_ENDPOINTS = f"SELECT {_COLUMNS} FROM alert.webhook_endpoint WHERE state <> 'deleted'"  # noqa: S608 - ours

_PAGE = (
    _ENDPOINTS
    + """
   AND %(unit)s IN ('', unit, split_part(unit, '/', 1))
   AND (%(after_time)s::timestamptz IS NULL
        OR (created_at, endpoint_id) < (%(after_time)s, %(after_id)s::uuid))
 ORDER BY created_at DESC, endpoint_id DESC
 LIMIT %(limit)s
"""
)

_INSERT = """
INSERT INTO alert.webhook_endpoint
       (endpoint_id, url, description, unit, rules, severities, states, created_by)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""

_UPDATE = (
    "UPDATE alert.webhook_endpoint SET {assignments}, changed_at = now() WHERE endpoint_id = %(endpoint_id)s"
)

_GIVE_UP_PENDING = """
UPDATE alert.webhook_delivery SET state = 'given_up', settled_at = now()
 WHERE endpoint_id = %s AND state = 'pending'
"""

_INSERT_KEY = """
INSERT INTO alert.webhook_key (key_id, endpoint_id, installation_key, created_by) VALUES (%s, %s, %s, %s)
"""

_KEYS = """
SELECT key_id, installation_key, created_at, expires_at FROM alert.webhook_key
 WHERE endpoint_id = %s AND (expires_at IS NULL OR expires_at > now())
 ORDER BY created_at DESC, key_id
"""

_END_KEYS = """
UPDATE alert.webhook_key
   SET expires_at = CASE WHEN expires_at IS NULL THEN now() + %(overlap)s ELSE now() END
 WHERE endpoint_id = %(endpoint_id)s AND (expires_at IS NULL OR expires_at > now())
"""
