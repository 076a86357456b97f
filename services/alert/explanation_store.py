"""What was kept of a change so that it can be explained for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.runtime.postgres import Cursor


@dataclass(frozen=True, slots=True)
class KeptChange:
    """One change; what a version before did not keep is ``None``.

    ``open_rules`` are the rules that bear on the finding whose alerts were held to be open.
    """

    sequence: int
    transition: str
    figures: Mapping[str, Any]
    judged_on: date | None
    was_open: bool | None
    recorded_at: datetime
    evidence: bytes | None
    definition: Mapping[str, Any] | None
    open_rules: tuple[str, ...] | None = None


def kept_change(
    cursor: Cursor, alert_id: UUID, *, sequence: int | None, at: datetime | None
) -> KeptChange | None:
    """The change of that number, else the last one up to the instant, else the last; ``None`` for none."""
    cursor.execute(_KEPT, {"alert_id": alert_id, "sequence": sequence, "at": at})
    row = cursor.fetchone()
    if row is None:
        return None
    number, transition, figures, judged_on, was_open, recorded_at, evidence, definition, open_rules = row
    return KeptChange(
        sequence=number,
        transition=transition,
        figures=figures,
        judged_on=judged_on,
        was_open=was_open,
        recorded_at=recorded_at,
        evidence=bytes(evidence) if evidence is not None else None,
        definition=definition,
        open_rules=None if open_rules is None else tuple(open_rules),
    )


_KEPT = """
SELECT c.sequence, c.transition, c.figures, c.judged_on, c.was_open, c.recorded_at, c.evidence, d.definition,
       c.open_rules
  FROM alert.alert_change AS c
  LEFT JOIN alert.rule_definition AS d ON d.digest = c.rule_digest
 WHERE c.alert_id = %(alert_id)s
   AND (%(sequence)s::bigint IS NULL OR c.sequence = %(sequence)s)
   AND (%(at)s::timestamptz IS NULL OR c.recorded_at <= %(at)s)
 ORDER BY c.sequence DESC LIMIT 1
"""
