"""Who calls: what a token may do, and for which unit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from flask import g, has_request_context

from services.runtime.errors import ProblemError
from services.runtime.unit import EVERYTHING, Unit

__all__ = ["EVERYTHING", "Caller", "Scope", "Unit", "caller", "outside_unit"]


class Scope(StrEnum):
    """What a token may do. ``ADMIN`` may everything."""

    INGEST_WRITE = "ingest:write"
    READ = "read"
    ALERT_ACT = "alert:act"
    # Reads feeds and nothing else: the one that may stand in an address.
    FEED = "feed"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request, by its token."""

    token_id: UUID
    name: str
    scopes: frozenset[Scope]
    unit: Unit
    sources: frozenset[str] = frozenset()

    def may(self, any_of: tuple[Scope, ...]) -> bool:
        """Whether one of the scopes is held; an admin holds every one."""
        return Scope.ADMIN in self.scopes or not self.scopes.isdisjoint(any_of)

    @property
    def stated_sources(self) -> frozenset[str] | None:
        """Whose facts it may state; ``None`` for anybody's. Who is bound to a unit may not speak for others:
        without sources of its own it states nothing."""
        return self.sources if self.sources or not self.unit.is_everything else None


def caller() -> Caller:
    """The caller of the current request. Raises ``LookupError`` where none was let in by token."""
    found = g.get("giaingan_caller") if has_request_context() else None
    if not isinstance(found, Caller):
        raise LookupError("no caller: this is no request, or the route is public")
    return found


def outside_unit(detail: str = "") -> ProblemError:
    """403 for a caller that is bound to a unit and asks for more, or writes for another."""
    return ProblemError(
        403,
        "outside-unit",
        "Ngoài đơn vị của mã truy cập / outside the token's unit",
        detail
        or "Mã truy cập này chỉ dùng cho một đơn vị; hãy dùng mã của đơn vị liên quan / "
        "This token is bound to a unit; use one of the unit concerned.",
    )
