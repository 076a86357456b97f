"""What officers answer for, reckoned by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.domain.accountability import Ending, Officer, PromiseFate, Raising, accounts
from services.domain.handling import Cause, Handling, Level, Promise, Stage
from services.domain.lag_rules import RuleName

RAISED = datetime(2022, 7, 1, 2, tzinfo=UTC)
BY = date(2022, 7, 31)
AN = Officer("96", "O1", "An")
OPEN = Raising(
    AN,
    "Ban A",
    RuleName.BEHIND_TARGET,
    RAISED,
    Handling(Stage.OPEN, Level.OFFICER, "An", RAISED + timedelta(2)),
)
PROMISED = replace(
    OPEN,
    handling=Handling(Stage.ACKNOWLEDGED, Level.OFFICER, "An", promise=Promise(Cause.WEATHER, BY)),
    acknowledged_at=RAISED + timedelta(hours=3),
)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("ending", "today", "fate"),
    [
        (None, BY, PromiseFate.PENDING),
        (None, BY + DAY, PromiseFate.BROKEN),
        (Ending(is_cancelled=False, as_of=BY, recorded_on=BY + 9 * DAY), BY + 9 * DAY, PromiseFate.KEPT),
        (Ending(is_cancelled=False, as_of=BY + DAY, recorded_on=BY), BY, PromiseFate.KEPT),
        (Ending(is_cancelled=False, as_of=BY + DAY, recorded_on=BY + DAY), BY + DAY, PromiseFate.BROKEN),
        (Ending(is_cancelled=True, as_of=BY, recorded_on=BY), BY, PromiseFate.VOID),
    ],
)
def test_a_promise_is_kept_by_its_day(ending: Ending | None, today: date, fate: PromiseFate) -> None:
    assert replace(PROMISED, ending=ending).promise_fate(today) is fate
    assert OPEN.promise_fate(today) is None


def test_an_account_counts_each_raising_once_and_a_cancelled_one_in_nothing_else() -> None:
    resolved = replace(PROMISED, ending=Ending(is_cancelled=False, as_of=BY, recorded_on=BY))
    cancelled = replace(PROMISED, ending=Ending(is_cancelled=True, as_of=BY, recorded_on=BY))
    escalated = replace(
        OPEN, rule=RuleName.OVER_PLAN, handling=replace(OPEN.handling, level=Level.SUPERVISOR)
    )
    slow = replace(PROMISED, acknowledged_at=RAISED + timedelta(hours=9))
    now = RAISED + timedelta(days=2)
    (account,) = accounts([OPEN, resolved, cancelled, escalated, slow], now=now, today=now.date())
    assert (account.officer, account.owner_name) == (AN, "Ban A")
    assert (account.raised, account.cancelled, account.open, account.lagging) == (5, 1, 3, 2)
    assert (account.unacknowledged, account.overdue, account.escalated) == (2, 2, 1)
    assert account.to_acknowledge == (timedelta(hours=3), timedelta(hours=9))
    assert account.median_to_acknowledge == timedelta(hours=6)
    assert account.promises == Counter({PromiseFate.KEPT: 1, PromiseFate.VOID: 1, PromiseFate.PENDING: 1})


def test_an_acknowledgement_by_a_clock_that_is_behind_took_no_time() -> None:
    early = replace(PROMISED, acknowledged_at=RAISED - timedelta(seconds=2))
    assert accounts([early], now=RAISED, today=RAISED.date())[0].to_acknowledge == (timedelta(),)


def test_officers_are_told_apart_by_unit_and_name() -> None:
    others = [
        replace(OPEN, officer=Officer("96", "O1", "Bình")),
        replace(OPEN, officer=Officer("96", "O0", "An")),
    ]
    found = [each.officer for each in accounts([OPEN, *others], now=RAISED, today=RAISED.date())]
    assert found == [Officer("96", "O0", "An"), AN, Officer("96", "O1", "Bình")]
    assert accounts([], now=RAISED, today=RAISED.date()) == []
