"""The sessions of a rebuild: the schema owner's, without bounds on time; and one rebuild at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg2
from psycopg2 import sql

from services.aggregation.rebuild.outcome import RebuildError
from services.runtime.errors import StopServiceError
from services.runtime.postgres import Connection, Cursor, connect, may_become, transaction

Result = TypeVar("Result")

LIVE = "aggregation"
SHADOW = "aggregation_rebuild"

_APPLICATION = "giaingan-rebuild"
_ONE_AT_A_TIME = "giaingan-rebuild"
# Below PostgreSQL's deadlock_timeout (1 s): where we and a service wait for each other, we give way.
_LOCK_TIMEOUT_MS = 400
_LOCK_TRIES = 200
_TURN_SECONDS = 2.0
_BETWEEN_TRIES_SECONDS = 0.05


@contextmanager
def one_rebuild(database_url: str) -> Iterator[Connection]:
    """A session that keeps every other rebuild of this database away until it ends.

    Raises ``RebuildError`` where another one runs, and ``psycopg2.Error``.
    """
    connection = open_session(database_url)
    try:
        _take_turn(connection)
        yield connection
    finally:
        if not connection.closed:
            # The server ends a session in its own time; the next rebuild need not wait for that.
            connection.rollback()
            with transaction(connection) as cursor:
                cursor.execute("SELECT pg_advisory_unlock_all()")
            connection.close()


def _take_turn(connection: Connection) -> None:
    """Polled for a moment: of a rebuild that was killed the server may not know yet."""
    deadline = time.monotonic() + _TURN_SECONDS
    while True:
        with transaction(connection) as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (_ONE_AT_A_TIME,))
            if cursor.fetchone() == (True,):
                return
        if time.monotonic() > deadline:
            raise RebuildError(
                "rebuild-runs",
                "một lệnh dựng lại khác đang chạy trên cơ sở dữ liệu này; chờ lệnh đó xong / another rebuild "
                "runs on this database: wait until it has ended",
            )
        time.sleep(_BETWEEN_TRIES_SECONDS)


def open_session(database_url: str) -> Connection:
    """A new session as whom the live schema belongs to.

    Raises ``RebuildError`` where the login is not and may not become that role.
    """
    try:
        connection = connect(database_url, application=_APPLICATION)
    except StopServiceError as error:
        raise RebuildError("no-database", f"DATABASE_URL không dùng được / {error}") from error
    try:
        with transaction(connection) as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = 0")
            cursor.execute("SET statement_timeout = 0")
            if (owner := owner_of(cursor, LIVE)) is not None:
                cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(owner)))
    except BaseException:
        connection.close()
        raise
    return connection


def owner_of(cursor: Cursor, schema: str) -> str | None:
    """The role to become, that a schema belongs to; ``None`` where it is the one we are.

    Raises ``RebuildError`` where there is no such schema, or we may not become its owner.
    """
    cursor.execute(
        "SELECT pg_get_userbyid(nspowner), session_user FROM pg_namespace WHERE nspname = %s", (schema,)
    )
    row = cursor.fetchone()
    if row is None:
        raise RebuildError(
            "no-books",
            f"cơ sở dữ liệu này chưa có lược đồ {schema} / this database has no schema {schema}: nothing to "
            "rebuild",
        )
    owner, login = row
    if owner == login:
        return None
    if not may_become(cursor, owner):
        raise RebuildError(
            "not-migrator",
            f"tài khoản {login} không được làm chủ lược đồ {schema}; dùng tài khoản thuộc giaingan_migrator "
            f"/ the login {login} may not act for the owner of the schema {schema}: use a member of "
            "giaingan_migrator (docs/ROLES.md)",
        )
    return str(owner)


def while_writers_wait(connection: Connection, work: Callable[[Cursor], Result]) -> tuple[Result, float]:
    """Do the work in a transaction in which nobody else applies a batch or decides a case; returns what it
    returns, and for how many seconds they were kept waiting.

    Every batch locks its position first, and every decision is a row of ``case_decision``: who is at work is
    waited for, and who reads goes on. Where they do not pause for long enough, and where the work meets a
    lock that is not to be had, it is rolled back and tried again. Raises ``RebuildError`` when it never ends.
    """
    for _ in range(_LOCK_TRIES):
        try:
            with transaction(connection) as cursor:
                cursor.execute("SET LOCAL lock_timeout = %s", (_LOCK_TIMEOUT_MS,))
                cursor.execute(
                    "LOCK TABLE aggregation.source_position, aggregation.case_decision IN EXCLUSIVE MODE"
                )
                since = time.monotonic()
                result = work(cursor)
            return result, time.monotonic() - since
        except psycopg2.errors.LockNotAvailable:
            time.sleep(_BETWEEN_TRIES_SECONDS)
    raise RebuildError(
        "busy",
        "các dịch vụ ghi sổ liên tục, không lúc nào dừng được; chạy lại lúc vắng hơn / the services left no "
        "moment to compare or swap in: run it again when there is less traffic",
    )
