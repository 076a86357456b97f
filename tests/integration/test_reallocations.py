"""A reallocation is applied whole or not at all; the plan says what became of every revision, and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.contracts import codec
from services.domain.plan import PlanBase
from services.domain.register import ProjectRegistration
from services.runtime.access import Scope
from services.runtime.postgres import connect
from services.verify.verification import Asked, verify
from tests.support import facts
from tests.support.access import client_of, make_token
from tests.support.read_books import ReadBooks, read_books

AS_OF = {"as_of": "2022-07-31"}


@pytest.fixture
def read(postgres_server: str) -> Iterator[ReadBooks]:
    with read_books(postgres_server) as started:
        yield started


def plan_of(read: ReadBooks, code: str, **query: object) -> Any:
    return read.get(f"/v1/projects/{code}/plan", **(AS_OF | query))


def current(read: ReadBooks, code: str, **query: object) -> int:
    plan: int = read.get(f"/v1/projects/{code}", **(AS_OF | query))["project"]["figures"]["current_plan"]
    return plan


def verified(read: ReadBooks) -> list[str]:
    return [fault.code for fault in verify(Asked(read.database_url)).verdict.faults]


MOVED = facts.reallocation(("P1", 1_000, 700), ("P2", 500, 800))


def test_plan_moves_between_projects_from_the_effective_date(read: ReadBooks) -> None:
    read.books.add(facts.plan(1_000), facts.plan(500, "P2", owner_code="O2", owner_name="Sở Y tế"))
    read.books.add(MOVED)

    assert (current(read, "P1"), current(read, "P2")) == (700, 800)
    assert (current(read, "P1", as_of="2022-05-31"), current(read, "P2", as_of="2022-05-31")) == (1_000, 500)
    assert read.get("/v1/summary", **AS_OF)["total"]["current_plan"] == 1_500
    # Whose a project is, the reallocation does not say.
    (p2,) = (each for each in read.get("/v1/projects", **AS_OF)["items"] if each["project_code"] == "P2")
    assert (p2["owner_code"], p2["owner_name"], p2["project_name"]) == ("O2", "Sở Y tế", "Dự án P2")

    first, second = plan_of(read, "P1")["revisions"]
    assert (first["state"], first["state_by"], first["stands_for"]) == (
        "superseded",
        str(MOVED.event_id),
        ["initial"],
    )
    assert (second["state"], second["event_id"], second["stands_for"]) == (
        "in_force",
        str(MOVED.event_id),
        ["current"],
    )
    assert (second["amount_before"], second["change"], second["amount_before_differs_by"]) == (
        1_000,
        -300,
        None,
    )
    assert [(side["project_code"], side["change"]) for side in second["reallocation"]["sides"]] == [
        ("P1", -300),
        ("P2", 300),
    ]
    (initial, now, *_) = plan_of(read, "P1")["rates"]
    assert (initial["base"], initial["plan"], now["base"], now["plan"]) == ("initial", 1_000, "current", 700)
    assert verified(read) == []


def test_it_is_known_to_whoever_asks_of_an_instant_after_it(read: ReadBooks) -> None:
    read.books.add(facts.plan(1_000), facts.plan(500, "P2"))
    read.books.add(MOVED)
    with closing(connect(read.database_url, application="test")) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(applied_at) - interval '1 microsecond', max(applied_at)"
            " FROM aggregation.plan_revision WHERE reallocation_id IS NOT NULL"
        )
        ((before, after),) = cursor.fetchall()
        for instant, plan in ((before, [1_000, 500]), (after, [700, 800])):
            cursor.execute(
                "SELECT current_plan FROM aggregation.lines(2022, '2022-07-31', NULL, %s, %s)"
                " ORDER BY project_code",
                (["treasury_vouchers"], instant),
            )
            assert [amount for (amount,) in cursor.fetchall()] == plan


def test_decisions_that_arrive_in_another_order_leave_the_same_plan(read: ReadBooks) -> None:
    """The reallocation is there before what it moves: shown, and gone when that has come."""
    read.books.add(MOVED)
    read.books.add(facts.plan(900), facts.plan(500, "P2"))
    (_, second) = plan_of(read, "P1")["revisions"]
    assert (current(read, "P1"), second["amount_before_differs_by"]) == (700, 100)
    (found,) = (f for f in read.get("/v1/findings", **AS_OF)["items"] if f["project_code"] == "P1")
    assert (found["finding"], found["amount"], found["since"]) == (
        "reallocation-amount-differs",
        100,
        "2022-06-01",
    )
    assert "9/QĐ" in found["text"]
    assert [f["project_code"] for f in read.get("/v1/findings", **AS_OF)["items"]] == ["P1"]

    read.books.add(
        facts.plan(1_000, base=PlanBase.ADJUSTED, decision_number="5/QĐ", effective_date=date(2022, 3, 1))
    )
    assert plan_of(read, "P1")["revisions"][-1]["amount_before_differs_by"] is None
    assert read.get("/v1/findings", **AS_OF)["items"] == []


def test_the_same_decision_again_is_a_duplicate_and_another_content_a_conflict(read: ReadBooks) -> None:
    read.books.add(facts.plan(1_000), facts.plan(500, "P2"))
    read.books.add(MOVED)
    # In another order of its sides it is the same, also from another partition.
    read.books.add(facts.reallocation(("P2", 500, 800), ("P1", 1_000, 700)), partition=1)
    assert len(plan_of(read, "P1")["revisions"]) == 2
    other = facts.reallocation(("P1", 1_000, 600), ("P2", 500, 900))
    read.books.add(other)
    assert (current(read, "P1"), current(read, "P2")) == (700, 800)
    with closing(connect(read.database_url, application="test")) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_id, first_project_code"
            " FROM aggregation.conflict JOIN aggregation.conflict_subject USING (conflict_id)"
        )
        assert cursor.fetchall() == [(MOVED.event_id, "")]
    assert verified(read) == []


def test_a_corrected_decision_replaces_every_side_also_one_it_no_longer_names(read: ReadBooks) -> None:
    read.books.add(facts.plan(1_000), facts.plan(500, "P2"), facts.plan(100, "P3"))
    read.books.add(MOVED)
    corrected = facts.reallocation(("P1", 1_000, 700), ("P3", 100, 400), revision=1)
    read.books.add(corrected)
    assert [current(read, code) for code in ("P1", "P2", "P3")] == [700, 500, 400]
    (initial, replaced) = plan_of(read, "P2")["revisions"]
    assert (initial["state"], replaced["state"], replaced["state_by"]) == (
        "in_force",
        "corrected",
        str(corrected.event_id),
    )
    assert read.get("/v1/summary", **AS_OF)["total"]["current_plan"] == 1_600


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        (facts.reallocation(("P1", 1_000, 700), ("P2", 500, 801)), "sides-not-balanced"),
        (facts.reallocation(("P1", 1_000, 1_000)), "too-few-sides"),
        (facts.reallocation(("P1", 1_000, 700), ("P1", 500, 800)), "repeated-side"),
        (facts.reallocation(("P1", 100, -200), ("P2", 500, 800)), "malformed-field"),
        (
            facts.reallocation(("P1", 1_000, 700), ("P2", 500, 800), fund_source="local.xyz"),
            "unknown-choice",
        ),
    ],
)
def test_what_breaks_a_rule_is_held_whole_whoever_sent_it(
    read: ReadBooks, decision: codec.Fact, reason: str
) -> None:
    read.books.add(facts.plan(1_000), facts.plan(500, "P2"))
    read.books.add(decision)
    assert (current(read, "P1"), current(read, "P2")) == (1_000, 500)
    with closing(connect(read.database_url, application="test")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT reason, event_id FROM aggregation.quarantine")
        assert cursor.fetchall() == [(reason, str(decision.event_id))]


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE aggregation.plan_revision SET amount = amount + 1 WHERE amount_before = 1000",
        "UPDATE aggregation.plan_revision SET amount_before = 999 WHERE amount_before = 1000",
        "DELETE FROM aggregation.plan_revision WHERE amount_before = 1000",
        "UPDATE aggregation.plan_revision SET project_code = 'P9' WHERE amount_before = 1000",
    ],
)
def test_verification_finds_a_side_that_was_edited(read: ReadBooks, edit: str) -> None:
    read.books.add(MOVED)
    assert verified(read) == []
    with closing(connect(read.database_url, application="test")) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE aggregation.plan_revision DISABLE TRIGGER append_only")
        cursor.execute(edit)
        connection.commit()
    assert "reallocation-differs" in verified(read)


def test_of_sides_outside_the_unit_only_their_number_is_told(read: ReadBooks) -> None:
    read.books.add(facts.plan(1_000), facts.plan(500, "Q1", province_code="49"))
    read.books.add(facts.reallocation(("P1", 1_000, 700), ("Q1", 500, 800)))
    of_unit: FlaskClient = client_of(read.api.app, make_token(read.database_url, Scope.READ, unit="96"))
    answer = of_unit.get("/v1/projects/P1/plan", query_string=AS_OF).get_json()
    told = answer["revisions"][-1]["reallocation"]
    assert ([side["project_code"] for side in told["sides"]], told["sides_outside_unit"]) == (["P1"], 1)
    assert of_unit.get("/v1/projects/Q1/plan", query_string=AS_OF).status_code == 404


def registered(code: str, **changes: Any) -> ProjectRegistration:
    values: dict[str, Any] = {
        "source": "test",
        "source_ref": f"da/{code}",
        "project_code": code,
        "project_name": code,
        "province_code": "96",
        "owner_code": "O1",
        "effective_date": date(2022, 1, 1),
    }
    return ProjectRegistration(**(values | changes))


def test_what_is_left_of_a_closed_projects_plan_is_shown(read: ReadBooks) -> None:
    read.books.add(
        facts.plan(1_000),
        facts.plan(500, "P2"),
        registered("P1", closed_on=date(2022, 5, 31)),
        registered("P2"),
    )
    read.books.add(facts.movement("1", 600, "2022-05-31"))
    expected = {"closed_on": "2022-05-31", "plan_left_at_closing": 400, "plan_left": 400}
    assert plan_of(read, "P1")["closing"] == expected
    assert read.get("/v1/projects/P1", **AS_OF)["closing"] == expected
    # On the day itself and before it, what is closed later is not closed.
    assert plan_of(read, "P1", as_of="2022-05-30")["closing"] is None
    assert plan_of(read, "P2")["closing"] is None
    # What was left goes to another project.
    read.books.add(facts.reallocation(("P1", 1_000, 600), ("P2", 500, 900)))
    assert plan_of(read, "P1")["closing"] == expected | {"plan_left": 0}
