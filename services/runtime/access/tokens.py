"""API tokens: 256 random bits, shown once, kept as SHA-256. A plain hash will do: nobody guesses such a
secret, so there is nothing for a slow hash to slow down (docs/adr/0010)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from services.domain.field_rules import MAX_CODE, has_space
from services.runtime import schemas
from services.runtime.access.callers import Caller, Scope, Unit
from services.runtime.postgres import APPEND_ONLY, Cursor

SCHEMA = "access"
MIGRATIONS = (APPEND_ONLY, Path(__file__).parent / "sql" / "schema")
_SECRET = re.compile(r"ggn_[A-Za-z0-9_-]{43}")
_SECRET_BYTES = 32
_SCOPES = frozenset(Scope)
_MOST_NAME = 100


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept. ``is_expired`` is by the database's clock."""

    token_id: UUID
    name: str
    scopes: tuple[Scope, ...]
    unit: Unit
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    is_expired: bool
    # Whose facts it may state; see ``Caller.stated_sources``.
    sources: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and not self.is_expired

    @property
    def caller(self) -> Caller:
        return Caller(self.token_id, self.name, frozenset(self.scopes), self.unit, frozenset(self.sources))


def prepare(database_url: str) -> int:
    """Bring the schema ``access`` up to date, or see that it is; returns how many files were applied.

    Every service does so at its start, and the console command before it touches a token.
    """
    return schemas.prepare(database_url, schema=SCHEMA, folders=MIGRATIONS)


def create(
    cursor: Cursor,
    *,
    name: str,
    scopes: Iterable[Scope],
    created_by: str,
    unit: Unit | None = None,
    sources: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> tuple[Token, str]:
    """A new token and its secret, which exists nowhere else. Raises ``ValueError`` for a name, scopes or
    sources that will not do, or an expiry that has passed."""
    scopes, sources = sorted(set(scopes)), sorted(set(sources))
    _require_sources(scopes, unit, sources)
    if not scopes:
        raise ValueError("a token needs a scope")
    if not name.strip() or len(name) > _MOST_NAME or not name.isprintable():
        raise ValueError(f"a token's name is 1 to {_MOST_NAME} characters, none of them invisible")
    secret = "ggn_" + secrets.token_urlsafe(_SECRET_BYTES)
    token_id = uuid4()
    cursor.execute(
        "INSERT INTO access.token (token_id, name, token_hash, scopes, unit, sources, created_by,"
        " expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            token_id,
            name.strip(),
            hash_of(secret),
            [str(scope) for scope in scopes],
            unit.code if unit else "",
            sources,
            created_by,
            expires_at,
        ),
    )
    cursor.execute(_ONE, (token_id,))
    (token,) = (_token(row) for row in cursor.fetchall())
    if token.is_expired:
        raise ValueError("the token would have expired already")
    return token, secret


def find(cursor: Cursor, secret: str) -> Token | None:
    """The token of a secret, whatever its state; ``None`` for one that was never given.

    Found by its hash: how long that takes tells nothing about the secrets that exist.
    """
    if not is_formed(secret):
        return None
    wanted = hash_of(secret)
    cursor.execute(_FIND, (wanted,))
    row = cursor.fetchone()
    if row is None or not hmac.compare_digest(bytes(row[-1]), wanted):
        return None
    return _token(row[:-1])


def all_of(cursor: Cursor) -> list[Token]:
    """Every token that was ever made, the latest last."""
    cursor.execute(_LIST)
    return [_token(row) for row in cursor.fetchall()]


def revoke(cursor: Cursor, token_id: UUID, *, revoked_by: str) -> Token | None:
    """Revoke a token: its next request is refused. ``None`` where there is none of that id; a token that
    was revoked before stays as it was."""
    cursor.execute(_REVOKE, (revoked_by, token_id))
    cursor.execute(_ONE, (token_id,))
    row = cursor.fetchone()
    return _token(row) if row else None


def _require_sources(scopes: Sequence[Scope], unit: Unit | None, sources: Sequence[str]) -> None:
    """Who writes for a unit says in whose name. Raises ``ValueError`` in words."""
    for source in sources:
        if not source.isprintable() or has_space(source) or not 1 <= len(source) <= MAX_CODE:
            raise ValueError(
                f"--source {source!r}: tên nguồn số liệu gồm 1 đến {MAX_CODE} ký tự, không có khoảng trắng / "
                f"a source is 1 to {MAX_CODE} characters without spaces"
            )
    writes = not {Scope.INGEST_WRITE, Scope.ADMIN}.isdisjoint(scopes)
    if writes and unit is not None and not unit.is_everything and not sources:
        raise ValueError(
            f"mã được ghi và gắn với đơn vị {unit.code} phải nêu nguồn số liệu của đơn vị: thêm --source, "
            f"ví dụ --source bql-gt.ca-mau / a token that writes and is bound to the unit {unit.code} must "
            "name the sources it states: add --source, for example --source bql-gt.ca-mau"
        )


def is_formed(secret: str) -> bool:
    """Whether a text could be a token's secret."""
    return bool(_SECRET.fullmatch(secret))


def hash_of(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def _token(row: tuple[object, ...]) -> Token:
    token_id, name, scopes, unit, *rest, sources = row
    # In a rolling upgrade a later version makes tokens with scopes that this one does not know.
    held = tuple(Scope(scope) for scope in scopes if scope in _SCOPES)  # type: ignore[attr-defined]
    return Token(token_id, name, held, Unit(unit), *rest, tuple(sources))  # type: ignore[arg-type, call-arg]


_COLUMNS = """
       token_id, name, scopes, unit, created_at, created_by, expires_at, revoked_at, revoked_by,
       coalesce(expires_at <= now(), false), sources
"""
_FIND = "SELECT" + _COLUMNS + ", token_hash FROM access.token WHERE token_hash = %s"
_ONE = "SELECT" + _COLUMNS + "  FROM access.token WHERE token_id = %s"
_LIST = "SELECT" + _COLUMNS + "  FROM access.token ORDER BY created_at, token_id"
_REVOKE = (
    "UPDATE access.token SET revoked_at = now(), revoked_by = %s WHERE token_id = %s AND revoked_at IS NULL"
)
