"""Who takes care of an alert, by every step from every stage."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.domain import handling
from services.domain.handling import (
    LEGAL,
    Cause,
    Escalation,
    Handled,
    Handling,
    Level,
    Promise,
    Refusal,
    Stage,
    Step,
    StepKind,
    StepRefusedError,
)
from services.domain.lag_rules import RuleName, Severity
from services.domain.progress import Subject, SubjectType

NOW = datetime(2022, 7, 1, 2, tzinfo=UTC)
TODAY = date(2022, 7, 1)
HOUR = timedelta(hours=1)
PROJECT = Subject(
    SubjectType.PROJECT, "P1", "Đường A", "96", owner_code="O1", owner_name="Ban A", accountable_officer="An"
)
LAG = Handled(RuleName.BEHIND_TARGET, Severity.CRITICAL, PROJECT)
NO_LAG = Handled(RuleName.OVER_PLAN, Severity.WARNING, PROJECT)
POLICY = Escalation(
    acknowledge_within={Severity.CRITICAL: 48 * HOUR, Severity.WARNING: 120 * HOUR},
    longest_snooze=timedelta(days=31),
    supervisor="UBND tỉnh",
)
PROMISE = Promise(Cause.SITE_CLEARANCE, date(2022, 7, 31))


def a_step(kind: StepKind, **fields: Any) -> Step:
    """One that its kind takes from any legal stage."""
    whole: dict[StepKind, dict[str, Any]] = {
        StepKind.ACKNOWLEDGED: {"promise": PROMISE},
        StepKind.ASSIGNED: {"assignee": "Bình"},
        StepKind.SNOOZED: {"until": NOW + HOUR},
        StepKind.PROMISED: {"promise": PROMISE},
    }
    return Step(kind, NOW, TODAY, **{**whole.get(kind, {}), **fields})


def standing(stage: Stage) -> Handling:
    """A handling in that stage, with the officer."""
    resting = NOW + HOUR if stage is Stage.SNOOZED else None
    return Handling(stage, Level.OFFICER, "An", snoozed_until=resting)


def take(now: Handling, step: Step, alert: Handled = LAG) -> Handling:
    return handling.take(now, step, alert, POLICY)


@pytest.mark.parametrize("kind", StepKind)
@pytest.mark.parametrize("stage", Stage)
def test_a_step_is_taken_from_its_stages_alone(kind: StepKind, stage: Stage) -> None:
    if stage in LEGAL[kind]:
        assert take(standing(stage), a_step(kind)).steps == 1
    else:
        with pytest.raises(StepRefusedError) as refused:
            take(standing(stage), a_step(kind))
        assert refused.value.refusal is Refusal.NOT_FROM_HERE


def test_it_begins_with_the_accountable_officer_and_his_time() -> None:
    begun = handling.raised(LAG, NOW, POLICY)
    assert begun == Handling(Stage.OPEN, Level.OFFICER, "An", acknowledge_by=NOW + 48 * HOUR)
    assert handling.raised(replace(LAG, severity=Severity.INFO), NOW, POLICY).acknowledge_by is None


def test_who_acknowledges_a_lag_says_why_and_by_when() -> None:
    begun = handling.raised(LAG, NOW, POLICY)
    taken = take(begun, a_step(StepKind.ACKNOWLEDGED))
    assert (taken.stage, taken.promise, taken.acknowledge_by) == (Stage.ACKNOWLEDGED, PROMISE, None)
    with pytest.raises(StepRefusedError, match="promise-needed"):
        take(begun, a_step(StepKind.ACKNOWLEDGED, promise=None))
    assert take(begun, a_step(StepKind.ACKNOWLEDGED, promise=None), NO_LAG).promise is None


def test_today_may_be_promised_and_yesterday_may_not() -> None:
    begun = handling.raised(LAG, NOW, POLICY)
    for kind, now in ((StepKind.ACKNOWLEDGED, begun), (StepKind.PROMISED, standing(Stage.ACKNOWLEDGED))):
        assert take(now, a_step(kind, promise=replace(PROMISE, by=TODAY))).promise is not None
        with pytest.raises(StepRefusedError, match="promise-passed"):
            take(now, a_step(kind, promise=replace(PROMISE, by=TODAY - timedelta(days=1))))


def test_who_is_assigned_has_to_acknowledge_anew() -> None:
    assigned = take(standing(Stage.SNOOZED), a_step(StepKind.ASSIGNED))
    assert (assigned.stage, assigned.assignee, assigned.snoozed_until) == (Stage.ASSIGNED, "Bình", None)
    assert assigned.acknowledge_by == NOW + 48 * HOUR


def test_it_rests_for_as_long_as_the_policy_allows() -> None:
    acknowledged = standing(Stage.ACKNOWLEDGED)
    longest = NOW + POLICY.longest_snooze
    assert take(acknowledged, a_step(StepKind.SNOOZED, until=longest)).snoozed_until == longest
    with pytest.raises(StepRefusedError, match="snooze-too-long"):
        take(acknowledged, a_step(StepKind.SNOOZED, until=longest + timedelta(seconds=1)))
    with pytest.raises(StepRefusedError, match="snooze-passed"):
        take(acknowledged, a_step(StepKind.SNOOZED, until=NOW))


def test_time_passes_it_on_to_the_head_of_the_unit_and_the_supervisor_and_no_further() -> None:
    now = handling.raised(LAG, NOW, POLICY)
    passed = []
    at = NOW
    for _ in range(4):
        at += 48 * HOUR
        assert handling.due(now, at - timedelta(seconds=1), TODAY) is None
        step = handling.due(now, at, TODAY)
        if step is None:
            break
        now = take(now, step)
        passed.append((now.level, now.assignee, now.acknowledge_by))
    assert passed == [
        (Level.HEAD_OF_UNIT, "Thủ trưởng Ban A", at - 48 * HOUR),
        (Level.SUPERVISOR, "UBND tỉnh", at),
    ]
    with pytest.raises(StepRefusedError, match="nobody-above"):
        take(now, a_step(StepKind.ESCALATED))


def test_a_head_of_unit_that_the_policy_names_is_asked_by_name() -> None:
    named = replace(POLICY, heads={"O1": "Chi"})
    assert named.who(Level.HEAD_OF_UNIT, PROJECT) == "Chi"
    assert named.who(Level.HEAD_OF_UNIT, replace(PROJECT, owner_code="O2")) == "Thủ trưởng Ban A"
    unit = replace(PROJECT, type=SubjectType.OWNER, owner_code="", owner_name="", name="Sở B")
    assert named.who(Level.HEAD_OF_UNIT, unit) == "Thủ trưởng Sở B"
    sector = replace(unit, type=SubjectType.SECTOR, name="Y tế")
    assert named.who(Level.HEAD_OF_UNIT, sector) == "Thủ trưởng đơn vị phụ trách Y tế"


def test_what_was_acknowledged_is_left_alone_and_what_rested_is_woken() -> None:
    assert handling.due(standing(Stage.ACKNOWLEDGED), NOW + 10_000 * HOUR, TODAY) is None
    resting = take(standing(Stage.ACKNOWLEDGED), a_step(StepKind.SNOOZED))
    assert handling.due(resting, NOW, TODAY) is None
    woken = handling.due(resting, NOW + HOUR, TODAY)
    assert woken is not None
    assert take(resting, woken) == replace(standing(Stage.ACKNOWLEDGED), steps=2)


def test_overdue_is_what_waits_too_long_or_broke_its_promise() -> None:
    begun = handling.raised(LAG, NOW, POLICY)
    assert not begun.is_overdue(NOW + 47 * HOUR, TODAY)
    assert begun.is_overdue(NOW + 48 * HOUR, TODAY)
    taken = take(begun, a_step(StepKind.ACKNOWLEDGED))
    assert not taken.is_overdue(NOW + 480 * HOUR, PROMISE.by)
    assert taken.is_overdue(NOW, PROMISE.by + timedelta(days=1))


def test_a_note_changes_nothing_but_the_count() -> None:
    for stage in Stage:
        assert take(standing(stage), a_step(StepKind.NOTED)) == replace(standing(stage), steps=1)
