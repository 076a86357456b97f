"""Which projects there are, whose, and when money may move on them, as a judge needs to know it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from services.ingest.judging.nearest_codes import NearestCodes

# Each takes some milliseconds among 20,000 projects.
_MOST_ASKED = 100


class RegisteredProject(NamedTuple):
    """A project as its latest decision or registration states it; the days, as its latest registration."""

    code: str
    name: str
    province_code: str
    owner_code: str
    starts_on: date | None = None
    closed_on: date | None = None


def look_of(code: str) -> str:
    """What codes that are read as the same have in common."""
    return unicodedata.normalize("NFKC", code).casefold()


class Register:
    """Projects by code. ``others`` gives every project of the register, where ``projects`` is a part of it;
    it is asked once, and only where a code is not known."""

    def __init__(
        self,
        projects: Iterable[RegisteredProject],
        *,
        others: Callable[[], Iterable[RegisteredProject]] | None = None,
    ) -> None:
        self._projects = {project.code: project for project in projects}
        self._others = others
        self._asked: set[str] = set()
        self._nearest: NearestCodes[RegisteredProject] | None = None
        self._by_look: dict[str, str] | None = None

    def find(self, code: str) -> RegisteredProject | None:
        """The project of that code."""
        return self._projects.get(code)

    def looking_like(self, code: str) -> str | None:
        """The code of the register that nobody would tell from this one, as in another width or case."""
        if self._by_look is None:
            everything = self._others() if self._others else self._projects.values()
            self._by_look = {look_of(project.code): project.code for project in everything}
        return self._by_look.get(look_of(code))

    def nearest(
        self, code: str, *, count: int, among: Callable[[RegisteredProject], bool]
    ) -> list[RegisteredProject]:
        """Projects whose codes are most like ``code``, the nearest first; of those that ``among`` lets in.

        A request with very many wrong codes is told so of the first alone.
        """
        if code not in self._asked and len(self._asked) >= _MOST_ASKED:
            return []
        self._asked.add(code)
        if self._nearest is None:
            everything = self._others() if self._others else self._projects.values()
            self._nearest = NearestCodes({project.code: project for project in everything if among(project)})
        return self._nearest.of(code, count=count)
