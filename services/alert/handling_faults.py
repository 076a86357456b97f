"""Why a step of handling is refused, in both languages, and how to go on."""

from __future__ import annotations

from services.alert.handling_words import STAGES, STEPS
from services.alert.number_text import LANGUAGES
from services.domain.handling import LEGAL, Refusal, Stage, StepKind
from services.runtime.errors import ProblemError

_PROMISE = (
    "Cảnh báo chậm giải ngân: cho biết nguyên nhân (cause) và ngày hẹn (promised_by). / "
    "An alert that a subject lags: say the cause (cause) and by which day (promised_by)."
)
_SAID = {
    Refusal.NOBODY_ABOVE: (
        "Đã ở cấp giám sát; không còn cấp nào trên nữa. / It is with the supervisor; there is nobody above."
    ),
    Refusal.PROMISE_NEEDED: _PROMISE,
    Refusal.PROMISE_PASSED: (
        "Ngày hẹn đã qua; hẹn từ hôm nay trở đi. / The promised day has passed; name today or a later one."
    ),
    Refusal.SNOOZE_PASSED: "Thời điểm đã qua; chọn sau lúc này. / That instant has passed; name a later one.",
    Refusal.SNOOZE_TOO_LONG: (
        "Hoãn lâu hơn quy định cho phép (longest_snooze_days). / "
        "Longer than the policy lets an alert rest (longest_snooze_days)."
    ),
}
# What another body would mend is 422; where the alert stands otherwise, 409.
_OF_THE_BODY = frozenset(
    {Refusal.PROMISE_NEEDED, Refusal.PROMISE_PASSED, Refusal.SNOOZE_PASSED, Refusal.SNOOZE_TOO_LONG}
)


def refused(refusal: Refusal, kind: StepKind, stage: Stage) -> ProblemError:
    """The problem that a caller reads."""
    if refusal in _OF_THE_BODY:
        title = "Nội dung không được chấp nhận / the content is refused"
        return ProblemError(422, refusal.value, title, _SAID[refusal])
    detail = _SAID.get(refusal) or _not_from_here(kind, stage)
    return ProblemError(
        409, "illegal-step", "Không thể làm bước này lúc này / not a step to take now", detail
    )


def closed() -> ProblemError:
    """409: the verdict has ended the alert."""
    return ProblemError(
        409,
        "alert-closed",
        "Cảnh báo đã đóng / the alert is closed",
        "Cảnh báo này đã hết hoặc đã hủy; nếu được nêu lại thì xử lý từ đầu. / "
        "This alert is resolved or cancelled; raised again, it is handled anew.",
    )


def _not_from_here(kind: StepKind, stage: Stage) -> str:
    may = [other for other in StepKind if stage in LEGAL[other]]
    vi, en = (", ".join(STEPS[other][language] for other in may) for language in LANGUAGES)
    return (
        f"Cảnh báo {STAGES[stage]['vi']}, không thể {STEPS[kind]['vi']}; có thể: {vi}. / "
        f"The alert is {STAGES[stage]['en']}: it cannot {STEPS[kind]['en']} now; it can {en}."
    )
