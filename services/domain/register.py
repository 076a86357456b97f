"""The register: projects, the units accountable for them, and the officers who answer, each from a day on.

What holds on a day is the entry with the latest effective date up to it, of one date that with the
highest revision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.domain import event_identity
from services.domain.money import Money


@dataclass(frozen=True, slots=True)
class ProjectRegistration(event_identity.Identified):
    """A project of the register. Money may move from ``starts_on`` to ``closed_on``, if stated."""

    source: str
    source_ref: str
    project_code: str
    project_name: str
    province_code: str
    owner_code: str
    effective_date: date
    project_group: str = ""
    district: str = ""
    sector: str = ""
    starts_on: date | None = None
    closed_on: date | None = None
    total_investment: Money | None = None
    revision: int = 0

    @property
    def content_hash(self) -> bytes:
        investment = self.total_investment
        return event_identity.content_hash(
            {
                "type": "project_registration",
                "project_code": self.project_code,
                "project_name": self.project_name,
                "province_code": self.province_code,
                "owner_code": self.owner_code,
                "project_group": self.project_group,
                "district": self.district,
                "sector": self.sector,
                "starts_on": self.starts_on.isoformat() if self.starts_on else None,
                "closed_on": self.closed_on.isoformat() if self.closed_on else None,
                "total_investment": investment.minor_units if investment else None,
                "currency": investment.currency if investment else None,
                "effective_date": self.effective_date.isoformat(),
                "revision": self.revision,
            }
        )


@dataclass(frozen=True, slots=True)
class OwnerRegistration(event_identity.Identified):
    """An accountable unit (chủ đầu tư), known within its province, with its head and who supervises it."""

    source: str
    source_ref: str
    province_code: str
    owner_code: str
    owner_name: str
    effective_date: date
    head_name: str = ""
    head_post: str = ""
    supervisor_name: str = ""
    revision: int = 0

    @property
    def content_hash(self) -> bytes:
        return event_identity.content_hash(
            {
                "type": "owner_registration",
                "province_code": self.province_code,
                "owner_code": self.owner_code,
                "owner_name": self.owner_name,
                "head_name": self.head_name,
                "head_post": self.head_post,
                "supervisor_name": self.supervisor_name,
                "effective_date": self.effective_date.isoformat(),
                "revision": self.revision,
            }
        )


@dataclass(frozen=True, slots=True)
class OfficerAssignment(event_identity.Identified):
    """Who answers for a project, or for the whole unit where ``project_code`` is empty."""

    source: str
    source_ref: str
    province_code: str
    owner_code: str
    officer_name: str
    effective_date: date
    project_code: str = ""
    officer_post: str = ""
    officer_email: str = ""
    revision: int = 0

    @property
    def content_hash(self) -> bytes:
        return event_identity.content_hash(
            {
                "type": "officer_assignment",
                "province_code": self.province_code,
                "owner_code": self.owner_code,
                "project_code": self.project_code,
                "officer_name": self.officer_name,
                "officer_post": self.officer_post,
                "officer_email": self.officer_email,
                "effective_date": self.effective_date.isoformat(),
                "revision": self.revision,
            }
        )


RegisterEntry = ProjectRegistration | OwnerRegistration | OfficerAssignment
