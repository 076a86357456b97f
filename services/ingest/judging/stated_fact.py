"""A fact as a request states it, and where in the request."""

from __future__ import annotations

from dataclasses import dataclass

from services.domain.validation import Fact, Rejection
from services.runtime.errors import FieldError


@dataclass(frozen=True, slots=True)
class StatedFact:
    """A fact and where it was read. ``prefix`` is what to put before a field's name to point at it."""

    fact: Fact
    prefix: str = ""

    @property
    def place(self) -> str:
        """What to put before a field's name to point at it."""
        return self.prefix

    def fault(self, code: str, *, field: str, read: str, detail: str, mend: str) -> FieldError:
        """A fault of one of its fields, at its place in the request."""
        return FieldError(code=code, where=self.place + field, read=read, detail=detail, mend=mend)

    def rejected(self, rejection: Rejection) -> FieldError:
        """The same, as the domain's rules tell it."""
        return self.fault(
            rejection.code,
            field=rejection.field,
            read=rejection.read,
            detail=rejection.detail,
            mend=rejection.mend,
        )
