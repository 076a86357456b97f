"""Which known code a mistyped one was probably meant to be."""

from __future__ import annotations

import time

import pytest

from services.ingest.judging.nearest_codes import NearestCodes

KNOWN = NearestCodes(
    {code: code for code in ("7891234", "7891235", "7912340", "DA-CAU-01", "DA-CAU-02", "Đường-1")}
)


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [
        ("7891243", "7891234"),
        ("789123", "7891234"),
        ("07891234", "7891234"),
        ("da-cau-01", "DA-CAU-01"),
        ("DA-CẦU-02", "DA-CAU-02"),
        ("Đưòng-1", "Đường-1"),
    ],
)
def test_the_nearest_comes_first(mistyped: str, meant: str) -> None:
    assert KNOWN.of(mistyped, count=3)[0] == meant


@pytest.mark.parametrize("unlike", ["", "X", "0000000", "KBNN"])
def test_what_is_like_nothing_gets_nothing(unlike: str) -> None:
    assert KNOWN.of(unlike, count=3) == []


def test_no_more_than_asked_for() -> None:
    assert len(KNOWN.of("7891230", count=2)) == 2


def test_a_hundred_mistyped_codes_of_twenty_thousand_take_seconds_at_most() -> None:
    many = NearestCodes({str(code): code for code in range(7_800_000, 7_820_000)})
    started = time.monotonic()
    for code in range(100):
        assert many.of(f"78{code:04}9X", count=3)
    assert time.monotonic() - started < 10
