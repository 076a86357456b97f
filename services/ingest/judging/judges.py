"""Where judges come from: what each needs to know is read from the register when it is called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from services.domain.validation import Fact
from services.ingest.judging import register_store
from services.ingest.judging.judge import (
    OUTSIDE,
    OUTSIDE_SOURCE,
    OUTSIDE_UNIT,
    Contradictions,
    Judge,
    project_codes_of,
)
from services.ingest.judging.register import Register, RegisteredProject
from services.ingest.judging.stated_fact import StatedFact
from services.runtime.access import Caller, Unit
from services.runtime.api import invalid
from services.runtime.clock import Clock
from services.runtime.errors import FieldError, ProblemError
from services.runtime.fund_sources import FundSourceNames
from services.runtime.postgres import Cursor, Pool


@dataclass(frozen=True, slots=True)
class Judges:
    """The judges of this service."""

    pool: Pool
    clock: Clock
    fund_sources: FundSourceNames

    def judge_of(self, facts: Iterable[Fact], caller: Caller) -> Judge:
        """A judge of these facts alone. Raises ``psycopg2.OperationalError``."""
        codes = {code for fact in facts for code in project_codes_of(fact)}
        day = self.clock.business_date()
        with self.pool.transaction() as cursor:
            found = register_store.find(cursor, codes, on=day)
        return Judge(
            Register(found, others=self.projects),
            self.fund_sources,
            day,
            caller.unit,
            sources=caller.stated_sources,
        )

    def covering(self, cursor: Cursor, codes: Collection[str], unit: Unit) -> Callable[[str], bool]:
        """Whether a project of these codes is the unit's. One that nobody stated is everything's alone."""
        found = register_store.find(cursor, codes, on=self.clock.business_date())
        owned = {
            each.code
            for each in found
            if unit.covers(province_code=each.province_code, owner_code=each.owner_code)
        }
        return lambda code: unit.is_everything or code in owned

    def projects(self) -> list[RegisteredProject]:
        """The whole register: what a judge in another process needs."""
        with self.pool.transaction() as cursor:
            return register_store.everything(cursor, on=self.clock.business_date())

    def faults(
        self, stated: Sequence[StatedFact], caller: Caller, *, presumed: Collection[str] = ()
    ) -> list[FieldError]:
        """Every fault of facts that are sound field by field, at its place in the request. Projects of the
        codes ``presumed`` count as known."""
        judge = self.judge_of((each.fact for each in stated), caller)
        judge.presume(presumed)
        contradictions = Contradictions()
        return [
            fault for each in stated for judged in (judge, contradictions) for fault in judged.faults_of(each)
        ]


def refuse(faults: Sequence[FieldError]) -> None:
    """Raises ``ProblemError`` where there is a fault: 403 where a fact is outside the caller's unit or of
    another's source, naming those, 422 with every fault otherwise."""
    outside = [fault for fault in faults if fault.code in OUTSIDE]
    if outside:
        is_of_unit = any(fault.code == OUTSIDE_UNIT for fault in outside)
        raise ProblemError(
            403,
            OUTSIDE_UNIT if is_of_unit else OUTSIDE_SOURCE,
            "Ngoài đơn vị của mã truy cập / outside the token's unit"
            if is_of_unit
            else "Nguồn số liệu không phải của mã truy cập / a source that is not the token's",
            f"{len(outside)} mục, xem errors; không mục nào được nhận. / "
            f"{len(outside)} item(s), each in errors; nothing was accepted.",
            errors=outside,
        )
    if faults:
        raise invalid(list(faults))
