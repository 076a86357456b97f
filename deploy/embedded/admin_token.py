"""The admin's token of the stack: made once, kept in a file that only its owner reads, used again."""

from __future__ import annotations

import stat
from pathlib import Path

from deploy.embedded import owner_file
from services.runtime import postgres
from services.runtime.access import Scope, audit, tokens

_NAME = "quản trị (make run)"
# Who makes and revokes it, for the audit.
_MAKER = "make run"


def of_stack(database_url: str, file: Path) -> str:
    """The token in the file where it still is an admin's, a new one otherwise, written to the file.

    One that others could read is revoked. Raises ``OSError`` and ``psycopg2.OperationalError``.
    """
    tokens.prepare(database_url)
    connection = postgres.connect(database_url, application="giaingan-stack")
    try:
        with postgres.transaction(connection) as cursor:
            known = _known(cursor, file)
            if known:
                return known
            token, secret = tokens.create(cursor, name=_NAME, scopes=[Scope.ADMIN], created_by=_MAKER)
            audit.by_operator(cursor, _MAKER, action="token.create", target=str(token.token_id))
            # Before the commit: a token that nobody could be told is never made.
            owner_file.write(file, secret)
            return secret
    finally:
        connection.close()


def _known(cursor: postgres.Cursor, file: Path) -> str:
    try:
        secret = file.read_text(encoding="ascii").strip()
        mode = stat.S_IMODE(file.stat().st_mode)
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    token = tokens.find(cursor, secret)
    if token is None or not token.is_usable or Scope.ADMIN not in token.scopes or token.unit.code:
        return ""
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        tokens.revoke(cursor, token.token_id, revoked_by=_MAKER)
        audit.by_operator(cursor, _MAKER, action="token.revoke", target=str(token.token_id))
        return ""
    return secret
