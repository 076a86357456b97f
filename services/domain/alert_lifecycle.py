"""Is it time to say something? A pure function of what is recorded and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AlertState(StrEnum):
    """Where an alert stands."""

    OPEN = "open"
    RESOLVED = "resolved"


class AlertTransition(StrEnum):
    """What happens to an alert."""

    OPENED = "opened"
    UPDATED = "updated"
    RESOLVED = "resolved"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is known of an alert already: its state and the digest of its last finding."""

    state: AlertState
    digest: bytes


_STATE_AFTER = {
    AlertTransition.OPENED: AlertState.OPEN,
    AlertTransition.UPDATED: AlertState.OPEN,
    AlertTransition.REOPENED: AlertState.OPEN,
    AlertTransition.RESOLVED: AlertState.RESOLVED,
}


def transition(recorded: Recorded | None, finding_digest: bytes | None) -> AlertTransition | None:
    """What to do, or ``None`` where nothing changed.

    ``finding_digest`` is the digest of the rule's finding now, ``None`` where the rule no longer
    flags the subject.
    """
    is_open = recorded is not None and recorded.state is AlertState.OPEN
    if finding_digest is None:
        return AlertTransition.RESOLVED if is_open else None
    if recorded is None:
        return AlertTransition.OPENED
    if not is_open:
        return AlertTransition.REOPENED
    return AlertTransition.UPDATED if recorded.digest != finding_digest else None


def state_after(change: AlertTransition) -> AlertState:
    """The state an alert is in after ``change``."""
    return _STATE_AFTER[change]
