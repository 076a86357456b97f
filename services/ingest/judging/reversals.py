"""One movement is reversed once: a second reversal, under another event id, is refused at the door.

Before anything is published the movement is claimed for its reversal, for as long as a request may take; in
the journal's transaction the claim becomes a fact. So of two requests at once one is refused. Only what is
known here to fit its movement claims it (``reversed_movements``): a claim is for good, and must never keep
the right reversal out. What the door does not know (an unknown movement, what other systems write straight
to the topic, what a decision on a conflict publishes) the ledger decides: it holds a second reversal in
quarantine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from psycopg2.extras import execute_values

from services.ingest.judging.named_reversal import NamedReversal
from services.runtime.errors import FieldError, ProblemError
from services.runtime.postgres import Cursor

_RETRY_AFTER_SECONDS = 2


def twice_in_one(named: Iterable[NamedReversal]) -> list[FieldError]:
    """A fault for each reversal of a movement that an earlier one of the same request reverses already."""
    first_of: dict[UUID, NamedReversal] = {}
    return [
        _fault(each, by=first.reversal_id)
        for each in named
        if (first := first_of.setdefault(each.reversed_id, each)).reversal_id != each.reversal_id
    ]


def reversed_by_others(cursor: Cursor, named: Collection[NamedReversal]) -> list[FieldError]:
    """A fault for each reversal of a movement that an accepted one, or one in flight, reverses already."""
    if not named:
        return []
    cursor.execute(_HOLDERS, ([each.reversed_id for each in named],))
    holder = dict(cursor.fetchall())
    return [
        _fault(each, by=by)
        for each in named
        if (by := holder.get(each.reversed_id, each.reversal_id)) != each.reversal_id
    ]


def claim(cursor: Cursor, named: Collection[NamedReversal], *, lease: timedelta) -> list[FieldError]:
    """Claim each movement for its reversal; the faults are of those that another one has."""
    if not named:
        return []
    rows = sorted({(each.reversed_id, each.reversal_id) for each in named})
    execute_values(cursor, _CLAIM, rows, template=f"(%s, %s, now() + interval '{lease.total_seconds()} s')")
    return reversed_by_others(cursor, named)


def accept(cursor: Cursor, named: Collection[NamedReversal]) -> None:
    """Make the claims facts, in the journal's transaction. Raises ``ProblemError`` (503) where a claim ended
    before and another took the movement: to send again tells what became of it."""
    if not named:
        return
    rows = sorted({(each.reversed_id, each.reversal_id) for each in named})
    execute_values(cursor, _ACCEPT, rows, template="(%s, %s, now())")
    cursor.execute(_ACCEPTED, ([reversed_id for reversed_id, _ in rows],))
    if lost := set(rows) - set(cursor.fetchall()):
        raise ProblemError(
            503,
            "claim-lost",
            "Ghi nhận quá lâu / it took too long to accept",
            f"{len(lost)} bút toán đảo chưa được ghi nhận vì một bút toán đảo khác đã vào trong lúc chờ: "
            f"gửi lại nguyên yêu cầu này. / {len(lost)} reversal(s) are not acknowledged, another one came "
            "in meanwhile: send the same request again.",
            event_ids=[str(reversal_id) for _, reversal_id in sorted(lost)],
            retry_after_seconds=_RETRY_AFTER_SECONDS,
        )


def already_reversed(faults: Sequence[FieldError]) -> ProblemError:
    """409: nothing was accepted."""
    return ProblemError(
        409,
        "already-reversed",
        "Bút toán đã được đảo / the movement is reversed already",
        f"{len(faults)} lỗi, xem errors. / {len(faults)} fault(s), each in errors.",
        errors=list(faults),
    )


def _fault(named: NamedReversal, *, by: UUID) -> FieldError:
    return FieldError(
        code="already-reversed",
        where=f"{named.place}reverses_event_id",
        read=str(named.reversed_id),
        detail=f"bút toán này đã bị đảo bởi {by} / the movement is reversed by {by} already",
        mend="bỏ bút toán đảo này; một bút toán chỉ đảo một lần / "
        "leave this reversal out: a movement is reversed once",
    )


_HOLDERS = """
SELECT reversed_id, reversal_id FROM ingest.reversal
 WHERE reversed_id = ANY(%s) AND (accepted_at IS NOT NULL OR claimed_until > now())
"""
_CLAIM = """
INSERT INTO ingest.reversal AS known (reversed_id, reversal_id, claimed_until) VALUES %s
ON CONFLICT (reversed_id) DO UPDATE
   SET reversal_id = excluded.reversal_id, claimed_until = excluded.claimed_until
 WHERE known.accepted_at IS NULL
   AND (known.reversal_id = excluded.reversal_id OR known.claimed_until <= now())
"""
_ACCEPT = """
INSERT INTO ingest.reversal AS known (reversed_id, reversal_id, accepted_at) VALUES %s
ON CONFLICT (reversed_id) DO UPDATE SET accepted_at = excluded.accepted_at
 WHERE known.accepted_at IS NULL AND known.reversal_id = excluded.reversal_id
"""
_ACCEPTED = """
SELECT reversed_id, reversal_id FROM ingest.reversal
 WHERE reversed_id = ANY(%s) AND accepted_at IS NOT NULL
"""
