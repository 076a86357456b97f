"""How long advances have been outstanding."""

from __future__ import annotations

from collections.abc import Sequence


def oldest_left(advances: Sequence[Sequence[int]], outstanding: int) -> int | None:
    """The day of the oldest advance not yet recovered, first in first out; ``None`` without any.

    ``advances`` are day and amount of each, the latest first; amounts in minor units, above zero. What is
    outstanding is the latest of what was advanced: the last one needed to make it up is the oldest left.
    Where all of them do not make it up (of an account that is no voucher's), it is the first.
    """
    since, made_up = None, 0
    for since, amount in advances:  # noqa: B007 - the one at which it ends
        made_up += amount
        if made_up >= outstanding:
            break
    return since
