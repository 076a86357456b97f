"""What is wrong with a fact that is sound field by field, by one judge for every door.

The judge knows the register, the fund sources, the day and the unit of the caller, and asks nobody else: it
works in the process that reads a file as well as in the service.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from uuid import UUID

from services.domain import validation
from services.domain.disbursement import CompletedWorkLine, Movement, StatementLine
from services.domain.plan import BaselineKind, BaselineSchedule, PlanRevision
from services.domain.reallocation import Reallocation
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration
from services.domain.validation import Fact
from services.ingest.judging.register import Register, RegisteredProject, look_of
from services.ingest.judging.stated_fact import StatedFact
from services.runtime.errors import FieldError
from services.runtime.field_faults import as_json
from services.runtime.fund_sources import FundSourceNames, fund_source_faults
from services.runtime.unit import Unit

OUTSIDE_UNIT = "outside-unit"
OUTSIDE_SOURCE = "outside-source"
# Faults that no mending of the fact helps: another token must send it.
OUTSIDE = (OUTSIDE_UNIT, OUTSIDE_SOURCE)
_SHOWN = 3
_MOST_LOOKED_FOR = 100


class Judge:
    """Judges the facts of one request, in their order: a project that one of them introduces is known to
    those after it."""

    def __init__(
        self,
        register: Register,
        fund_sources: FundSourceNames,
        business_date: date,
        unit: Unit,
        *,
        sources: Collection[str] | None = None,
    ) -> None:
        """``sources``: whose facts the caller may state; ``None`` for anybody's."""
        self._register = register
        self._fund_sources = fund_sources
        self._business_date = business_date
        self._unit = unit
        self._sources = None if sources is None else frozenset(sources)
        self._introduced: dict[str, RegisteredProject] = {}
        self._introduced_looks: dict[str, str] = {}
        self._presumed: frozenset[str] = frozenset()
        self._nearest: dict[str, list[RegisteredProject]] = {}

    def presume(self, codes: Collection[str]) -> None:
        """Say nothing of projects of these codes: what introduces them has faults of its own."""
        self._presumed = frozenset(codes)

    def faults_of(self, stated: StatedFact) -> Iterator[FieldError]:
        """Every fault of one fact, at its place in the request."""
        fact = stated.fact
        yield from self._of_own_source(stated)
        for told in fund_source_faults(fact, self._fund_sources):
            yield stated.fault(
                told.code, field=told.where, read=told.read, detail=told.detail, mend=told.mend
            )
        rejections = validation.across_fields(fact, business_date=self._business_date)
        for rejection in rejections:
            yield stated.rejected(rejection)
        match fact:
            case PlanRevision() | ProjectRegistration():
                yield from self._introduce(stated, fact)
            case Reallocation():
                for number, side in enumerate(fact.sides):
                    yield from self._known(stated, f"sides.{number}.project_code", side.project_code)
            case OwnerRegistration():
                yield from self._own(stated, "owner_code", fact.province_code, fact.owner_code)
            case OfficerAssignment():
                yield from self._own(stated, "owner_code", fact.province_code, fact.owner_code)
                if fact.project_code:
                    yield from self._known(stated, "project_code", fact.project_code)
            case BaselineSchedule():
                # A scope of another kind than the curve's is told already.
                if not any(rejection.field == "scope_code" for rejection in rejections):
                    yield from self._scope(stated, fact)
            case Movement() | StatementLine() | CompletedWorkLine():
                yield from self._known(stated, "project_code", fact.project_code)

    def _of_own_source(self, stated: StatedFact) -> Iterator[FieldError]:
        """Nobody states facts in another's name: the other's own would then be the contradiction."""
        if self._sources is None or stated.fact.source in self._sources:
            return
        own = ", ".join(sorted(self._sources)) or "(không có / none)"
        yield stated.fault(
            OUTSIDE_SOURCE,
            field="source",
            read=as_json(stated.fact.source),
            detail=f"mã truy cập này chỉ gửi số liệu của nguồn: {own} / this token states facts of: {own}",
            mend="ghi đúng nguồn của mình, hoặc gửi bằng mã truy cập của nguồn đó / "
            "state your own source, or send it with a token of that source",
        )

    def _introduce(
        self, stated: StatedFact, fact: PlanRevision | ProjectRegistration
    ) -> Iterator[FieldError]:
        """Neither may a unit state a project of another, nor take one over from another."""
        code = fact.project_code
        before = self._introduced.get(code) or self._register.find(code)
        outside = list(self._own(stated, "owner_code", fact.province_code, fact.owner_code))
        if before and not outside:
            outside = list(self._own(stated, "project_code", before.province_code, before.owner_code))
        yield from outside
        if before is None:
            yield from self._told_apart(stated, code)
        days = fact if isinstance(fact, ProjectRegistration) else before
        self._introduced_looks.setdefault(look_of(code), code)
        self._introduced[code] = RegisteredProject(
            code,
            fact.project_name,
            fact.province_code,
            fact.owner_code,
            days.starts_on if days else None,
            days.closed_on if days else None,
        )

    def _told_apart(self, stated: StatedFact, code: str) -> Iterator[FieldError]:
        """A new code that is read as one of before is that one mistyped, or a second book for its money."""
        other = self._introduced_looks.get(look_of(code)) or self._register.looking_like(code)
        if other:
            yield stated.fault(
                "code-looks-like",
                field="project_code",
                read=as_json(code),
                detail=f"chỉ khác mã {other} ở chữ hoa, chữ thường hoặc dạng ký tự / "
                f"differs from the code {other} in case or width alone",
                mend=f"ghi đúng {other}, hoặc dùng một mã khác hẳn / write {other}, or use another code",
            )

    def _scope(self, stated: StatedFact, curve: BaselineSchedule) -> Iterator[FieldError]:
        match curve.kind:
            case BaselineKind.REGISTERED:
                yield from self._known(stated, "scope_code", curve.scope_code)
            case BaselineKind.TARGET:
                yield from self._own(stated, "scope_code", curve.scope_code, "")
            case BaselineKind.NATIONAL:
                yield from self._own(stated, "scope_code", "", "")

    def _known(self, stated: StatedFact, field: str, code: str) -> Iterator[FieldError]:
        project = self._introduced.get(code) or self._register.find(code)
        if project is None:
            if code not in self._presumed:
                yield self._unknown(stated, field, code)
            return
        yield from self._own(stated, field, project.province_code, project.owner_code, read=code)
        for rejection in validation.outside_project_days(
            stated.fact, starts_on=project.starts_on, closed_on=project.closed_on
        ):
            yield stated.rejected(rejection)

    def _own(
        self,
        stated: StatedFact,
        field: str,
        province_code: str,
        owner_code: str,
        *,
        read: str | None = None,
    ) -> Iterator[FieldError]:
        if self._unit.is_everything or self._unit.covers(province_code=province_code, owner_code=owner_code):
            return
        unit = self._unit.code
        yield stated.fault(
            OUTSIDE_UNIT,
            field=field,
            read=as_json(getattr(stated.fact, field) if read is None else read),
            detail=f"ngoài đơn vị {unit} của mã truy cập / outside the token's unit {unit}",
            mend="gửi bằng mã truy cập của đơn vị liên quan / send it with a token of the unit concerned",
        )

    def _unknown(self, stated: StatedFact, field: str, code: str) -> FieldError:
        nearest = self._nearest_to(code)
        names = ", ".join(f"{project.code} ({project.name})" for project in nearest)
        similar = f"mã gần giống: {names}. " if nearest else ""
        similar_en = f"nearest: {names}. " if nearest else ""
        return stated.fault(
            "unknown-project",
            field=field,
            read=as_json(code),
            detail=f"không có dự án mã {code} / there is no project {code}",
            mend=f"{similar}Sửa mã, hoặc gửi kế hoạch hay danh mục dự án trước. / "
            f"{similar_en}Mend the code, or send the project's plan or registration first.",
        )

    def _nearest_to(self, code: str) -> list[RegisteredProject]:
        """Looked for once a code, and not for ever: a file of unknown codes alone is another mistake."""
        if code not in self._nearest and len(self._nearest) < _MOST_LOOKED_FOR:
            self._nearest[code] = self._register.nearest(code, count=_SHOWN, among=self._is_own)
        return self._nearest.get(code, [])

    def _is_own(self, project: RegisteredProject) -> bool:
        return self._unit.covers(province_code=project.province_code, owner_code=project.owner_code)


class Contradictions:
    """Facts of one request that share an event id with an earlier one and state something else."""

    def __init__(self) -> None:
        self._first: dict[UUID, tuple[int, bytes]] = {}
        self._count = 0

    def faults_of(self, stated: StatedFact) -> Iterator[FieldError]:
        """The fault of the next fact. The same content twice is none: the second is a duplicate."""
        fact, number = stated.fact, self._count + 1
        self._count = number
        first, content_hash = self._first.setdefault(fact.event_id, (number, fact.content_hash))
        if content_hash != fact.content_hash:
            yield stated.fault(
                validation.RejectionCode.CONTRADICTS_ITSELF,
                field="source_ref",
                read=fact.source_ref,
                detail=f"mục thứ {number} trùng tham chiếu với mục thứ {first} nhưng khác nội dung / "
                f"item {number} has the reference of item {first} and states something else",
                mend="giữ một trong hai, hoặc đổi tham chiếu / keep one of the two, or change its reference",
            )


def project_codes_of(fact: Fact) -> list[str]:
    """The projects that a fact is about."""
    match fact:
        case Reallocation():
            return [side.project_code for side in fact.sides]
        case BaselineSchedule():
            return [fact.scope_code] if fact.kind is BaselineKind.REGISTERED else []
        case OwnerRegistration():
            return []
        case _:
            return [fact.project_code] if fact.project_code else []
