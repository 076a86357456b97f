"""The books made again beside the live ones: from the ledger, from the log, compared and swapped."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from services.aggregation.apply_events import ApplyEvents
from services.aggregation.rebuild import books, from_kafka, from_ledger
from services.aggregation.rebuild.outcome import RebuildError
from services.aggregation.rebuild.replay import Replay
from services.aggregation.rebuild.session import one_rebuild
from services.aggregation.rebuild.swap import drop_kept
from services.contracts import topics
from services.domain.plan import BaselineKind
from services.runtime.batch_commit import Apply, Batch
from services.runtime.fund_sources import FundSourceNames
from services.runtime.kafka_client import Admin, Record
from services.runtime.postgres import Connection, Cursor
from tests.support import facts
from tests.support.aggregation import Aggregation, eventually, running, settings_for
from tests.support.brokers import Broker, lose_log
from tests.support.logins import execute

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def live(database_url: str, broker: Broker) -> Iterator[Aggregation]:
    """Running aggregation with books of everything there is: plans, money, statements, cases."""
    with running(settings_for(database_url, broker.bootstrap_servers)) as aggregation:
        publish_everything(aggregation)
        aggregation.settle()
        yield aggregation


def publish_everything(aggregation: Aggregation) -> None:
    aggregation.publish(*[facts.plan(10_000, f"P{n}") for n in range(3)])
    aggregation.publish(facts.reallocation(("P0", 10_000, 9_000), ("P1", 10_000, 11_000)))
    aggregation.publish(facts.movement("carried", 9, "2022-03-01", budget_year=2021, project_code="P0"))
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
    outcome = from_ledger.rebuild(url_of(live), swap=False)
    assert (outcome.differences.count, outcome.is_swapped) == (0, False)
    assert outcome.rows == live.rows("SELECT count(*) FROM aggregation.ledger")[0][0]
    assert _schemas(live) == []


def test_a_balance_that_was_edited_is_named_and_put_right_from_the_ledger(live: Aggregation) -> None:
    before = _balances(live)
    _spoil_balances(live)
    found = from_ledger.rebuild(url_of(live), swap=False)
    assert found.differences.count == 3
    by_project = {each.subject["project_code"]: each for each in found.differences.kept}
    assert set(by_project) == {"P0", "P1", "GONE"}
    edited = by_project["P0"]
    assert edited.live["disbursed"] == edited.rebuilt["disbursed"] + 11
    assert by_project["P1"].live == {}
    assert by_project["GONE"].rebuilt == {}

    assert from_ledger.rebuild(url_of(live), swap=True).is_swapped
    assert _balances(live) == before
    assert live.rows("SELECT source, differences, kept_in FROM aggregation.rebuild") == [("ledger", 3, "")]
    assert from_ledger.rebuild(url_of(live), swap=False).differences.count == 0


def _spoil_balances(live: Aggregation) -> None:
    execute(
        url_of(live),
        "UPDATE aggregation.balance SET disbursed = disbursed + 11 WHERE project_code = 'P0'"
        " AND value_date = '2022-01-15'",
    )
    execute(
        url_of(live),
        "DELETE FROM aggregation.balance WHERE project_code = 'P1' AND value_date = '2022-05-15'",
    )
    execute(
        url_of(live),
        "INSERT INTO aggregation.balance VALUES ('GONE', 'x', 2022, 'x', '2022-01-01', 1, 0, 0, 1)",
    )


# --- from the log ----------------------------------------------------------------------------------


def test_books_made_again_from_the_log_are_the_live_ones_row_by_row(live: Aggregation) -> None:
    outcome = from_kafka.rebuild(live.settings, to_swap=False)
    assert told_differences(outcome) == []
    assert outcome.records > 40
    assert _schemas(live) == []


def test_a_swap_puts_the_same_books_in_place_and_the_services_go_on(live: Aggregation) -> None:
    # Others held the partitions before: the epochs are not those of a first claim.
    execute(url_of(live), "UPDATE aggregation.source_position SET epoch = epoch + 7")
    live.publish(facts.movement("before", 5, project_code="P0"))
    live.settle()
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
    assert told_differences(from_kafka.rebuild(live.settings, to_swap=True)) == []
    assert _schemas(live) == ["aggregation_before_1", "aggregation_before_2"]
    with one_rebuild(url_of(live)) as connection:
        assert drop_kept(connection) == ["aggregation_before_1", "aggregation_before_2"]
    assert live.rows("SELECT count(*), sum(differences) FROM aggregation.rebuild") == [(2, 0)]


def test_what_a_superuser_edited_is_named_and_healed_by_a_swap(live: Aggregation) -> None:
    before = _books(live)
    _spoil_ledger(live, "UPDATE aggregation.ledger SET value_date = value_date + 1 WHERE source_ref = 'V7'")
    (found,) = from_kafka.rebuild(live.settings, to_swap=False).differences.kept
    assert (found.table, found.subject["source_ref"]) == ("ledger", "V7")
    assert (found.live, found.rebuilt) == ({"value_date": "2022-02-16"}, {"value_date": "2022-02-15"})
    assert from_kafka.rebuild(live.settings, to_swap=True).is_swapped
    live.settle()
    # The chain too: a head of before that somebody keeps outside is still the head.
    assert _books(live) == before


def test_a_row_that_was_deleted_comes_back_under_another_number_and_the_chain_says_so(
    live: Aggregation,
) -> None:
    before = _books(live)
    _spoil_ledger(live, "DELETE FROM aggregation.ledger WHERE source_ref = 'V8'")
    outcome = from_kafka.rebuild(live.settings, to_swap=True)
    assert {each.table for each in outcome.differences.kept} == {"ledger", "block"}
    live.settle()
    assert len(_books(live)["ledger"]) == len(before["ledger"])
    assert from_ledger.rebuild(url_of(live), swap=False).differences.count == 0
    ((chains,),) = live.rows("SELECT chains FROM aggregation.rebuild")
    assert {chain["before"] != chain["after"] for chain in chains} == {True, False}
    heads = {bytes(head).hex() for (head,) in live.rows("SELECT chain_head FROM aggregation.source_position")}
    assert heads == {chain["after"] for chain in chains}


def _spoil_ledger(live: Aggregation, statement: str) -> None:
    """As a superuser may, past the trigger."""
    execute(url_of(live), "ALTER TABLE aggregation.ledger DISABLE TRIGGER append_only")
    execute(url_of(live), statement)
    execute(url_of(live), "ALTER TABLE aggregation.ledger ENABLE TRIGGER append_only")


def test_what_officers_decided_stands_where_it_stood(live: Aggregation) -> None:
    """A reversal that waits is discarded before its movement comes: made again, it stays discarded."""
    paid = facts.movement("decided", 50, project_code="P0")
    live.publish(facts.reversal("R-decided", paid))
    live.settle()
    ((held,),) = live.rows(
        "SELECT quarantine_id FROM aggregation.quarantine WHERE waits_for_event_id = %s", paid.event_id
    )
    answer = live.client.post(f"/v1/quarantine/{held}/discard", json={"reason": "nhầm"})
    assert answer.status_code == 200, answer.text
    ((conflict,),) = live.rows("SELECT conflict_id FROM aggregation.conflict")
    answer = live.client.post(f"/v1/conflicts/{conflict}/replace", json={"reason": "đúng là 999"})
    assert answer.status_code == 202, answer.text
    live.publish(paid)
    live.settle()
    before = _books(live)
    assert any("R-decided" in row for row in before["ledger"]) is False

    assert told_differences(from_kafka.rebuild(live.settings, to_swap=True)) == []
    assert _books(live) == before
    # The one that waits for what never came is still there to be decided, under its own number.
    ((waits,),) = live.rows(
        "SELECT quarantine_id FROM aggregation.quarantine WHERE reason = 'reversal-of-unknown'"
        " AND state = 'held'"
    )
    assert live.client.post(f"/v1/quarantine/{waits}/discard", json={"reason": "thôi"}).status_code == 200
    assert live.client.get(f"/v1/quarantine/{held}").get_json()["state"] == "discarded"


def test_a_decision_that_comes_while_the_rebuild_reads_is_put_before_the_batch_it_precedes(
    live: Aggregation, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid = facts.movement("meanwhile", 50, project_code="P0")
    live.publish(facts.reversal("R-meanwhile", paid))
    live.settle()
    ((held,),) = live.rows(
        "SELECT quarantine_id FROM aggregation.quarantine WHERE waits_for_event_id = %s", paid.event_id
    )
    decided: list[int] = []

    class ReadsMeanwhile:
        """The connection to the live books; before the first list of blocks is asked for, an officer decides
        and a batch is applied."""

        def __init__(self, connection: Connection) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        def cursor(self, *, name: str | None = None, **options: Any) -> Any:
            if name and not decided:
                answer = live.client.post(f"/v1/quarantine/{held}/discard", json={"reason": "nhầm"})
                decided.append(answer.status_code)
                live.publish(paid)
                live.settle()
            return self._connection.cursor(name=name, **options)

    def replay(connection: Connection, *others: Any, **options: Any) -> Replay:
        return Replay(cast(Connection, ReadsMeanwhile(connection)), *others, **options)

    monkeypatch.setattr(from_kafka, "Replay", replay)
    assert told_differences(from_kafka.rebuild(live.settings, to_swap=False)) == []
    assert decided == [200]


def test_a_block_that_was_taken_out_or_edited_is_named_and_made_again(live: Aggregation) -> None:
    before = _books(live)
    execute(url_of(live), "ALTER TABLE aggregation.block DISABLE TRIGGER append_only")
    ((first,), (second,)) = execute(
        url_of(live), "SELECT ctid::text FROM aggregation.block ORDER BY applied_at LIMIT 2"
    )
    execute(url_of(live), f"DELETE FROM aggregation.block WHERE ctid = '{first}'")  # noqa: S608
    execute(url_of(live), f"UPDATE aggregation.block SET digest = 'x' WHERE ctid = '{second}'")  # noqa: S608
    execute(url_of(live), "ALTER TABLE aggregation.block ENABLE TRIGGER append_only")
    found = from_kafka.rebuild(live.settings, to_swap=True)
    assert {each.table for each in found.differences.kept} >= {"block"}
    live.settle()
    assert [row.split(",")[:4] for row in _books(live)["block"]] == [
        row.split(",")[:4] for row in before["block"]
    ]
    assert told_differences(from_kafka.rebuild(live.settings, to_swap=False)) == []


def test_blocks_of_the_version_before_are_the_same_blocks_again(database_url: str, broker: Broker) -> None:
    """Their rows carry no number, and their digest is taken over: nobody can reckon it from the rows."""
    settings = settings_for(database_url, broker.bootstrap_servers)
    events = ApplyEvents(FundSourceNames.load(settings.policy_dir))

    def without_numbers(_: Apply) -> Apply:
        def apply(cursor: Cursor, batch: Batch) -> bytes:
            events.apply_rows(cursor, batch)
            return hashlib.sha256(b"as the version before had it").digest()

        return apply

    with running(settings, wrap_apply=without_numbers) as before:
        publish_everything(before)
        before.settle()
    with running(settings) as live:
        live.publish(facts.movement("of this version", 5, project_code="P0"))
        live.settle()
        kinds = live.rows("SELECT DISTINCT digest_version FROM aggregation.block ORDER BY 1")
        assert kinds == [(1,), (2,)]
        held = _books(live)
        assert told_differences(from_kafka.rebuild(settings, to_swap=True)) == []
        assert _books(live) == held


# --- what cannot be done ---------------------------------------------------------------------------


def test_another_rebuild_is_waited_for_by_nobody(live: Aggregation) -> None:
    with one_rebuild(url_of(live)), pytest.raises(RebuildError, match="rebuild-runs"):
        from_kafka.rebuild(live.settings, to_swap=False)


def test_a_table_that_nobody_has_spoken_for_is_refused(live: Aggregation) -> None:
    execute(url_of(live), "CREATE TABLE aggregation.of_a_later_version (x int)")
    with pytest.raises(RebuildError, match=r"unknown-table: .*of_a_later_version"):
        from_kafka.rebuild(live.settings, to_swap=False)


def test_a_schema_of_another_version_is_refused(live: Aggregation) -> None:
    execute(
        url_of(live), "INSERT INTO aggregation.schema_migration (name, sha256) VALUES ('9999_later.sql', '')"
    )
    with pytest.raises(RebuildError, match=r"other-version: .*9999_later"):
        from_kafka.rebuild(live.settings, to_swap=False)


@pytest.mark.embedded_broker(reason="of Apache Kafka a log that is gone stops aggregation: chaos, row 11")
def test_a_log_that_is_not_the_one_of_the_books_is_refused(live: Aggregation, broker: Broker) -> None:
    lose_log(broker)
    admin = Admin(live.settings, client_id="test")
    admin.create_topics()
    eventually(lambda: admin.identity(topics.DISBURSEMENT) is not None)
    with pytest.raises(RebuildError, match=r"log-replaced: .*--from ledger"):
        from_kafka.rebuild(live.settings, to_swap=True)
    admin.close()
    assert from_ledger.rebuild(url_of(live), swap=False).differences.count == 0
    assert _schemas(live) == []


def test_a_rebuild_that_is_killed_leaves_the_live_books_and_the_next_one_begins_anew(
    live: Aggregation,
) -> None:
    before = _books(live)

    class KilledError(Exception):
        pass

    def die(_: int) -> None:
        raise KilledError

    heard = replace(from_kafka.NOBODY, on_batch=die)
    with pytest.raises(KilledError):
        from_kafka.rebuild(live.settings, to_swap=True, heard=heard)
    # A process that is killed does not even take its shadow away.
    execute(url_of(live), "CREATE SCHEMA aggregation_rebuild")
    execute(url_of(live), "CREATE TABLE aggregation_rebuild.ledger (half integer)")
    assert _books(live) == before
    assert told_differences(from_kafka.rebuild(live.settings, to_swap=True)) == []
    assert _books(live) == before


# --- the command -----------------------------------------------------------------------------------


def test_the_command_says_what_differs_and_ends_with_what_it_found(live: Aggregation) -> None:
    equal = _command(live, "--from", "ledger", "--json")
    assert (equal.returncode, json.loads(equal.stdout)["differences"]) == (0, 0)
    _spoil_balances(live)
    differs = _command(live, "--from", "ledger")
    assert differs.returncode == 1
    assert "balance: budget_year 2022, project_code P0" in differs.stdout
    differs = _command(live, "--from", "kafka")
    assert (differs.returncode, differs.stdout.count("balance: ")) == (1, 3), differs.stderr
    swapped = _command(live, "--from", "kafka", "--swap", "--json")
    assert (swapped.returncode, json.loads(swapped.stdout)["swapped"]) == (0, True), swapped.stderr
    assert "aggregation_before_1" in _command(live, "--drop-old").stdout
    assert _schemas(live) == []
    assert _command(live, "--swap").returncode == 2
    refused = _command(live, "--from", "kafka", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert (refused.returncode, "no-broker" in refused.stderr) == (2, True), refused.stderr


def _command(live: Aggregation, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "DATABASE_URL": url_of(live),
        "KAFKA_BOOTSTRAP_SERVERS": live.settings.kafka_bootstrap_servers,
        **changes,
    }
    return subprocess.run(
        [sys.executable, "-P", "-m", "services.cli", "rebuild", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _books(live: Aggregation) -> dict[str, Any]:
    tables = [
        *(each.table for each in books.REPLAYED),
        "case_decision",
        "case_record",
        "source_position",
        "province_told",
        "progress_due",
        "cutoff_tick",
        "schema_migration",
    ]
    found = {
        name: sorted(row for (row,) in live.rows(f"SELECT t::text FROM aggregation.{name} AS t"))  # noqa: S608 - ours
        for name in tables
    }
    # What a swap has told again is told from the positions of then, which may have gone on since.
    found["province_told"] = sorted(
        row
        for (row,) in live.rows(
            "SELECT (to_jsonb(t) - 'positions')::text FROM aggregation.province_told AS t"
        )
    )
    return found


def told_differences(outcome: Any) -> list[str]:
    return [repr(each) for each in outcome.differences.kept]


def _balances(live: Aggregation) -> list[tuple[Any, ...]]:
    return sorted(live.rows("SELECT * FROM aggregation.balance"))


def _schemas(live: Aggregation) -> list[str]:
    found = live.rows(
        "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, 'aggregation_') ORDER BY 1"
    )
    return [name for (name,) in found]


def url_of(live: Aggregation) -> str:
    return live.settings.database_url.get_secret_value()
