"""When something is said: the whole table."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest

from services.domain.alert_lifecycle import (
    AlertState,
    AlertTransition,
    Grounds,
    Judgement,
    Recorded,
    state_after,
    transition,
)

MARCH = Grounds(date(2022, 3, 31), disbursed=100, plan=1_000)
MARCH_CORRECTED = Grounds(date(2022, 3, 31), disbursed=150, plan=1_000)
MAY = Grounds(date(2022, 5, 31), disbursed=300, plan=1_000)

OPEN = Recorded(AlertState.OPEN, b"first", MARCH)
RESOLVED = Recorded(AlertState.RESOLVED, b"first", MARCH)
CANCELLED = Recorded(AlertState.CANCELLED, b"first", MARCH)

SAME, OTHER = Judgement(b"first", MARCH), Judgement(b"other", MARCH)
# The figures of now stand, the day it was raised on does not: corrected there, or it holds since another day.
CORRECTED, SINCE_MAY = Judgement(b"first", MARCH_CORRECTED), Judgement(b"first", MAY)
GONE = Judgement(None)
GONE_HELD, GONE_NEVER_HELD = Judgement(None, held_when_raised=True), Judgement(None, held_when_raised=False)


@pytest.mark.parametrize(
    ("recorded", "judged", "expected"),
    [
        (None, GONE, None),
        (None, SAME, AlertTransition.OPENED),
        (OPEN, SAME, None),
        (OPEN, OTHER, AlertTransition.UPDATED),
        (OPEN, CORRECTED, AlertTransition.UPDATED),
        (OPEN, SINCE_MAY, AlertTransition.UPDATED),
        (OPEN, GONE, AlertTransition.RESOLVED),
        (OPEN, GONE_HELD, AlertTransition.RESOLVED),
        (OPEN, GONE_NEVER_HELD, AlertTransition.CANCELLED),
        (RESOLVED, GONE, None),
        (RESOLVED, GONE_HELD, None),
        (RESOLVED, GONE_NEVER_HELD, AlertTransition.CANCELLED),
        (RESOLVED, SAME, AlertTransition.REOPENED),
        (RESOLVED, OTHER, AlertTransition.REOPENED),
        (RESOLVED, CORRECTED, AlertTransition.REOPENED),
        (CANCELLED, GONE, None),
        (CANCELLED, GONE_HELD, None),
        (CANCELLED, GONE_NEVER_HELD, None),
        (CANCELLED, SAME, AlertTransition.REOPENED),
        (CANCELLED, OTHER, AlertTransition.REOPENED),
    ],
)
def test_what_is_said_of_what_is_recorded_and_found(
    recorded: Recorded | None, judged: Judgement, expected: AlertTransition | None
) -> None:
    assert transition(recorded, judged) is expected


def test_an_alert_without_known_grounds_is_not_told_again_for_them() -> None:
    assert transition(Recorded(AlertState.OPEN, b"first"), Judgement(b"first")) is None


@pytest.mark.parametrize(
    ("recorded", "judged"),
    [
        pytest.param(recorded, judged, id=f"{recorded and recorded.state}-{number}")
        for recorded, (number, judged) in product(
            (None, OPEN, RESOLVED, CANCELLED),
            enumerate((SAME, OTHER, CORRECTED, SINCE_MAY, GONE, GONE_HELD, GONE_NEVER_HELD)),
        )
    ],
)
def test_judged_again_the_same_nothing_is_said(recorded: Recorded | None, judged: Judgement) -> None:
    told = transition(recorded, judged)
    if told is not None:
        after = Recorded(state_after(told), judged.digest or b"unflagged", judged.grounds or MARCH)
        assert transition(after, judged) is None


@pytest.mark.parametrize("change", list(AlertTransition))
def test_only_a_resolved_or_cancelled_alert_is_closed(change: AlertTransition) -> None:
    closed = {
        AlertTransition.RESOLVED: AlertState.RESOLVED,
        AlertTransition.CANCELLED: AlertState.CANCELLED,
    }
    assert state_after(change) is closed.get(change, AlertState.OPEN)
