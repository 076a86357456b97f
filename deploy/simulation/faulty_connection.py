"""A connection to the real PostgreSQL: the seed may strike before each statement and at each commit."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import psycopg2
import psycopg2.extensions


class Strike(StrEnum):
    """What happens at a step."""

    NOTHING = "nothing"
    # The process dies here; its transaction is rolled back by the server.
    DIE = "die"
    # The connection goes before the statement reaches the server.
    DISCONNECT = "disconnect"
    # At a commit: the server commits, and its answer never arrives.
    LOSE_ANSWER = "lose-answer"
    # Another transaction won: a deadlock, as the server tells it.
    DEADLOCK = "deadlock"


class DiedError(BaseException):
    """The worker's process is gone: no code of its runs after this, not even its error handling."""


# Called before each statement, with whether it is a commit.
Step = Callable[[bool], Strike]


class FaultyConnection(psycopg2.extensions.connection):
    """``step`` is set after the connection is made; until then nothing strikes."""

    step: Step | None = None

    def strike(self, *, at_commit: bool) -> Strike:
        """Let others run, then suffer what the seed decides."""
        strike = self.step(at_commit) if self.step else Strike.NOTHING
        match strike:
            case Strike.DIE:
                self.drop()
                raise DiedError
            case Strike.DISCONNECT:
                self.drop()
                raise psycopg2.OperationalError("struck: the server closed the connection")
            case Strike.DEADLOCK if not at_commit:
                raise psycopg2.errors.DeadlockDetected("struck: deadlock detected")
        return strike

    def drop(self) -> None:
        """The session ends, and what was open is rolled back before anybody else runs: the server alone would
        notice a moment later, and a lock that is held a moment longer is no moment of the seed's."""
        if not self.closed:
            self.rollback()
            self.close()

    def commit(self) -> None:
        strike = self.strike(at_commit=True)
        super().commit()
        if strike is Strike.LOSE_ANSWER:
            self.close()
            raise psycopg2.OperationalError("struck: the answer to COMMIT was lost")


class FaultyCursor(psycopg2.extensions.cursor):
    """A cursor whose every statement is a step."""

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2 calls it so
        _strike(self.connection)
        super().execute(query, vars)

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        _strike(self.connection)
        super().copy_expert(sql, file, size)


def _strike(connection: psycopg2.extensions.connection) -> None:
    if isinstance(connection, FaultyConnection):
        connection.strike(at_commit=False)


def connect(database_url: str) -> FaultyConnection:
    """A connection that waits for no lock: who would hold it does not run meanwhile."""
    return psycopg2.connect(
        database_url,
        connection_factory=FaultyConnection,
        cursor_factory=FaultyCursor,
        options="-c lock_timeout=1ms -c synchronous_commit=off -c timezone=UTC",
    )
