"""Facts for tests, short to write: everything that a test does not say has one fixed value."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.domain.disbursement import Movement, MovementKind, StatementLine
from services.domain.money import Money
from services.domain.plan import (
    WHOLE_PLAN_BASIS_POINTS,
    BaselineKind,
    BaselinePoint,
    BaselineSchedule,
    PlanBase,
    PlanRevision,
)
from services.domain.reallocation import Reallocation, ReallocationSide


def movement(ref: str, amount: int, day: str = "2022-05-31", **changes: Any) -> Movement:
    """A completed-work payment of ``amount`` đồng on project P1 from central.sector, 2022."""
    values: dict[str, Any] = {
        "source": "test",
        "source_ref": ref,
        "project_code": "P1",
        "fund_source": "central.sector",
        "budget_year": 2022,
        "kind": MovementKind.COMPLETED_WORK_PAYMENT,
        "amount": Money(amount),
        "value_date": date.fromisoformat(day),
    }
    return Movement(**(values | changes))


def reversal(ref: str, of: Movement, **changes: Any) -> Movement:
    """A reversal of ``of``, in full, on the same day."""
    values: dict[str, Any] = {
        "project_code": of.project_code,
        "fund_source": of.fund_source,
        "kind": MovementKind.REVERSAL,
        "reverses_event_id": of.event_id,
    }
    return movement(ref, of.amount.minor_units, of.value_date.isoformat(), **(values | changes))


def statement(cumulative: int, day: str, *, revision: int = 0, **changes: Any) -> StatementLine:
    """A treasury's cumulative figure of project P1 from central.sector, 2022."""
    project = changes.get("project_code", "P1")
    fund = changes.get("fund_source", "central.sector")
    status = changes.get("status", "actual")
    of_year = f"/{changes['budget_year']}" if "budget_year" in changes else ""
    values: dict[str, Any] = {
        "source": "test",
        "source_ref": f"lk/{project}/{fund}{of_year}/{day}/{status}/{revision}",
        "project_code": project,
        "fund_source": fund,
        "budget_year": 2022,
        "cumulative": Money(cumulative),
        "as_of": date.fromisoformat(day),
        "revision": revision,
    }
    return StatementLine(**(values | changes))


def plan(amount: int, project: str = "P1", **changes: Any) -> PlanRevision:
    """The initial 2022 plan of a project of owner O1 in Cà Mau (96) from central.sector."""
    base = changes.get("base", PlanBase.INITIAL)
    fund = changes.get("fund_source", "central.sector")
    decision = changes.get("decision_number", "1/QĐ")
    values: dict[str, Any] = {
        "source": "test",
        "source_ref": f"{decision}/{base}/{project}/{fund}",
        "project_code": project,
        "project_name": f"Dự án {project}",
        "owner_code": "O1",
        "owner_name": "Ban QLDA",
        "fund_source": fund,
        "province_code": "96",
        "budget_year": 2022,
        "base": base,
        "amount": Money(amount),
        "decision_number": decision,
        "decision_date": date(2021, 12, 10),
        "effective_date": date(2022, 1, 1),
    }
    return PlanRevision(**(values | changes))


def reallocation(
    *sides: tuple[str, int, int],
    decision: str = "9/QĐ",
    day: str = "2022-06-01",
    fund_source: str = "central.sector",
    **changes: Any,
) -> Reallocation:
    """Plan of 2022 moved between projects: (project, before, after) of each side."""
    revision = f"/r{changes['revision']}" if changes.get("revision") else ""
    values: dict[str, Any] = {
        "source": "test",
        "source_ref": f"dc/{decision}/2022{revision}",
        "budget_year": 2022,
        "decision_number": decision,
        "decision_date": date.fromisoformat(day),
        "effective_date": date.fromisoformat(day),
        "sides": tuple(
            ReallocationSide(code, fund_source, Money(before), Money(after)) for code, before, after in sides
        ),
    }
    return Reallocation(**(values | changes))


def curve(
    kind: BaselineKind, scope: str, shares: dict[str, int], *, budget_year: int = 2022
) -> BaselineSchedule:
    """A curve through ``{"2022-03-31": 20}`` per cent."""
    return BaselineSchedule(
        source="test",
        source_ref=f"{kind}/{scope}/{budget_year}",
        kind=kind,
        scope_code=scope,
        budget_year=budget_year,
        points=tuple(
            BaselinePoint(date.fromisoformat(day), basis_points=share * WHOLE_PLAN_BASIS_POINTS // 100)
            for day, share in shares.items()
        ),
        decision_number="chỉ tiêu",
        effective_date=date(budget_year, 1, 1),
    )


CA_MAU_TARGET = {"2022-03-31": 20, "2022-06-30": 50, "2022-09-30": 75, "2022-12-31": 100}
