"""Filled books, copied for each test."""

from __future__ import annotations

from uuid import uuid4

import psycopg2
import pytest

from deploy.embedded import servers
from services.runtime import roles
from tests.support.applied import Books
from tests.support.filled_books import fill, take_guards_away

_TEMPLATE = "verify_template"


@pytest.fixture(scope="session")
def filled(postgres_server: str) -> str:
    """The server, with books that are right and unguarded, to be copied."""
    url = servers.create_database(postgres_server, _TEMPLATE)
    roles.migrate_all(url)
    fill(Books(url))
    take_guards_away(url)
    return postgres_server


@pytest.fixture
def books(filled: str) -> Books:
    """A copy of them."""
    name = f"verify_{uuid4().hex[:12]}"
    connection = psycopg2.connect(filled)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    connection.close()
    return Books(filled.replace("/postgres?", f"/{name}?", 1))
