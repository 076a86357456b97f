"""A small service behind a real gate on a real database: routes of every kind, and what the audit says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request
from flask.testing import FlaskClient
from pydantic import BaseModel

from services.runtime.access import Scope, audit, caller
from services.runtime.access.gate import Gate
from services.runtime.api import Api
from services.runtime.config import Settings
from services.runtime.errors import ProblemError
from services.runtime.postgres import Pool, connect, transaction
from tests.support.access import client_of, make_token


class Thing(BaseModel):
    """What is written."""

    name: str
    fate: str = "kept"


@dataclass(slots=True)
class Door:
    """The service, put together. ``hold`` blocks GET /v1/slow and POST /v1/files until it is set."""

    database_url: str
    api: Api
    gate: Gate
    hold: threading.Event = field(default_factory=threading.Event)

    def client(self, *scopes: Scope, unit: str = "", name: str = "test") -> FlaskClient:
        return client_of(self.api.app, make_token(self.database_url, *scopes, unit=unit, name=name))

    def stranger(self) -> FlaskClient:
        """A client without a token."""
        return self.api.app.test_client()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        connection = connect(self.database_url, application="test")
        try:
            with transaction(connection) as cursor:
                cursor.execute(query, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def audited(self, *columns: str) -> list[tuple[Any, ...]]:
        """These columns of every row of the audit, what was counted written first."""
        self.gate.loop.flush()
        return self.rows(f"SELECT {', '.join(columns)} FROM access.audit ORDER BY audit_id")  # noqa: S608


@contextmanager
def a_door(database_url: str, **settings: Any) -> Iterator[Door]:
    """The service on an empty database; ``settings`` by their field names."""
    values = {"DATABASE_URL": database_url, "KAFKA_BOOTSTRAP_SERVERS": "unused", **settings}
    pool = Pool(database_url, application="test-door", size=12)
    gate = Gate(Settings(**values), service="door", pool=pool)
    api = Api(service="door", title="door", description="d", gate=gate)
    door = Door(database_url, api, gate)
    make_token(database_url)
    _bind(door, pool)
    try:
        yield door
    finally:
        door.hold.set()
        gate.close()
        pool.close()


def _bind(door: Door, pool: Pool) -> None:
    api = door.api
    door.rows("CREATE TABLE IF NOT EXISTS thing (name text)")

    def read() -> Response:
        return Response("{}", content_type="application/json")

    @api.route("GET", "/v1/things", summary="x", scopes=(Scope.READ,))
    def things() -> Response:
        return read()

    @api.route("GET", "/v1/whole", summary="x", scopes=(Scope.READ,), whole=True)
    def whole() -> Response:
        return read()

    @api.route("GET", "/v1/slow", summary="x", scopes=(Scope.READ,))
    def slow() -> Response:
        door.hold.wait(20)
        return read()

    @api.route("POST", "/v1/things", summary="x", scopes=(Scope.INGEST_WRITE,), body=Thing, status=202)
    def write(body: Thing) -> Response:
        with pool.transaction() as cursor:
            cursor.execute("INSERT INTO thing VALUES (%s)", (body.name,))
            audit.accepted(cursor, caller(), action="thing.add", target=body.name, detail={"length": 1})
            if body.fate == "rolled back":
                raise ProblemError(503, "broker-unavailable", "x", retry_after_seconds=2)
        if body.fate == "refused":
            raise ProblemError(422, "invalid", "x")
        return Response("{}", 202, content_type="application/json")

    @api.route("POST", "/v1/silent", summary="x", scopes=(Scope.INGEST_WRITE,))
    def silent() -> Response:
        return read()

    @api.route(
        "POST",
        "/v1/files",
        summary="x",
        scopes=(Scope.INGEST_WRITE,),
        form={"type": "object"},
        slots="imports",
    )
    def files() -> Response:
        assert request.form is not None
        if request.form.get("slow"):
            door.hold.wait(20)
        return read()
