"""Logins for tests: each a member of one of the project's roles, which may what was granted to it alone."""

from __future__ import annotations

import re
from uuid import uuid4

import psycopg2
from psycopg2 import sql

from services.runtime import roles

MADE_BY_TESTS = "gg_login_"


def login_of(database_url: str, role: str | None, *, attributes: str = "") -> str:
    """The URL of a new login that is granted a role (``None``: nothing)."""
    name = f"{MADE_BY_TESTS}{(role or 'nobody').removeprefix('giaingan_')}_{uuid4().hex[:8]}"
    execute(database_url, f"CREATE ROLE {name} LOGIN {attributes}")
    if role:
        execute(database_url, f"GRANT {role} TO {name}")
    return re.sub(r"//postgres:?@", f"//{name}@", database_url, count=1)


def logins(database_url: str) -> dict[str, str]:
    """A login for each role, by the role's name, on a database that ``roles.migrate_all`` has prepared."""
    return {role: login_of(database_url, role) for role in roles.ALL if role != roles.OWNER}


def execute(database_url: str, statement: str | sql.Composable, *values: object) -> list[tuple[object, ...]]:
    """Run one statement as whom the URL names, and commit; its rows. Raises ``psycopg2.Error``."""
    connection = psycopg2.connect(database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
