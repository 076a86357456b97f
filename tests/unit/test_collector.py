"""The garbage collector, held still for a block."""

from __future__ import annotations

import gc

import pytest

from services.runtime.collector import held_still


def test_it_is_still_in_the_block_and_works_again_whatever_happens() -> None:
    @held_still()
    def fail() -> None:
        assert not gc.isenabled()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert gc.isenabled()


def test_a_block_within_a_block_leaves_it_still() -> None:
    with held_still():
        with held_still():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_was_made_counts_as_old() -> None:
    with held_still():
        kept = [[n] for n in range(10_000)]
    assert any(each is kept for each in gc.get_objects(generation=2))
