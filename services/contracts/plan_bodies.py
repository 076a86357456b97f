"""What a plan event states, to its message and back. Reading raises ``ValueError``."""

from __future__ import annotations

from datetime import date

from services.contracts.fields import iso, label, member, optional_date, read_money, write_money
from services.contracts.gen.giaingan.v1 import plan_pb2
from services.domain.plan import PlanBase, PlanLevel, PlanRevision
from services.domain.reallocation import Reallocation, ReallocationSide
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration


def write_revision(fact: PlanRevision) -> plan_pb2.PlanRevision:
    return plan_pb2.PlanRevision(
        project_code=fact.project_code,
        project_name=fact.project_name,
        level=label(plan_pb2.PlanLevel, fact.level),
        owner_code=fact.owner_code,
        owner_name=fact.owner_name,
        accountable_officer=fact.accountable_officer,
        fund_source=fact.fund_source,
        project_group=fact.project_group,
        district=fact.district,
        sector=fact.sector,
        province_code=fact.province_code,
        budget_year=fact.budget_year,
        base=label(plan_pb2.PlanBase, fact.base),
        amount=write_money(fact.amount),
        decision_number=fact.decision_number,
        decision_date=fact.decision_date.isoformat(),
        effective_date=fact.effective_date.isoformat(),
        carried_from_year=fact.carried_from_year,
        revision=fact.revision,
    )


def read_revision(revision: plan_pb2.PlanRevision, *, source: str, source_ref: str) -> PlanRevision:
    return PlanRevision(
        source=source,
        source_ref=source_ref,
        project_code=revision.project_code,
        project_name=revision.project_name,
        level=member(plan_pb2.PlanLevel, revision.level, PlanLevel),
        owner_code=revision.owner_code,
        owner_name=revision.owner_name,
        accountable_officer=revision.accountable_officer,
        fund_source=revision.fund_source,
        project_group=revision.project_group,
        district=revision.district,
        sector=revision.sector,
        province_code=revision.province_code,
        budget_year=revision.budget_year,
        base=member(plan_pb2.PlanBase, revision.base, PlanBase),
        amount=read_money(revision.amount),
        decision_number=revision.decision_number,
        decision_date=date.fromisoformat(revision.decision_date),
        effective_date=date.fromisoformat(revision.effective_date),
        carried_from_year=revision.carried_from_year,
        revision=revision.revision,
    )


def write_reallocation(fact: Reallocation) -> plan_pb2.Reallocation:
    return plan_pb2.Reallocation(
        budget_year=fact.budget_year,
        decision_number=fact.decision_number,
        decision_date=fact.decision_date.isoformat(),
        effective_date=fact.effective_date.isoformat(),
        sides=[
            plan_pb2.ReallocationSide(
                project_code=side.project_code,
                fund_source=side.fund_source,
                amount_before=write_money(side.amount_before),
                amount_after=write_money(side.amount_after),
            )
            for side in fact.sides
        ],
        revision=fact.revision,
    )


def read_reallocation(decision: plan_pb2.Reallocation, *, source: str, source_ref: str) -> Reallocation:
    return Reallocation(
        source=source,
        source_ref=source_ref,
        budget_year=decision.budget_year,
        decision_number=decision.decision_number,
        decision_date=date.fromisoformat(decision.decision_date),
        effective_date=date.fromisoformat(decision.effective_date),
        sides=tuple(
            ReallocationSide(
                side.project_code,
                side.fund_source,
                read_money(side.amount_before),
                read_money(side.amount_after),
            )
            for side in decision.sides
        ),
        revision=decision.revision,
    )


def write_project(fact: ProjectRegistration) -> plan_pb2.ProjectRegistration:
    return plan_pb2.ProjectRegistration(
        project_code=fact.project_code,
        project_name=fact.project_name,
        province_code=fact.province_code,
        owner_code=fact.owner_code,
        project_group=fact.project_group,
        district=fact.district,
        sector=fact.sector,
        starts_on=iso(fact.starts_on),
        closed_on=iso(fact.closed_on),
        total_investment=write_money(fact.total_investment) if fact.total_investment else None,
        effective_date=fact.effective_date.isoformat(),
        revision=fact.revision,
    )


def read_project(
    project: plan_pb2.ProjectRegistration, *, source: str, source_ref: str
) -> ProjectRegistration:
    return ProjectRegistration(
        source=source,
        source_ref=source_ref,
        project_code=project.project_code,
        project_name=project.project_name,
        province_code=project.province_code,
        owner_code=project.owner_code,
        project_group=project.project_group,
        district=project.district,
        sector=project.sector,
        starts_on=optional_date(project.starts_on),
        closed_on=optional_date(project.closed_on),
        total_investment=(
            read_money(project.total_investment) if project.HasField("total_investment") else None
        ),
        effective_date=date.fromisoformat(project.effective_date),
        revision=project.revision,
    )


def write_owner(fact: OwnerRegistration) -> plan_pb2.OwnerRegistration:
    return plan_pb2.OwnerRegistration(
        province_code=fact.province_code,
        owner_code=fact.owner_code,
        owner_name=fact.owner_name,
        head_name=fact.head_name,
        head_post=fact.head_post,
        supervisor_name=fact.supervisor_name,
        effective_date=fact.effective_date.isoformat(),
        revision=fact.revision,
    )


def read_owner(owner: plan_pb2.OwnerRegistration, *, source: str, source_ref: str) -> OwnerRegistration:
    return OwnerRegistration(
        source=source,
        source_ref=source_ref,
        province_code=owner.province_code,
        owner_code=owner.owner_code,
        owner_name=owner.owner_name,
        head_name=owner.head_name,
        head_post=owner.head_post,
        supervisor_name=owner.supervisor_name,
        effective_date=date.fromisoformat(owner.effective_date),
        revision=owner.revision,
    )


def write_officer(fact: OfficerAssignment) -> plan_pb2.OfficerAssignment:
    return plan_pb2.OfficerAssignment(
        province_code=fact.province_code,
        owner_code=fact.owner_code,
        project_code=fact.project_code,
        officer_name=fact.officer_name,
        officer_post=fact.officer_post,
        officer_email=fact.officer_email,
        effective_date=fact.effective_date.isoformat(),
        revision=fact.revision,
    )


def read_officer(officer: plan_pb2.OfficerAssignment, *, source: str, source_ref: str) -> OfficerAssignment:
    return OfficerAssignment(
        source=source,
        source_ref=source_ref,
        province_code=officer.province_code,
        owner_code=officer.owner_code,
        project_code=officer.project_code,
        officer_name=officer.officer_name,
        officer_post=officer.officer_post,
        officer_email=officer.officer_email,
        effective_date=date.fromisoformat(officer.effective_date),
        revision=officer.revision,
    )
