"""`giaingan verify` at the console: what an officer reads, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services import cli
from services.runtime import roles
from services.verify.faults import TEXTS
from tests.support.applied import Books
from tests.support.logins import execute, login_of

Run = Callable[..., Result]
NOBODY = "127.0.0.1:1"


@pytest.fixture
def run(books: Books) -> Run:
    def command(*options: str, **environment: str) -> Result:
        variables = {"DATABASE_URL": books.database_url, **environment}
        return CliRunner().invoke(cli.main, ["verify", *options], env=variables)

    return command


def test_an_auditor_without_a_broker_reads_that_the_books_are_right(books: Books, run: Run) -> None:
    roles.migrate_all(books.database_url)
    said = run("--no-log", DATABASE_URL=login_of(books.database_url, roles.AUDITOR))
    assert said.exit_code == 0, said.output
    assert "Sổ đúng / the books are right" in said.stdout
    # What was not asked is said.
    assert "Chưa đối chiếu với nhật ký Kafka" in said.stdout


def test_a_schema_that_was_never_made_is_named(books: Books, run: Run) -> None:
    execute(books.database_url, "DROP SCHEMA IF EXISTS alert CASCADE")
    said = run("--no-log")
    assert said.exit_code == 0, said.output
    assert "these schemas were never made, and not verified: alert" in said.stdout
    assert "alert" in json.loads(run("--no-log", "--json").stdout)["schemas_missing"]


def test_an_interruption_says_nothing_of_the_books(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("services.verify.chains.faults", interrupted)
    said = run("--no-log")
    assert (said.exit_code, said.stdout) == (2, "")
    assert "interrupted before it was done" in said.stderr


def test_what_was_edited_is_told_with_its_block_and_its_rows(books: Books, run: Run) -> None:
    execute(books.database_url, "UPDATE aggregation.ledger SET amount = 1 WHERE source_ref = 'late'")
    said = run("--no-log")
    assert said.exit_code == 1
    assert (
        "Khối sai đầu tiên / first bad block: aggregation, giaingan.disbursement.v1/2, offset 0–0"
        in said.stdout
    )
    assert "test, late, P1, completed_work_payment, 1, 2022-05-31" in said.stdout
    assert "[rows-altered] dòng của khối đã bị sửa" in said.stdout
    assert "[rows-altered] rows of the block were altered" in said.stdout
    assert "[reversal-differs]" in said.stdout

    told = json.loads(run("--no-log", "--json").stdout)
    assert told["is_right"] is False
    assert told["first_bad_block"]["partition"] == 2
    assert {fault["code"] for fault in told["faults"]} == {
        "rows-altered",
        "content-differs",
        "reversal-differs",
        "effect-differs",
    }
    assert [row["source_ref"] for row in told["rows_of_first_bad_block"]] != []


def test_what_cannot_be_done_says_so_and_not_that_the_books_are_wrong(run: Run, tmp_path: Path) -> None:
    for said, words in (
        (run(KAFKA_BOOTSTRAP_SERVERS=""), "--no-log"),
        (run(KAFKA_BOOTSTRAP_SERVERS=NOBODY), "--no-log"),
        (run("--no-log", DATABASE_URL="postgresql://nobody@127.0.0.1:1/x"), "cơ sở dữ liệu / the database"),
        (run("--no-log", "--write-head", str(tmp_path / "head")), "--key"),
        (run("--no-log", "--head", str(tmp_path / "head"), "--key", str(tmp_path / "none")), "none"),
    ):
        assert said.exit_code == 2, said.output
        assert words in said.stderr


def test_a_role_without_rights_is_told(books: Books, run: Run) -> None:
    roles.migrate_all(books.database_url)
    said = run("--no-log", DATABASE_URL=login_of(books.database_url, "giaingan_ingest"))
    assert said.exit_code == 2
    assert "permission denied" in said.stderr


def test_a_broker_that_forgets_is_not_asked(run: Run) -> None:
    said = run(KAFKA_BOOTSTRAP_SERVERS=NOBODY, GIAINGAN_EPHEMERAL_BROKER="true")
    assert said.exit_code == 0, said.output
    assert "Chưa đối chiếu" in said.stdout


def test_a_head_of_books_with_faults_is_not_written(books: Books, run: Run, tmp_path: Path) -> None:
    key, head = str(tmp_path / "key"), tmp_path / "head.json"
    assert run("--make-key", key).exit_code == 0
    execute(books.database_url, "UPDATE aggregation.balance SET movements = 0")
    said = run("--no-log", "--write-head", str(head), "--key", key)
    assert (said.exit_code, head.exists()) == (1, False)
    assert "không ghi, vì sổ có sai lệch" in said.stdout


def test_every_kind_of_fault_is_documented_in_both_languages() -> None:
    document = (Path(__file__).parents[3] / "docs" / "VERIFY.md").read_text(encoding="utf-8")
    documented = {line.split("`")[1] for line in document.splitlines() if line.startswith("| `")}
    assert documented == set(TEXTS)
    for vietnamese, english in TEXTS.values():
        assert not vietnamese.isascii()
        assert english.isascii()
