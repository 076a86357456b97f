"""When something is said: the whole table."""

from __future__ import annotations

import pytest

from services.domain.alert_lifecycle import AlertState, AlertTransition, Recorded, state_after, transition

OPEN = Recorded(AlertState.OPEN, b"first")
RESOLVED = Recorded(AlertState.RESOLVED, b"first")


@pytest.mark.parametrize(
    ("recorded", "found", "expected"),
    [
        (None, None, None),
        (None, b"first", AlertTransition.OPENED),
        (OPEN, b"first", None),
        (OPEN, b"other", AlertTransition.UPDATED),
        (OPEN, None, AlertTransition.RESOLVED),
        (RESOLVED, None, None),
        (RESOLVED, b"first", AlertTransition.REOPENED),
        (RESOLVED, b"other", AlertTransition.REOPENED),
    ],
)
def test_what_is_said_of_what_is_recorded_and_found(
    recorded: Recorded | None, found: bytes | None, expected: AlertTransition | None
) -> None:
    assert transition(recorded, found) is expected


@pytest.mark.parametrize("change", list(AlertTransition))
def test_only_a_resolved_alert_is_closed(change: AlertTransition) -> None:
    closed = change is AlertTransition.RESOLVED
    assert state_after(change) is (AlertState.RESOLVED if closed else AlertState.OPEN)
