"""Tokens for tests, made directly in the database, and clients that send one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from services.runtime.access import Scope, Unit, tokens
from services.runtime.access.gate import Gate
from services.runtime.config import Settings
from services.runtime.postgres import Pool, connect, transaction

# Those of ``tests.support.stated``: what a token for a unit states where a test says nothing else.
STATED_SOURCES = ("kbnn.ca-mau", "bql-gt.ca-mau", "skhdt.ca-mau", "ubnd.ca-mau")


def make_token(
    database_url: str,
    *scopes: Scope,
    unit: str = "",
    sources: Iterable[str] | None = None,
    name: str = "test",
    expires_at: datetime | None = None,
) -> str:
    """The secret of a new token; without scopes, an admin's. The schema is made where it is missing.

    Without ``sources`` it may state those of the tests where it is bound to a unit, and any otherwise.
    """
    if sources is None:
        sources = STATED_SOURCES if unit else ()
    tokens.prepare(database_url)
    connection = connect(database_url, application="test")
    try:
        with transaction(connection) as cursor:
            _, secret = tokens.create(
                cursor,
                name=name,
                scopes=scopes or (Scope.ADMIN,),
                unit=Unit(unit),
                sources=sources,
                created_by="test",
                expires_at=expires_at,
            )
    finally:
        connection.close()
    return secret


def bearer(secret: str) -> dict[str, str]:
    """The header that sends a token."""
    return {"Authorization": f"Bearer {secret}"}


def client_of(app: Flask, secret: str) -> FlaskClient:
    """A client that sends the token with every request."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return client


def gate_without_database(**settings: Any) -> Gate:
    """A gate for public routes: it never asks the database."""
    values = {"DATABASE_URL": "unused", "KAFKA_BOOTSTRAP_SERVERS": "unused", **settings}
    return Gate(Settings(**values), service="test", pool=Pool("unused", application="test", size=1))
