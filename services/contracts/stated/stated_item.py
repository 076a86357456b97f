"""What every item that a sender states has in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.domain.field_rules import MAX_REVISION

Revision = Annotated[
    int,
    Field(ge=0, le=MAX_REVISION, description="What corrects an earlier one of the same day counts one more."),
]


def reference_of(*key: str | int, revision: int) -> str:
    """The business key as the source's own reference, never a row number: the same fact by any door is the
    same event. A correction is another event."""
    parts = [*key, f"r{revision}"] if revision else [*key]
    return "/".join(str(part) for part in parts)


class Stated(BaseModel):
    """Strict: an unknown field is refused, a number is not taken for a text."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
