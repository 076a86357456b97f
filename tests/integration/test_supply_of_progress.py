"""What progress is made of, on a real PostgreSQL: course, sources, advances, peers, late events, evidence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest

from deploy.embedded import servers
from services.aggregation import told_before
from services.domain.disbursement import MovementKind, Reporter
from services.domain.money import Money
from services.domain.plan import BaselineKind, PlanBase
from services.domain.progress import Progress, SubjectType
from services.domain.register import ProjectRegistration
from services.runtime.postgres import transaction
from tests.support import facts
from tests.support.aggregation import Aggregation, running, settings_for
from tests.support.brokers import RunningBroker

PLACE = {"district": "Cái Nước", "sector": "Giao thông", "project_group": "B"}


@pytest.fixture(scope="module")
def aggregation(postgres_server: str, running_broker: RunningBroker) -> Iterator[Aggregation]:
    """Six like projects; P1 with a raised plan, advances, a second fund source and two more accounts."""
    url = servers.create_database(postgres_server, "supply")
    with running_broker() as broker, running(settings_for(url, broker.bootstrap_servers)) as started:
        started.publish(
            facts.curve(BaselineKind.TARGET, "96", facts.CA_MAU_TARGET),
            *(facts.plan(1_000, f"P{n}", **PLACE) for n in range(1, 7)),
            facts.plan(
                1_500,
                base=PlanBase.ADJUSTED,
                decision_number="2/QĐ",
                effective_date=date(2022, 4, 15),
                **PLACE,
            ),
            facts.plan(
                300, fund_source="local.balance", effective_date=date(2021, 12, 20), source_ref="l", **PLACE
            ),
            ProjectRegistration(
                source="test",
                source_ref="dk",
                project_code="P1",
                project_name="Dự án P1",
                province_code="96",
                owner_code="O1",
                effective_date=date(2022, 1, 1),
                starts_on=date(2021, 6, 1),
                closed_on=date(2023, 12, 31),
                total_investment=Money(9_000),
                project_group="B",
                district="Cái Nước",
                sector="Giao thông",
            ),
        )
        started.settle()
        advance = facts.movement("a2", 200, "2022-03-01", kind=MovementKind.ADVANCE)
        started.publish(
            facts.movement("a1", 100, "2022-02-01", kind=MovementKind.ADVANCE),
            advance,
            facts.reversal("a3", advance),
            facts.movement("a4", 50, "2022-03-10", kind=MovementKind.ADVANCE),
            facts.movement("r1", 110, "2022-03-10", kind=MovementKind.ADVANCE_RECOVERY),
            facts.movement("w1", 400, "2022-05-20"),
            facts.statement(120, "2022-04-30", fund_source="local.balance", source="kbnn"),
            *(
                facts.movement(f"p{n}", 100 * n, "2022-03-15", project_code=f"P{n}", source="kbnn")
                for n in range(2, 7)
            ),
        )
        started.settle()
        # It moves the day of the whole province, so that every subject is told with all of it.
        started.publish(
            facts.statement(450, "2022-05-31", reporter=Reporter.OWNER, source="cdt", source_ref="o")
        )
        started.settle()
        yield started


def test_the_course_ends_where_the_lines_stand(aggregation: Aggregation) -> None:
    told = aggregation.told()
    assert {kind for kind, _ in told} == {str(kind) for kind in SubjectType}
    for progress in told.values():
        _require_level(progress)


def _require_level(progress: Progress) -> None:
    at_end = progress.course.on(progress.as_of, progress.budget_year)
    assert (at_end.disbursed, at_end.work_certified, at_end.advance_outstanding, at_end.plan) == (
        progress.disbursed,
        sum(line.work_certified for line in progress.lines),
        sum(line.advance_outstanding for line in progress.lines),
        progress.current_plan,
    ), progress.subject


def test_the_course_steps_on_the_days_on_which_something_changed(aggregation: Aggregation) -> None:
    progress = aggregation.told()["project", "P1"]
    course = progress.course
    on = {
        day: (
            course.on(date.fromisoformat(day), 2022).plan,
            course.on(date.fromisoformat(day), 2022).disbursed,
        )
        for day in ("2022-01-01", "2022-02-01", "2022-03-31", "2022-04-14", "2022-04-15", "2022-04-30")
    }
    assert on == {
        "2022-01-01": (1_300, 0),
        "2022-02-01": (1_300, 100),
        "2022-03-31": (1_300, 40),
        "2022-04-14": (1_300, 40),
        "2022-04-15": (1_800, 40),
        "2022-04-30": (1_800, 160),
    }
    # Advanced and taken back on 1 March: nothing changed that day.
    assert (date(2022, 3, 1) - date(2022, 1, 1)).days not in course.days


def test_an_advance_is_the_oldest_left_first_in_first_out(aggregation: Aggregation) -> None:
    """110 recovered of 100 of February and 50 of March: 40 of March are left. The reversed 200 never were."""
    progress = aggregation.told()["project", "P1"]
    assert progress.advance_since == date(2022, 3, 10)
    assert aggregation.told()["project", "P2"].advance_since is None
    assert aggregation.told()["province", "96"].advance_since == date(2022, 3, 10)


def test_sources_register_and_peers_are_told(aggregation: Aggregation) -> None:
    told = aggregation.told()
    progress = told["project", "P1"]
    assert {each.source: each.reaches for each in progress.sources} == {
        "test": date(2022, 5, 20),
        "kbnn": date(2022, 4, 30),
        "cdt": date(2022, 5, 31),
    }
    # P2 is fed by the treasury alone, whose word reaches the day of P1's statement.
    assert [(each.source, each.reaches) for each in told["project", "P2"].sources] == [
        ("kbnn", date(2022, 4, 30))
    ]
    assert [each.source for each in told["fund_source", "96/local.balance"].sources] == ["kbnn"]
    assert (progress.starts_on, progress.closed_on, progress.total_investment) == (
        date(2021, 6, 1),
        date(2023, 12, 31),
        9_000,
    )
    assert (progress.subject.project_group, progress.subject.district) == ("B", "Cái Nước")
    assert progress.peers
    assert (progress.peers.scope_code, progress.peers.members) == ("B/central.sector", 6)
    assert progress.peers.points[-1].day == progress.as_of
    assert told["project", "P6"].peers == progress.peers


def test_sums_do_not_count_twice(aggregation: Aggregation) -> None:
    told = aggregation.told()
    projects = [each for (kind, _), each in told.items() if kind == "project"]
    total = sum(each.disbursed for each in projects)
    for subject in (
        ("owner", "96/O1"),
        ("district", "96/Cái Nước"),
        ("sector", "96/Giao thông"),
        ("province", "96"),
    ):
        assert told[subject].disbursed == total
    funds = [each for (kind, _), each in told.items() if kind == "fund_source"]
    assert sum(each.disbursed for each in funds) == total


def _evidence(aggregation: Aggregation, kind: str, code: str, **query: object) -> Any:
    answer = aggregation.client.get(f"/v1/subjects/{kind}/{code}/evidence", query_string=query)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def test_evidence_asked_with_the_instant_of_knowledge_has_the_same_figures(aggregation: Aggregation) -> None:
    told = aggregation.told()
    assert told["province", "96"].known_at
    _wait_until_settled(aggregation, told["province", "96"].known_at)
    for (kind, code), progress in told.items():
        assert progress.known_at
        found = _evidence(
            aggregation, kind, code, as_of=progress.as_of, known_at=progress.known_at.isoformat(), limit=1_000
        )
        assert [
            (line["fund_source"], line["disbursed"], line["current_plan"]) for line in found["lines"]
        ] == [(line.fund_source, line.disbursed, line.current_plan) for line in progress.lines]
        assert [day["disbursed"] for day in found["course"]] == list(progress.course.disbursed)
        assert [day["plan"] for day in found["course"]] == list(progress.course.plan)
        assert [(s["source"], s["reaches"]) for s in found["sources"]] == [
            (s.source, s.reaches.isoformat()) for s in progress.sources
        ]
        assert found["advance_since"] == (progress.advance_since and progress.advance_since.isoformat())
        assert found["ledger_watermark"] == progress.ledger_watermark
        assert (found["peers"] and found["peers"]["members"]) == (progress.peers and progress.peers.members)
        counted = [m for m in found["movements"] if m["counts"]]
        assert sum(m["disbursed"] for m in counted) == progress.disbursed


def _wait_until_settled(aggregation: Aggregation, known_at: datetime) -> None:
    deadline = time.monotonic() + 30
    while not aggregation.rows("SELECT aggregation.settled_until() >= %s", known_at)[0][0]:
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_evidence_is_paged_and_says_what_was_reversed_and_which_decisions_hold(
    aggregation: Aggregation,
) -> None:
    asked = {"as_of": "2022-05-31", "limit": 3}
    page = _evidence(aggregation, "project", "P1", **asked)
    found = page["movements"]
    while page["next_cursor"]:
        page = _evidence(aggregation, "project", "P1", **asked, cursor=page["next_cursor"])
        found += page["movements"]
    assert len(found) == len({m["event_id"] for m in found}) == 8
    assert [m["source_ref"] for m in found if m["reversed"]] == ["a2"]
    assert {(d["decision_number"], d["base"], d["amount"]) for d in page["decisions"]} == {
        ("1/QĐ", "initial", 1_000),
        ("2/QĐ", "adjusted", 1_500),
        ("1/QĐ", "initial", 300),
    }


def test_evidence_of_what_is_not_there_or_not_the_callers_is_refused(aggregation: Aggregation) -> None:
    for kind, code in (("project", "PX"), ("owner", "96/OX"), ("nothing", "96"), ("province", "49")):
        answer = aggregation.client.get(f"/v1/subjects/{kind}/{code}/evidence?as_of=2022-05-31")
        assert (answer.status_code, answer.get_json()["type"]) == (
            404,
            "urn:giaingan:problem:unknown-subject",
        )


def test_what_comes_late_is_told_once_with_its_day(aggregation: Aggregation) -> None:
    late = facts.movement("late", 5, "2022-02-15", project_code="P3", source="kbnn")
    aggregation.publish(late)
    aggregation.settle()
    told = aggregation.told()
    for subject in (("project", "P3"), ("province", "96"), ("fund_source", "96/central.sector")):
        assert [(each.event_id, each.value_date) for each in told[subject].late_events] == [
            (late.event_id, date(2022, 2, 15))
        ]
        _require_level(told[subject])
    assert told["project", "P2"].late_events == ()
    # A crash between publishing and recording: the telling is not recorded, so that it is told again.
    ((positions,),) = aggregation.rows(
        "SELECT positions FROM aggregation.province_told WHERE province_code = '96'"
    )
    with transaction(aggregation.database) as cursor:
        before = told_before.read(cursor, province="96", budget_year=2022)
        assert before
        assert before.positions == positions
        assert told_before.came_late(cursor, before, budget_year=2022, projects=["P3"]) == {}
        earlier = {key: max(0, offset - 1) for key, offset in positions.items()}
        again = told_before.ToldBefore(before.as_of, before.business_date, before.topic_id, earlier)
        found = told_before.came_late(cursor, again, budget_year=2022, projects=["P3"])
    assert late.event_id in {event.event_id for _, event in found["P3"]}
