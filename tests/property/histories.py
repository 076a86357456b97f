"""What may happen to the books of one year, batch by batch, in no order of the days it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st

from services.contracts import codec
from services.domain.disbursement import (
    CompletedWorkLine,
    FigureStatus,
    Movement,
    MovementKind,
    RecoveryBooking,
    Reporter,
)
from services.domain.money import Money
from services.domain.plan import BaselineKind, PlanBase
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration
from tests.support import facts

PROJECTS = ("A", "B")
# Each history has its own projects and its own year: nothing is taken out of the books between two.
_YEARS = count(2001)
_FUNDS = ("central.sector", "local.land_use")
_ORDINARY = [kind for kind in MovementKind if kind is not MovementKind.REVERSAL]


@dataclass
class _Year:
    """One history while it is drawn."""

    draw: st.DrawFn
    year: int
    numbers: count[int] = field(default_factory=count)
    money: list[Movement] = field(default_factory=list)

    def common(self) -> tuple[dict[str, Any], int]:
        """Fields of a fact about a project, and a number of its own."""
        number = next(self.numbers)
        project = f"{self.year}-{self.draw(st.sampled_from(PROJECTS))}"
        return {"source_ref": f"{self.year}/{number}", "project_code": project}, number

    def line(self) -> tuple[dict[str, Any], int]:
        common, number = self.common()
        fund = self.draw(st.sampled_from(_FUNDS))
        return {**common, "fund_source": fund, "budget_year": self.year}, number

    def entry(self) -> tuple[dict[str, Any], int]:
        """Fields of an entry of the register."""
        common, number = self.common()
        owner = self.draw(st.sampled_from(["O1", "O2"]))
        unit = {"source": "test", "province_code": "96", "owner_code": owner}
        return {**common, **unit, "effective_date": self.day(), "revision": number}, number

    def day(self) -> date:
        return date(self.year, 1, 1) + timedelta(days=self.draw(st.integers(0, 360)))

    def amount(self) -> int:
        return self.draw(st.integers(1, 10**12))


def _movement(year: _Year) -> codec.Fact:
    line, _ = year.line()
    made = facts.movement(
        line.pop("source_ref"),
        year.amount(),
        year.day().isoformat(),
        **line,
        kind=year.draw(st.sampled_from(_ORDINARY)),
        reporter=year.draw(st.sampled_from(Reporter)),
        recovery_booking=year.draw(st.sampled_from(RecoveryBooking)),
    )
    year.money.append(made)
    return made


def _reversal(year: _Year) -> codec.Fact:
    """Of one movement twice now and then: the second is held, and the books do not change."""
    if not year.money:
        return _movement(year)
    common, _ = year.common()
    back = year.draw(st.sampled_from(year.money))
    return replace(
        back,
        source_ref=common["source_ref"],
        kind=MovementKind.REVERSAL,
        value_date=year.day(),
        reverses_event_id=back.event_id,
    )


def _statement(year: _Year) -> codec.Fact:
    line, number = year.line()
    status = year.draw(st.sampled_from(FigureStatus))
    return facts.statement(year.amount(), year.day().isoformat(), **line, status=status, revision=number)


def _plan(year: _Year) -> codec.Fact:
    line, number = year.line()
    # Few decisions, so that lines of one are corrected often.
    base = year.draw(st.sampled_from([PlanBase.INITIAL, PlanBase.INITIAL, PlanBase.CARRY_OVER]))
    return facts.plan(
        year.amount(),
        line.pop("project_code"),
        **line,
        base=base,
        carried_from_year=year.year - 1 if base is PlanBase.CARRY_OVER else 0,
        owner_code=year.draw(st.sampled_from(["O1", "O2"])),
        decision_number=year.draw(st.sampled_from(["1/QĐ"] * 3 + ["2/QĐ"])),
        decision_date=date(year.year - 1, 12, 10),
        effective_date=year.day(),
        revision=number,
    )


def _curve(year: _Year) -> codec.Fact:
    common, number = year.common()
    share = {f"{year.year}-12-31": year.draw(st.integers(50, 100))}
    made = facts.curve(BaselineKind.TARGET, "96", share, budget_year=year.year)
    return replace(made, source_ref=common["source_ref"], effective_date=year.day(), revision=number)


def _project(year: _Year) -> codec.Fact:
    entry, number = year.entry()
    return ProjectRegistration(**entry, project_name=f"Dự án {number}")


def _owner(year: _Year) -> codec.Fact:
    entry, number = year.entry()
    del entry["project_code"]
    return OwnerRegistration(**entry, owner_name=f"Ban {number}")


def _officer(year: _Year) -> codec.Fact:
    entry, number = year.entry()
    return OfficerAssignment(**entry, officer_name=f"Cán bộ {number}")


def _completed_work(year: _Year) -> codec.Fact:
    common, number = year.common()
    return CompletedWorkLine(
        source="test",
        **common,
        budget_year=year.year,
        cumulative=Money(year.amount()),
        as_of=year.day(),
        revision=number,
    )


_MADE: list[Callable[[_Year], codec.Fact]] = [
    *(_reversal, _curve, _curve, _curve, _project, _owner, _officer, _completed_work),
    # Money and plans more often than all the rest.
    *(_movement, _statement, _plan, _plan) * 3,
]


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, list[list[codec.Fact]]]:
    """A year, and what comes in about it, batch by batch."""
    year = _Year(draw, next(_YEARS))
    batches = draw(st.lists(st.lists(st.sampled_from(_MADE), min_size=2, max_size=8), min_size=1, max_size=4))
    return year.year, [[make(year) for make in batch] for batch in batches]
