"""First in first out, worked by hand: days and amounts of advances, the latest first."""

from __future__ import annotations

import pytest

from services.domain.advances import oldest_left

ADVANCES = [(60, 50), (40, 30), (10, 20)]


@pytest.mark.parametrize(
    ("outstanding", "since"),
    [(1, 60), (50, 60), (51, 40), (80, 40), (81, 10), (100, 10), (101, 10)],
)
def test_what_is_outstanding_is_the_latest_of_what_was_advanced(outstanding: int, since: int) -> None:
    assert oldest_left(ADVANCES, outstanding) == since


def test_without_an_advance_there_is_no_oldest() -> None:
    assert oldest_left([], 5) is None
