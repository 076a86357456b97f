"""Which projects there are, whose, and when money may move on them, as a judge needs to know it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from services.ingest.nearest_codes import NearestCodes

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

    def find(self, code: str) -> RegisteredProject | None:
        """The project of that code."""
        return self._projects.get(code)

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
