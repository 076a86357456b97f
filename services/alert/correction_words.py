"""What a correction of the past did to an alert, in one sentence, in Vietnamese and in English."""

from __future__ import annotations

from collections.abc import Mapping

from services.alert.number_text import Language, day, money
from services.domain.alert_lifecycle import AlertTransition, Grounds

_CANCELLED: Mapping[Language, str] = {
    "vi": "Hủy cảnh báo: cảnh báo được nêu theo số liệu đến {day} mà về sau đã đổi{events}; {figures}.",
    "en": "Cancelled: raised on figures as of {day} that a correction changed{events}; {figures}.",
}
_CORRECTED: Mapping[Language, str] = {
    "vi": "Số liệu đến {day}, căn cứ nêu cảnh báo, đã đổi{events}; {figures}.",
    "en": "The figures as of {day} on which it was raised were corrected{events}; {figures}.",
}
_SINCE: Mapping[Language, str] = {
    "vi": "Theo số liệu biết đến nay{events}, tình trạng này có từ {day}.",
    "en": "By all that is known now{events}, this has held since {day}.",
}
_NOT_SINCE: Mapping[Language, str] = {
    "vi": "Theo số liệu biết đến nay{events}, tình trạng này có từ {day}, không phải từ {told}.",
    "en": "By all that is known now{events}, this has held since {day}, not since {told}.",
}
_EVENTS: Mapping[Language, str] = {
    "vi": " (có {count} bút toán đến muộn)",
    "en": " ({count} late {events})",
}
_FIGURES: Mapping[Language, str] = {
    "vi": "đến ngày đó đã giải ngân {disbursed} trên kế hoạch {plan}, lúc nêu ghi {told} trên {told_plan}",
    "en": "{disbursed} of a plan of {plan} had been disbursed by then, where {told} of {told_plan} was told",
}


def said(
    what: AlertTransition,
    *,
    told: Grounds | None,
    now: Grounds | None,
    late_events: int,
    currency: str,
    language: Language,
) -> str:
    """The sentence; empty where nothing that was told before was corrected.

    ``told`` is what the alert was raised on as it was told, ``now`` the same day as it is known now (of an
    alert that was cancelled), or what the alert stands on now. Amounts are minor units of ``currency``.
    """
    if now is None or now == told:
        return ""
    events = _events(late_events, language)
    if told is None:
        return _SINCE[language].format(day=day(now.day, language), events=events)
    if told.day != now.day:
        return _NOT_SINCE[language].format(
            day=day(now.day, language), told=day(told.day, language), events=events
        )
    words = _CANCELLED if what is AlertTransition.CANCELLED else _CORRECTED
    figures = _FIGURES[language].format(
        disbursed=money(now.disbursed, currency, language),
        plan=money(now.plan, currency, language),
        told=money(told.disbursed, currency, language),
        told_plan=money(told.plan, currency, language),
    )
    return words[language].format(day=day(now.day, language), events=events, figures=figures)


def _events(count: int, language: Language) -> str:
    return _EVENTS[language].format(count=count, events="event" if count == 1 else "events") if count else ""
