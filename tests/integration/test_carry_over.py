"""Capital carried over is a plan year of its own: its payments, its rate, and what has no decision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from deploy.sample.published import figures
from services.domain.disbursement import MovementKind, Reporter
from services.domain.plan import PlanBase, PlanRevision
from services.verify.verification import Asked, verify
from tests.support import facts
from tests.support.logins import execute
from tests.support.read_books import ReadBooks, read_books

AS_OF = {"as_of": "2022-07-31"}


def carried(
    amount: int, project: str = "P1", *, carried_from_year: int = 2021, **changes: Any
) -> PlanRevision:
    values: dict[str, Any] = {
        "base": PlanBase.CARRY_OVER,
        "carried_from_year": carried_from_year,
        "decision_number": f"kéo dài {carried_from_year}",
        "decision_date": date(2022, 2, 20),
        "effective_date": date(2022, 2, 20),
    }
    return facts.plan(amount, project, **(values | changes))


@pytest.fixture(scope="module")
def read(postgres_server: str) -> Iterator[ReadBooks]:
    """P1 has both plans, P2 carried-over capital alone, P3 is paid without a decision; P4 was in 2021."""
    with read_books(postgres_server) as started:
        started.books.add(
            facts.plan(2_000, budget_year=2021, source_ref="1/QĐ/2021", effective_date=date(2021, 1, 1)),
            facts.plan(
                900,
                "P4",
                budget_year=2021,
                source_ref="1/QĐ/2021/P4",
                effective_date=date(2021, 1, 1),
            ),
            facts.plan(1_000),
            facts.plan(500, "P3"),
            carried(400),
            carried(60, carried_from_year=2020, effective_date=date(2022, 1, 5)),
            carried(300, "P2"),
        )
        started.books.add(
            # Of 2021: on its own plan until 31 January, of carried-over capital from 1 February.
            facts.movement("a", 1_500, "2021-12-20", budget_year=2021),
            facts.movement("b", 100, "2022-01-31", budget_year=2021),
            facts.movement("c", 98, "2022-02-01", budget_year=2021),
            facts.movement("d", 7, "2022-12-31", budget_year=2021),
            # Of 2020, carried over once more: from the first day of the year.
            facts.movement("e", 15, "2022-01-02", budget_year=2020),
            # Two accounts of the same money: the treasury's counts.
            facts.movement("f", 70, "2022-05-01", budget_year=2021, reporter=Reporter.OWNER),
            facts.movement("g", 250, "2022-03-01"),
            facts.statement(90, "2022-03-31", project_code="P2", budget_year=2021),
            facts.statement(150, "2022-06-30", project_code="P2", budget_year=2021),
            facts.movement("h", 11, "2022-04-04", project_code="P3", budget_year=2021),
            facts.movement("i", 13, "2022-04-05", project_code="P4", budget_year=2021),
            # Taken back in full: no account of the line.
            taken := facts.movement(
                "j", 5, "2022-04-06", project_code="P3", fund_source="local.domestic", budget_year=2021
            ),
            facts.movement(
                "k",
                5,
                "2022-04-06",
                project_code="P3",
                fund_source="local.domestic",
                budget_year=2021,
                kind=MovementKind.REVERSAL,
                reverses_event_id=taken.event_id,
            ),
        )
        yield started


def figures_of(read: ReadBooks, code: str, **query: object) -> Any:
    return read.get(f"/v1/projects/{code}", **(AS_OF | query))["project"]["figures"]


def rate(figures: Any, base: str) -> tuple[Any, Any, Any]:
    (found,) = (each for each in figures["rates"] if each["base"] == base)
    return found["plan"], found["disbursed"], found["rate_percent"]


def test_what_is_paid_of_carried_over_capital_stands_beside_the_year(read: ReadBooks) -> None:
    found = figures_of(read, "P1")
    assert (found["current_plan"], found["disbursed"], found["execution_rate_percent"]) == (1_000, 250, 25.0)
    assert (found["carry_over_plan"], found["carry_over_disbursed"]) == (460, 98 + 15)
    assert rate(found, "carry_over") == (460, 113, 24.57)
    assert rate(found, "current") == rate(found, "initial") == (1_000, 250, 25.0)
    assert rate(found, "allocated") == (None, 0, None)


def test_the_year_that_it_comes_from_leaves_it_out(read: ReadBooks) -> None:
    found = figures_of(read, "P1", as_of="2022-01-31", budget_year=2021)
    assert (found["current_plan"], found["disbursed"]) == (2_000, 1_600)
    assert found["carry_over_disbursed"] == 0
    total = read.get("/v1/summary", as_of="2022-01-31", budget_year=2021)["total"]
    assert total["disbursed"] == 1_600
    curve = read.get("/v1/projects/P1/curve", as_of="2022-01-31", budget_year=2021)["disbursed"]
    assert [point["amount"] for point in curve] == [1_500, 1_600]
    (account,) = read.get("/v1/projects/P1/accounts", as_of="2022-01-31", budget_year=2021)["accounts"]
    assert account["work_paid"] == 1_600


@pytest.mark.parametrize(
    ("as_of", "budget_year", "plan", "disbursed"),
    [
        ("2022-01-04", 2022, 0, 15),
        ("2022-01-05", 2022, 60, 15),
        ("2022-01-31", 2022, 60, 15),
        ("2022-02-01", 2022, 60, 113),
        ("2022-02-20", 2022, 460, 113),
        ("2022-12-31", 2022, 460, 120),
        ("2023-01-31", 2022, 460, 120),
        ("2023-01-31", 2023, 0, 0),
    ],
)
def test_it_counts_in_the_year_it_is_carried_into_from_the_day_after_closing(
    read: ReadBooks, as_of: str, budget_year: int, plan: int, disbursed: int
) -> None:
    total = read.get("/v1/summary", as_of=as_of, budget_year=budget_year, province="96")
    found = [group for group in total["groups"] if group["key"] == "central"]
    lines = read.get("/v1/projects", as_of=as_of, budget_year=budget_year)["items"]
    of_p1 = [item["figures"] for item in lines if item["project_code"] == "P1"]
    if of_p1:
        assert (of_p1[0]["carry_over_plan"], of_p1[0]["carry_over_disbursed"]) == (plan, disbursed)
    else:
        assert (plan, disbursed) == (0, 0)
    assert found or not of_p1


def test_statements_of_carried_over_capital_are_cumulative_of_it_alone(read: ReadBooks) -> None:
    assert rate(figures_of(read, "P2"), "carry_over") == (300, 150, 50.0)
    assert figures_of(read, "P2")["disbursed"] == 0
    assert rate(figures_of(read, "P2", as_of="2022-04-30"), "carry_over") == (300, 90, 30.0)


def test_money_without_a_decision_is_in_the_sums_and_in_no_rate(read: ReadBooks) -> None:
    found = figures_of(read, "P3")
    assert (found["carry_over_disbursed"], rate(found, "carry_over")) == (11, (None, 0, None))
    # P4 has no line of 2022 at all, and belongs to its unit all the same.
    total = read.get("/v1/summary", **AS_OF, province="96")["total"]
    assert total["carry_over_disbursed"] == 113 + 150 + 11 + 13
    assert rate(total, "carry_over") == (760, 263, 34.61)
    (p4,) = (p for p in read.get("/v1/projects", **AS_OF)["items"] if p["project_code"] == "P4")
    assert (p4["province_code"], p4["project_name"]) == ("96", "Dự án P4")
    assert p4["figures"]["disbursed"] == 0


def test_money_without_a_decision_is_a_finding_with_what_is_behind_it(read: ReadBooks) -> None:
    found = read.get("/v1/findings", **AS_OF)["items"]
    assert [(f["finding"], f["project_code"], f["amount"], f["since"], f["events_total"]) for f in found] == [
        ("carry-over-without-decision", "P3", 11, "2022-04-04", 1),
        ("carry-over-without-decision", "P4", 13, "2022-04-05", 1),
    ]
    assert (found[1]["province_code"], found[1]["project_name"]) == ("96", "Dự án P4")
    assert found[0]["events"][0]["source_ref"] == "h"
    assert "vốn kế hoạch năm 2021" in found[0]["text"]
    assert "11 đồng" in found[0]["text"]
    # Page by page, none twice and none left out.
    first = read.get("/v1/findings", **AS_OF, limit=1)
    second = read.get("/v1/findings", **AS_OF, limit=1, cursor=first["next_cursor"])
    assert [first["items"][0]["project_code"], second["items"][0]["project_code"]] == ["P3", "P4"]
    assert second["next_cursor"] is None
    # On the day before the decision came into force, P1's payment had none.
    early = read.get("/v1/findings", as_of="2022-02-19")["items"]
    assert [f["project_code"] for f in early] == ["P1"]


def test_the_plan_shows_carry_over_by_year(read: ReadBooks) -> None:
    plan = read.get("/v1/projects/P1/plan", **AS_OF)
    told = [
        (c["carried_from_year"], c["amount"], c["disbursed"], c["rate_percent"]) for c in plan["carry_over"]
    ]
    assert told == [(2020, 60, 15, 25.0), (2021, 400, 98, 24.5)]
    in_force = [
        (r["carried_from_year"], r["stands_for"]) for r in plan["revisions"] if r["state"] == "in_force"
    ]
    assert in_force == [(None, ["initial", "current"]), (2020, ["carry_over"]), (2021, ["carry_over"])]
    assert read.get("/v1/projects/P3/plan", **AS_OF)["carry_over"][0]["amount"] is None


def test_the_books_are_right(read: ReadBooks) -> None:
    assert verify(Asked(read.database_url)).verdict.faults == []


def test_an_edited_statement_of_carried_over_capital_is_found(postgres_server: str) -> None:
    with read_books(postgres_server) as books:
        books.books.add(
            facts.statement(1_500, "2022-01-31", budget_year=2021),
            facts.statement(90, "2022-03-31", budget_year=2021),
            facts.statement(150, "2022-06-30", budget_year=2021),
        )
        assert verify(Asked(books.database_url)).verdict.faults == []
        execute(
            books.database_url,
            "ALTER TABLE aggregation.statement_line DISABLE TRIGGER append_only;"
            "UPDATE aggregation.statement_line SET cumulative = 91 WHERE cumulative = 90",
        )
        assert "statement-differs" in {f.code for f in verify(Asked(books.database_url)).verdict.faults}


def test_the_published_case_of_quang_nam_comes_out(postgres_server: str) -> None:
    """By 31/07/2022: 113,156 million đồng of 2021's capital carried over was paid, published as 24.5 %
    (deploy/sample/figures_2022.csv names the source). The plan is not published: it is what the rate implies.
    """
    (published,) = (each for each in figures() if (each.unit, each.funding) == ("Quảng Nam", "carry_over"))
    with read_books(postgres_server) as books:
        million = 1_000_000
        books.books.add(
            carried(461_861 * million, province_code="49"),
            facts.plan(5_861_264 * million, province_code="49"),
        )
        books.books.add(
            facts.statement(113_156 * million, "2022-07-31", budget_year=2021),
            facts.statement(2_092_916 * million, "2022-07-31"),
        )
        total = books.get("/v1/summary", **AS_OF, province="49")["total"]
        assert total["carry_over_disbursed"] == (published.disbursed or 0) * million
        assert rate(total, "carry_over")[2] == float(published.rate or 0) == 24.5
        assert rate(total, "initial")[2] == 35.71


def test_a_reversal_is_of_the_same_capital_as_its_movement(postgres_server: str) -> None:
    """Else the year before would stay too high, and its carried-over capital come out too low."""
    with read_books(postgres_server) as books:
        books.books.add(carried(400))
        own = facts.movement("own", 100, "2021-12-20", budget_year=2021)
        paid = facts.movement("carried", 98, "2022-03-01", budget_year=2021)
        books.books.add(
            own,
            paid,
            facts.reversal("1", own, budget_year=2021, value_date=date(2022, 4, 1)),
            facts.reversal("2", paid, budget_year=2021, value_date=date(2022, 4, 1)),
        )
        held = execute(books.database_url, "SELECT reason, detail FROM aggregation.quarantine")
        assert [reason for reason, _ in held] == ["reversal-differs"]
        assert figures_of(books, "P1")["carry_over_disbursed"] == 0
        assert figures_of(books, "P1", as_of="2022-02-28")["carry_over_disbursed"] == 0
        assert figures_of(books, "P1", as_of="2022-03-31")["carry_over_disbursed"] == 98
