"""The fixed phrases of an alert, in Vietnamese and in English; wording.py puts them together."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from services.alert.number_text import Language
from services.domain.alert_lifecycle import AlertState, AlertTransition
from services.domain.baselines import BaselineName
from services.domain.finding import Action, Standing
from services.domain.lag_rules import AdvanceBase, RuleName, Severity
from services.domain.plan import PlanBase


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
    BaselineName.TARGET: {"vi": "mục tiêu của tỉnh", "en": "the province's target"},
    BaselineName.REGISTERED: {"vi": "tiến độ đã đăng ký", "en": "the registered schedule"},
    BaselineName.NATIONAL: {"vi": "mức cả nước năm {year}", "en": "the national level of {year}"},
    BaselineName.PREVIOUS_YEAR: {
        "vi": "mức cả nước cùng kỳ năm trước ({year})",
        "en": "the national level at that date of the previous year ({year})",
    },
    BaselineName.PEER: {
        "vi": "trung vị của các dự án cùng nhóm, cùng nguồn vốn",
        "en": "the median of projects of the same group and fund source",
    },
    BaselineName.S_CURVE: {
        "vi": "đường cong chữ S (DHSS) theo ngày bắt đầu và kết thúc dự án",
        "en": "the S-curve (DHSS) by the project's start and finish",
    },
    BaselineName.LINEAR: {
        "vi": "đường chia đều 12 tháng (chỉ dùng khi không có đường nào khác)",
        "en": "the straight line over twelve months (the last resort)",
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
    BaselineName.TARGET: {
        "vi": "nội suy giữa các mốc tỉnh đã giao",
        "en": "interpolated between the milestones set",
    },
    BaselineName.NATIONAL: {
        "vi": "nội suy giữa các kỳ công bố",
        "en": "interpolated between the dates published",
    },
    BaselineName.PREVIOUS_YEAR: {
        "vi": "nội suy giữa các kỳ công bố",
        "en": "interpolated between the dates published",
    },
}
PAST_LAST_POINT: Mapping[str, Mapping[Language, str]] = {
    BaselineName.TARGET: {"vi": "mốc cuối cùng tỉnh đã giao", "en": "the last milestone set"},
    BaselineName.NATIONAL: {
        "vi": "mức của kỳ công bố cuối cùng",
        "en": "the level of the last date published",
    },
    BaselineName.PREVIOUS_YEAR: {
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
    "vi": "Theo {baseline}, đến ngày này phải giải ngân {asked} ({rate}).",
    "en": "By that day {baseline} asked for {asked} ({rate}).",
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
    RuleName.BELOW_MILESTONE: {"vi": "dưới mốc giải ngân", "en": "below the milestone"},
    RuleName.STALLED: {"vi": "ngừng giải ngân", "en": "stalled"},
    RuleName.YEAR_END_SHORTFALL: {"vi": "dự báo không đạt kế hoạch năm", "en": "short at the year's end"},
    RuleName.ADVANCE_OVER_LIMIT: {"vi": "dư tạm ứng vượt mức", "en": "advance over the limit"},
    RuleName.ADVANCE_OVERDUE: {"vi": "tạm ứng quá hạn thu hồi", "en": "advance overdue"},
    RuleName.UNALLOCATED_PLAN: {"vi": "chưa phân bổ chi tiết hết vốn", "en": "plan not allocated in detail"},
    RuleName.ESTIMATE_ONLY: {"vi": "chỉ có số ước thực hiện", "en": "estimates only"},
    RuleName.TREASURY_OWNER_MISMATCH: {
        "vi": "lệch số liệu Kho bạc và chủ đầu tư",
        "en": "treasury and owner differ",
    },
}
SEVERITIES: Mapping[Severity, Mapping[Language, str]] = {
    Severity.INFO: {"vi": "thông tin", "en": "info"},
    Severity.WARNING: {"vi": "cảnh báo", "en": "warning"},
    Severity.CRITICAL: {"vi": "nghiêm trọng", "en": "critical"},
}
ADVANCE_BASES: Mapping[AdvanceBase, Mapping[Language, str]] = {
    AdvanceBase.PLAN: {"vi": "kế hoạch vốn năm", "en": "the year's plan"},
    AdvanceBase.TOTAL_INVESTMENT: {"vi": "tổng mức đầu tư", "en": "total investment cost"},
}
# What would clear it: the first need is on the day judged, the second by the next cut date.
CLEARING: Mapping[Action, Mapping[Language, str]] = {
    Action.DISBURSE: {
        "vi": "Để gỡ cảnh báo: giải ngân thêm {amount} tính đến {by}",
        "en": "To clear it: {amount} more by {by}",
    },
    Action.REFUND: {
        "vi": "Để gỡ cảnh báo: thu hồi {amount} hoặc điều chỉnh tăng kế hoạch vốn tương ứng",
        "en": "To clear it: {amount} refunded, or the plan raised by as much",
    },
    Action.RECOVER: {
        "vi": "Để gỡ cảnh báo: thu hồi tạm ứng {amount}",
        "en": "To clear it: {amount} of the advance recovered",
    },
    Action.ALLOCATE: {
        "vi": "Để gỡ cảnh báo: phân bổ chi tiết thêm {amount}",
        "en": "To clear it: {amount} more allocated in detail",
    },
    Action.RECONCILE: {
        "vi": "Để gỡ cảnh báo: đối chiếu, giảm chênh lệch ít nhất {amount}",
        "en": "To clear it: the difference reconciled by {amount} at least",
    },
    Action.BOOK: {
        "vi": "Để gỡ cảnh báo: hạch toán số thực tế thay cho số ước thực hiện",
        "en": "To clear it: booked figures in place of the estimates",
    },
    Action.REPORT: {
        "vi": "Để gỡ cảnh báo: gửi số liệu đến ngày {by} hoặc mới hơn",
        "en": "To clear it: a report that reaches {by} or later",
    },
}
STALE_SOURCES: Mapping[Language, str] = {
    "vi": "Nguồn chưa cập nhật, số liệu mới đến: {sources}.",
    "en": "Sources that are silent, and the day they reach: {sources}.",
}
CLEARING_BY_ANYTHING: Mapping[Language, str] = {
    "vi": "Để gỡ cảnh báo: có thêm một lần giải ngân, dù nhỏ, tính đến {by}",
    "en": "To clear it: any further disbursement by {by}",
}
CLEARING_LATER: Mapping[Language, str] = {
    "vi": "; {amount} tính đến {by}",
    "en": "; {amount} more by {by}",
}
FORECAST: Mapping[Language, str] = {
    "vi": "Dự báo đến {day}: {central} (từ {low} đến {high}), theo nhịp độ lũy kế và ba tháng gần nhất "
    "trên mùa vụ của {shape}.",
    "en": "Forecast for {day}: {central} ({low} to {high}), by the cumulative pace and that of the last "
    "three months over the seasons of {shape}.",
}
FORECAST_JANUARY: Mapping[Language, str] = {
    "vi": ", riêng tháng 1 theo kế hoạch vốn năm {year}",
    "en": ", January as for the plan of {year}",
}
INFO_AHEAD_OF: Mapping[Language, str] = {
    "vi": "Chỉ ở mức thông tin vì không thấp hơn {baseline}.",
    "en": "For information only, as it is not behind {baseline}.",
}
INFO_WITHIN: Mapping[Language, str] = {
    "vi": "Chỉ ở mức thông tin vì không thấp hơn {baseline} quá {points} điểm phần trăm.",
    "en": "For information only, as it is not behind {baseline} by more than {points} points.",
}
INFO_IN_BAND: Mapping[Language, str] = {
    "vi": "Chỉ ở mức thông tin vì theo nhịp độ nhanh hơn trong hai nhịp độ thì vẫn đạt.",
    "en": "For information only, as the faster of the two paces would reach it.",
}
HELD: Mapping[Language, str] = {
    "vi": "Đã từng dưới ngưỡng, chỉ được gỡ khi đạt mức {clear_at}.",
    "en": "It was below the threshold before, and clears only at {clear_at}.",
}
# The rule's own sentence says "below the milestone", which no longer holds.
HELD_AT_MILESTONE_TITLE: Mapping[Language, str] = {
    "vi": "{subject}: giải ngân {rate}, đã đạt mốc {milestone_rate}, chưa gỡ cảnh báo",
    "en": "{subject}: {rate} disbursed, the milestone of {milestone_rate} reached, not yet cleared",
}
HELD_AT_MILESTONE: Mapping[Language, str] = {
    "vi": "Đến {as_of}, {subject} giải ngân {disbursed}, đạt {rate} {plan_base} {plan}: đã đạt mốc "
    "{milestone_rate} đặt ra đến {milestone_date}, nhưng đã từng dưới mốc nên cảnh báo còn giữ đến khi đạt "
    "{milestone_clears}.",
    "en": "By {as_of}, {subject} had disbursed {disbursed}, {rate} of the {plan_base} of {plan}: the "
    "milestone of {milestone_rate} set for {milestone_date} is reached, but it was below it before, and the "
    "alert stays until {milestone_clears} is reached.",
}
INHIBITED: Mapping[Language, str] = {
    "vi": "Số liệu đã quá cũ nên tạm dừng xét: {rules}.",
    "en": "The figures are too old to judge by: not judged are {rules}.",
}
STATES: Mapping[AlertState, Mapping[Language, str]] = {
    AlertState.OPEN: {"vi": "đang mở", "en": "open"},
    AlertState.RESOLVED: {"vi": "đã hết", "en": "resolved"},
    AlertState.CANCELLED: {"vi": "đã hủy", "en": "cancelled"},
}
TRANSITIONS: Mapping[AlertTransition, Mapping[Language, str]] = {
    AlertTransition.OPENED: {"vi": "phát cảnh báo", "en": "opened"},
    AlertTransition.UPDATED: {"vi": "cập nhật", "en": "updated"},
    AlertTransition.RESOLVED: {"vi": "hết cảnh báo", "en": "resolved"},
    AlertTransition.REOPENED: {"vi": "cảnh báo lại", "en": "reopened"},
    AlertTransition.CANCELLED: {"vi": "hủy do đính chính", "en": "cancelled by a correction"},
}
