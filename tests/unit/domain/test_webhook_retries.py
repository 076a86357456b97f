"""What becomes of a message to a webhook after each answer, as a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.webhook_retries import (
    MOST_ASKED,
    MOST_TRIES,
    AttemptOutcome,
    DeliveryState,
    retry_after,
    verdict,
)

NOW = datetime(2022, 5, 31, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "outcome", "state"),
    [
        (200, "delivered", "delivered"),
        (204, "delivered", "delivered"),
        (299, "delivered", "delivered"),
        (300, "failed", "pending"),
        (301, "failed", "pending"),
        (308, "failed", "pending"),
        (400, "failed", "pending"),
        (404, "failed", "pending"),
        (410, "gone", "given_up"),
        (429, "failed", "pending"),
        (500, "failed", "pending"),
        (503, "failed", "pending"),
        (None, "failed", "pending"),
    ],
)
def test_what_an_answer_says(status: int | None, outcome: str, state: str) -> None:
    found = verdict(status, tries=1)
    assert (found.outcome, found.state) == (AttemptOutcome(outcome), DeliveryState(state))
    assert (found.next_try_in is not None) == (state == "pending")


def test_ten_tries_within_a_little_more_than_three_days() -> None:
    assert MOST_TRIES == 10
    waits = [verdict(500, tries=tries).next_try_in for tries in range(1, MOST_TRIES)]
    assert waits == sorted(waits, key=lambda wait: wait or timedelta())
    total = sum((wait for wait in waits if wait), timedelta())
    assert timedelta(days=3) < total < timedelta(days=3, hours=4)
    assert verdict(500, tries=MOST_TRIES).state is DeliveryState.GIVEN_UP


def test_chance_lengthens_a_wait_by_up_to_a_tenth() -> None:
    assert verdict(500, tries=2).next_try_in == timedelta(minutes=5)
    assert verdict(500, tries=2, chance=0.5).next_try_in == timedelta(minutes=5, seconds=15)


def test_a_test_is_tried_once() -> None:
    assert verdict(500, tries=1, most_tries=1).state is DeliveryState.GIVEN_UP


@pytest.mark.parametrize(("status", "counts"), [(429, True), (503, True), (500, False), (404, False)])
def test_a_busy_receiver_says_when(status: int, counts: bool) -> None:
    found = verdict(status, tries=1, asked=timedelta(hours=1))
    assert found.next_try_in == (timedelta(hours=1) if counts else timedelta(seconds=5))
    assert found.hold == (timedelta(hours=1) if counts else None)


def test_a_shorter_wait_than_ours_holds_the_rest_and_not_this_one() -> None:
    found = verdict(429, tries=4, asked=timedelta(minutes=1))
    assert (found.next_try_in, found.hold) == (timedelta(hours=2), timedelta(minutes=1))


def test_nobody_is_left_alone_for_longer_than_a_day() -> None:
    found = verdict(429, tries=1, asked=timedelta(days=365))
    assert (found.next_try_in, found.hold) == (MOST_ASKED, MOST_ASKED)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("120", timedelta(minutes=2)),
        (" 1 ", timedelta(seconds=1)),
        ("0", None),
        ("9" * 400, MOST_ASKED),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("²", None),
        ("Tue, 31 May 2022 01:10:00 GMT", timedelta(minutes=10)),
        ("Tue, 31 May 2022 00:50:00 GMT", None),
        ("Tue, 99 May 2022 01:10:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, asked: timedelta | None) -> None:
    assert retry_after(text, now=NOW) == asked


@given(st.text(max_size=40) | st.from_regex(r"\A[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9:+ -]{0,30}\Z"))
def test_whatever_a_receiver_asks_for_can_be_judged(text: str) -> None:
    found = verdict(429, tries=1, asked=retry_after(text, now=NOW))
    assert found.next_try_in is not None
    assert timedelta() < found.next_try_in <= MOST_ASKED
