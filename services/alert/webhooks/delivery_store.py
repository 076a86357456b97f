"""What is to be sent to whom, in the database: made once for each change and endpoint, claimed, recorded.

An endpoint is leased while something is sent to it, so that one message at a time goes there, whichever
process sends it. A process that dies leaves its lease to end: the message is sent again under its id.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.alert.webhooks.endpoint_store import EndpointKey
from services.alert.webhooks.notices import Notice
from services.domain.webhook_retries import AttemptOutcome, DeliveryState, Verdict
from services.runtime.postgres import Cursor

_ROUTED_AT_ONCE = 500
_MOST_ATTEMPTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message to be sent now, its endpoint leased until ``leased_until``. ``notice`` is ``None`` in a
    test. ``tries`` were made before."""

    delivery_id: UUID
    endpoint_id: UUID
    url: str
    leased_until: datetime
    message_id: UUID
    made_at: datetime
    tries: int
    is_asked_again: bool
    # No attempt to send to the endpoint has succeeded lately, or it was slow.
    holds_up: bool
    keys: tuple[EndpointKey, ...]
    notice: Notice | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending a message. ``answer``: the beginning of the body; ``error``: why there is none."""

    attempted_at: datetime
    duration: timedelta
    status: int | None = None
    error: str = ""
    answer: str = ""
    retry_after: str = ""


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt as it is kept."""

    attempted_at: datetime
    duration_ms: int
    outcome: str
    status: int | None
    error: str
    answer: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A message to an endpoint as it stands, its latest attempts first."""

    delivery_id: UUID
    message_id: UUID
    alert_id: UUID | None
    sequence: int | None
    transition: str | None
    state: str
    tries: int
    made_at: datetime
    next_try_at: datetime
    settled_at: datetime | None
    attempts: list[AttemptRow]


def make_deliveries(cursor: Cursor) -> bool:
    """Make the deliveries of changes that have none yet; whether there may be more.

    One process at a time, so that no change of an alert is made a delivery before an earlier one of it.
    """
    cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('giaingan-alert-webhook-routing'))")
    if cursor.fetchone() != (True,):
        return False
    cursor.execute(_ROUTE, (_ROUTED_AT_ONCE,))
    ((routed,),) = cursor.fetchall()
    return bool(routed == _ROUTED_AT_ONCE)


def claim(
    cursor: Cursor, *, at_most: int, holding_up_at_most: int, slow: Collection[UUID], lease: timedelta
) -> list[Claimed]:
    """Lease endpoints to which something is due and that nobody sends to now; what is due to each of them.

    Of those that fail lately or are ``slow`` no more than ``holding_up_at_most``: however many they are, the
    others have room.
    """
    known_slow = list(slow)
    locked = _locked(cursor, hold_up=False, slow=known_slow, at_most=at_most)
    at_most = min(holding_up_at_most, at_most - len(locked))
    locked += _locked(cursor, hold_up=True, slow=known_slow, at_most=at_most)
    if not locked:
        return []
    # Asked again under the locks: what was due may have been sent meanwhile.
    cursor.execute(_CLAIM, {"endpoints": locked, "lease": lease, "slow": known_slow})
    due = cursor.fetchall()
    cursor.execute(_KEYS, ([row[1] for row in due],))
    keys: dict[UUID, list[EndpointKey]] = {}
    for endpoint_id, *key in cursor.fetchall():
        keys.setdefault(endpoint_id, []).append(EndpointKey(*key))
    return [_claimed(row, tuple(keys.get(row[1], ()))) for row in due]


def _locked(cursor: Cursor, *, hold_up: bool, slow: list[UUID], at_most: int) -> list[UUID]:
    cursor.execute(_LOCK_ENDPOINTS, {"hold_up": hold_up, "slow": slow, "at_most": max(at_most, 0)})
    return [endpoint_id for (endpoint_id,) in cursor.fetchall()]


def record(cursor: Cursor, claimed: Claimed, attempt: Attempt, verdict: Verdict) -> bool:
    """Write what came of an attempt and end the lease; whether it counts.

    Of a sender whose lease had ended before, only a success counts: another one is at work by then.
    """
    cursor.execute(
        _END_LEASE,
        {
            "endpoint_id": claimed.endpoint_id,
            "leased_until": claimed.leased_until,
            "hold": verdict.hold,
            "is_gone": verdict.outcome is AttemptOutcome.GONE,
            "is_failing": verdict.outcome is not AttemptOutcome.DELIVERED,
        },
    )
    counts = cursor.rowcount == 1 or verdict.state is DeliveryState.DELIVERED
    if counts:
        cursor.execute(_SETTLE, (verdict.state, verdict.next_try_in, verdict.state, claimed.delivery_id))
        counts = cursor.rowcount == 1
    cursor.execute(
        _INSERT_ATTEMPT,
        (
            claimed.delivery_id,
            attempt.attempted_at,
            attempt.duration // timedelta(milliseconds=1),
            verdict.outcome,
            attempt.status,
            attempt.error,
            attempt.answer,
        ),
    )
    return counts


def make_test(cursor: Cursor, endpoint_id: UUID) -> UUID:
    """A test to be sent now; returns the delivery's id."""
    delivery_id = uuid4()
    cursor.execute(_MAKE_TEST, (delivery_id, endpoint_id, uuid4()))
    return delivery_id


def ask_again(cursor: Cursor, endpoint_id: UUID, delivery_id: UUID) -> None:
    """Let a message be sent again, from the first try on, under its id."""
    cursor.execute(_ASK_AGAIN, (delivery_id, endpoint_id))


def deliveries(
    cursor: Cursor,
    endpoint_id: UUID,
    *,
    limit: int,
    state: str | None = None,
    delivery_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
) -> list[DeliveryRow]:
    """The messages to an endpoint, newest first, each with its latest attempts."""
    cursor.execute(
        _DELIVERIES,
        {
            "endpoint_id": endpoint_id,
            "limit": limit,
            "state": state,
            "delivery_id": delivery_id,
            "after_time": after[0] if after else None,
            "after_id": after[1] if after else None,
        },
    )
    rows = cursor.fetchall()
    cursor.execute(_ATTEMPTS, ([row[0] for row in rows], _MOST_ATTEMPTS_SHOWN))
    attempts: dict[UUID, list[AttemptRow]] = {}
    for of, *attempt in cursor.fetchall():
        attempts.setdefault(of, []).append(AttemptRow(*attempt))
    return [DeliveryRow(*(*row, attempts.get(row[0], []))) for row in rows]


def oldest_pending_seconds(cursor: Cursor) -> float:
    """Age of the oldest message that an enabled endpoint still waits for; 0 without one."""
    cursor.execute(_OLDEST_PENDING)
    ((seconds,),) = cursor.fetchall()
    return float(seconds)


def _claimed(row: tuple[Any, ...], keys: tuple[EndpointKey, ...]) -> Claimed:
    message, told = row[:_MESSAGE_COLUMNS], row[_MESSAGE_COLUMNS:]
    return Claimed(*(*message, keys, Notice(*told) if told[0] is not None else None))


# Of a claimed row, what is of the message and not of the change it tells.
_MESSAGE_COLUMNS = 9
_STATE_AFTER = (
    "CASE c.transition WHEN 'resolved' THEN 'resolved' WHEN 'cancelled' THEN 'cancelled' ELSE 'open' END"
)

# An endpoint is told of what changes after it was made. Who wants a severity is told of an alert that once
# had it to its end: else a warning that is cancelled would stand for ever as the critical alert it was.
_ROUTE = f"""
WITH routed AS (
    DELETE FROM alert.webhook_unrouted
     WHERE change_id IN (SELECT change_id FROM alert.webhook_unrouted JOIN alert.outbox USING (change_id)
                          ORDER BY id LIMIT %s)
    RETURNING change_id
), made AS (
    INSERT INTO alert.webhook_delivery (delivery_id, endpoint_id, message_id, change_id, alert_id, sequence)
    SELECT gen_random_uuid(), e.endpoint_id, c.change_id, c.change_id, c.alert_id, c.sequence
      FROM routed
      JOIN alert.alert_change AS c USING (change_id)
      JOIN alert.alert AS a ON a.id = c.alert_id
      JOIN alert.webhook_endpoint AS e ON e.state = 'enabled' AND e.created_at <= c.recorded_at
     -- Whole, since an owner's code may hold a stroke: 96/B is not told of 96/B/1.
     WHERE e.unit IN ('', a.province_code, a.province_code || '/' || a.owner_code)
       AND (e.rules = '{{}}' OR a.rule = ANY (e.rules))
       AND (e.states = '{{}}' OR {_STATE_AFTER} = ANY (e.states))
       AND (e.severities = '{{}}' OR EXISTS (
            SELECT FROM alert.alert_change AS told
             WHERE told.alert_id = c.alert_id AND told.sequence <= c.sequence
               AND told.recorded_at >= e.created_at AND told.severity = ANY (e.severities)))
    ON CONFLICT (endpoint_id, message_id) DO NOTHING
)
SELECT count(*) FROM routed
"""  # noqa: S608 - ours

# The changes of an alert in order: one waits until the one before it is settled.
_DUE = """
SELECT d.* FROM alert.webhook_delivery AS d
 WHERE d.endpoint_id = e.endpoint_id AND d.state = 'pending' AND d.next_try_at <= now()
   AND NOT EXISTS (SELECT FROM alert.webhook_delivery AS before
                    WHERE before.endpoint_id = d.endpoint_id AND before.alert_id = d.alert_id
                      AND before.sequence < d.sequence AND before.state = 'pending')
 ORDER BY d.next_try_at LIMIT 1
"""

# What was never tried comes first: retries to receivers that are away do not hold up those that are there.
_LOCK_ENDPOINTS = f"""
SELECT e.endpoint_id
  FROM alert.webhook_endpoint AS e CROSS JOIN LATERAL ({_DUE}) AS due
 WHERE e.state = 'enabled'
   AND (e.failing_since IS NOT NULL OR e.endpoint_id = ANY (%(slow)s::uuid[])) = %(hold_up)s
   AND (e.leased_until IS NULL OR e.leased_until <= now()) AND (e.held_until IS NULL OR e.held_until <= now())
 ORDER BY due.tries > 0, due.next_try_at
 LIMIT %(at_most)s
   FOR NO KEY UPDATE OF e SKIP LOCKED
"""  # noqa: S608 - ours

_CLAIM = f"""
WITH due AS (
    SELECT due.*
      FROM alert.webhook_endpoint AS e CROSS JOIN LATERAL ({_DUE}) AS due
     WHERE e.endpoint_id = ANY (%(endpoints)s)
), leased AS (
    UPDATE alert.webhook_endpoint AS e SET leased_until = now() + %(lease)s
      FROM due WHERE e.endpoint_id = due.endpoint_id
    RETURNING e.endpoint_id, e.url, e.leased_until, e.failing_since
)
SELECT due.delivery_id, endpoint_id, leased.url, leased.leased_until, due.message_id, due.made_at, due.tries,
       due.asked_again_at IS NOT NULL,
       leased.failing_since IS NOT NULL OR endpoint_id = ANY (%(slow)s::uuid[]),
       c.change_id, c.alert_id, c.sequence, c.transition, {_STATE_AFTER}, c.severity, a.rule, c.rule_version,
       a.subject_type, a.subject_code, a.budget_year, c.as_of, c.judged_on, c.raised_on, c.figures,
       c.reason_vi, c.reason_en, coalesce(c.correction_vi, ''), coalesce(c.correction_en, ''),
       coalesce(c.caused_by, '{{}}'),
       CASE WHEN c.transition NOT IN ('opened', 'reopened') THEN (
            SELECT raised.change_id FROM alert.alert_change AS raised
             WHERE raised.alert_id = c.alert_id AND raised.sequence < c.sequence
               AND raised.transition IN ('opened', 'reopened')
             ORDER BY raised.sequence DESC LIMIT 1) END,
       c.recorded_at
  FROM due JOIN leased USING (endpoint_id)
  LEFT JOIN alert.alert_change AS c USING (change_id)
  LEFT JOIN alert.alert AS a ON a.id = c.alert_id
"""  # noqa: S608 - ours

_KEYS = """
SELECT endpoint_id, key_id, installation_key, created_at, expires_at FROM alert.webhook_key
 WHERE endpoint_id = ANY (%s::uuid[]) AND (expires_at IS NULL OR expires_at > now())
 ORDER BY created_at DESC, key_id
"""

_END_LEASE = """
UPDATE alert.webhook_endpoint
   SET leased_until = NULL,
       failing_since = CASE WHEN %(is_failing)s THEN coalesce(failing_since, now()) END,
       held_until = coalesce(now() + %(hold)s::interval, held_until),
       state = CASE WHEN %(is_gone)s AND state = 'enabled' THEN 'disabled' ELSE state END,
       state_reason = CASE WHEN %(is_gone)s AND state = 'enabled' THEN 'gone' ELSE state_reason END,
       changed_at = CASE WHEN %(is_gone)s THEN now() ELSE changed_at END
 WHERE endpoint_id = %(endpoint_id)s AND leased_until = %(leased_until)s
"""

_SETTLE = """
UPDATE alert.webhook_delivery
   SET state = %s, tries = tries + 1, next_try_at = coalesce(now() + %s::interval, next_try_at),
       settled_at = CASE WHEN %s = 'pending' THEN NULL ELSE now() END
 WHERE delivery_id = %s AND state = 'pending'
"""

_INSERT_ATTEMPT = """
INSERT INTO alert.webhook_attempt (delivery_id, attempted_at, duration_ms, outcome, status, error, answer)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""

_MAKE_TEST = "INSERT INTO alert.webhook_delivery (delivery_id, endpoint_id, message_id) VALUES (%s, %s, %s)"

_ASK_AGAIN = """
UPDATE alert.webhook_delivery
   SET state = 'pending', tries = 0, next_try_at = now(), settled_at = NULL, asked_again_at = now()
 WHERE delivery_id = %s AND endpoint_id = %s
"""

_DELIVERIES = """
SELECT d.delivery_id, d.message_id, d.alert_id, d.sequence, c.transition, d.state, d.tries, d.made_at,
       d.next_try_at, d.settled_at
  FROM alert.webhook_delivery AS d LEFT JOIN alert.alert_change AS c USING (change_id)
 WHERE d.endpoint_id = %(endpoint_id)s
   AND (%(state)s::text IS NULL OR d.state = %(state)s)
   AND (%(delivery_id)s::uuid IS NULL OR d.delivery_id = %(delivery_id)s)
   AND (%(after_time)s::timestamptz IS NULL
        OR (d.made_at, d.delivery_id) < (%(after_time)s, %(after_id)s::uuid))
 ORDER BY d.made_at DESC, d.delivery_id DESC
 LIMIT %(limit)s
"""

_ATTEMPTS = """
SELECT delivery_id, attempted_at, duration_ms, outcome, status, error, answer
  FROM (SELECT *, row_number() OVER (PARTITION BY delivery_id ORDER BY attempt_id DESC) AS place
          FROM alert.webhook_attempt WHERE delivery_id = ANY (%s::uuid[])) AS latest
 WHERE place <= %s ORDER BY delivery_id, place
"""

_OLDEST_PENDING = """
SELECT coalesce(extract(epoch FROM now() - min(d.made_at)), 0)
  FROM alert.webhook_delivery AS d JOIN alert.webhook_endpoint AS e USING (endpoint_id)
 WHERE d.state = 'pending' AND e.state = 'enabled'
"""
