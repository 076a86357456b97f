"""Who calls: what a token may do, and for which unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from flask import g, has_request_context

from services.runtime.errors import ProblemError

_UNIT = re.compile(r"\d{2}(/[^\s\x00-\x1f\x7f]{1,64})?")


class Scope(StrEnum):
    """What a token may do. ``ADMIN`` may everything."""

    INGEST_WRITE = "ingest:write"
    READ = "read"
    ALERT_ACT = "alert:act"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Unit:
    """``""`` is everything, ``"96"`` a province, ``"96/O1"`` an owner within its province.

    Raises ``ValueError`` for any other text.
    """

    code: str = ""

    def __post_init__(self) -> None:
        if self.code and not _UNIT.fullmatch(self.code):
            raise ValueError(f"{self.code!r} is no unit: a province (96) or an owner within it (96/<owner>)")

    @property
    def is_everything(self) -> bool:
        return not self.code

    @property
    def province_code(self) -> str:
        """Empty for everything."""
        return self.code.partition("/")[0]

    @property
    def owner_code(self) -> str:
        """Empty for everything, and for a province."""
        return self.code.partition("/")[2]

    def covers(self, *, province_code: str | None, owner_code: str | None) -> bool:
        """Whether what belongs to that province and owner is this unit's or under it.

        What belongs to no province (``None`` or empty) is covered by everything alone, and what belongs to a
        province as a whole (no owner) by no owner.
        """
        if self.is_everything:
            return True
        if self.province_code != province_code:
            return False
        return not self.owner_code or self.owner_code == owner_code


EVERYTHING = Unit()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent the request, by its token."""

    token_id: UUID
    name: str
    scopes: frozenset[Scope]
    unit: Unit

    def may(self, any_of: tuple[Scope, ...]) -> bool:
        """Whether one of the scopes is held; an admin holds every one."""
        return Scope.ADMIN in self.scopes or not self.scopes.isdisjoint(any_of)


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
