"""PostgreSQL behind one thin module: connections, transactions, COPY and migrations."""

from __future__ import annotations

import hashlib
import io
import queue
import select
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extensions
import psycopg2.extras
from psycopg2 import sql

from services.runtime import logs
from services.runtime.errors import StopServiceError

Connection = psycopg2.extensions.connection
Cursor = psycopg2.extensions.cursor

# A connection of ours that hangs must not hold locks: without the first, a worker frozen inside a
# transaction keeps its row locks for ever.
_SESSION = {
    "idle_in_transaction_session_timeout": "10s",
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "synchronous_commit": "on",
    "timezone": "UTC",
}
_KEEPALIVES: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    # Milliseconds. Where what was sent is not acknowledged, no keepalive is sent: Linux sends the same again
    # for a quarter of an hour, and whoever waits for an answer waits as long.
    "tcp_user_timeout": 25_000,
}

# Errors after which the same work may succeed: the connection went, or another transaction won.
CONNECTION_ERRORS = (psycopg2.OperationalError, psycopg2.InterfaceError)
CONTENTION_ERRORS = (
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.LockNotAvailable,
)

_log = logs.get(__name__)
psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]


def connect(database_url: str, *, application: str) -> Connection:
    """A new connection with bounded waits.

    Raises ``psycopg2.OperationalError``, and ``StopServiceError`` for a URL that is none.
    """
    options = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    try:
        connection: Connection = psycopg2.connect(
            database_url, application_name=application, connect_timeout=5, options=options, **_KEEPALIVES
        )
    except psycopg2.ProgrammingError:
        # Not its text: libpq quotes the URL, and the password stands in it.
        raise StopServiceError("DATABASE_URL is no libpq URL (docs/SETTINGS.md)") from None
    except psycopg2.OperationalError as error:
        if "translate host name" in str(error):
            # An @ that stands raw in a password makes its tail the host that libpq then quotes.
            raise psycopg2.OperationalError(
                "the host in DATABASE_URL is not known (an @ in a password is written %40)"
            ) from None
        raise
    return connection


def is_away(error: Exception) -> bool:
    """Whether the server is not reached or takes no connections yet. What it refuses by name (a login, a
    password, a database) stays refused, however long it is waited for."""
    said = str(error)
    return "FATAL" not in said or any(words in said for words in _NOT_YET)


# A server that starts, stops or recovers, and one that is full for the moment.
_NOT_YET = ("the database system is", "too many clients", "too many connections", "connection slots")


@contextmanager
def transaction(connection: Connection) -> Iterator[Cursor]:
    """Commits when the block ends, rolls back when it raises."""
    try:
        with connection.cursor() as cursor:
            yield cursor
        connection.commit()
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise


def require_open(connection: Connection) -> None:
    """Notice that the server ended a connection on which nothing is asked for long; costs no round trip.

    Raises one of ``CONNECTION_ERRORS``.
    """
    unasked = select.poll()
    unasked.register(connection.fileno(), select.POLLIN)
    if unasked.poll(0):
        # Its farewell, its end, or only a notice: asking tells.
        with transaction(connection) as cursor:
            cursor.execute("SELECT 1")


class Pool:
    """At most ``size`` connections, each checked before it is handed out. For the HTTP threads.

    psycopg2's own pool raises when it is empty and hands out dead connections.
    """

    def __init__(self, database_url: str, *, application: str, size: int) -> None:
        self._database_url = database_url
        self._application = application
        self._places: queue.LifoQueue[Connection | None] = queue.LifoQueue()
        for _ in range(size):
            self._places.put(None)

    @contextmanager
    def transaction(self, wait_seconds: float = 5.0) -> Iterator[Cursor]:
        """A transaction on a pooled connection.

        Raises ``psycopg2.OperationalError`` where the server is away or no connection frees in time.
        """
        try:
            connection = self._places.get(timeout=wait_seconds)
        except queue.Empty:
            raise psycopg2.OperationalError("no database connection free in time") from None
        try:
            if connection is None or not _is_alive(connection):
                connection = connect(self._database_url, application=self._application)
            with transaction(connection) as cursor:
                yield cursor
        finally:
            self._places.put(connection if connection and not connection.closed else None)

    @property
    def not_ready(self) -> str:
        """Why the database cannot be asked; empty when it can. For /readyz."""
        try:
            with self.transaction(wait_seconds=1.0) as cursor:
                cursor.execute("SELECT 1")
        except CONNECTION_ERRORS:
            return "database not reached"
        return ""

    def close(self) -> None:
        """Close what is idle."""
        while not self._places.empty():
            connection = self._places.get()
            if connection:
                connection.close()


def _is_alive(connection: Connection) -> bool:
    if connection.closed:
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg2.Error:
        connection.close()
        return False
    return True


def copy_rows(cursor: Cursor, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into a table of ours (``table`` and ``columns`` are never input)."""
    buffer = io.StringIO()
    for row in rows:
        buffer.write("\t".join(_copy_text(value) for value in row) + "\n")
    buffer.seek(0)
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", buffer)


_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copy_text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value).translate(_COPY_ESCAPES)


def read_queries(folder: Path) -> dict[str, str]:
    """Every ``*.sql`` of a folder, by name without the ending."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}


# Applied before a service's own files: APPEND_ONLY to every schema, POSITIONS to those of a Kafka loop.
_SHARED_SQL = Path(__file__).parent / "sql"
APPEND_ONLY = _SHARED_SQL / "append_only"
POSITIONS = _SHARED_SQL / "positions"

_CREATE_HISTORY = """
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE IF NOT EXISTS {schema}.schema_migration (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
"""
_SET_OPTION_SINCE = 160000
_RECORD = "INSERT INTO {schema}.schema_migration (name, sha256) VALUES (%s, %s)"


def migrate(
    database_url: str,
    *,
    schema: str,
    folders: Iterable[Path],
    wait_seconds: float = 60,
    owner: str | None = None,
    cursor_factory: type[Cursor] = Cursor,
) -> int:
    """Apply the numbered SQL files of the folders, in order, that a schema lacks; returns how many.

    One transaction a file, each under its checksum; a name without a schema means ``schema``. What is made
    belongs to ``owner``, or where none is named to whom the schema belongs; the files are run by a cursor of
    ``cursor_factory``. Raises ``StopServiceError`` where
    an applied file was changed since: migrations only go forward.
    """
    applied = 0
    connection = connect(database_url, application=f"giaingan-migrate-{schema}")
    connection.cursor_factory = cursor_factory
    try:
        acquire_lock(connection, f"giaingan-migrate-{schema}", what=schema, wait_seconds=wait_seconds)
        names = {"schema": sql.Identifier(schema)}
        with transaction(connection) as cursor:
            if as_whom := owner or _owner_of(cursor, schema):
                cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(as_whom)))
        with transaction(connection) as cursor:
            cursor.execute(sql.SQL(_CREATE_HISTORY).format(**names))
            cursor.execute(sql.SQL("SELECT name, sha256 FROM {schema}.schema_migration").format(**names))
            known = dict(cursor.fetchall())
        for path, script, checksum in _missing(folders, schema=schema, known=known):
            with transaction(connection) as cursor:
                cursor.execute(sql.SQL("SET LOCAL search_path TO {schema}").format(**names))
                cursor.execute(script)
                cursor.execute(sql.SQL(_RECORD).format(**names), (path.name, checksum))
            applied += 1
            _log.info("migration applied", schema=schema, name=path.name)
    finally:
        connection.close()
    return applied


def missing_migrations(folders: Iterable[Path], *, schema: str, known: dict[str, str]) -> list[str]:
    """Names of the files that a schema lacks, of which ``known`` (checksum by name) were applied.

    Files that are known there and not here are those of a later version. Raises as ``migrate`` does.
    """
    return [path.name for path, _, _ in _missing(folders, schema=schema, known=known)]


def _missing(
    folders: Iterable[Path], *, schema: str, known: dict[str, str]
) -> Iterator[tuple[Path, str, str]]:
    """Path, text and checksum."""
    for path in (path for folder in folders for path in sorted(folder.glob("[0-9]*.sql"))):
        script = path.read_text(encoding="utf-8")
        checksum = hashlib.sha256(script.encode()).hexdigest()
        if path.name not in known:
            yield path, script, checksum
        elif known[path.name] != checksum:
            raise StopServiceError(f"migration {schema}/{path.name} was changed after it was applied")


def may_become(cursor: Cursor, role: str) -> bool:
    """Whether ``SET ROLE`` to a role that exists would be let through."""
    # Until 15 every member may; since then it is an option of the membership.
    kind = "SET" if cursor.connection.server_version >= _SET_OPTION_SINCE else "MEMBER"
    cursor.execute("SELECT pg_has_role(%s, %s)", (role, kind))
    return cursor.fetchone() == (True,)


def _owner_of(cursor: Cursor, schema: str) -> str | None:
    """Whom a schema belongs to, where that is another role that we may become."""
    cursor.execute(
        "SELECT pg_get_userbyid(nspowner) FROM pg_namespace"
        " WHERE nspname = %s AND pg_get_userbyid(nspowner) <> current_user",
        (schema,),
    )
    row = cursor.fetchone()
    return row[0] if row and may_become(cursor, row[0]) else None


def acquire_lock(connection: Connection, name: str, *, what: str, wait_seconds: float) -> None:
    """Hold a lock of this database until the connection ends.

    Raises ``StopServiceError`` where another process has it for so long. Polled, not waited in: a
    waiting pg_advisory_lock() deadlocks with CREATE INDEX CONCURRENTLY.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        with transaction(connection) as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (name,))
            row = cursor.fetchone()
        if row and row[0]:
            return
        if time.monotonic() > deadline:
            raise StopServiceError(f"another process has been migrating {what} for {wait_seconds:.0f} s")
        time.sleep(0.2)
