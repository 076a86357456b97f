"""Each kind of fault, made by a superuser in books that were right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg2 import sql

from services.contracts import topics
from services.runtime.errors import StopServiceError
from services.verify.verification import Asked, verify
from tests.integration.test_old_books import migrate_to
from tests.support import facts
from tests.support.aggregation import Aggregation, running, settings_for
from tests.support.applied import Books
from tests.support.brokers import Broker
from tests.support.filled_books import LATE, codes, verdict_of
from tests.support.logins import execute

# The movement of another partition, with the reversal that waited for it; the advance is the first of all.
BLOCK_OF_LATE = "SELECT block_no FROM aggregation.ledger WHERE source_ref = 'late'"
COPY_OF_ADVANCE = """
CREATE TEMP TABLE forged AS SELECT * FROM aggregation.ledger WHERE kind = 'advance';
UPDATE forged SET event_id = gen_random_uuid(), block_no = BLOCK;
UPDATE forged SET origin_event_id = event_id, seq = 1000;
INSERT INTO aggregation.ledger SELECT * FROM forged;
"""


REVERSE_TWICE = """
ALTER TABLE aggregation.ledger DROP CONSTRAINT ledger_reverses_event_id_key;
UPDATE aggregation.ledger
   SET reverses_event_id = (SELECT event_id FROM aggregation.ledger WHERE source_ref = '2')
 WHERE kind = 'reversal'
"""
_APPLIED_AT = "SELECT applied_at FROM aggregation.block WHERE block_no = %s"
_A_POSITION = """
INSERT INTO {}.source_position (topic_id, partition, topic, cluster_id, next_offset, epoch, owner, chain_head)
VALUES ('t', 0, 'topic', 'c', 7, 1, 'x', '')
"""


# --- rows and blocks -------------------------------------------------------------------------------


def test_a_deleted_row_is_missed_in_its_block(books: Books) -> None:
    ((block_no,),) = execute(books.database_url, BLOCK_OF_LATE)
    execute(books.database_url, "DELETE FROM aggregation.ledger WHERE block_no = %s", block_no)
    verdict = verdict_of(books)
    (missing,) = [fault for fault in verdict.faults if fault.code == "rows-missing"]
    assert missing.block is not None
    assert (missing.block.block_no, missing.block.partition) == (block_no, 2)
    assert (missing.found["row_count"], missing.found["rows_now"]) == (2, 0)
    assert verdict.first_bad_block == missing.block


@pytest.mark.parametrize(
    ("block", "code"),
    [
        (f"({BLOCK_OF_LATE})", "rows-added"),
        ("1000", "rows-of-no-block"),
        ("NULL", "row-without-block"),
    ],
)
def test_a_row_that_was_put_in_by_hand_is_found(books: Books, block: str, code: str) -> None:
    execute(books.database_url, COPY_OF_ADVANCE.replace("BLOCK", block))
    assert code in codes(verdict_of(books))


def test_a_row_in_a_place_that_nobody_read_is_found(books: Books) -> None:
    """Without a number, as if the version before had added it."""
    forged = COPY_OF_ADVANCE.replace("BLOCK", """NULL, topic_id = 'another' """)
    execute(books.database_url, forged)
    assert "row-without-block" in codes(verdict_of(books))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("next_offset = next_offset + 1", "block-altered"),
        ("previous_hash = digest", "block-altered"),
        ("digest = sha256('')", "block-altered"),
        ("hash = digest", "block-altered"),
        ("applied_at = applied_at + interval '1 microsecond'", "block-altered"),
        ("digest_version = 1", "block-altered"),
        ("digest_version = 3", "block-altered"),
        ("block_no = block_no + 1000", "block-altered"),
        ("row_count = row_count + 1", "block-altered"),
        ("row_count = NULL", "block-altered"),
        ("topic_id = 'another'", "block-altered"),
        ("partition = 9", "block-altered"),
    ],
)
def test_a_block_that_was_altered_is_found_and_named(books: Books, change: str, code: str) -> None:
    ((block_no,),) = execute(books.database_url, BLOCK_OF_LATE)
    ((applied_at,),) = execute(books.database_url, _APPLIED_AT, block_no)
    alter = "UPDATE aggregation.block SET CHANGE WHERE block_no = %s".replace("CHANGE", change)
    execute(books.database_url, alter, block_no)
    altered = [fault.block for fault in verdict_of(books).faults if fault.code == code]
    assert altered
    assert altered[0] is not None
    assert abs((altered[0].applied_at - applied_at).total_seconds()) < 0.001  # type: ignore[operator]


def test_a_block_that_was_cut_out_is_found(books: Books) -> None:
    execute(
        books.database_url, "DELETE FROM aggregation.block WHERE topic_id LIKE '%plan%' AND from_offset = 0"
    )
    assert {"chain-broken", "rows-of-no-block"} <= codes(verdict_of(books))


@pytest.mark.parametrize("change", ["next_offset = next_offset - 1", "chain_head = sha256('')"])
def test_a_position_that_is_not_at_the_end_of_its_chain_is_found(books: Books, change: str) -> None:
    moved = "UPDATE aggregation.source_position SET CHANGE WHERE partition = 2".replace("CHANGE", change)
    execute(books.database_url, moved)
    (fault,) = verdict_of(books).faults
    assert fault.code == "position-differs"
    assert f"{topics.DISBURSEMENT}/2" in fault.texts[0]


def test_a_position_that_was_deleted_is_found(books: Books) -> None:
    execute(books.database_url, "DELETE FROM aggregation.source_position WHERE partition = 2")
    assert codes(verdict_of(books)) == {"position-differs"}


def test_the_chains_of_ingest_and_alert_are_checked_too(books: Books) -> None:
    for schema in ("ingest", "alert"):
        execute(
            books.database_url,
            sql.SQL(_A_POSITION).format(sql.Identifier(schema)),
        )
    found = verdict_of(books).faults
    assert [(fault.code, fault.found["schema"]) for fault in found] == [
        ("position-differs", "ingest"),
        ("position-differs", "alert"),
    ]


# --- what the tables say of each other ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE aggregation.ledger SET amount = amount + 1 WHERE kind = 'advance'", "content-differs"),
        ("UPDATE aggregation.ledger SET value_date = '2022-01-01' WHERE kind = 'advance'", "content-differs"),
        ("UPDATE aggregation.ledger SET project_code = 'Dự án' WHERE kind = 'reversal'", "content-differs"),
        ("UPDATE aggregation.statement_line SET status = 'actual'", "content-differs"),
        ("UPDATE aggregation.completed_work_line SET cumulative = 1", "content-differs"),
        ("UPDATE aggregation.balance SET disbursed = disbursed + 1", "balance-differs"),
        ("UPDATE aggregation.balance SET work_certified = work_certified + 1", "balance-differs"),
        ("UPDATE aggregation.balance SET advance_outstanding = advance_outstanding + 1", "balance-differs"),
        ("UPDATE aggregation.balance SET movements = movements + 1", "balance-differs"),
        ("DELETE FROM aggregation.balance", "balance-differs"),
        ("UPDATE aggregation.source_reach SET reaches = reaches + 1", "reach-differs"),
        ("DELETE FROM aggregation.source_reach", "reach-differs"),
        (
            "INSERT INTO aggregation.balance VALUES ('PX', 'x', 2022, 's', '2022-01-01', 0, 0, 0, 0)",
            "balance-differs",
        ),
        ("UPDATE aggregation.ledger SET work_certified = -1 WHERE kind = 'reversal'", "reversal-differs"),
        ("UPDATE aggregation.ledger SET advance_outstanding = 1 WHERE kind = 'reversal'", "reversal-differs"),
        (
            "UPDATE aggregation.ledger SET series = 'owner_vouchers' WHERE kind = 'reversal'",
            "reversal-differs",
        ),
        ("UPDATE aggregation.ledger SET fund_source = 'x' WHERE kind = 'reversal'", "reversal-differs"),
        ("DELETE FROM aggregation.ledger WHERE source_ref = '2'", "reversal-differs"),
        (
            "UPDATE aggregation.ledger SET reverses_event_id = event_id WHERE kind = 'advance'",
            "reversal-differs",
        ),
        (
            REVERSE_TWICE,
            "reversed-twice",
        ),
        ("UPDATE aggregation.ledger SET work_certified = 1 WHERE kind = 'advance'", "effect-differs"),
        (
            "UPDATE aggregation.ledger SET advance_outstanding = 0 WHERE kind = 'advance_recovery'",
            "effect-differs",
        ),
        (
            "UPDATE aggregation.ledger SET disbursed = 1 WHERE kind = 'completed_work_payment'",
            "effect-differs",
        ),
        ("UPDATE aggregation.ledger SET kind = 'refund' WHERE kind = 'advance'", "effect-differs"),
        ("UPDATE aggregation.ledger SET kind = 'gift' WHERE kind = 'advance'", "effect-differs"),
        ("UPDATE aggregation.ledger SET currency = 'USD' WHERE kind = 'advance'", "effect-differs"),
        ("UPDATE aggregation.ledger SET amount = 1 WHERE kind = 'statement_difference'", "effect-differs"),
        ("UPDATE aggregation.statement_line SET cumulative = cumulative + 1", "statement-differs"),
        ("UPDATE aggregation.statement_line SET as_of = as_of + 1", "statement-differs"),
        ("DELETE FROM aggregation.statement_line WHERE as_of = '2022-05-31'", "statement-differs"),
        ("DELETE FROM aggregation.ledger WHERE kind = 'statement_difference'", "statement-differs"),
        ("DELETE FROM aggregation.statement_line", "difference-of-no-statement"),
        (
            "UPDATE aggregation.ledger SET origin_event_id = gen_random_uuid() WHERE kind = 'advance'",
            "difference-of-no-statement",
        ),
        ("DELETE FROM aggregation.ledger WHERE kind = 'advance'", "conflict-of-nothing"),
    ],
)
def test_tables_that_contradict_each_other_are_found(books: Books, change: str, code: str) -> None:
    execute(books.database_url, change)
    verdict = verdict_of(books)
    (first, *_) = [fault for fault in verdict.faults if fault.code == code]
    vietnamese, english = first.texts
    assert "{" not in vietnamese + english
    assert not vietnamese.isascii()


def test_a_reversal_that_waits_for_a_movement_that_is_there_is_found(books: Books) -> None:
    execute(books.database_url, "UPDATE aggregation.quarantine SET state = 'held', released_at = NULL")
    # The next batch takes it up.
    assert verdict_of(books).faults == []
    for when in ("quarantine SET quarantined_at = quarantined_at", "ledger SET applied_at = applied_at"):
        execute(books.database_url, f"UPDATE aggregation.{when} - interval '2 minutes'")
    (waits,) = (fault for fault in verdict_of(books).faults if fault.code == "reversal-waits")
    assert str(waits.found["waits_for"]) == str(LATE.event_id)


# --- the log -----------------------------------------------------------------------------------------


@pytest.fixture
def aggregation(database_url: str, broker: Broker) -> Iterator[Aggregation]:
    settings = settings_for(database_url, broker.bootstrap_servers)
    with running(settings) as started:
        started.publish(*(facts.movement(str(n), 100) for n in range(9)))
        started.settle()
        yield started


def log_faults(aggregation: Aggregation) -> set[str]:
    settings = aggregation.settings
    return codes(verify(Asked(settings.database_url.get_secret_value(), settings)).verdict)


def test_positions_are_compared_with_the_logs(aggregation: Aggregation) -> None:
    assert log_faults(aggregation) == set()
    url = aggregation.settings.database_url.get_secret_value()
    execute(url, "UPDATE aggregation.source_position SET next_offset = 1000 WHERE next_offset > 0")
    assert log_faults(aggregation) == {"position-differs", "position-beyond-log"}
    execute(url, "UPDATE aggregation.source_position SET cluster_id = 'another'")
    assert log_faults(aggregation) == {"position-differs", "log-replaced"}


def test_books_of_a_version_before_blocks_had_rows_cannot_be_verified(
    database_url: str, tmp_path: Path
) -> None:
    """They are migrated first; until then nothing is said of them."""
    with pytest.raises(StopServiceError, match="no books"):
        verify(Asked(database_url))
    migrate_to(database_url, "0006", tmp_path)
    execute(database_url, "ALTER TABLE aggregation.block DROP COLUMN digest_version")
    with pytest.raises(StopServiceError, match="giaingan migrate"):
        verify(Asked(database_url))
