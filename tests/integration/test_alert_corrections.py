"""What comes late judges the past again: alerts are cancelled, updated, opened in the past."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.domain.course import Course
from services.domain.fiscal_calendar import first_day
from services.domain.progress import FundLine, LateEvent, Progress
from tests.support import ca_mau
from tests.support.alerting import Desk, migrated

PLAN = 1_000_000_000_000
BILLION = 10**9
LATE = UUID("11111111-1111-4111-8111-111111111111")
# Cà Mau's target asks 20 % by 31 March, 30 % by 30 April, 40 % by 31 May; its rule flags below 0.90 of it.
MARCH, APRIL, MAY = date(2022, 3, 31), date(2022, 4, 30), date(2022, 5, 31)


@pytest.fixture
def desk(database_url: str) -> Desk:
    migrated(database_url)
    return Desk(database_url)


def told(
    version: int, as_of: date, disbursed: dict[date, int], *late: tuple[UUID, date], plan: int = PLAN
) -> Progress:
    """Cà Mau with these amounts disbursed up to these days, in billion đồng."""
    days = {first_day(2022): 0} | {day: amount * BILLION for day, amount in sorted(disbursed.items())}
    course = Course(
        days=tuple((day - first_day(2022)).days for day in days),
        disbursed=tuple(days.values()),
        work_certified=(0,) * len(days),
        advance_outstanding=(0,) * len(days),
        plan=(plan,) * len(days),
    )
    total = course.on(as_of, 2022).disbursed
    return replace(
        ca_mau.province(version=version, as_of=as_of),
        lines=(FundLine("all", plan, plan, 0, total),),
        course=course,
        late_events=tuple(LateEvent(event_id, day) for event_id, day in late),
        last_movement_date=None,
    )


def changes(desk: Desk, rule: str = "behind_target") -> list[tuple[str, date, date, list[UUID] | None]]:
    """Transition, the day judged, since when it stands, by which events; oldest first."""
    return desk.rows(
        """
        SELECT c.transition, c.judged_on, c.raised_on, c.caused_by
          FROM alert.alert_change AS c JOIN alert.alert AS a ON a.id = c.alert_id
         WHERE a.rule = %s ORDER BY c.sequence
        """,
        rule,
    )


def sentences(desk: Desk) -> tuple[str, str]:
    """The last change's correction in both languages, without no-break spaces."""
    ((vi, en),) = desk.rows(
        "SELECT correction_vi, correction_en FROM alert.alert_change ORDER BY sequence DESC LIMIT 1"
    )
    return (vi or "").replace("\u00a0", " "), (en or "").replace("\u00a0", " ")


def test_a_late_payment_cancels_what_it_shows_was_never_so(desk: Desk) -> None:
    desk.judge(told(1, MARCH, {MARCH: 100}))
    desk.judge(told(2, MARCH, {date(2022, 3, 15): 100, MARCH: 200}, (LATE, date(2022, 3, 15))))
    assert changes(desk) == [("opened", MARCH, MARCH, None), ("cancelled", MARCH, MARCH, [LATE])]
    assert desk.rows("SELECT DISTINCT state, resolved_at IS NULL FROM alert.alert") == [("cancelled", False)]
    vi, en = sentences(desk)
    assert vi == (
        "Hủy cảnh báo: cảnh báo được nêu theo số liệu đến 31/03/2022 mà về sau đã đổi "
        "(có 1 bút toán đến muộn); đến ngày đó đã giải ngân 200,0 tỷ đồng trên kế hoạch 1.000,0 tỷ đồng, "
        "lúc nêu ghi 100,0 tỷ đồng trên 1.000,0 tỷ đồng."
    )
    assert en == (
        "Cancelled: raised on figures as of 31 March 2022 that a correction changed (1 late event); "
        "VND 200.0 billion of a plan of VND 1,000.0 billion had been disbursed by then, "
        "where VND 100.0 billion of VND 1,000.0 billion was told."
    )


def test_months_later_too_and_where_it_was_resolved_meanwhile(desk: Desk) -> None:
    desk.judge(told(1, MARCH, {MARCH: 100}))
    desk.judge(told(2, MAY, {MARCH: 100, MAY: 500}))
    desk.judge(told(3, MAY, {MARCH: 200, MAY: 600}, (LATE, MARCH)))
    assert [what for what, *_ in changes(desk)] == ["opened", "resolved", "cancelled"]
    assert changes(desk)[-1] == ("cancelled", MARCH, MARCH, [LATE])


def test_what_was_rightly_raised_and_resolved_stays_so(desk: Desk) -> None:
    desk.judge(told(1, MARCH, {MARCH: 100}))
    desk.judge(told(2, MAY, {MARCH: 100, MAY: 500}))
    desk.judge(told(3, MAY, {MARCH: 110, MAY: 510}, (LATE, MARCH)))
    assert [what for what, *_ in changes(desk)] == ["opened", "resolved"]


def test_a_late_payment_updates_what_holds_all_the_same(desk: Desk) -> None:
    desk.judge(told(1, MARCH, {MARCH: 100}))
    desk.judge(told(2, MAY, {MARCH: 100, MAY: 200}))
    desk.judge(told(3, MAY, {MARCH: 120, MAY: 220}, (LATE, MARCH)))
    assert changes(desk)[-1] == ("updated", MAY, MARCH, [LATE])
    assert sentences(desk)[0].startswith("Số liệu đến 31/03/2022, căn cứ nêu cảnh báo, đã đổi (có 1 bút toán")


def test_a_late_payment_that_holds_no_longer_moves_since_when(desk: Desk) -> None:
    desk.judge(told(1, MARCH, {MARCH: 100}))
    desk.judge(told(2, MAY, {MARCH: 100, MAY: 200}))
    desk.judge(told(3, MAY, {MARCH: 200, MAY: 300}, (LATE, MARCH)))
    assert changes(desk)[-1] == ("updated", MAY, APRIL, [LATE])
    assert sentences(desk)[1] == (
        "By all that is known now (1 late event), this has held since 30 April 2022, not since 31 March 2022."
    )


def test_a_late_reversal_opens_in_the_past(desk: Desk) -> None:
    desk.judge(told(1, MAY, {MARCH: 200, MAY: 400}))
    assert changes(desk) == []
    desk.judge(told(2, MAY, {MARCH: 100, MAY: 300}, (LATE, MARCH)))
    assert changes(desk) == [("opened", MAY, MARCH, [LATE])]
    assert sentences(desk)[0] == (
        "Theo số liệu biết đến nay (có 1 bút toán đến muộn), tình trạng này có từ 31/03/2022."
    )


def test_what_a_correction_cancelled_another_reopens_under_the_same_id(desk: Desk) -> None:
    desk.judge(told(1, MARCH, {MARCH: 100}))
    desk.judge(told(2, MARCH, {MARCH: 200}, (LATE, MARCH)))
    desk.judge(told(3, MARCH, {MARCH: 100}, (LATE, MARCH)))
    assert [what for what, *_ in changes(desk)] == ["opened", "cancelled", "reopened"]
    assert changes(desk)[-1] == ("reopened", MARCH, MARCH, [LATE])
    assert desk.rows("SELECT count(*) FROM alert.alert WHERE rule = 'behind_target'") == [(1,)]


def test_told_again_a_correction_changes_nothing(desk: Desk) -> None:
    first = told(1, MARCH, {MARCH: 100})
    corrected = [
        told(2, MAY, {MARCH: 100, MAY: 200}),
        told(3, MAY, {MARCH: 200, MAY: 300}, (LATE, MARCH)),
    ]
    desk.judge(first, *corrected)
    told_once = changes(desk)
    desk.judge(*corrected)
    # The same correction under a later version, and once more without its events.
    desk.judge(replace(corrected[-1], version=4), replace(corrected[-1], version=5, late_events=()))
    assert changes(desk) == told_once


def test_a_correction_whose_events_are_not_known_is_seen_all_the_same(desk: Desk) -> None:
    """The topic keeps the latest progress alone: what an earlier one named may be gone."""
    desk.judge(told(1, MARCH, {MARCH: 100}))
    desk.judge(told(2, MARCH, {MARCH: 200}))
    assert changes(desk)[-1] == ("cancelled", MARCH, MARCH, None)


def test_money_of_today_is_no_correction(desk: Desk) -> None:
    desk.judge(told(1, MARCH, {MARCH: 100}))
    desk.judge(told(2, APRIL, {MARCH: 100, APRIL: 300}))
    assert changes(desk)[-1] == ("resolved", APRIL, MARCH, None)
    assert sentences(desk) == ("", "")


def test_another_version_of_the_rule_cancels_nothing(desk: Desk) -> None:
    """What was raised by other thresholds is not judged again by those of now."""
    desk.judge(told(1, MARCH, {MARCH: 100}))
    with_version = "UPDATE alert.alert SET rule_version = 7 WHERE rule = 'behind_target' RETURNING 1"
    assert desk.rows(with_version) == [(1,)]
    desk.judge(told(2, MARCH, {MARCH: 200}, (LATE, MARCH)))
    assert [what for what, *_ in changes(desk)] == ["opened", "resolved"]
