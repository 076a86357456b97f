"""Opaque cursors for paging: where the page before ended, by value, so that inserts shift nothing."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence

from services.runtime.api import invalid
from services.runtime.errors import FieldError, ProblemError, shortened

Key = tuple[int | str, ...]


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
    return tuple(key)


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
