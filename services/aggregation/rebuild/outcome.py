"""What a rebuild found and did, and why one could not be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_MOST_KEPT = 1_000


class RebuildError(Exception):
    """It could not be done; nothing live was changed. ``code`` is stable, and in docs/REBUILD.md."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that the live books and the rebuilt ones hold differently, by the columns that differ; a row that
    one of them lacks is empty there. Amounts are đồng."""

    table: str
    key: Mapping[str, Any]
    # What the row is about, as far as it says: project_code, budget_year, value_date ...
    subject: Mapping[str, Any]
    live: Mapping[str, Any]
    rebuilt: Mapping[str, Any]


@dataclass(slots=True)
class Differences:
    """All are counted, the first are kept; projects whose figures they touch are all kept."""

    count: int = 0
    kept: list[Difference] = field(default_factory=list)
    projects: set[tuple[str, int]] = field(default_factory=set)
    # A row without project or year differs (a unit, a curve): any project's progress may be another.
    touches_every_project: bool = False

    def add(self, difference: Difference) -> None:
        """Count it, and keep it while there is room."""
        self.count += 1
        if len(self.kept) < _MOST_KEPT:
            self.kept.append(difference)
        code, year = difference.subject.get("project_code"), difference.subject.get("budget_year")
        if code and year:
            self.projects.add((code, year))
        else:
            self.touches_every_project = True


@dataclass(slots=True)
class Outcome:
    """What became of a rebuild."""

    source: str
    differences: Differences
    # Rows of the ledger that were summed, or records of the log that were applied.
    rows: int = 0
    records: int = 0
    seconds: float = 0.0
    # How long the services' writers waited, at most, at the comparison and at the swap.
    compare_held_seconds: float = 0.0
    swap_held_seconds: float = 0.0
    is_swapped: bool = False
    # The schema that the books of before were kept in; empty where they were mended in place.
    before: str = ""
