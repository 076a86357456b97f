"""What becomes of a message to a webhook after an answer: settled, or tried again and when.

The waits are those that Standard Webhooks suggests ("Deliverability and reliability"): ten tries within a
little more than three days. Pure: the instant and the chance come as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

_WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MOST_TRIES = len(_WAITS) + 1
# A wait is lengthened by up to a tenth, so that what failed together is not tried again together.
_JITTER = 0.1
# A receiver may ask for a longer wait, up to this: one that asks for a year would be told nothing.
MOST_ASKED = timedelta(hours=24)

_OK, _REDIRECT, _GONE = 200, 300, 410
_BUSY = frozenset({429, 503})


class AttemptOutcome(StrEnum):
    """What an attempt came to."""

    DELIVERED = "delivered"
    FAILED = "failed"
    # The receiver wants nothing more, ever (410).
    GONE = "gone"


class DeliveryState(StrEnum):
    """Where a message to one endpoint stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``next_try_in`` is ``None`` where it is settled. For ``hold`` the receiver wants nothing at all."""

    outcome: AttemptOutcome
    state: DeliveryState
    next_try_in: timedelta | None = None
    hold: timedelta | None = None


def outcome_of(status: int | None) -> AttemptOutcome:
    """What an HTTP status says; ``None`` is no answer. A redirection is a failure: it is not followed."""
    if status == _GONE:
        return AttemptOutcome.GONE
    if status is not None and _OK <= status < _REDIRECT:
        return AttemptOutcome.DELIVERED
    return AttemptOutcome.FAILED


def verdict(
    status: int | None,
    *,
    tries: int,
    most_tries: int = MOST_TRIES,
    asked: timedelta | None = None,
    chance: float = 0.0,
) -> Verdict:
    """What becomes of a message whose ``tries``-th attempt (from 1) was answered with ``status``.

    ``asked`` is the wait of a Retry-After, which counts with 429 and 503; ``chance`` is in [0, 1).
    """
    outcome = outcome_of(status)
    if outcome is AttemptOutcome.DELIVERED:
        return Verdict(outcome, DeliveryState.DELIVERED)
    hold = min(asked, MOST_ASKED) if asked and status in _BUSY else None
    if outcome is AttemptOutcome.GONE or tries >= most_tries:
        return Verdict(outcome, DeliveryState.GIVEN_UP, hold=hold)
    wait = _WAITS[min(tries, len(_WAITS)) - 1] * (1 + _JITTER * chance)
    return Verdict(outcome, DeliveryState.PENDING, max(wait, hold or wait), hold)


def retry_after(text: str, *, now: datetime) -> timedelta | None:
    """The wait that a Retry-After header asks for, in seconds or as an HTTP date (RFC 9110, 10.2.3).

    ``None`` where it asks for none, or cannot be read.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        # Beyond the cap every number is the same.
        return timedelta(seconds=min(int(text[:9]), int(MOST_ASKED.total_seconds()))) or None
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        # A stranger wrote it, and the reader of dates has its ways to fail.
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return until - now if until > now else None
