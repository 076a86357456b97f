"""``giaingan token``: API tokens are made, listed and revoked by who holds the database."""

from __future__ import annotations

import getpass
import importlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import click
import psycopg2
from rich.console import Console
from rich.table import Table

from services.runtime import logs, postgres
from services.runtime.access import Scope, Unit, audit, tokens
from services.runtime.clock import VIETNAM
from services.runtime.errors import StopServiceError

_DAYS = re.compile(r"(\d{1,5})d")

TOKEN_FILE = click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the API token. Otherwise GIAINGAN_TOKEN, or the file token of the state folder.",
)


def sent_token(token_file: Path | None) -> str:
    """The token that a client command sends. Raises ``click.ClickException`` where there is none."""
    if token_file is None and (given := os.environ.get("GIAINGAN_TOKEN", "").strip()):
        return given
    file = token_file or _state_dir() / "token"
    try:
        secret = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(
            f"Thiếu mã truy cập: đặt biến GIAINGAN_TOKEN hoặc --token-file ({file}: không đọc được) / "
            f"no API token: set GIAINGAN_TOKEN, or give --token-file ({file} cannot be read: "
            f"{getattr(error, 'strerror', None) or 'not ASCII'})"
        ) from error
    if not secret:
        raise click.ClickException(f"Tệp {file} trống / the file {file} is empty")
    return secret


@click.group()
def token() -> None:
    """Make, list and revoke API tokens. Works on DATABASE_URL, or on the stack that runs here."""


@token.command()
@click.option("--name", required=True, help="Whose it is: it stands in receipts and in the audit.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([str(scope) for scope in Scope]),
    multiple=True,
    required=True,
    help="What it may do; may be given more than once.",
)
@click.option(
    "--unit", default="", help="Only for a province (96), or for an owner within its province (96/<owner>)."
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    help="Only facts of this source (kbnn.ca-mau); may be given more than once. "
    "A token that writes for a unit must name its sources.",
)
@click.option("--expires", help="After so many days (90d), or at the end of a day (2022-12-31).")
def create(
    *, name: str, scopes: tuple[str, ...], unit: str, sources: tuple[str, ...], expires: str | None
) -> None:
    """Make a token and print it, alone, on the standard output. It cannot be shown again."""
    operator = _operator()
    try:
        expires_at = _moment(expires) if expires else None
        bound = Unit(unit)
        with _database() as cursor:
            made, secret = tokens.create(
                cursor,
                name=name,
                scopes=[Scope(scope) for scope in scopes],
                unit=bound,
                sources=sources,
                created_by=operator,
                expires_at=expires_at,
            )
            detail = {
                "name": made.name,
                "scopes": list(made.scopes),
                "unit": unit,
                "sources": list(made.sources),
                "expires": expires or "",
            }
            audit.by_operator(
                cursor, operator, action="token.create", target=str(made.token_id), detail=detail
            )
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(secret)
    click.echo(
        f"Mã chỉ hiện một lần này, không xem lại được. Id: {made.token_id}\n"
        f"The token is shown this once and cannot be shown again. Id: {made.token_id}",
        err=True,
    )


@token.command("list")
def list_tokens() -> None:
    """List every token that was ever made; secrets are not kept and not shown."""
    with _database() as cursor:
        known = tokens.all_of(cursor)
    table = Table(
        "id", "tên / name", "scopes", "unit", "nguồn / sources", "made", "expires", "trạng thái / state"
    )
    for one in known:
        table.add_row(
            str(one.token_id),
            one.name,
            " ".join(one.scopes),
            one.unit.code or "-",
            _sources(one),
            f"{_minute(one.created_at)} {one.created_by}",
            _minute(one.expires_at),
            _state(one),
        )
    # Wide enough that an id is never folded: it is copied to revoke.
    Console(markup=False, highlight=False, width=max(200, Console().width)).print(table)


@token.command()
@click.argument("token_id", type=click.UUID)
def revoke(token_id: UUID) -> None:
    """Revoke a token: its next request is refused."""
    operator = _operator()
    with _database() as cursor:
        revoked = tokens.revoke(cursor, token_id, revoked_by=operator)
        if revoked is None:
            raise click.ClickException(f"không có mã nào có id {token_id} / no token has the id {token_id}")
        audit.by_operator(cursor, operator, action="token.revoke", target=str(token_id))
    click.echo(f"{revoked.name}: đã thu hồi / revoked ({_minute(revoked.revoked_at)}).")


@contextmanager
def _database() -> Iterator[postgres.Cursor]:
    """A transaction on the database, its schema up to date. Raises ``click.ClickException``."""
    # Standard output holds the secret alone.
    logs.configure("WARNING", "console")
    try:
        url = os.environ.get("DATABASE_URL") or _url_of_the_stack()
        tokens.prepare(url)
        connection = postgres.connect(url, application="giaingan-token")
    except (StopServiceError, psycopg2.Error) as error:
        raise click.ClickException(f"the database: {str(error).strip()}") from error
    try:
        with postgres.transaction(connection) as cursor:
            yield cursor
    except psycopg2.Error as error:
        raise click.ClickException(f"the database: {str(error).strip()}") from error
    finally:
        connection.close()


def _url_of_the_stack() -> str:
    servers = importlib.import_module("deploy.embedded.servers")
    url: str | None = servers.running_url(_state_dir() / "postgres", "giaingan")
    if url is None:
        raise click.ClickException(
            f"DATABASE_URL is not set (docs/SETTINGS.md), and no stack runs from {_state_dir()}"
        )
    return url


def _state_dir() -> Path:
    return Path(os.environ.get("GIAINGAN_STATE_DIR") or ".giaingan")


def _operator() -> str:
    """The account at the console, for the audit."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.geteuid()}"


def _moment(text: str) -> datetime:
    """When a token expires. Raises ``ValueError`` in words."""
    now = datetime.now(UTC)
    if days := _DAYS.fullmatch(text):
        return now + timedelta(days=int(days[1]))
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=VIETNAM)
    except ValueError:
        raise ValueError(f"--expires {text}: a number of days (90d) or a day (2022-12-31)") from None
    return day + timedelta(days=1)


def _minute(moment: datetime | None) -> str:
    return f"{moment.astimezone(VIETNAM):%Y-%m-%d %H:%M}" if moment else "-"


def _sources(one: tokens.Token) -> str:
    stated = one.caller.stated_sources
    if stated is None:
        return "mọi nguồn / any"
    return " ".join(sorted(stated)) or "không / none"


def _state(one: tokens.Token) -> str:
    if one.revoked_at:
        return f"đã thu hồi / revoked {_minute(one.revoked_at)} {one.revoked_by}"
    return "hết hạn / expired" if one.is_expired else "dùng được / usable"
