"""``giaingan token`` as a person runs it, and the token that the stack keeps in its state folder."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.embedded import admin_token, servers
from services.console.connection import sent_token
from services.console.tokens import _moment
from services.runtime.access import Scope, Unit, tokens
from services.runtime.postgres import APPEND_ONLY, connect, migrate, transaction
from tests.support.access import make_token
from tests.support.tidy import ROOT

SECRET = re.compile(r"ggn_[\w-]{43}")


def console(database_url: str, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": database_url, **changes}
    return subprocess.run(
        [sys.executable, "-m", "services.cli", *arguments],
        cwd=ROOT,
        env={name: value for name, value in environment.items() if value},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def found(database_url: str, secret: str) -> tokens.Token | None:
    connection = connect(database_url, application="test")
    try:
        with transaction(connection) as cursor:
            return tokens.find(cursor, secret)
    finally:
        connection.close()


def rows(database_url: str, query: str) -> list[tuple[object, ...]]:
    connection = connect(database_url, application="test")
    try:
        with transaction(connection) as cursor:
            cursor.execute(query)
            return cursor.fetchall()
    finally:
        connection.close()


# --- giaingan token ------------------------------------------------------------------------------


def test_a_token_is_printed_once_alone_listed_without_its_secret_and_revoked(database_url: str) -> None:
    made = console(
        database_url, "token", "create", "--name", "Sở KH&ĐT", "--scope", "read", "--scope", "ingest:write",
        "--unit", "96/O1", "--expires", "90d", "--source", "o1.ca-mau", "--source", "bql.o1",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    secret = made.stdout.strip()
    assert SECRET.fullmatch(secret)
    assert "không xem lại được" in made.stderr
    assert "cannot be shown again" in made.stderr
    assert secret not in made.stderr
    token = found(database_url, secret)
    assert token is not None
    assert (token.scopes, token.unit) == ((Scope.INGEST_WRITE, Scope.READ), Unit("96/O1"))
    assert token.sources == ("bql.o1", "o1.ca-mau")
    assert token.caller.stated_sources == frozenset({"bql.o1", "o1.ca-mau"})
    assert token.expires_at is not None
    assert timedelta(days=89) < token.expires_at - datetime.now(UTC) < timedelta(days=91)

    listed = console(database_url, "token", "list", COLUMNS="60")
    assert str(token.token_id) in listed.stdout
    assert "Sở KH&ĐT" in listed.stdout
    assert re.search(r"\d\d:\d\d \+07:00", listed.stdout)
    assert "bql.o1 o1.ca-mau" in listed.stdout
    assert not SECRET.search(listed.stdout)

    revoked = console(database_url, "token", "revoke", str(token.token_id))
    assert revoked.returncode == 0, revoked.stderr
    assert "đã thu hồi / revoked" in revoked.stdout
    again = found(database_url, secret)
    assert again is not None
    assert not again.is_usable
    # Revoked again, it stays revoked when and by whom it first was.
    assert console(database_url, "token", "revoke", str(token.token_id)).returncode == 0
    assert found(database_url, secret) == again

    audit = rows(database_url, "SELECT service, action, target FROM access.audit ORDER BY audit_id")
    assert audit[:2] == [
        ("console", "token.create", str(token.token_id)),
        ("console", "token.revoke", str(token.token_id)),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--name", "x"), "Missing option '--scope'"),
        (("--name", "x", "--scope", "write"), "'write' is not one of"),
        (("--name", "x", "--scope", "read", "--unit", "Cà Mau"), "is no unit"),
        (("--name", "x", "--scope", "read", "--expires", "soon"), "a number of days (90d) or a day"),
        (("--name", "x", "--scope", "read", "--expires", "2022-12-31"), "would have expired already"),
        (("--name", " ", "--scope", "read"), "name is 1 to 100"),
        (("--name", "x", "--scope", "ingest:write", "--unit", "96/O1"), "must name the sources"),
        (("--name", "x", "--scope", "admin", "--unit", "96"), "phải nêu nguồn số liệu"),
        (("--name", "x", "--scope", "read", "--source", "a b"), "a source is 1 to 64 characters"),
    ],
)
def test_what_makes_no_token_is_said_in_a_line(
    database_url: str, arguments: tuple[str, ...], said: str
) -> None:
    answer = console(database_url, "token", "create", *arguments)
    assert answer.returncode != 0
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""


def test_a_token_that_is_not_there_and_a_database_that_is_not_there_are_said(
    database_url: str, tmp_path: Path
) -> None:
    answer = console(database_url, "token", "revoke", str(uuid4()))
    assert (answer.returncode, "no token has the id" in answer.stderr) == (1, True)
    answer = console("postgresql://nowhere.invalid/x", "token", "list")
    assert (answer.returncode, "Lỗi / Error: cơ sở dữ liệu / the database:" in answer.stderr) == (1, True)
    answer = console("", "token", "list", GIAINGAN_STATE_DIR=str(tmp_path))
    assert (answer.returncode, "DATABASE_URL is not set" in answer.stderr) == (1, True)


def test_without_database_url_the_stack_that_runs_here_is_asked(tmp_path: Path) -> None:
    with servers.postgres(tmp_path / "postgres") as server_url:
        database_url = servers.create_database(server_url, "giaingan")
        made = console(
            "", "token", "create", "--name", "x", "--scope", "read", GIAINGAN_STATE_DIR=str(tmp_path)
        )
        assert made.returncode == 0, made.stderr
        assert found(database_url, made.stdout.strip())
    assert servers.running_url(tmp_path / "postgres", "giaingan") is None


def test_a_day_of_expiry_is_a_whole_day_in_vietnam() -> None:
    assert _moment("2030-12-31").isoformat() == "2031-01-01T00:00:00+07:00"


def test_the_day_that_the_help_shows_is_still_to_come(database_url: str) -> None:
    shown = re.search(r"\d{4}-\d\d-\d\d", console(database_url, "token", "create", "--help").stdout)
    assert shown
    assert date.fromisoformat(shown[0]) > datetime.now(UTC).date()


def test_a_unit_that_nobody_registered_is_noted_and_its_token_made(database_url: str) -> None:
    def noted(unit: str) -> bool:
        options = ("--name", "x", "--scope", "read", "--unit", unit)
        made = console(database_url, "token", "create", *options)
        assert SECRET.fullmatch(made.stdout.strip()), made.stderr
        return f"names the unit {unit} yet" in made.stderr

    # Before any service started there.
    assert noted("96")
    migrate(database_url, schema="ingest", folders=(APPEND_ONLY, ROOT / "services/ingest/sql/schema"))
    assert noted("96/O1")
    connection = connect(database_url, application="test")
    try:
        with transaction(connection) as cursor:
            cursor.execute(
                "INSERT INTO ingest.project_statement (event_id, project_code, project_name, province_code,"
                " owner_code, effective_date, decision_date, revision, is_registration)"
                " VALUES (%s, 'P1', 'Cầu', '96', 'O1', '2022-01-01', '2022-01-01', 0, true)",
                (str(uuid4()),),
            )
    finally:
        connection.close()
    assert not noted("96")
    assert not noted("96/O1")
    assert noted("96/O2")
    assert noted("49")


# --- the token that a client command sends ---------------------------------------------------------


def test_a_client_command_sends_the_file_named_else_the_variable_else_that_of_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "named"
    named.write_text("ggn_named\n")
    (tmp_path / "token").write_text("ggn_state\n")
    monkeypatch.setenv("GIAINGAN_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("GIAINGAN_TOKEN", raising=False)
    assert sent_token(None) == "ggn_state"
    monkeypatch.setenv("GIAINGAN_TOKEN", " ggn_variable ")
    assert sent_token(None) == "ggn_variable"
    assert sent_token(named) == "ggn_named"


@pytest.mark.parametrize("command", [("import", "x.csv"), ("load-sample",)])
def test_without_a_token_a_client_command_says_how_to_give_one(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "x.csv").write_text("a\n")
    words = [str(tmp_path / word) if word == "x.csv" else word for word in command]
    options = ("--profile", "plan", "--source", "s") if command[0] == "import" else ()
    answer = console("", *words, *options, GIAINGAN_STATE_DIR=str(tmp_path), GIAINGAN_TOKEN="")
    assert answer.returncode == 1
    for text in ("Thiếu mã truy cập", "no API token", "GIAINGAN_TOKEN", "--token-file"):
        assert text in answer.stderr


# --- the stack's own ---------------------------------------------------------------------------------


def test_the_stack_keeps_its_token_for_its_own_user_and_uses_it_again(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    mask = os.umask(0)
    try:
        secret = admin_token.of_stack(database_url, file)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == f"{secret}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["token"]
    token = found(database_url, secret)
    assert token is not None
    assert (token.name, token.scopes, token.unit.code) == ("quản trị (make run)", (Scope.ADMIN,), "")
    assert admin_token.of_stack(database_url, file) == secret
    assert rows(database_url, "SELECT count(*) FROM access.token") == [(1,)]


def test_a_token_that_no_longer_lets_in_is_replaced(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    for stale in ("", "ggn_" + "x" * 43, "no token", make_token(database_url, Scope.READ), "mã"):
        file.unlink(missing_ok=True)
        file.write_text(stale, encoding="utf-8")
        file.chmod(0o600)
        assert admin_token.of_stack(database_url, file) != stale
    # What a crash left beside it is no hindrance.
    (tmp_path / "token.new").write_text("half")
    file.unlink()
    assert admin_token.of_stack(database_url, file) == file.read_text().strip()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_token_that_others_could_read_is_revoked(database_url: str, tmp_path: Path, mode: int) -> None:
    file = tmp_path / "token"
    first = admin_token.of_stack(database_url, file)
    file.chmod(mode)
    second = admin_token.of_stack(database_url, file)
    assert second != first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = found(database_url, first)
    assert token is not None
    assert token.revoked_by == "make run"
