"""The simulated year of ``deploy.sample.full_year`` in the books, by aggregation's own transaction."""

from __future__ import annotations

from deploy.sample import full_year
from tests.support.applied import Books

_RECORDS_OF_A_BATCH = 500


def fill(books: Books, count: int) -> list[full_year.MadeUp]:
    """``count`` projects, their plans, movements and curves; returns the projects."""
    projects = full_year.projects(count)
    plans = [*full_year.curves(), *(plan for project in projects for plan in project.plans)]
    movements = [movement for project in projects for movement in project.movements]
    for facts in (plans, movements):
        for start in range(0, len(facts), _RECORDS_OF_A_BATCH):
            books.add(*facts[start : start + _RECORDS_OF_A_BATCH])
    return projects
