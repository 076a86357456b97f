"""The register, officers, completed work, carry-over capital and corrected lines, as the books show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.domain.disbursement import CompletedWorkLine, FigureStatus
from services.domain.money import Money
from services.domain.plan import BaselineKind, PlanBase
from services.domain.register import OfficerAssignment, OwnerRegistration, ProjectRegistration
from tests.support import facts
from tests.support.aggregation import Aggregation, running, settings_for
from tests.support.brokers import Broker

AS_OF = "2022-07-31"


@pytest.fixture
def aggregation(database_url: str, broker: Broker) -> Iterator[Aggregation]:
    """Projects P1 and P2 of owner O1 in Cà Mau, with money on P1."""
    with running(settings_for(database_url, broker.bootstrap_servers)) as running_aggregation:
        running_aggregation.publish(facts.plan(1_000), facts.plan(500, "P2"), facts.movement("1", 300))
        running_aggregation.settle()
        yield running_aggregation


def registered(project: str = "P1", day: str = "2022-02-01", **changes: Any) -> ProjectRegistration:
    values: dict[str, Any] = {
        "source": "test",
        "source_ref": f"da/{project}/{day}/{changes.get('revision', 0)}",
        "project_code": project,
        "project_name": f"Dự án {project} (danh mục)",
        "province_code": "96",
        "owner_code": "O1",
        "effective_date": date.fromisoformat(day),
    }
    return ProjectRegistration(**(values | changes))


def officer(name: str, project: str = "", day: str = "2022-02-01", **changes: Any) -> OfficerAssignment:
    values: dict[str, Any] = {
        "source": "test",
        "source_ref": f"cb/{changes.get('owner_code', 'O1')}/{project}/{day}",
        "province_code": "96",
        "owner_code": "O1",
        "project_code": project,
        "officer_name": name,
        "effective_date": date.fromisoformat(day),
    }
    return OfficerAssignment(**(values | changes))


def project(aggregation: Aggregation, code: str = "P1", as_of: str = AS_OF) -> dict[str, Any]:
    answer = aggregation.client.get(f"/v1/projects/{code}?as_of={as_of}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def test_the_register_says_who_a_project_is_from_its_day_on(aggregation: Aggregation) -> None:
    aggregation.publish(
        registered(
            district="Đầm Dơi",
            owner_code="O2",
            starts_on=date(2022, 1, 1),
            closed_on=date(2022, 12, 31),
            total_investment=Money(9_000),
        ),
        OwnerRegistration("test", "cdt/O2", "96", "O2", "Ban QLDA mới", date(2022, 1, 1)),
    )
    aggregation.settle()
    before, after = project(aggregation, as_of="2022-01-31"), project(aggregation)
    assert (before["project"]["project_name"], before["project"]["owner_code"]) == ("Dự án P1", "O1")
    assert before["registration"] is None
    now = after["project"]
    assert (now["project_name"], now["district"]) == ("Dự án P1 (danh mục)", "Đầm Dơi")
    assert (now["owner_code"], now["owner_name"]) == ("O2", "Ban QLDA mới")
    assert after["registration"] == {
        "starts_on": "2022-01-01",
        "closed_on": "2022-12-31",
        "total_investment": 9_000,
        "effective_date": "2022-02-01",
    }
    # Both owners are told: the one it left with what is left to it.
    told = aggregation.told()
    assert sum(line.current_plan for line in told["owner", "96/O1"].lines) == 500
    assert sum(line.current_plan for line in told["owner", "96/O2"].lines) == 1_000


def test_a_corrected_registration_replaces_that_of_its_day(aggregation: Aggregation) -> None:
    aggregation.publish(registered(project_name="Tên đúng", revision=1), registered(project_name="Tên sai"))
    aggregation.settle()
    assert project(aggregation)["project"]["project_name"] == "Tên đúng"


def test_the_officer_is_the_projects_own_before_the_units_before_the_plans(
    aggregation: Aggregation,
) -> None:
    aggregation.publish(facts.plan(700, "P3", accountable_officer="Ông A (theo kế hoạch)"))
    aggregation.settle()
    assert project(aggregation, "P3")["project"]["accountable_officer"] == "Ông A (theo kế hoạch)"
    assert project(aggregation, "P3")["officer"] is None

    aggregation.publish(officer("Bà B"), officer("Ông C", "P1", officer_email="c@camau.gov.vn"))
    # Of another unit, and of a later day: neither holds.
    aggregation.publish(officer("Người khác", "P1", owner_code="O9"), officer("Bà D", "P1", day="2022-12-01"))
    aggregation.settle()
    names = [project(aggregation, code)["project"]["accountable_officer"] for code in ("P1", "P2", "P3")]
    assert names == ["Ông C", "Bà B", "Bà B"]
    own, of_unit = project(aggregation, "P1")["officer"], project(aggregation, "P2")["officer"]
    assert (own["name"], own["email"], own["of_whole_unit"]) == ("Ông C", "c@camau.gov.vn", False)
    assert (of_unit["name"], of_unit["of_whole_unit"]) == ("Bà B", True)
    told = aggregation.told()
    assert told["project", "P1"].subject.accountable_officer == "Ông C"
    assert told["project", "P2"].subject.accountable_officer == "Bà B"
    assert told["owner", "96/O1"].subject.accountable_officer == "Bà B"


def test_an_owners_name_comes_from_the_register_and_its_projects_are_told(aggregation: Aggregation) -> None:
    version = aggregation.told()["project", "P2"].version
    aggregation.publish(OwnerRegistration("test", "cdt/O1", "96", "O1", "Ban QLDA tỉnh", date(2022, 1, 1)))
    aggregation.settle()
    told = aggregation.told()
    assert told["project", "P2"].version > version
    assert told["owner", "96/O1"].subject.name == "Ban QLDA tỉnh"


def test_money_on_a_project_that_only_the_register_knows_belongs_to_its_province(
    aggregation: Aggregation,
) -> None:
    aggregation.publish(facts.movement("9", 70, project_code="P9"))
    aggregation.settle()
    assert aggregation.summary(as_of=AS_OF, province="96")["total"]["disbursed"] == 300
    aggregation.publish(registered("P9"))
    aggregation.settle()
    assert aggregation.summary(as_of=AS_OF, province="96")["total"]["disbursed"] == 370
    assert ("project", "P9") in aggregation.told()


def test_carry_over_capital_stands_beside_the_plan_and_in_no_rate(aggregation: Aggregation) -> None:
    def carried(amount: int, year: int, decision: str, day: date) -> Any:
        return facts.plan(
            amount,
            base=PlanBase.CARRY_OVER,
            carried_from_year=year,
            decision_number=decision,
            source_ref=f"{decision}/{year}",
            effective_date=day,
        )

    aggregation.publish(
        carried(40, 2020, "2/QĐ", date(2022, 1, 15)),
        carried(90, 2021, "2/QĐ", date(2022, 1, 15)),
        carried(60, 2021, "3/QĐ", date(2022, 6, 1)),
    )
    aggregation.settle()
    figures = project(aggregation)["project"]["figures"]
    assert (figures["initial_plan"], figures["current_plan"], figures["allocated_plan"]) == (1_000, 1_000, 0)
    assert figures["carry_over_plan"] == 100
    assert figures["execution_rate_percent"] == 30.0
    assert project(aggregation, as_of="2022-05-31")["project"]["figures"]["carry_over_plan"] == 130
    assert aggregation.summary(as_of=AS_OF)["total"]["carry_over_plan"] == 100
    assert project(aggregation)["lines"][0]["decision_number"] == "1/QĐ"


def test_a_corrected_line_of_a_decision_replaces_it_on_every_day(aggregation: Aggregation) -> None:
    first = facts.plan(1_000)
    aggregation.publish(
        replace(
            first,
            source_ref=f"{first.source_ref}/r1",
            amount=Money(800),
            effective_date=date(2022, 3, 1),
            revision=1,
        )
    )
    aggregation.settle()
    assert project(aggregation)["project"]["figures"]["current_plan"] == 800
    # The line that was corrected counts on no day: not on those before the correction takes effect either.
    summary = aggregation.summary(as_of="2022-02-01")["total"]
    assert summary["current_plan"] == 500


def test_a_corrected_curve_replaces_that_of_its_decision(aggregation: Aggregation) -> None:
    curve = facts.curve(BaselineKind.TARGET, "96", {"2022-07-31": 60})
    corrected = facts.curve(BaselineKind.TARGET, "96", {"2022-07-31": 50})
    aggregation.publish(
        curve, replace(corrected, source_ref="r1", revision=1, effective_date=date(2021, 12, 1))
    )
    aggregation.settle()
    (baseline,) = project(aggregation)["baselines"]
    assert baseline["planned_rate_percent"] == pytest.approx(50 * 5 / 7, abs=0.01)


def test_the_latest_report_of_completed_work_is_shown_and_moves_no_money(aggregation: Aggregation) -> None:
    def work(value: int, day: str, *, status: str = "actual", revision: int = 0) -> CompletedWorkLine:
        return CompletedWorkLine(
            "test",
            f"kl/{status}/{day}/{revision}",
            "P1",
            2022,
            Money(value),
            date.fromisoformat(day),
            FigureStatus(status),
            revision,
        )

    aggregation.publish(
        work(400, "2022-05-31", revision=1),
        work(900, "2022-05-31", status="estimate"),
        work(4_000, "2022-05-31"),
        work(200, "2022-04-30"),
    )
    aggregation.settle()
    shown = project(aggregation)
    assert shown["completed_work"] == {"value": 400, "as_of": "2022-05-31", "status": "actual"}
    assert project(aggregation, as_of="2022-05-01")["completed_work"]["value"] == 200
    assert shown["project"]["figures"]["disbursed"] == 300
    assert project(aggregation, "P2")["completed_work"] is None


def test_the_same_entry_twice_counts_once_and_other_content_is_a_conflict(aggregation: Aggregation) -> None:
    aggregation.publish(registered(), registered())
    aggregation.publish(registered(project_name="Tên khác"))
    aggregation.settle()
    assert aggregation.rows("SELECT count(*) FROM aggregation.project_registration") == [(1,)]
    (conflict,) = aggregation.client.get("/v1/conflicts").get_json()["items"]
    shown = aggregation.client.get(f"/v1/conflicts/{conflict['conflict_id']}").get_json()
    assert [difference["field"] for difference in shown["differences"]] == ["project_name"]
    aggregation.client.post(f"/v1/conflicts/{conflict['conflict_id']}/replace", json={"reason": "đổi tên"})
    aggregation.settle()
    assert project(aggregation)["project"]["project_name"] == "Tên khác"
