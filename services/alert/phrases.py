"""The fixed phrases of an alert, in Vietnamese and in English; wording.py puts them together."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from services.alert.number_text import Language
from services.domain.lag_rules import RuleName, Severity, Standing
from services.domain.plan import BaselineKind, PlanBase


class Link(StrEnum):
    """How a comparison follows what was said before it."""

    PLAIN = "plain"
    CONTRARY = "contrary"
    LIKEWISE = "likewise"


PLAN_BASES: Mapping[PlanBase, Mapping[Language, str]] = {
    # The amount first assigned may be in force by a later decision: it is not called initial.
    PlanBase.INITIAL: {"vi": "kế hoạch vốn", "en": "plan"},
    PlanBase.ADJUSTED: {"vi": "kế hoạch vốn đã điều chỉnh", "en": "adjusted plan"},
    PlanBase.ALLOCATED: {"vi": "kế hoạch vốn đã phân bổ chi tiết", "en": "plan allocated in detail"},
}
RATE_BASES: Mapping[str, Mapping[Language, str]] = {
    "plan": {"vi": "kế hoạch vốn", "en": "the plan"},
    "total_plan": {"vi": "tổng kế hoạch vốn", "en": "the total plan"},
    "initial_plan": {"vi": "kế hoạch vốn giao đầu năm", "en": "the plan as first assigned"},
    "pm_assigned": {
        "vi": "kế hoạch Thủ tướng Chính phủ giao",
        "en": "the plan assigned by the Prime Minister",
    },
    "gso_annual_target": {
        "vi": "kế hoạch năm theo Tổng cục Thống kê",
        "en": "the year's target of the statistics office",
    },
}
BASELINES: Mapping[str, Mapping[Language, str]] = {
    BaselineKind.TARGET: {"vi": "mục tiêu của tỉnh", "en": "the province's target"},
    BaselineKind.REGISTERED: {"vi": "tiến độ đã đăng ký", "en": "the registered schedule"},
    BaselineKind.NATIONAL: {"vi": "mức cả nước năm {year}", "en": "the national level of {year}"},
}
LAST_YEAR: Mapping[str, Mapping[Language, str]] = {
    BaselineKind.TARGET: {
        "vi": "mục tiêu cùng kỳ năm trước ({year})",
        "en": "the target at that date of the previous year ({year})",
    },
    BaselineKind.REGISTERED: {
        "vi": "tiến độ đăng ký cùng kỳ năm trước ({year})",
        "en": "the registered schedule at that date of the previous year ({year})",
    },
    BaselineKind.NATIONAL: {
        "vi": "mức cả nước cùng kỳ năm trước ({year})",
        "en": "the national level at that date of the previous year ({year})",
    },
}
STANDINGS: Mapping[tuple[Standing, Link], Mapping[Language, str]] = {
    (Standing.AHEAD, Link.PLAIN): {
        "vi": "Tỷ lệ giải ngân cao hơn {baseline}: {share} ({base}).",
        "en": "It is ahead of {baseline}: {share} ({base}).",
    },
    (Standing.AHEAD, Link.CONTRARY): {
        "vi": "Tuy vậy, tỷ lệ giải ngân vẫn cao hơn {baseline}: {share} ({base}).",
        "en": "It is nevertheless ahead of {baseline}: {share} ({base}).",
    },
    (Standing.AHEAD, Link.LIKEWISE): {
        "vi": "Tỷ lệ giải ngân cũng cao hơn {baseline}: {share} ({base}).",
        "en": "It is also ahead of {baseline}: {share} ({base}).",
    },
    (Standing.BEHIND, Link.PLAIN): {
        "vi": "Tỷ lệ giải ngân thấp hơn {baseline}: {share} ({base}).",
        "en": "It is behind {baseline}: {share} ({base}).",
    },
    (Standing.BEHIND, Link.CONTRARY): {
        "vi": "Nhưng thấp hơn {baseline}: {share} ({base}).",
        "en": "But it is behind {baseline}: {share} ({base}).",
    },
    (Standing.BEHIND, Link.LIKEWISE): {
        "vi": "Tỷ lệ giải ngân cũng thấp hơn {baseline}: {share} ({base}).",
        "en": "It is also behind {baseline}: {share} ({base}).",
    },
    (Standing.LEVEL, Link.PLAIN): {
        "vi": "Tỷ lệ giải ngân bằng {baseline}: {share} ({base}).",
        "en": "It is level with {baseline}: {share} ({base}).",
    },
}
SHARE_OF: Mapping[Language, str] = {"vi": "trên {base}", "en": "of {base}"}
INTERPOLATED: Mapping[str, Mapping[Language, str]] = {
    BaselineKind.TARGET: {
        "vi": "nội suy giữa các mốc tỉnh đã giao",
        "en": "interpolated between the milestones set",
    },
    BaselineKind.NATIONAL: {
        "vi": "nội suy giữa các kỳ công bố",
        "en": "interpolated between the dates published",
    },
}
PAST_LAST_POINT: Mapping[str, Mapping[Language, str]] = {
    BaselineKind.TARGET: {"vi": "mốc cuối cùng tỉnh đã giao", "en": "the last milestone set"},
    BaselineKind.NATIONAL: {
        "vi": "mức của kỳ công bố cuối cùng",
        "en": "the level of the last date published",
    },
}
DECISION: Mapping[Language, str] = {
    "vi": "Căn cứ kế hoạch vốn: {decision}; hiệu lực từ {since}.",
    "en": "Basis of the plan: {decision}; in force since {since}.",
}
CRITICAL: Mapping[Language, str] = {
    "vi": "Mức nghiêm trọng: chỉ số dưới {critical_below}.",
    "en": "Critical: the index is below {critical_below}.",
}
ASKED_BY_NOW: Mapping[Language, str] = {
    "vi": "Theo mục tiêu của tỉnh, đến ngày này phải giải ngân {asked} ({rate}).",
    "en": "By that day the target asked for {asked} ({rate}).",
}
ACCOUNTABLE: Mapping[Language, str] = {
    "vi": "Đơn vị chịu trách nhiệm: {unit}; cán bộ phụ trách: {officer}.",
    "en": "Accountable unit: {unit}; officer: {officer}.",
}
NOT_NAMED: Mapping[Language, str] = {"vi": "chưa nêu", "en": "not named"}
NO_BOOKS: Mapping[Language, str] = {"vi": "chưa có", "en": "none yet"}
ESTIMATE: Mapping[Language, str] = {
    "vi": "Số liệu có phần ước thực hiện, chưa phải số đã hạch toán.",
    "en": "The figures include an estimate that is not booked yet.",
}
OLDER_BOOKS: Mapping[Language, str] = {
    "vi": "Số liệu mới có đến {books}, trong khi ngày xét là {business}.",
    "en": "The books end on {books}; this was judged on {business}.",
}
NO_LONGER_JUDGED: Mapping[Language, str] = {
    "vi": "Quy tắc này không còn áp dụng cho {subject}, hoặc không còn mức để so sánh.",
    "en": "The rule no longer applies to {subject}, or there is nothing left to compare with.",
}
RESOLVED_TITLE: Mapping[Language, str] = {
    "vi": "{subject}: hết cảnh báo {rule}",
    "en": "{subject}: no longer {rule}",
}
CANCELLED_TITLE: Mapping[Language, str] = {
    "vi": "{subject}: hủy cảnh báo {rule}",
    "en": "{subject}: alert cancelled, {rule}",
}
# Better said by what happened.
RESOLVED_TITLES: Mapping[tuple[RuleName, Language], str] = {
    (RuleName.NOTHING_DISBURSED, "en"): "{subject}: disbursement has begun",
    (RuleName.SOURCE_STALE, "en"): "{subject}: new figures received",
}
RULES: Mapping[RuleName, Mapping[Language, str]] = {
    RuleName.BEHIND_TARGET: {"vi": "chậm so với mục tiêu", "en": "behind target"},
    RuleName.NOTHING_DISBURSED: {"vi": "chưa giải ngân", "en": "nothing disbursed"},
    RuleName.OVER_PLAN: {"vi": "vượt kế hoạch vốn", "en": "over plan"},
    RuleName.BELOW_NATIONAL_AVERAGE: {"vi": "thấp hơn mức cả nước", "en": "below the national average"},
    RuleName.SOURCE_STALE: {"vi": "thiếu số liệu mới", "en": "without new figures"},
}
SEVERITIES: Mapping[Severity, Mapping[Language, str]] = {
    Severity.INFO: {"vi": "thông tin", "en": "info"},
    Severity.WARNING: {"vi": "cảnh báo", "en": "warning"},
    Severity.CRITICAL: {"vi": "nghiêm trọng", "en": "critical"},
}
