"""Opaque cursors for paging: where the page before ended, by value, so that inserts shift nothing."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence

from services.runtime.api import invalid
from services.runtime.errors import FieldError, ProblemError, shortened

Key = tuple[int | str, ...]
# PostgreSQL's bigint ends there: a question beyond it would be an error of the server's.
_BIGINT = range(-(2**63), 2**63)


def encode(key: Sequence[int | str]) -> str:
    """The cursor of the last item of a page, by its sort key."""
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode().rstrip("=")


def decode(cursor: str | None, shape: Sequence[type]) -> Key | None:
    """The sort key in a cursor; ``None`` without one. Raises the 422 problem for anything else."""
    if cursor is None:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise refused(cursor) from None
    if not isinstance(key, list) or [type(part) for part in key] != list(shape):
        raise refused(cursor)
    if not all(_is_storable(part) for part in key):
        raise refused(cursor)
    return tuple(key)


def _is_storable(part: int | str) -> bool:
    """Whether PostgreSQL can hold it, so that it can be of one of our rows."""
    return part in _BIGINT if isinstance(part, int) else "\0" not in part


def refused(cursor: str) -> ProblemError:
    """The problem of a text that is no cursor of the list."""
    return invalid(
        [
            FieldError(
                code="bad-cursor",
                where="cursor",
                read=shortened(cursor),
                detail="không phải con trỏ của danh sách này / not a cursor of this list",
                mend="dùng nguyên next_cursor của trang trước, hoặc bỏ trống / "
                "use next_cursor of the page before, unchanged, or leave it out",
            )
        ]
    )
