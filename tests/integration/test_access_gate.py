"""Who is let in, who is not and how they are told, and what the audit keeps of it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from werkzeug.test import TestResponse

from services.runtime.access import Scope, tokens
from services.runtime.access.gate import Rule
from services.runtime.postgres import Cursor, connect, transaction
from tests.support.access import bearer, make_token
from tests.support.door import Door, a_door

BODY = {"name": "cầu"}


@pytest.fixture
def door(database_url: str) -> Iterator[Door]:
    with a_door(database_url) as built:
        yield built


def problem(answer: TestResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json", answer.text
    return answer.status_code, json.loads(answer.text)["type"].rsplit(":", 1)[-1]


def basic(secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"anyone:{secret}".encode()).decode()}


def revoke(door: Door, secret: str) -> None:
    connection = connect(door.database_url, application="test")
    with transaction(connection) as cursor:
        token = tokens.find(cursor, secret)
        assert token is not None
        assert tokens.revoke(cursor, token.token_id, revoked_by="an officer")
    connection.close()


# --- tokens --------------------------------------------------------------------------------------


def test_a_token_is_kept_as_its_hash_and_nowhere_else(door: Door) -> None:
    secret = make_token(door.database_url, Scope.READ, name="feed")
    assert len(base64.urlsafe_b64decode(secret.removeprefix("ggn_") + "=")) == 32
    ((kept, row),) = door.rows(
        "SELECT token_hash, to_jsonb(token)::text FROM access.token AS token WHERE name = 'feed'"
    )
    assert bytes(kept) == hashlib.sha256(secret.encode()).digest()
    assert secret not in row
    assert make_token(door.database_url, Scope.READ) != secret


def test_what_is_no_token_is_asked_no_database(door: Door) -> None:
    class NoCursor:
        def execute(self, *_: object) -> None:
            raise AssertionError("asked")

    for secret in ("", "ggn_", "x" * 47, "ggn_" + "x" * 42, "ggn_" + "ế" * 43, "ggn_" + "x" * 43 + "\n"):
        assert tokens.find(NoCursor(), secret) is None  # type: ignore[arg-type]


def test_no_token_wrong_tokens_and_other_schemes_are_told_apart_and_challenged(door: Door) -> None:
    client = door.stranger()
    cases: list[tuple[dict[str, str], str]] = [
        ({}, "token-missing"),
        ({"Authorization": ""}, "token-missing"),
        ({"Authorization": "Bearer"}, "token-unknown"),
        ({"Authorization": "Bearer ggn_" + "x" * 43}, "token-unknown"),
        ({"Authorization": "Bearer a=b"}, "token-unknown"),
        ({"Authorization": "Digest username=x"}, "token-unknown"),
        ({"Authorization": "Basic !!!"}, "token-unknown"),
        (basic("ggn_" + "x" * 43), "token-unknown"),
    ]
    for headers, code in cases:
        answer = client.get("/v1/things", headers=headers)
        assert problem(answer) == (401, code), headers
        challenges = answer.headers.getlist("WWW-Authenticate")
        assert [challenge.split()[0] for challenge in challenges] == ["Bearer", "Basic"]


def test_an_expired_and_a_revoked_token_are_told_so(door: Door) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=600)
    short = make_token(door.database_url, Scope.READ, expires_at=soon)
    client = door.stranger()
    assert client.get("/v1/things", headers=bearer(short)).status_code == 200
    door.rows("SELECT pg_sleep(0.7)")
    assert problem(client.get("/v1/things", headers=bearer(short))) == (401, "token-expired")

    secret = make_token(door.database_url, Scope.READ)
    assert client.get("/v1/things", headers=bearer(secret)).status_code == 200
    revoke(door, secret)
    assert problem(client.get("/v1/things", headers=bearer(secret))) == (401, "token-revoked")


def test_a_token_cannot_be_widened_revived_or_deleted(door: Door) -> None:
    secret = make_token(door.database_url, Scope.READ)
    revoke(door, secret)
    for change in (
        "UPDATE access.token SET scopes = '{admin}'",
        "UPDATE access.token SET revoked_at = NULL, revoked_by = NULL WHERE revoked_at IS NOT NULL",
        "DELETE FROM access.token",
        "TRUNCATE access.token",
        "UPDATE access.audit SET status = 200",
        "DELETE FROM access.audit",
        "TRUNCATE access.audit",
    ):
        with pytest.raises(psycopg2.errors.RestrictViolation):
            door.rows(change)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\u200bb"])
def test_a_name_that_cannot_be_read_is_refused(door: Door, name: str) -> None:
    with pytest.raises(ValueError, match="name is"):
        make_token(door.database_url, Scope.READ, name=name)


def test_a_token_that_would_have_expired_is_not_made(door: Door) -> None:
    with pytest.raises(ValueError, match="expired already"):
        make_token(door.database_url, Scope.READ, name="late", expires_at=datetime(2022, 1, 1, tzinfo=UTC))
    assert door.rows("SELECT 1 FROM access.token WHERE name = 'late'") == []


# --- what a token may ----------------------------------------------------------------------------


def test_a_missing_scope_is_named(door: Door) -> None:
    answer = door.client(Scope.READ).post("/v1/things", json=BODY)
    assert problem(answer) == (403, "scope-missing")
    assert "needs the scope: ingest:write. Mã có / the token has: read." in json.loads(answer.text)["detail"]
    assert door.rows("SELECT 1 FROM thing") == []


def test_what_is_about_all_units_is_not_for_one(door: Door) -> None:
    assert door.client(Scope.READ).get("/v1/whole").status_code == 200
    for unit in ("96", "96/O1"):
        assert problem(door.client(Scope.READ, unit=unit).get("/v1/whole")) == (403, "outside-unit")
        assert problem(door.client(Scope.ADMIN, unit=unit).get("/metrics")) == (403, "outside-unit")


def test_basic_reads_and_never_writes(door: Door) -> None:
    secret = make_token(door.database_url)
    client = door.stranger()
    assert client.get("/v1/things", headers=basic(secret)).status_code == 200
    assert client.head("/v1/things", headers=basic(secret)).status_code == 200
    answer = client.post("/v1/things", json=BODY, headers=basic(secret))
    assert problem(answer) == (401, "bearer-required")
    assert [value.split()[0] for value in answer.headers.getlist("WWW-Authenticate")] == ["Bearer"]
    assert door.rows("SELECT 1 FROM thing") == []
    assert client.post("/v1/things", json=BODY, headers=bearer(secret)).status_code == 202


def test_a_route_says_who_may(door: Door) -> None:
    for wrong in ({}, {"scopes": (Scope.READ,), "public": True}):
        with pytest.raises(ValueError, match="names its scopes, or says that it is public"):
            door.api.route("GET", "/v1/new", summary="x", **wrong)(lambda: None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no slots are called"):
        door.gate.guard("x", Rule((), slots="nowhere"))


def test_a_path_bound_around_the_gate_is_an_admins(door: Door) -> None:
    door.api.app.add_url_rule("/v1/forgotten", "forgotten", lambda: "secret")
    assert problem(door.stranger().get("/v1/forgotten")) == (401, "token-missing")
    assert problem(door.client(Scope.READ).get("/v1/forgotten")) == (403, "scope-missing")
    assert door.client(Scope.ADMIN).get("/v1/forgotten").text == "secret"


def test_public_pages_need_no_token_and_unknown_paths_tell_nothing(door: Door) -> None:
    client = door.stranger()
    for path in ("/healthz", "/readyz", "/openapi.json", "/docs/", "/docs/swagger-ui.css"):
        assert client.get(path).status_code == 200, path
    assert problem(client.get("/v1/nowhere")) == (404, "not-found")
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        assert problem(client.open("/v1/things", method=method)) == (405, "method-not-allowed")


# --- the audit -----------------------------------------------------------------------------------


def test_an_accepted_write_is_in_the_audit_with_the_write(door: Door) -> None:
    client = door.client(Scope.INGEST_WRITE, unit="96", name="Kho bạc")
    assert client.post("/v1/things", json=BODY).status_code == 202
    (row,) = door.audited(
        "service", "token_name", "unit", "method", "route", "path", "status", "code", "address", "action",
        "target", "detail", "times",
    )  # fmt: skip
    assert row == (
        "door", "Kho bạc", "96", "POST", "/v1/things", "/v1/things", 202, "", "127.0.0.1", "thing.add", "cầu",
        {"length": 1}, 1,
    )  # fmt: skip
    ((token_id,),) = door.rows("SELECT token_id FROM access.token WHERE name = 'Kho bạc'")
    assert door.audited("token_id") == [(token_id,)]


def test_a_write_that_is_rolled_back_is_in_the_audit_as_what_was_answered(door: Door) -> None:
    client = door.client(Scope.INGEST_WRITE)
    assert client.post("/v1/things", json={**BODY, "fate": "rolled back"}).status_code == 503
    assert door.rows("SELECT 1 FROM thing") == []
    assert door.audited("status", "code", "action") == [(503, "broker-unavailable", "")]


def test_an_answer_that_fails_after_the_commit_is_told_beside_the_write(door: Door) -> None:
    client = door.client(Scope.INGEST_WRITE)
    assert client.post("/v1/things", json={**BODY, "fate": "refused"}).status_code == 422
    assert door.audited("status", "action") == [(202, "thing.add"), (422, "")]


def test_every_other_write_is_in_the_audit_by_the_gate(door: Door) -> None:
    client = door.client(Scope.INGEST_WRITE, name="w")
    client.post("/v1/silent")
    client.post("/v1/things", data="{", content_type="application/json")
    client.post("/v1/things", json={"name": 1})
    client.delete("/v1/things")
    client.post("/v1/nowhere")
    assert sorted(door.audited("token_name", "method", "path", "status", "code")) == [
        ("", "DELETE", "/v1/things", 405, "method-not-allowed"),
        ("", "POST", "/v1/nowhere", 404, "not-found"),
        ("w", "POST", "/v1/silent", 200, ""),
        ("w", "POST", "/v1/things", 400, "malformed-json"),
        ("w", "POST", "/v1/things", 422, "invalid"),
    ]


def test_every_refusal_is_in_the_audit_and_a_read_that_is_answered_is_not(door: Door) -> None:
    reader = door.client(Scope.READ, unit="96", name="r")
    assert reader.get("/v1/things").status_code == 200
    reader.get("/v1/whole")
    reader.post("/v1/things", json=BODY)
    door.stranger().get("/v1/things")
    door.stranger().get("/v1/things", headers=bearer("ggn_" + "x" * 43))
    assert sorted(door.audited("status", "code", "method", "token_name", "unit")) == [
        (401, "token-missing", "GET", "", ""),
        (401, "token-unknown", "GET", "", ""),
        (403, "outside-unit", "GET", "r", "96"),
        (403, "scope-missing", "POST", "r", "96"),
    ]


def test_neither_a_token_nor_a_body_is_in_the_audit_or_the_log(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = "ggn_" + "Z" * 43
    door.stranger().get("/v1/things", headers=bearer(wrong))
    door.stranger().get("/v1/things", headers=basic(wrong))
    door.client(Scope.INGEST_WRITE).post("/v1/things", json={"name": 1, "fate": "SECRET-BODY"})
    rows = "".join(text for (text,) in door.audited("to_jsonb(audit)::text"))
    printed = "".join(capsys.readouterr())
    for secret in ("Z" * 43, base64.b64encode(wrong.encode()).decode()[:-4], "SECRET-BODY"):
        assert secret not in rows
        assert secret not in printed


def test_a_flood_of_refusals_is_one_row_with_its_count(database_url: str) -> None:
    with a_door(database_url, failed_logins_per_minute=5) as door:
        client = door.stranger()
        answers = [client.get("/v1/things") for _ in range(200)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 195
        rows: list[tuple[Any, ...]] = door.audited("status", "code", "times", "detail ? 'last_at'")
        assert sorted(rows) == [(401, "token-missing", 5, True), (429, "too-many-requests", 195, True)]


def test_what_was_counted_is_written_at_an_orderly_stop(database_url: str) -> None:
    with a_door(database_url) as door:
        door.stranger().get("/v1/things")
        assert door.rows("SELECT 1 FROM access.audit") == []
    assert door.rows("SELECT status, times FROM access.audit") == [(401, 1)]


def test_an_audit_that_cannot_be_written_is_logged_kept_and_no_failure_of_the_answer(
    door: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    client = door.client(Scope.INGEST_WRITE)
    door.rows("ALTER TABLE access.audit RENAME TO audit_away")
    assert client.post("/v1/silent").status_code == 200
    assert client.post("/v1/things", json={"name": 1}).status_code == 422
    assert door.stranger().get("/v1/things").status_code == 401
    assert "audit row is not written yet" in capsys.readouterr().out


def test_refusals_survive_a_database_that_is_away(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    name = door.database_url.split("/")[3].partition("?")[0]
    elsewhere = door.database_url.replace(f"/{name}", "/postgres")

    def allow(connections: bool) -> None:
        connection = psycopg2.connect(elsewhere)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {connections}")
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
        connection.close()

    client = door.client(Scope.INGEST_WRITE)
    allow(False)
    assert problem(client.post("/v1/silent")) == (503, "database-unavailable")
    assert door.stranger().get("/v1/things").status_code == 401
    assert door.gate.loop.flush() is False
    assert door.stranger().get("/v1/things").status_code == 401
    assert "audit rows are not written yet" in capsys.readouterr().out
    allow(True)
    assert sorted(door.audited("status", "code", "times")) == [
        (401, "token-missing", 2),
        (503, "database-unavailable", 1),
    ]


def test_so_many_addresses_at_once_do_not_fill_the_memory(door: Door) -> None:
    client = door.stranger()
    for number in range(1_100):
        address = f"10.{number // 250}.{number % 250}.1"
        client.get("/v1/things", environ_base={"REMOTE_ADDR": address})
    rows = door.audited("address", "times")
    assert len(rows) == 1_001
    assert ("(other)", 100) in rows
    assert sum(times for _, times in rows) == 1_100


def test_a_guess_that_failed_too_often_is_refused_without_asking_the_database(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    find = tokens.find

    def counted(cursor: Cursor, secret: str) -> tokens.Token | None:
        asked.append(secret)
        return find(cursor, secret)

    monkeypatch.setattr(tokens, "find", counted)
    with a_door(database_url, failed_logins_per_minute=3) as door:
        guess, malformed = door.stranger(), door.stranger()
        answers = [guess.get("/v1/things", headers=bearer("ggn_" + "A" * 43)) for _ in range(10)]
        assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 7
        assert len(asked) == 3
        assert malformed.get("/v1/things", headers=bearer("ggn_x")).status_code == 429
        assert len(asked) == 3
        # A good token of the same address goes on.
        assert door.client(Scope.READ).get("/v1/things").status_code == 200
