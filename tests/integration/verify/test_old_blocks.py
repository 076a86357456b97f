"""Blocks of the version before, whose rows carry no number: it may run beside this one, on its schema."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest

from services.aggregation import block_rows
from services.verify.verification import Asked, verify
from tests.support import facts
from tests.support.applied import Books
from tests.support.filled_books import codes, fill, verdict_of
from tests.support.logins import execute


@contextmanager
def version_before() -> Iterator[None]:
    """As it writes: no number for the rows, and a digest of its own; columns it does not know stay empty."""
    with (
        mock.patch.object(block_rows, "begin", return_value=None),
        mock.patch.object(block_rows, "close", return_value=hashlib.sha256(b"of its own").digest()),
    ):
        yield


@pytest.fixture
def old(books: Books) -> Books:
    """The same books, read from a log that followed, half of it by the version before."""
    with version_before():
        books.add(facts.movement("old", 11), facts.movement("older", 12), generation=2)
        books.add(facts.plan(7, project="P7"), generation=2)
    books.add(facts.movement("new", 13), generation=2)
    return books


def test_blocks_of_both_versions_are_one_chain(old: Books) -> None:
    verdict = verdict_of(old)
    assert verdict.faults == []
    assert verdict.counted["old_blocks"] == 2
    assert "old-blocks" in verdict.notes
    assert execute(old.database_url, "SELECT count(*) FROM aggregation.ledger WHERE block_no IS NULL") == [
        (2,)
    ]


def test_books_of_the_version_before_alone_are_right(books: Books) -> None:
    with version_before():
        fill(Books(books.database_url))
    assert verdict_of(books).faults == []


def test_a_reversal_that_the_version_before_released_is_no_fault(books: Books) -> None:
    """Its place is in a block of this version, where it was held; the other took it up."""
    movement = facts.movement("awaited", 5)
    books.add(facts.reversal("early", movement), generation=2)
    with version_before():
        books.add(movement, generation=2, partition=1)
    assert verdict_of(books).faults == []
    execute(
        books.database_url,
        "UPDATE aggregation.ledger SET applied_at = applied_at + interval '1 s' WHERE source_ref = 'early'",
    )
    assert codes(verdict_of(books)) == {"row-without-block"}


def test_a_chain_of_the_version_before_that_was_altered_is_found(old: Books) -> None:
    execute(old.database_url, "UPDATE aggregation.block SET digest = '' WHERE digest_version = 1")
    assert codes(verdict_of(old)) == {"block-altered"}


def test_rows_of_the_version_before_are_held_by_a_head(old: Books) -> None:
    """No block tells of a text that was edited there; a head that was kept before does."""
    kept = verify(Asked(old.database_url, takes_head=True)).head
    execute(old.database_url, "UPDATE aggregation.ledger SET source_ref = 'x' WHERE source_ref = 'old'")
    assert verdict_of(old).faults == []
    (fault,) = verdict_of(old, kept=kept).faults
    assert (fault.code, fault.found["rows_then"], fault.found["rows_now"]) == ("old-rows-altered", 3, 3)
