"""Is it time to say something? A pure function of what is recorded and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class AlertState(StrEnum):
    """Where an alert stands."""

    OPEN = "open"
    RESOLVED = "resolved"
    # Raised on figures that a later correction changed: rightly seen, it never held.
    CANCELLED = "cancelled"


class AlertTransition(StrEnum):
    """What happens to an alert."""

    OPENED = "opened"
    UPDATED = "updated"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Grounds:
    """The day since which an alert stands, and the totals of that day it stands on, in minor units."""

    day: date
    disbursed: int
    plan: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is known of an alert already: its state, the digest of its last finding and the version of the
    rule that found it, and what it was raised on; ``grounds`` is ``None`` where that was not kept."""

    state: AlertState
    digest: bytes
    grounds: Grounds | None = None
    rule_version: int = 1


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule says by all that is known now.

    ``digest`` is that of its finding, ``None`` where it does not flag; ``grounds`` since when it flags.
    ``held_when_raised``, of a rule that does not flag now, says whether it flags as of the day on which the
    recorded alert was raised; ``None`` where it flags, no correction reaches that day, or the rule cannot be
    judged as of an earlier day.
    """

    digest: bytes | None
    grounds: Grounds | None = None
    held_when_raised: bool | None = None


_STATE_AFTER = {
    AlertTransition.OPENED: AlertState.OPEN,
    AlertTransition.UPDATED: AlertState.OPEN,
    AlertTransition.REOPENED: AlertState.OPEN,
    AlertTransition.RESOLVED: AlertState.RESOLVED,
    AlertTransition.CANCELLED: AlertState.CANCELLED,
}


def transition(recorded: Recorded | None, judged: Judgement) -> AlertTransition | None:
    """What to do, or ``None`` where nothing changed.

    A resolved alert that was rightly raised stays as it was told, whatever its figures of then are now.
    """
    if recorded is None:
        return AlertTransition.OPENED if judged.digest else None
    if judged.digest is None:
        return _no_longer_flagged(recorded, judged)
    if recorded.state is not AlertState.OPEN:
        return AlertTransition.REOPENED
    stands_on_other_ground = judged.grounds is not None and judged.grounds != recorded.grounds
    if recorded.digest != judged.digest or stands_on_other_ground:
        return AlertTransition.UPDATED
    return None


def _no_longer_flagged(recorded: Recorded, judged: Judgement) -> AlertTransition | None:
    if recorded.state is AlertState.CANCELLED:
        return None
    if judged.held_when_raised is False:
        return AlertTransition.CANCELLED
    return AlertTransition.RESOLVED if recorded.state is AlertState.OPEN else None


def state_after(change: AlertTransition) -> AlertState:
    """The state an alert is in after ``change``."""
    return _STATE_AFTER[change]
