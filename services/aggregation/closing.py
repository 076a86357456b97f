"""What is left of the plan of a project that is closed (settled or stopped), by the register."""

from __future__ import annotations

from collections.abc import Sequence

from services.aggregation import lines_store, register_store
from services.aggregation.answers import Closing
from services.aggregation.asked import Asked
from services.aggregation.lines_store import Line
from services.domain.disbursement import Series
from services.domain.fiscal_calendar import first_day
from services.runtime.postgres import Cursor


def of_project(
    cursor: Cursor, code: str, lines: Sequence[Line], about: Asked, series: Sequence[Series]
) -> Closing | None:
    """``None`` while the project is open. ``lines``: those of the project on the day that is asked."""
    registered = register_store.registration(
        cursor, project_code=code, as_of=about.as_of, known_at=about.known_at
    )
    closed_on = registered.closed_on if registered else None
    if closed_on is None or closed_on > about.as_of:
        return None
    at_closing = lines_store.read(
        cursor,
        budget_year=about.budget_year,
        as_of=max(closed_on, first_day(about.budget_year)),
        known_at=about.known_at,
        project_code=code,
        series=series,
    )
    return Closing(closed_on=closed_on, plan_left_at_closing=_left(at_closing), plan_left=_left(lines))


def _left(lines: Sequence[Line]) -> int:
    return sum(line.current_plan - line.disbursed for line in lines)
