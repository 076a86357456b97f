"""What the sides of a reallocation must hold to together. Faults are returned, never raised."""

from __future__ import annotations

from collections.abc import Iterator

from services.domain.reallocation import Reallocation
from services.domain.rejection import Rejection, RejectionCode

LEAST_SIDES = 2


def balanced(decision: Reallocation) -> Iterator[Rejection]:
    """What some lines give, the others take: plan is neither made nor lost by moving it."""
    lines = [(side.project_code, side.fund_source) for side in decision.sides]
    if len(lines) < LEAST_SIDES:
        yield Rejection(
            RejectionCode.TOO_FEW_SIDES,
            "sides",
            str(len(lines)),
            "điều chuyển phải có ít nhất một dòng giảm và một dòng tăng / "
            "a reallocation has a line that gives and one that takes",
            "ghi đủ các dòng của quyết định; thay đổi của một dòng gửi ở POST /v1/plans / "
            "state every line of the decision; a change of one line goes to POST /v1/plans",
        )
    for code, fund_source in sorted({line for line in lines if lines.count(line) > 1}):
        yield Rejection(
            RejectionCode.REPEATED_SIDE,
            "sides",
            f"{code}, {fund_source}",
            "dự án và nguồn vốn này có hơn một dòng / the project and fund source have more than one side",
            "gộp thành một dòng / make them one side",
        )
    if total := sum(side.change for side in decision.sides):
        yield Rejection(
            RejectionCode.SIDES_NOT_BALANCED,
            "sides",
            str(total),
            f"tổng tăng giảm là {total:+,} thay vì 0: tăng và giảm phải bằng nhau / ".replace(",", ".")
            + f"the changes sum to {total:+,} instead of 0: what is given must be what is taken",
            "sửa số trước hoặc số sau của dòng sai, hoặc ghi thêm dòng còn thiếu / "
            "mend the amount before or after of the wrong side, or add the side that is missing",
        )
