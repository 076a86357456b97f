"""Findings in Vietnamese and English, each with what usually stands behind it."""

from __future__ import annotations

from dataclasses import dataclass

from services.aggregation.findings import FindingKind, Found
from services.domain.disbursement import Series
from services.runtime.fund_sources import FundSourceNames

_SERIES = {
    Series.TREASURY_VOUCHERS: ("chứng từ kho bạc", "vouchers of the treasury"),
    Series.TREASURY_STATEMENTS: ("báo cáo lũy kế kho bạc", "statements of the treasury"),
    Series.OWNER_VOUCHERS: ("chứng từ chủ đầu tư", "vouchers of the owner"),
    Series.OWNER_STATEMENTS: ("báo cáo lũy kế chủ đầu tư", "statements of the owner"),
}


@dataclass(frozen=True, slots=True)
class _Words:
    """A finding's line and amount in both languages."""

    line_vi: str
    line_en: str
    amount_vi: str
    amount_en: str


def told(found: Found, fund_sources: FundSourceNames) -> str:
    """The finding in Vietnamese and English."""
    fund_vi = fund_sources.in_language(found.fund_source, "vi")
    fund_en = fund_sources.in_language(found.fund_source, "en")
    amount = f"{found.amount:,}"
    words = _Words(
        f"Dự án {found.project_code}, nguồn vốn {fund_vi}",
        f"Project {found.project_code}, {fund_en}",
        amount.replace(",", "."),
        amount,
    )
    match found.kind:
        case FindingKind.ADVANCE_BELOW_ZERO:
            return _advance_below_zero(found, words)
        case FindingKind.CARRY_OVER_WITHOUT_DECISION:
            return _carry_over_without_decision(found, words)
        case FindingKind.REALLOCATION_AMOUNT_DIFFERS:
            return _reallocation_amount_differs(found, words)


def _advance_below_zero(found: Found, words: _Words) -> str:
    by_vi, by_en = _SERIES[Series(found.series or "")]
    return (
        f"{words.line_vi}, theo {by_vi}: tạm ứng chưa thu hồi âm {words.amount_vi} đồng từ ngày "
        f"{found.since:%d/%m/%Y}, tức đã thu hồi nhiều hơn đã tạm ứng. Thường do chứng từ tạm ứng chưa "
        "gửi đến, thu hồi ghi hai lần, hoặc ghi vào nguồn vốn hay năm ngân sách khác. Hãy đối chiếu "
        f"các chứng từ kèm theo. / {words.line_en}, by the {by_en}: advance outstanding is VND "
        f"{words.amount_en} below zero since {found.since.isoformat()}: more was recovered than was "
        "advanced. Usually the voucher of the advance has not come yet, a recovery was booked twice, "
        "or on another fund source or budget year. Compare the vouchers named here."
    )


def _carry_over_without_decision(found: Found, words: _Words) -> str:
    by_vi, by_en = _SERIES[Series(found.series or "")]
    year = found.carried_from_year
    return (
        f"{words.line_vi}, theo {by_vi}: đã giải ngân {words.amount_vi} đồng vốn kế hoạch năm {year} "
        f"sau ngày 31/01/{(year or 0) + 1}, từ ngày {found.since:%d/%m/%Y}, nhưng chưa có quyết định "
        "kéo dài nào. Thường do quyết định kéo dài chưa gửi đến, hoặc ghi nhầm năm ngân sách, nguồn "
        f"vốn. Hãy gửi quyết định (loại carry_over), hoặc đính chính chứng từ. / {words.line_en}, by "
        f"the {by_en}: VND {words.amount_en} of the plan of {year} was paid after 31 January "
        f"{(year or 0) + 1}, since {found.since.isoformat()}, and no decision that carries it over is "
        "known. Usually the decision has not come yet, or the budget year or fund source is a slip. "
        "Send the decision (base carry_over), or correct the vouchers."
    )


def _reallocation_amount_differs(found: Found, words: _Words) -> str:
    return (
        f"{words.line_vi}: quyết định điều chuyển {found.decision_number}, hiệu lực từ "
        f"{found.since:%d/%m/%Y}, ghi kế hoạch trước điều chuyển chênh {words.amount_vi} đồng so với "
        "sổ. Thường do một quyết định trước đó chưa gửi đến, hoặc ghi nhầm số trước điều chuyển. Số "
        "sau điều chuyển được tính. Hãy gửi quyết định còn thiếu, hoặc bản đính chính. / "
        f"{words.line_en}: the reallocation {found.decision_number}, in force since "
        f"{found.since.isoformat()}, states a plan before it that is VND {words.amount_en} off what "
        "the books hold. Usually an earlier decision has not come yet, or the amount before is a "
        "slip. The amount after counts. Send the decision that is missing, or a correction."
    )
