"""Whose case it is: what a fact says of the project and the unit it is about."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts import codec
from services.domain.plan import BaselineKind, BaselineSchedule, PlanRevision
from services.domain.reallocation import Reallocation
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration


@dataclass(frozen=True, slots=True)
class CaseSubject:
    """What is known of the subject of a case; empty texts for what is not."""

    project_code: str = ""
    province_code: str = ""
    owner_code: str = ""


def subject_of(fact: codec.Fact | None) -> CaseSubject:
    """The subject of a fact; of nothing that could be read, nothing is known."""
    match fact:
        case None | Reallocation():
            # A reallocation is of several projects, perhaps of several units: who may see everything decides.
            return CaseSubject()
        case PlanRevision() | ProjectRegistration() | OfficerAssignment():
            return CaseSubject(fact.project_code, fact.province_code, fact.owner_code)
        case OwnerRegistration():
            return CaseSubject("", fact.province_code, fact.owner_code)
        case BaselineSchedule():
            if fact.kind is BaselineKind.REGISTERED:
                return CaseSubject(fact.scope_code)
            return CaseSubject(province_code=fact.scope_code if fact.kind is BaselineKind.TARGET else "")
        case _:
            return CaseSubject(fact.project_code)
