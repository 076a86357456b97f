"""What a question to the books is about, read from its parameters."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.aggregation.asked import Asked, AsOfQuery
from services.runtime.clock import Clock
from services.runtime.errors import ProblemError


class Stopped(Clock):
    """A clock that stands at noon of 30 June 2022 in Vietnam."""

    def now(self) -> datetime:
        return datetime(2022, 6, 30, 5, 0, tzinfo=UTC)


CLOCK = Stopped(date(2022, 6, 30))


def asked(**query: object) -> Asked:
    return Asked.by(AsOfQuery.model_validate(query), CLOCK)


def test_without_an_instant_all_that_is_known_is_asked() -> None:
    assert asked() == Asked(date(2022, 6, 30), 2022, None)


def test_a_day_is_its_end_in_vietnam() -> None:
    known_at = asked(known_at="2022-06-29").known_at
    assert known_at == datetime(2022, 6, 29, 16, 59, 59, 999_999, tzinfo=UTC)
    assert known_at.isoformat() == "2022-06-29T23:59:59.999999+07:00"


def test_now_is_past_and_today_has_not_ended() -> None:
    assert asked(known_at="2022-06-30T12:00:00+07:00").known_at == CLOCK.now()
    for known_at in ("2022-06-30", "2022-06-30T12:00:00.000001+07:00"):
        with pytest.raises(ProblemError) as refused:
            asked(known_at=known_at)
        assert [each.code for each in refused.value.problem.errors] == ["in-future"]
