"""The lines of one project, for who may see it."""

from __future__ import annotations

from collections.abc import Sequence

from services.aggregation import lines_store
from services.aggregation.asked import Asked
from services.aggregation.lines_store import Line
from services.domain.disbursement import Series
from services.runtime.access import Unit, caller
from services.runtime.errors import ProblemError, shortened
from services.runtime.postgres import Cursor


def of_project(cursor: Cursor, code: str, about: Asked, series: Sequence[Series]) -> list[Line]:
    """At least one line. Raises the 404 problem where there is none, or it is outside the caller's unit: what
    is outside is not there for it."""
    lines = lines_store.read(cursor, **about.when, project_code=code, series=series)
    if not lines or not covers(caller().unit, lines[0]):
        raise _unknown_project(code, about)
    return lines


def covers(unit: Unit, line: Line) -> bool:
    """Whether the unit sees the line."""
    return unit.covers(province_code=line.province_code, owner_code=line.owner_code)


def _unknown_project(code: str, about: Asked) -> ProblemError:
    known_vi = f", theo những gì sổ biết lúc {about.known_at.isoformat()}" if about.known_at else ""
    known_en = f", as the ledger knew it at {about.known_at.isoformat()}" if about.known_at else ""
    return ProblemError(
        404,
        "unknown-project",
        "Không có dự án này / no such project",
        f"Đến {about.as_of:%d/%m/%Y}{known_vi}, năm ngân sách {about.budget_year} không có kế hoạch hay số "
        f"liệu được tính nào của {shortened(code)!r}; GET /v1/projects liệt kê các dự án. / "
        f"No plan and no figure that counts of {shortened(code)!r} in budget year {about.budget_year} "
        f"up to {about.as_of.isoformat()}{known_en}. GET /v1/projects lists those there are.",
    )
