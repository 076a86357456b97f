"""How often somebody may: what a bucket holds, how long to wait, and bounded memory."""

from __future__ import annotations

from services.runtime.access import rates
from services.runtime.access.rates import Rates


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_let_through_and_then_the_rate_holds() -> None:
    clock = Hand()
    bucket = Rates(per_second=2, burst=3, clock=clock)
    assert [bucket.take("a") for _ in range(4)] == [0, 0, 0, 1]
    clock.now += 0.5
    assert [bucket.take("a") for _ in range(2)] == [0, 1]


def test_the_wait_that_is_named_is_enough_and_no_second_too_long() -> None:
    clock = Hand()
    bucket = Rates(per_second=20 / 60, burst=20, clock=clock)
    for _ in range(20):
        assert bucket.take("a") == 0
    wait = bucket.take("a")
    assert wait == 3
    clock.now += wait - 0.5
    assert bucket.take("a") == 1
    clock.now += 0.5
    assert bucket.take("a") == 0


def test_a_refused_request_takes_nothing() -> None:
    clock = Hand()
    bucket = Rates(per_second=1, burst=1, clock=clock)
    bucket.take("a")
    for _ in range(100):
        bucket.take("a")
    clock.now += 1
    assert bucket.take("a") == 0


def test_a_bucket_never_holds_more_than_a_burst() -> None:
    clock = Hand()
    bucket = Rates(per_second=100, burst=2, clock=clock)
    bucket.take("a")
    clock.now += 3_600
    assert [bucket.take("a") for _ in range(3)] == [0, 0, 1]


def test_each_client_has_a_bucket_of_its_own() -> None:
    bucket = Rates(per_second=1, burst=1, clock=Hand())
    assert [bucket.take("a"), bucket.take("b"), bucket.take("a")] == [0, 0, 1]


def test_a_million_clients_do_not_fill_the_memory() -> None:
    bucket = Rates(per_second=1, burst=1, clock=Hand())
    for number in range(rates._MOST_CLIENTS + 500):
        bucket.take(number)
    assert len(bucket._buckets) == rates._MOST_CLIENTS
    # Who was seen lately is remembered.
    assert bucket.take(rates._MOST_CLIENTS + 499) == 1
