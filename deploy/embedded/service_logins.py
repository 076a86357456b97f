"""Each service of the stack under the role it has on a real server: a grant that is missing is met here.

For the stack's own PostgreSQL alone, which takes whoever reaches its socket at his word: no login has a
password.
"""

from __future__ import annotations

import re

from psycopg2 import sql

from services.runtime import postgres, roles

_LOGIN = "giaingan_run_{service}"


def prepare(database_url: str) -> dict[str, str]:
    """Roles, migrations and grants, and a login for each service; returns its URL by the service's name.

    Raises ``StopServiceError`` and ``psycopg2.Error``.
    """
    roles.migrate_all(database_url)
    urls = {}
    connection = postgres.connect(database_url, application="giaingan-stack")
    try:
        for role in roles.SERVICES:
            service = role.removeprefix("giaingan_")
            login = _LOGIN.format(service=service)
            with postgres.transaction(connection) as cursor:
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (login,))
                if cursor.fetchone() is None:
                    names = {"login": sql.Identifier(login), "role": sql.Identifier(role)}
                    cursor.execute(sql.SQL("CREATE ROLE {login} LOGIN IN ROLE {role}").format(**names))
            urls[service] = re.sub(r"//[^@/]*@", f"//{login}@", database_url, count=1)
    finally:
        connection.close()
    return urls
