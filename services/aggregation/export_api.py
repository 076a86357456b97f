"""What leaves the books as a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from flask import Response, request
from pydantic import Field
from werkzeug.wsgi import wrap_file

from services.aggregation import asked, plan_workbook
from services.aggregation.answers import Province
from services.aggregation.asked import KnownAtQuery
from services.contracts.stated.field_types import BudgetYear, Code
from services.runtime.access import Scope, Unit, caller
from services.runtime.api import Api
from services.runtime.clock import Clock
from services.runtime.errors import ProblemError
from services.runtime.postgres import Cursor, Pool, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ROWS_AT_ONCE = 2_000


class PlanExportQuery(KnownAtQuery):
    """Which lines of the plan."""

    province: Province | None = Field(None, description="As the decision states it.")
    budget_year: BudgetYear | None = Field(None, description="Default: every year.")
    source: Code | None = Field(None, description="The office that stated the line. Default: all.")


class ExportApi:
    """Files for who may read; a unit gets the lines of its own projects."""

    def __init__(self, *, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    def install(self, api: Api) -> None:
        """Bind the route."""
        api.route(
            "GET",
            "/v1/exports/plan.xlsx",
            summary="The lines of every plan decision as a workbook that the import profile plan takes back.",
            scopes=(Scope.READ,),
            query=PlanExportQuery,
            media_type=_WORKBOOK,
            problems=(409, 413),
        )(self.export_plan)

    def export_plan(self, query: PlanExportQuery) -> Response:
        known_at = asked.past(query, self._clock)
        # Closed when the answer is sent, and gone then.
        file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            with self._pool.transaction() as cursor:
                asked.require_settled(cursor, known_at)
                lines = _lines(
                    cursor, query.model_dump() | {"on": self._clock.business_date()}, caller().unit
                )
                plan_workbook.write(file, _at_most(lines, plan_workbook.MOST_LINES))
            length = file.tell()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        answer = Response(wrap_file(request.environ, file), content_type=_WORKBOOK, direct_passthrough=True)
        answer.call_on_close(file.close)
        answer.content_length = length
        year = f"-{query.budget_year}" if query.budget_year else ""
        known = f"-biet-den-{known_at:%Y%m%dT%H%M%S%z}" if known_at else ""
        answer.headers["Content-Disposition"] = f'attachment; filename="ke-hoach-von{year}{known}.xlsx"'
        return answer


def _lines(cursor: Cursor, asked: Mapping[str, object], unit: Unit) -> Iterator[Sequence[Any]]:
    """Rows of the query, read portion by portion."""
    with cursor.connection.cursor(name="plan_lines") as portion:
        portion.itersize = _ROWS_AT_ONCE
        portion.execute(
            _QUERIES["plan_lines"],
            {**asked, "unit_province": unit.province_code, "unit_owner": unit.owner_code},
        )
        yield from portion


def _at_most(lines: Iterator[Sequence[Any]], most: int) -> Iterator[Sequence[Any]]:
    for number, line in enumerate(lines):
        if number == most:
            raise ProblemError(
                413,
                "too-many-rows",
                "Nhiều dòng hơn một trang tính chứa được / more lines than a sheet holds",
                f"Tối đa {most:,} dòng; lọc theo năm hoặc tỉnh. / At most {most:,} lines; ask for one budget "
                "year or province.",
            )
        yield line
