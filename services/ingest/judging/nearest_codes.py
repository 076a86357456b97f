"""Which known codes an unknown one was probably meant to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Generic, TypeVar

_T = TypeVar("_T")
# Codes that share most pairs of characters; only these are compared letter by letter.
_COMPARED = 50
_LEAST_LIKENESS = 0.6


class NearestCodes(Generic[_T]):
    """What is known, by its code, to be asked for what a mistyped code is most like."""

    def __init__(self, known: Mapping[str, _T]) -> None:
        self._known = known
        self._codes_with: dict[str, list[str]] = {}
        for code in known:
            for pair in _pairs(code):
                self._codes_with.setdefault(pair, []).append(code)

    def of(self, code: str, *, count: int) -> list[_T]:
        """At most ``count`` of what is known, the nearest first; none where nothing is near."""
        shared: Counter[str] = Counter()
        for pair in _pairs(code):
            shared.update(self._codes_with.get(pair, ()))
        asked = SequenceMatcher(b=code.casefold(), autojunk=False)
        likeness = []
        for candidate, _ in shared.most_common(_COMPARED):
            asked.set_seq1(candidate.casefold())
            if (ratio := asked.ratio()) >= _LEAST_LIKENESS:
                likeness.append((-ratio, candidate))
        return [self._known[candidate] for _, candidate in sorted(likeness)[:count]]


def _pairs(code: str) -> set[str]:
    marked = f"^{code.casefold()}$"
    return {marked[at : at + 2] for at in range(len(marked) - 1)}
