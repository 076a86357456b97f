"""Handling in words, Vietnamese first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.alert.http_models import HandlingOut
from services.alert.number_text import Language, day, moment
from services.domain.handling import Cause, Stage, StepKind

STAGES: Mapping[Stage, Mapping[Language, str]] = {
    Stage.OPEN: {"vi": "chưa tiếp nhận", "en": "not acknowledged"},
    Stage.ACKNOWLEDGED: {"vi": "đã tiếp nhận", "en": "acknowledged"},
    Stage.ASSIGNED: {"vi": "đã giao, chờ tiếp nhận", "en": "assigned, to be acknowledged"},
    Stage.SNOOZED: {"vi": "tạm hoãn", "en": "snoozed"},
    Stage.ESCALATED: {"vi": "đã chuyển cấp trên", "en": "escalated"},
}
# As a person does them.
STEPS: Mapping[StepKind, Mapping[Language, str]] = {
    StepKind.ACKNOWLEDGED: {"vi": "tiếp nhận", "en": "acknowledge"},
    StepKind.ASSIGNED: {"vi": "giao", "en": "assign"},
    StepKind.SNOOZED: {"vi": "tạm hoãn", "en": "snooze"},
    StepKind.WOKEN: {"vi": "thôi hoãn", "en": "wake"},
    StepKind.ESCALATED: {"vi": "chuyển cấp trên", "en": "escalate"},
    StepKind.PROMISED: {"vi": "hẹn ngày", "en": "promise"},
    StepKind.NOTED: {"vi": "ghi chú", "en": "note"},
}
CAUSES: Mapping[Cause, Mapping[Language, str]] = {
    Cause.SITE_CLEARANCE: {"vi": "giải phóng mặt bằng, tái định cư", "en": "site clearance, resettlement"},
    Cause.MATERIALS: {"vi": "giá hoặc khan hiếm vật liệu", "en": "price or scarcity of materials"},
    Cause.PREPARATION: {
        "vi": "chuẩn bị đầu tư, thiết kế, tổng mức đầu tư",
        "en": "preparation, design, total investment cost",
    },
    Cause.UNALLOCATED_PLAN: {"vi": "chưa phân bổ chi tiết kế hoạch", "en": "plan not allocated in detail"},
    Cause.CAPACITY: {
        "vi": "năng lực nhà thầu hoặc chủ đầu tư",
        "en": "capacity of the contractor or the owner",
    },
    Cause.DISCIPLINE: {
        "vi": "chỉ đạo, kỷ luật, sợ trách nhiệm",
        "en": "leadership, discipline, fear of responsibility",
    },
    Cause.PROCEDURES: {
        "vi": "thủ tục, nghiệm thu, hồ sơ thanh toán",
        "en": "procedures, acceptance, payment dossiers",
    },
    Cause.FOREIGN_LOAN: {"vi": "đặc thù vốn vay nước ngoài", "en": "specifics of foreign loans"},
    Cause.WEATHER: {"vi": "thời tiết, dịch bệnh", "en": "weather, epidemic"},
    Cause.CHANGE_OF_AUTHORITY: {"vi": "thay đổi cơ quan quản lý", "en": "change of the authority"},
}


def in_a_table(handling: HandlingOut) -> Iterator[tuple[str, str]]:
    """What a reader of a feed is told of it, in both languages at once."""
    yield "Xử lý / Handling", " / ".join(STAGES[handling.stage].values())
    yield "Người xử lý / With", handling.assignee or "–"
    if handling.acknowledge_by:
        yield "Tiếp nhận trước / To acknowledge by", moment(handling.acknowledge_by)
    if handling.snoozed_until:
        yield "Hoãn đến / Snoozed until", moment(handling.snoozed_until)
    if handling.cause and handling.promised_by:
        yield "Nguyên nhân / Cause", " / ".join(CAUSES[handling.cause].values())
        yield "Hẹn đến / Promised by", day(handling.promised_by, "vi")
