"""The books made again beside the live ones: from the ledger, from the log, compared and swapped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.aggregation.rebuild import from_kafka, from_ledger
from services.aggregation.rebuild.session import one_rebuild
from services.aggregation.rebuild.swap import drop_kept
from services.contracts import topics
from services.domain.plan import BaselineKind
from services.runtime.kafka_client import Record
from tests.support import facts
from tests.support.aggregation import Aggregation, running, settings_for
from tests.support.brokers import Broker
from tests.support.logins import execute

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def live(database_url: str, broker: Broker) -> Iterator[Aggregation]:
    """Running aggregation with books of everything there is: plans, movements, reversals, statements, cases."""
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        _publish_everything(aggregation)
        aggregation.settle()
        yield aggregation


def _publish_everything(aggregation: Aggregation) -> None:
    aggregation.publish(*[facts.plan(10_000, f"P{n}") for n in range(3)])
    aggregation.publish(facts.curve(BaselineKind.TARGET, "96", {"2022-06-30": 50}))
    paid = [
        facts.movement(f"V{n}", 100 + n, f"2022-0{1 + n % 6}-15", project_code=f"P{n % 3}") for n in range(30)
    ]
    aggregation.publish(*paid, paid[0], facts.reversal("R1", paid[1]))
    late = facts.movement("late", 7, project_code="P1")
    aggregation.publish(facts.reversal("R-late", late))
    aggregation.settle()
    aggregation.publish(late, facts.reversal("R-never", facts.movement("never", 5)))
    for n in (3, 1, 2):
        aggregation.publish(
            facts.statement(n * 1_000, f"2022-0{n}-28", project_code="P2", fund_source="local.balance")
        )
    aggregation.publish(facts.movement("V5", 999, "2022-06-15", project_code="P2"))
    aggregation.publisher.publish(topics.DISBURSEMENT, [Record("k", b"\xff\xfe")])


# --- from the ledger -------------------------------------------------------------------------------


def test_sums_made_again_from_the_ledger_are_the_live_ones(live: Aggregation) -> None:
    outcome = from_ledger.rebuild(_url(live), swap=False)
    assert (outcome.differences.count, outcome.is_swapped) == (0, False)
    assert outcome.rows == live.rows("SELECT count(*) FROM aggregation.ledger")[0][0]
    assert _schemas(live) == []


def test_a_balance_that_was_edited_is_named_and_put_right_from_the_ledger(live: Aggregation) -> None:
    before = _balances(live)
    _spoil_balances(live)
    found = from_ledger.rebuild(_url(live), swap=False)
    assert found.differences.count == 3
    by_project = {each.subject["project_code"]: each for each in found.differences.kept}
    assert set(by_project) == {"P0", "P1", "GONE"}
    edited = by_project["P0"]
    assert edited.live["disbursed"] == edited.rebuilt["disbursed"] + 11
    assert by_project["P1"].live == {}
    assert by_project["GONE"].rebuilt == {}

    assert from_ledger.rebuild(_url(live), swap=True).is_swapped
    assert _balances(live) == before
    assert live.rows("SELECT source, differences, kept_in FROM aggregation.rebuild") == [("ledger", 3, "")]
    assert from_ledger.rebuild(_url(live), swap=False).differences.count == 0


def _spoil_balances(live: Aggregation) -> None:
    execute(
        _url(live),
        "UPDATE aggregation.balance SET disbursed = disbursed + 11 WHERE project_code = 'P0'"
        " AND value_date = '2022-01-15'",
    )
    execute(
        _url(live), "DELETE FROM aggregation.balance WHERE project_code = 'P1' AND value_date = '2022-05-15'"
    )
    execute(
        _url(live),
        "INSERT INTO aggregation.balance VALUES ('GONE', 'x', 2022, 'x', '2022-01-01', 1, 0, 0, 1)",
    )


# --- from the log ----------------------------------------------------------------------------------


def test_books_made_again_from_the_log_are_the_live_ones_row_by_row(live: Aggregation) -> None:
    outcome = from_kafka.rebuild(live.settings, to_swap=False)
    assert _told(outcome) == []
    assert outcome.records > 40
    assert _schemas(live) == []


def test_a_swap_puts_the_same_books_in_place_and_the_services_go_on(live: Aggregation) -> None:
    before, told = _books(live), len(live.told())
    outcome = from_kafka.rebuild(live.settings, to_swap=True)
    assert (outcome.is_swapped, outcome.before) == (True, "aggregation_before_1")
    assert _books(live) == before
    assert _schemas(live) == ["aggregation_before_1"]
    live.publish(facts.movement("after", 5, project_code="P0"), facts.movement("V5", 100, project_code="P2"))
    live.settle()
    assert live.rows("SELECT amount FROM aggregation.ledger WHERE source_ref = 'after'") == [(5,)]
    assert live.failures == []
    assert len(live.told()) == told
    assert _told(from_kafka.rebuild(live.settings, to_swap=True)) == []
    assert _schemas(live) == ["aggregation_before_1", "aggregation_before_2"]
    with one_rebuild(_url(live)) as connection:
        assert drop_kept(connection) == ["aggregation_before_1", "aggregation_before_2"]
    assert live.rows("SELECT count(*), sum(differences) FROM aggregation.rebuild") == [(2, 0)]


def test_what_a_superuser_edited_is_named_and_healed_by_a_swap(live: Aggregation) -> None:
    before = _books(live)
    execute(_url(live), "ALTER TABLE aggregation.ledger DISABLE TRIGGER append_only")
    execute(_url(live), "UPDATE aggregation.ledger SET amount = amount + 1 WHERE source_ref = 'V7'")
    execute(_url(live), "DELETE FROM aggregation.ledger WHERE source_ref = 'V8'")
    execute(_url(live), "ALTER TABLE aggregation.ledger ENABLE TRIGGER append_only")
    found = from_kafka.rebuild(live.settings, to_swap=False)
    assert {(each.table, each.subject["source_ref"]) for each in found.differences.kept} == {
        ("ledger", "V7"),
        ("ledger", "V8"),
    }
    assert from_kafka.rebuild(live.settings, to_swap=True).is_swapped
    live.settle()
    healed = _books(live)
    # A row that was gone has another number, the rest is as it was: the chain too.
    changed = set(before["ledger"]) - set(healed["ledger"])
    assert [("V8" in row) for row in changed] == [True]
    assert len(healed["ledger"]) == len(before["ledger"])
    assert {name for name in before if before[name] != healed[name]} == {"ledger"}
    assert from_ledger.rebuild(_url(live), swap=False).differences.count == 0


def _books(live: Aggregation) -> dict[str, Any]:
    tables = [
        *(each.table for each in from_kafka.books.REPLAYED),
        "case_decision",
        "case_record",
        "source_position",
        "province_told",
        "progress_due",
        "cutoff_tick",
        "schema_migration",
    ]
    return {
        name: sorted(row for (row,) in live.rows(f"SELECT t::text FROM aggregation.{name} AS t"))
        for name in tables
    }


def _told(outcome: Any) -> list[str]:
    return [repr(each) for each in outcome.differences.kept]


def _balances(live: Aggregation) -> list[tuple[Any, ...]]:
    return sorted(live.rows("SELECT * FROM aggregation.balance"))


def _schemas(live: Aggregation) -> list[str]:
    found = live.rows(
        "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, 'aggregation_') ORDER BY 1"
    )
    return [name for (name,) in found]


def _url(live: Aggregation) -> str:
    return live.settings.database_url.get_secret_value()
