"""Errors that reach a caller, as problem details (RFC 9457) with a stable code."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class FieldError(BaseModel):
    """One fault: where it is, what was read, why it is refused and how to mend it."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(description="Stable code of the fault, listed in docs/ERRORS.md.")
    where: str = Field(description="Field path of a JSON body, or sheet, row and column of a file.")
    read: str = Field("", description="What was read there, shortened.")
    detail: str = Field(description="Why it is refused.")
    mend: str = Field("", description="How to mend it.")
    sheet: str | None = Field(None, description="Of a fault in a workbook: the sheet's name.")
    row: int | None = Field(None, ge=1, description="Of a fault in a file: the row, counted from 1.")
    column: str | None = Field(None, description="Of a fault in a file: the column's letters.")


class Problem(BaseModel):
    """Problem details (RFC 9457), media type application/problem+json."""

    type: str = Field(description="urn:giaingan:problem: and the stable code.")
    title: str = Field(description="What kind of problem it is.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field("", description="What happened this time and how to mend it.")
    errors: list[FieldError] = Field(default_factory=list, description="Every fault, not the first.")
    event_ids: list[str] = Field(
        default_factory=list, description="Ids of events whose fate is not known; send them again."
    )


class ProblemError(Exception):
    """Answered as a problem. ``code`` is stable and documented in docs/ERRORS.md."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str = "",
        *,
        errors: list[FieldError] | None = None,
        event_ids: list[str] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail or title}")
        self.code = code
        self.headers: dict[str, str] = {}
        if retry_after_seconds is not None:
            self.headers["Retry-After"] = str(retry_after_seconds)
        self.problem = Problem(
            type=f"urn:giaingan:problem:{code}",
            title=title,
            status=status,
            detail=detail,
            errors=errors or [],
            event_ids=event_ids or [],
        )


class StopServiceError(Exception):
    """The process must stop, loudly: going on could lose money or tell wrong figures."""


def shortened(value: Any, limit: int = 80) -> str:
    """A value as text for an error, cut so that one bad field cannot flood the answer or the log."""
    text = str(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
