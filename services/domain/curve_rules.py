"""What a baseline curve must hold to. Faults are returned, never raised."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from services.domain.plan import NATIONAL_SCOPE, BaselineKind, BaselinePoint, BaselineSchedule
from services.domain.rejection import Rejection, RejectionCode, vi


def scope(schedule: BaselineSchedule) -> Iterator[Rejection]:
    """Its scope is of the kind that the curve is of."""
    code = schedule.scope_code
    is_province = re.fullmatch("[0-9]{2}", code) is not None
    is_nation = code == NATIONAL_SCOPE
    fits, vietnamese, english = {
        BaselineKind.REGISTERED: (not is_province and not is_nation, "một mã dự án", "a project's code"),
        BaselineKind.TARGET: (is_province, "mã tỉnh hai chữ số", "a province's two digits"),
        BaselineKind.NATIONAL: (is_nation, NATIONAL_SCOPE, NATIONAL_SCOPE),
    }[schedule.kind]
    if not fits:
        yield Rejection(
            RejectionCode.SCOPE_MISMATCH,
            "scope_code",
            code,
            f"đường {schedule.kind} phải có phạm vi là {vietnamese} / "
            f"the scope of a {schedule.kind} curve is {english}",
            "sửa phạm vi hoặc loại đường / mend the scope or the kind",
        )


def one_measure(schedule: BaselineSchedule) -> Iterator[Rejection]:
    """Amounts beside shares, or two currencies, cannot be told to rise."""
    currencies = sorted({point.amount.currency for point in schedule.points if point.amount})
    if len(currencies) > 1:
        yield Rejection(
            RejectionCode.MIXED_CURRENCIES,
            "points",
            ", ".join(currencies),
            "một đường chỉ dùng một loại tiền / one curve is in one currency",
            "tách thành từng đường / send a curve for each",
        )
    if currencies and any(point.amount is None for point in schedule.points):
        yield Rejection(
            RejectionCode.MIXED_MEASURES,
            "points",
            "",
            "một đường dùng hoặc tỷ lệ hoặc số tiền, không dùng cả hai / "
            "one curve is in shares or in amounts, not in both",
            "đổi hết về một cách ghi / state every point in the same way",
        )


def rising(points: Sequence[BaselinePoint]) -> Iterator[Rejection]:
    """One point a day, and what is cumulative never falls."""
    for before, after in pairwise(sorted(points, key=lambda point: point.day)):
        if after.day == before.day:
            yield Rejection(
                RejectionCode.REPEATED_DATE,
                "points",
                after.day.isoformat(),
                f"ngày {vi(after.day)} có hai điểm / two points on {after.day}",
                "giữ một điểm cho mỗi ngày / keep one point a day",
            )
        elif _falls(before, after):
            yield Rejection(
                RejectionCode.FALLING_CURVE,
                "points",
                after.day.isoformat(),
                f"số lũy kế giảm từ {vi(before.day)} đến {vi(after.day)} / "
                f"the cumulative figure falls from {before.day} to {after.day}",
                "ghi số lũy kế từ 01/01 / state what is cumulative from 1 January",
            )


def _falls(before: BaselinePoint, after: BaselinePoint) -> bool:
    if before.basis_points is not None and after.basis_points is not None:
        return after.basis_points < before.basis_points
    if before.amount and after.amount and before.amount.currency == after.amount.currency:
        return after.amount.minor_units < before.amount.minor_units
    return False
