"""The plan of a project as it was decided: every revision, which one is in force, and why."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

from services.aggregation import asked, closing, figures, project_lines
from services.aggregation.answers import per_cent
from services.aggregation.asked import Asked, AsOfQuery
from services.aggregation.books_api import BooksApi
from services.aggregation.plan_answers import (
    CarriedOver,
    PlanAnswer,
    ReallocationAnswer,
    RevisionAnswer,
    Side,
    why,
)
from services.domain.money import LEDGER_CURRENCY
from services.domain.plan import PlanBase
from services.domain.plan_history import Decided, Placed, placed
from services.runtime.access import Scope, Unit, caller
from services.runtime.api import Api
from services.runtime.postgres import Cursor, read_queries

_QUERIES = read_queries(Path(__file__).parent / "sql" / "queries")
# What a row has beside the revision: whose it is and since when, which its answer tells.
_BESIDE = ("source", "applied_at", "reallocation_id")


class PlanApi(BooksApi):
    """The route of a project's plan."""

    def install(self, api: Api) -> None:
        """Bind the route."""
        api.route(
            "GET",
            "/v1/projects/<code>/plan",
            summary="Every revision of a project's plan, which is in force and why, and carry-over by year.",
            scopes=(Scope.READ,),
            query=AsOfQuery,
            response=PlanAnswer,
            problems=(404, 409),
        )(self.show_plan)

    def show_plan(self, code: str, query: AsOfQuery) -> PlanAnswer:
        about = Asked.by(query, self._clock)
        asking = {**about.when, "project_code": code, "series": [str(s) for s in self._series]}
        with self._pool.transaction() as cursor:
            asked.require_settled(cursor, about.known_at)
            lines = project_lines.of_project(cursor, code, about, self._series)
            revisions = _rows(cursor, "plan_history", asking)
            ids = sorted({row["reallocation_id"] for row in revisions if row["reallocation_id"]})
            sides = _sides(cursor, ids, about, caller().unit)
            carried = _rows(cursor, "carried_over", asking)
            closed = closing.of_project(cursor, code, lines, about, self._series)
        return PlanAnswer(
            **about.when,
            currency=LEDGER_CURRENCY,
            project_code=code,
            project_name=lines[0].project_name,
            rates=figures.figures_of(lines).rates,
            closing=closed,
            revisions=_revisions(revisions, sides, about),
            carry_over=[_carried(row) for row in carried],
        )


def _rows(cursor: Cursor, query: str, asking: dict[str, Any]) -> list[dict[str, Any]]:
    cursor.execute(_QUERIES[query], asking)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _sides(cursor: Cursor, ids: Sequence[UUID], about: Asked, unit: Unit) -> dict[UUID, ReallocationAnswer]:
    """By reallocation. Of a side outside the unit nothing is told but that there is one."""
    if not ids:
        return {}
    cursor.execute(_QUERIES["reallocation_sides"], {"ids": list(ids), **about.when})
    shown: dict[UUID, list[Side]] = {each: [] for each in ids}
    hidden = dict.fromkeys(ids, 0)
    for reallocation_id, code, fund_source, before, after, province_code, owner_code in cursor:
        if unit.covers(province_code=province_code, owner_code=owner_code):
            side = Side(
                project_code=code,
                fund_source=fund_source,
                amount_before=before,
                amount_after=after,
                change=after - before,
            )
            shown[reallocation_id].append(side)
        else:
            hidden[reallocation_id] += 1
    return {each: ReallocationAnswer(sides=shown[each], sides_outside_unit=hidden[each]) for each in ids}


def _revisions(
    rows: Sequence[dict[str, Any]], sides: dict[UUID, ReallocationAnswer], about: Asked
) -> list[RevisionAnswer]:
    beside = {row["row_id"]: {name: row.pop(name) for name in _BESIDE} for row in rows}
    decided = [Decided(**(row | {"base": PlanBase(row["base"])})) for row in rows]
    return [
        _revision(each, beside[each.decided.row_id], sides) for each in placed(decided, as_of=about.as_of)
    ]


def _revision(
    placed: Placed, beside: dict[str, Any], sides: dict[UUID, ReallocationAnswer]
) -> RevisionAnswer:
    decided = placed.decided
    return RevisionAnswer(
        event_id=decided.event_id,
        source=beside["source"],
        fund_source=decided.fund_source,
        base=decided.base,
        carried_from_year=decided.carried_from_year or None,
        amount=decided.amount,
        change=placed.change,
        amount_before=decided.amount_before,
        amount_before_differs_by=placed.differs_from_books,
        decision_number=decided.decision_number,
        decision_date=decided.decision_date,
        effective_date=decided.effective_date,
        revision=decided.revision,
        state=placed.state,
        state_by=decided.corrected_by or (placed.by.event_id if placed.by else None),
        why=why(placed),
        stands_for=list(placed.stands_for),
        reallocation=sides.get(beside["reallocation_id"]),
        applied_at=beside["applied_at"],
    )


def _carried(row: dict[str, Any]) -> CarriedOver:
    share = Fraction(row["disbursed"], row["amount"]) if row["amount"] else None
    return CarriedOver(**row, rate_percent=per_cent(share))
