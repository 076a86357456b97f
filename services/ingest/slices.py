"""A long sequence in slices, so that it is never held as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")


def slices(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """The items in order, at most ``size`` at a time."""
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
