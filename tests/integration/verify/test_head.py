"""The head kept outside: it alone shows what was deleted or written anew by who may write everything."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from services.aggregation import block_rows
from services.aggregation.block_rows import OpenBlock
from services.contracts import topics
from services.runtime.kafka_client import LogIdentity
from services.runtime.positions import Claim
from services.runtime.postgres import connect, transaction
from services.verify import head as heads
from services.verify.head import Head, HeadError
from services.verify.verification import Asked, verify
from tests.support import facts
from tests.support.applied import Books
from tests.support.filled_books import codes, verdict_of
from tests.support.logins import execute

CUT_THE_TAIL = """
DELETE FROM aggregation.ledger WHERE source_ref IN ('late', 'late-reversed');
DELETE FROM aggregation.block WHERE partition = 2;
UPDATE aggregation.source_position SET next_offset = 0, chain_head = '' WHERE partition = 2;
UPDATE aggregation.balance AS b
   SET (disbursed, work_certified, advance_outstanding, movements) = (
       SELECT sum(l.disbursed), sum(l.work_certified), sum(l.advance_outstanding), count(*)
         FROM aggregation.ledger AS l
        WHERE (l.project_code, l.fund_source, l.budget_year, l.series, l.value_date)
              = (b.project_code, b.fund_source, b.budget_year, b.series, b.value_date))
"""


def head_of(books: Books) -> Head:
    taken = verify(Asked(books.database_url, takes_head=True)).head
    assert taken is not None
    return taken


def test_a_tail_that_was_deleted_with_its_position_shows_by_the_head_alone(books: Books) -> None:
    kept = head_of(books)
    assert verdict_of(books, kept=kept).faults == []
    execute(books.database_url, CUT_THE_TAIL)
    assert verdict_of(books).faults == []
    (fault,) = verdict_of(books, kept=kept).faults
    assert (fault.code, fault.found["partition"], fault.found["position"]) == ("head-missing", 2, 0)
    assert fault.found["head_end"] == 1


def test_books_that_went_on_still_pass_where_the_head_stands(books: Books) -> None:
    kept = head_of(books)
    books.add(facts.movement("more", 10), partition=2)
    books.add(facts.movement("other", 10), partition=3, generation=2)
    assert verdict_of(books, kept=kept).faults == []


def test_a_chain_that_was_written_anew_over_an_edit_shows_by_the_head_alone(books: Books) -> None:
    """Every hash in the tables can be made again by whoever may write them all; none of it is secret."""
    kept = head_of(books)
    execute(
        books.database_url,
        """UPDATE aggregation.plan_revision SET amount = amount * 2;
           CREATE TEMP TABLE written AS TABLE aggregation.block;
           DELETE FROM aggregation.block WHERE topic_id = 'giaingan.plan.v1/1';
           UPDATE aggregation.source_position SET next_offset = 0, chain_head = ''
            WHERE topic = 'giaingan.plan.v1';
           CREATE TABLE aggregation.written AS TABLE written""",
    )
    written = execute(
        books.database_url,
        """SELECT block_no, next_offset, (extract(epoch FROM applied_at) * 1000000)::bigint
             FROM aggregation.written WHERE topic_id = 'giaingan.plan.v1/1' ORDER BY from_offset""",
    )
    claim = Claim(topics.PLAN, 0, LogIdentity("cluster", f"{topics.PLAN}/1", 4), epoch=0, next_offset=0)
    with (
        closing(connect(books.database_url, application="test")) as connection,
        transaction(connection) as cursor,
    ):
        cursor.execute("SELECT epoch FROM aggregation.source_position WHERE topic = %s", (topics.PLAN,))
        ((claim.epoch,),) = cursor.fetchall()
        for block_no, next_offset, applied_at_us in written:
            head = books.positions.lock(cursor, claim)
            rows = block_rows.close(
                cursor, OpenBlock(int(str(block_no)), int(str(applied_at_us))), topics.PLAN
            )
            books.positions.advance(cursor, claim, next_offset=int(str(next_offset)), head=head, digest=rows)
            claim.next_offset = int(str(next_offset))
        cursor.execute(
            "UPDATE aggregation.block AS b SET applied_at = w.applied_at FROM aggregation.written AS w"
            " WHERE b.block_no = w.block_no"
        )
        cursor.execute("DROP TABLE aggregation.written")
    assert verdict_of(books).faults == []
    assert codes(verdict_of(books, kept=kept)) == {"head-missing"}


def test_no_head_is_taken_of_books_that_are_not_right(books: Books) -> None:
    execute(books.database_url, "UPDATE aggregation.balance SET movements = movements + 1")
    assert verify(Asked(books.database_url, takes_head=True)).head is None


# --- files -----------------------------------------------------------------------------------------


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    heads.make_key(tmp_path / "key")
    return tmp_path / "key"


def test_a_head_is_read_as_it_was_written(books: Books, key_file: Path, tmp_path: Path) -> None:
    kept, key = head_of(books), heads.read_key(key_file)
    heads.write(tmp_path / "head.json", kept, key)
    assert heads.read(tmp_path / "head.json", key) == kept
    assert sorted(path.name for path in tmp_path.iterdir()) == ["head.json", "key"]
    assert key_file.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_over(books: Books, key_file: Path, tmp_path: Path) -> None:
    key, file = heads.read_key(key_file), tmp_path / "head.json"
    heads.write(file, head_of(books), key)
    before = file.read_bytes()
    with pytest.raises(HeadError, match="already"):
        heads.write(file, head_of(books), key)
    with pytest.raises(HeadError, match="already"):
        heads.make_key(key_file)
    assert (file.read_bytes(), heads.read_key(key_file)) == (before, key)
    with pytest.raises(HeadError, match="cannot be written"):
        heads.write(tmp_path / "no-folder" / "head.json", head_of(books), key)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["head.json", "key"]


@pytest.mark.parametrize(
    "alter",
    [
        lambda kept: kept["head"]["partitions"][0].update(next_offset=0),
        lambda kept: kept["head"].update(rows=0),
        lambda kept: kept["head"].update(note="x"),
        lambda kept: kept["head"]["partitions"].pop(),
        lambda kept: kept.pop("hmac_sha256"),
        lambda kept: kept.update(hmac_sha256="0" * 64),
        lambda kept: kept.update(format="giaingan-head/2"),
        lambda kept: kept.pop("head"),
    ],
)
def test_a_head_that_was_altered_is_refused(
    books: Books, key_file: Path, tmp_path: Path, alter: Callable[[dict[str, object]], object]
) -> None:
    key, file = heads.read_key(key_file), tmp_path / "head.json"
    heads.write(file, head_of(books), key)
    kept = json.loads(file.read_text(encoding="utf-8"))
    alter(kept)
    file.write_text(json.dumps(kept), encoding="utf-8")
    with pytest.raises(HeadError, match=r"signature is wrong|is no head"):
        heads.read(file, key)


def test_another_key_reads_no_head(books: Books, key_file: Path, tmp_path: Path) -> None:
    heads.write(tmp_path / "head.json", head_of(books), heads.read_key(key_file))
    heads.make_key(tmp_path / "other")
    with pytest.raises(HeadError, match="another key"):
        heads.read(tmp_path / "head.json", heads.read_key(tmp_path / "other"))
    for content in ("", "[]", "{", "\xff"):
        (tmp_path / "junk").write_text(content, encoding="latin-1")
        with pytest.raises(HeadError):
            heads.read(tmp_path / "junk", b"k" * 32)


def test_a_key_that_others_may_read_or_that_is_short_is_refused(key_file: Path, tmp_path: Path) -> None:
    key_file.chmod(0o640)
    with pytest.raises(HeadError, match="chmod 600"):
        heads.read_key(key_file)
    short = tmp_path / "short"
    short.write_bytes(b"x" * 31)
    short.chmod(0o600)
    with pytest.raises(HeadError, match="shorter"):
        heads.read_key(short)
    with pytest.raises(HeadError, match="cannot be read"):
        heads.read_key(tmp_path / "none")
