"""A way to PostgreSQL that sees each statement before the server does, and each answer before the service.

A row of the fault matrix strikes at a step of a transaction from here: the service holds no place for it.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg2.extensions

from tests.chaos.half_open import hear_nothing_more

# The loop that applies events, by the name that it gives its connection.
APPLIES_EVENTS = "giaingan-aggregation"
COPY_ROWS = "(rows of COPY)"
_LITERALS = re.compile(r"'(?:[^']|'')*'(?:::\w+)?|\b\d+\b|E'|--[^\n]*")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a service. ``text`` is as libpq sent it; ``in_batch``: its transaction holds a
    position (the statement that takes it counts already)."""

    application: str
    text: str
    in_batch: bool

    @property
    def step(self) -> str:
        """What it does, without its values: the same step of every batch."""
        words = re.sub(r"[\s,();]+", " ", _LITERALS.sub(" ", self.text)).split()
        return " ".join(words[:8])


# Told of a statement or an answer; false: it is swallowed, and the connection is cut.
Strike = Callable[[Statement], bool]


def _let_pass(_: Statement) -> bool:
    return True


@dataclass(eq=False)
class _Connection:
    client: socket.socket
    server: socket.socket
    application: str = ""
    statement: Statement | None = None
    in_batch: bool = False
    is_silent: bool = False
    _sending: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        if self.is_silent:
            # As long as it is half-open, nobody is told.
            return
        for each in (self.client, self.server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class SqlDetour:
    """Passes PostgreSQL's protocol on, message by message. ``on_statement`` and ``on_answer`` may kill,
    freeze or wait; they run in a thread of their connection."""

    def __init__(self, database_url: str) -> None:
        named = psycopg2.extensions.parse_dsn(database_url)
        self._server = f"{named['host']}/.s.PGSQL.{named.get('port', '5432')}"
        self._database = named["dbname"]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[_Connection] = []
        self.on_statement: Strike = _let_pass
        self.on_answer: Strike = _let_pass

    @property
    def url(self) -> str:
        """What a service takes for its ``DATABASE_URL``."""
        port = self._listener.getsockname()[1]
        options = "sslmode=disable&gssencmode=disable"
        return f"postgresql://postgres@127.0.0.1:{port}/{self._database}?{options}"

    @contextmanager
    def running(self) -> Iterator[SqlDetour]:
        """Pass connections on until the block ends."""
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            self.on_statement = self.on_answer = _let_pass
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            for each in self._open:
                each.is_silent = False
                each.close()
                each.client.close()
                each.server.close()

    def go_silent(self) -> None:
        """What is open now becomes half-open to the service, and idle to the server; new ones are sound."""
        for each in self._open:
            each.is_silent = True
            with suppress(OSError):
                hear_nothing_more(each.client)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self._server)
                except OSError:
                    # As it is where nobody listens.
                    client.close()
                    continue
                connection = _Connection(client, server)
                self._open.append(connection)
                for way in (self._to_server, self._to_client):
                    threading.Thread(target=self._guarded, args=(way, connection), daemon=True).start()

    def _guarded(self, way: Callable[[_Connection], None], connection: _Connection) -> None:
        with suppress(OSError):
            way(connection)
        connection.close()

    def _to_server(self, connection: _Connection) -> None:
        stream = connection.client.makefile("rb")
        length = stream.read(4)
        startup = stream.read(int.from_bytes(length) - 4)
        words = startup[4:].decode().split("\0")
        connection.application = dict(zip(words[::2], words[1::2], strict=False)).get("application_name", "")
        connection.server.sendall(length + startup)
        while head := stream.read(5):
            body = stream.read(int.from_bytes(head[1:]) - 4)
            statement = _statement(connection, head[:1], body)
            if statement:
                connection.statement = statement
                if not self.on_statement(statement):
                    return
            connection.server.sendall(head + body)

    def _to_client(self, connection: _Connection) -> None:
        stream = connection.server.makefile("rb")
        answer = b""
        while head := stream.read(5):
            answer += head + stream.read(int.from_bytes(head[1:]) - 4)
            # Until the server waits again, for a statement, for rows or for a password.
            if head[:1] not in (b"Z", b"G", b"R", b"E"):
                continue
            statement = connection.statement
            if statement and head[:1] == b"Z" and not self.on_answer(statement):
                return
            if not connection.is_silent:
                connection.client.sendall(answer)
            answer = b""


def _statement(connection: _Connection, kind: bytes, body: bytes) -> Statement | None:
    """What a message asks the server to do; ``None`` where it is only a part of that."""
    if kind == b"Q":
        text = body[:-1].decode()
        if text.startswith("BEGIN"):
            connection.in_batch = False
        elif "source_position" in text and "FOR UPDATE" in text:
            connection.in_batch = True
    elif kind == b"c":
        text = COPY_ROWS
    else:
        return None
    return Statement(connection.application, text, connection.in_batch)
