"""The ledger on a real broker and a real PostgreSQL: nothing lost, nothing counted twice."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import psycopg2
import pytest

from services.contracts import codec, topics
from services.domain.disbursement import FigureStatus, MovementKind, Reporter
from services.domain.money import Money
from services.domain.plan import BaselineKind, PlanBase
from services.runtime.kafka_client import Admin, Record
from tests.support import facts
from tests.support.aggregation import RECORDED_AT, Aggregation, eventually, running, settings_for
from tests.support.brokers import Broker

BALANCE = "SELECT coalesce(sum(disbursed), 0)::bigint FROM aggregation.balance WHERE value_date <= %s"


@pytest.fixture
def aggregation(database_url: str, broker: Broker) -> Iterator[Aggregation]:
    with running(settings_for(database_url, broker.bootstrap_servers)) as started:
        yield started


def disbursed(aggregation: Aggregation, as_of: str = "2022-12-31") -> int:
    ((amount,),) = aggregation.rows(BALANCE, as_of)
    return int(amount)


def test_movements_become_ledger_rows_balances_and_progress(aggregation: Aggregation) -> None:
    aggregation.publish(
        facts.plan(1_000),
        facts.movement("1", 300, kind=MovementKind.ADVANCE),
        facts.movement("2", 70),
        facts.movement("3", 30, kind=MovementKind.ADVANCE_RECOVERY),
    )
    aggregation.settle()

    figures = aggregation.summary(province="96", as_of="2022-05-31")["total"]
    assert (figures["disbursed"], figures["work_certified"], figures["advance_outstanding"]) == (340, 70, 270)
    assert figures["execution_rate_percent"] == 34.0
    project = aggregation.told()["project", "P1"]
    assert (project.disbursed, project.current_plan) == (340, 1_000)
    assert aggregation.told()["province", "96"].disbursed == 340
    assert aggregation.told()["owner", "96/O1"].disbursed == 340


def test_the_same_event_twice_counts_once(aggregation: Aggregation) -> None:
    event = facts.movement("1", 500)
    aggregation.publish(event, event)
    record = codec.encode_batch([event, event], recorded_at=RECORDED_AT)
    aggregation.publisher.publish(topics.DISBURSEMENT, [Record("P1", record)])
    aggregation.settle()

    assert disbursed(aggregation) == 500
    assert aggregation.rows("SELECT count(*) FROM aggregation.ledger") == [(1,)]


def test_the_same_id_with_another_amount_is_kept_for_an_officer(aggregation: Aggregation) -> None:
    aggregation.publish(facts.movement("1", 500), facts.movement("1", 900))
    aggregation.settle()

    assert disbursed(aggregation) == 500
    (case,) = aggregation.client.get("/v1/conflicts").get_json()["items"]
    assert case["event_id"] == str(facts.movement("1", 500).event_id)


def test_statements_in_any_order_give_the_same_balance_at_each_date(aggregation: Aggregation) -> None:
    stated = [("2022-03-31", 100), ("2022-04-30", 250), ("2022-05-31", 240), ("2022-06-30", 240)]
    orders = list(itertools.permutations(range(len(stated))))
    for number, order in enumerate(orders):
        for n in order:
            day, cumulative = stated[n]
            aggregation.publish(facts.statement(cumulative, day, project_code=f"P{number}"))
    aggregation.settle()

    for day, cumulative in [*stated, ("2022-04-29", 100)]:
        balances = aggregation.rows(
            BALANCE + " GROUP BY project_code",
            day,
        )
        assert balances == [(cumulative,)] * len(orders)


def test_a_corrected_statement_replaces_the_one_of_its_date(aggregation: Aggregation) -> None:
    aggregation.publish(
        facts.statement(900, "2022-05-31", revision=1),
        facts.statement(100, "2022-04-30"),
        facts.statement(500, "2022-05-31"),
        facts.statement(1_000, "2022-06-30", status=FigureStatus.ESTIMATE),
    )
    aggregation.settle()
    assert [disbursed(aggregation, d) for d in ("2022-04-30", "2022-05-31", "2022-06-30")] == [
        100,
        900,
        1_000,
    ]

    aggregation.publish(facts.statement(950, "2022-06-30"))
    aggregation.settle()
    assert disbursed(aggregation, "2022-06-30") == 950


def test_two_series_of_a_line_are_compared_and_never_added(aggregation: Aggregation) -> None:
    aggregation.publish(
        facts.plan(1_000),
        facts.movement("1", 400),
        facts.statement(410, "2022-05-31"),
        facts.statement(450, "2022-05-31", reporter=Reporter.OWNER, source_ref="owner"),
    )
    aggregation.settle()

    detail = aggregation.client.get("/v1/projects/P1", query_string={"as_of": "2022-05-31"}).get_json()
    assert detail["project"]["figures"]["disbursed"] == 400
    assert {s["series"]: s["disbursed"] for s in detail["series"]} == {
        "treasury_vouchers": 400,
        "treasury_statements": 410,
        "owner_statements": 450,
    }


def test_a_reversal_takes_back_what_its_movement_added(aggregation: Aggregation) -> None:
    paid = facts.movement("1", 300, kind=MovementKind.ADVANCE)
    aggregation.publish(paid, facts.movement("2", 50), facts.reversal("3", paid))
    aggregation.settle()

    assert disbursed(aggregation) == 50
    assert aggregation.rows("SELECT sum(advance_outstanding)::bigint FROM aggregation.balance") == [(0,)]


def test_a_reversal_that_comes_first_waits_for_its_movement(aggregation: Aggregation) -> None:
    paid = facts.movement("1", 300)
    aggregation.publish(facts.reversal("2", paid))
    aggregation.settle()
    (held,) = aggregation.client.get("/v1/quarantine").get_json()["items"]
    assert held["reason"] == "reversal-of-unknown"

    aggregation.publish(paid)
    aggregation.settle()
    assert disbursed(aggregation) == 0
    assert aggregation.client.get("/v1/quarantine").get_json()["items"] == []
    assert aggregation.rows("SELECT count(*) FROM aggregation.ledger") == [(2,)]


def test_a_held_reversal_sent_again_with_its_movement_is_one_reversal(aggregation: Aggregation) -> None:
    paid = facts.movement("1", 300)
    cancelled = facts.reversal("2", paid)
    aggregation.publish(cancelled)
    aggregation.settle()
    both = codec.encode_batch([cancelled, paid], recorded_at=RECORDED_AT)
    aggregation.publisher.publish(topics.DISBURSEMENT, [Record("P1", both)])
    aggregation.settle()

    assert disbursed(aggregation) == 0
    assert aggregation.client.get("/v1/quarantine").get_json()["items"] == []


def test_a_second_reversal_and_one_of_another_amount_are_quarantined(aggregation: Aggregation) -> None:
    paid, other = facts.movement("1", 300), facts.movement("2", 80)
    smaller = replace(facts.reversal("5", other), amount=Money(70))
    aggregation.publish(
        paid,
        other,
        facts.reversal("3", paid),
        facts.reversal("4", paid),
        smaller,
    )
    aggregation.settle()

    assert disbursed(aggregation) == 80
    reasons = [q["reason"] for q in aggregation.client.get("/v1/quarantine").get_json()["items"]]
    assert sorted(reasons) == ["already-reversed", "reversal-differs"]


def test_what_cannot_be_read_is_quarantined_and_the_rest_flows(aggregation: Aggregation) -> None:
    forged = codec.encode_batch([facts.movement("1", 5)], recorded_at=RECORDED_AT)
    forged = forged.replace(facts.movement("1", 5).content_hash, b"\0" * 32)
    for value in (
        b"\xff\xffgarbage",
        forged,
        codec.encode_batch([facts.movement("2", 7)], recorded_at=RECORDED_AT),
    ):
        aggregation.publisher.publish(topics.DISBURSEMENT, [Record("P1", value)])
    aggregation.publish(replace(facts.movement("3", 9), amount=Money(9, "USD")))
    aggregation.settle()

    assert disbursed(aggregation) == 7
    reasons = {q["reason"] for q in aggregation.client.get("/v1/quarantine").get_json()["items"]}
    assert reasons == {"not-decoded", "content-hash-mismatch", "currency-not-kept"}


def test_what_breaks_a_rule_of_the_doors_is_quarantined_from_the_topic_too(aggregation: Aggregation) -> None:
    falling = {"2022-03-31": 50, "2022-06-30": 20}
    aggregation.publish(
        facts.movement("1", 5, project_code="P\0"),
        facts.movement("2", 5, budget_year=0),
        facts.movement("3", 10**16),
        facts.movement("4", 5, "2025-01-01"),
        facts.movement("5", 5, kind=MovementKind.REVERSAL),
        facts.curve(BaselineKind.TARGET, "96", falling),
        facts.plan(1, province_code="Cà Mau"),
        facts.movement("6", 8),
        facts.movement("7", 5, fund_source="local.xyz"),
    )
    aggregation.settle()

    assert disbursed(aggregation) == 8
    held = aggregation.client.get("/v1/quarantine").get_json()["items"]
    assert sorted(q["reason"] for q in held) == [
        "falling-curve",
        "malformed-field",
        "malformed-field",
        "malformed-field",
        "malformed-field",
        "outside-budget-year",
        "reversal-without-reference",
        "unknown-choice",
    ]


def test_a_decision_counts_from_its_effective_date(aggregation: Aggregation) -> None:
    adjusted = facts.plan(
        1_500, base=PlanBase.ADJUSTED, decision_number="2/QĐ", effective_date=date(2022, 5, 15)
    )
    aggregation.publish(adjusted, facts.plan(1_000), facts.movement("1", 300, "2022-05-10"))
    aggregation.settle()

    before = aggregation.summary(province="96", as_of="2022-05-14")["total"]
    after = aggregation.summary(province="96", as_of="2022-05-15")["total"]
    assert (before["current_plan"], before["execution_rate_percent"]) == (1_000, 30.0)
    assert (after["current_plan"], after["initial_plan"], after["execution_rate_percent"]) == (
        1_500,
        1_000,
        20.0,
    )


def test_progress_is_told_as_of_the_day_the_books_reach(aggregation: Aggregation) -> None:
    aggregation.publish(
        facts.curve(BaselineKind.TARGET, "96", facts.CA_MAU_TARGET),
        facts.plan(1_000),
        facts.plan(500, "P2"),
        facts.movement("1", 300, "2022-05-10"),
    )
    aggregation.settle()
    silent = aggregation.told()["project", "P2"]
    assert (silent.as_of, silent.books_through, silent.business_date) == (
        date(2022, 5, 10),
        date(2022, 5, 10),
        date(2022, 7, 31),
    )

    # A movement elsewhere in the province moves the day for the project that paid nothing.
    aggregation.publish(facts.movement("2", 1, "2022-06-30"))
    aggregation.settle()
    assert aggregation.told()["project", "P2"].as_of == date(2022, 6, 30)


def test_each_business_date_every_project_is_evaluated_again_once(database_url: str, broker: Broker) -> None:
    """A project that paid nothing sends no event: only the calendar brings it up."""
    settings = settings_for(database_url, broker.bootstrap_servers, business_date=date(2022, 3, 31))
    with running(settings) as march:
        march.publish(facts.plan(1_000), facts.plan(500, "P2"), facts.movement("1", 300, "2022-03-10"))
        march.settle()
        assert march.told()["project", "P2"].business_date == date(2022, 3, 31)

    april = settings_for(database_url, broker.bootstrap_servers, business_date=date(2022, 4, 30))
    for _ in range(2):
        with running(april) as later:
            eventually(lambda: later.told()["project", "P2"].business_date == date(2022, 4, 30))
            later.settle()
            ticks = later.rows("SELECT business_date, projects FROM aggregation.cutoff_tick ORDER BY 1")
    assert ticks == [(date(2022, 3, 31), 0), (date(2022, 4, 30), 2)]


def test_an_owner_is_summed_within_each_province(aggregation: Aggregation) -> None:
    aggregation.publish(
        facts.plan(1_000),
        facts.plan(9_000, "P2", province_code="49"),
        facts.movement("1", 900),
        facts.movement("2", 100, project_code="P2"),
    )
    aggregation.settle()
    told = aggregation.told()
    assert (told["owner", "96/O1"].disbursed, told["owner", "96/O1"].current_plan) == (900, 1_000)
    assert (told["owner", "49/O1"].disbursed, told["owner", "49/O1"].current_plan) == (100, 9_000)


def test_the_owner_that_a_project_left_is_told(aggregation: Aggregation) -> None:
    aggregation.publish(facts.plan(1_000), facts.plan(1_500, "P2"), facts.movement("1", 10))
    aggregation.settle()
    assert aggregation.told()["owner", "96/O1"].current_plan == 2_500

    for number, code in enumerate(("P1", "P2")):
        moved = facts.plan(
            1_000,
            code,
            base=PlanBase.ADJUSTED,
            decision_number=f"2/{number}",
            owner_code="O2",
            effective_date=date(2022, 3, 1),
        )
        aggregation.publish(moved)
        aggregation.settle()
    told = aggregation.told()
    assert told["owner", "96/O1"].current_plan == 0
    assert told["owner", "96/O2"].current_plan == 2_000


def test_vouchers_taken_back_give_way_to_the_statement(aggregation: Aggregation) -> None:
    mistaken = facts.movement("1", 5)
    aggregation.publish(
        facts.plan(1_000), facts.statement(800, "2022-05-31"), mistaken, facts.reversal("2", mistaken)
    )
    aggregation.settle()
    assert aggregation.summary(province="96", as_of="2022-05-31")["total"]["disbursed"] == 800


def test_a_treasury_statement_of_nothing_counts_before_the_owners_figure(aggregation: Aggregation) -> None:
    aggregation.publish(
        facts.plan(1_000),
        facts.statement(0, "2022-05-31"),
        facts.statement(800, "2022-05-31", reporter=Reporter.OWNER, source_ref="owner"),
    )
    aggregation.settle()
    assert aggregation.summary(province="96", as_of="2022-05-31")["total"]["disbursed"] == 0
    assert aggregation.told()["project", "P1"].books_through == date(2022, 5, 31)


def test_a_batch_of_nothing_known_is_quarantined(aggregation: Aggregation) -> None:
    aggregation.publisher.publish(topics.DISBURSEMENT, [Record("P1", b"\x12\x03abc")])
    aggregation.settle()
    (held,) = aggregation.client.get("/v1/quarantine").get_json()["items"]
    assert held["reason"] == "not-decoded"


def test_a_reversal_held_under_two_recording_times_is_one(aggregation: Aggregation) -> None:
    paid = facts.movement("1", 300)
    cancelled = facts.reversal("2", paid)
    for recorded_at in (RECORDED_AT, RECORDED_AT + timedelta(seconds=5)):
        record = codec.encode_batch([cancelled], recorded_at=recorded_at)
        aggregation.publisher.publish(topics.DISBURSEMENT, [Record("P1", record)])
    aggregation.publish(paid)
    aggregation.settle()
    assert disbursed(aggregation) == 0
    assert aggregation.client.get("/v1/quarantine").get_json()["items"] == []


def test_every_appended_table_refuses_update_delete_and_truncate(aggregation: Aggregation) -> None:
    aggregation.publish(facts.movement("1", 300))
    aggregation.settle()
    for statement in (
        "UPDATE aggregation.ledger SET disbursed = 1",
        "DELETE FROM aggregation.ledger",
        "TRUNCATE aggregation.ledger CASCADE",
        "UPDATE aggregation.block SET hash = ''",
        "DELETE FROM aggregation.plan_revision",
        "DELETE FROM aggregation.project_registration",
        "DELETE FROM aggregation.owner_registration",
        "DELETE FROM aggregation.officer_assignment",
        "DELETE FROM aggregation.completed_work_line",
        "DELETE FROM aggregation.case_decision",
    ):
        with pytest.raises(psycopg2.errors.RestrictViolation):
            aggregation.rows(statement + " RETURNING 1" if "TRUNCATE" not in statement else statement)
        aggregation.database.rollback()


@pytest.mark.embedded_broker(reason="another log is adopted unasked only of a broker that forgets")
def test_a_broker_that_forgets_loses_and_doubles_nothing(database_url: str, broker: Broker) -> None:
    settings = settings_for(database_url, broker.bootstrap_servers)
    sent = [facts.movement(str(n), 100 + n) for n in range(20)]
    with running(settings) as aggregation:
        aggregation.publish(*sent[:15])
        aggregation.settle()
        broker.kill()
        broker.start()
        Admin(settings, client_id="test").create_topics()
        # The restored log holds the old events again, and new ones.
        aggregation.publish(*sent)
        # The embedded broker tells an end that is too low, so that all is applied only when all is there.
        total = sum(m.amount.minor_units for m in sent)
        eventually(lambda: aggregation.unapplied() == 0 and disbursed(aggregation) >= total, seconds=60)
        assert disbursed(aggregation) == total
        logs = aggregation.rows(
            "SELECT count(DISTINCT topic_id) FROM aggregation.source_position WHERE topic = %s",
            topics.DISBURSEMENT,
        )
        assert logs == [(2,)]
