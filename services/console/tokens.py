"""``giaingan token``: API tokens are made, listed and revoked by who holds the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import click
import psycopg2
from rich.console import Console
from rich.table import Table

from services.console import known_units
from services.console.bilingual import BilingualGroup
from services.console.connection import database_url
from services.console.operators import operator_here
from services.console.printing import minute
from services.runtime import logs, postgres
from services.runtime.access import Scope, Unit, audit, tokens
from services.runtime.clock import VIETNAM
from services.runtime.errors import StopServiceError

_DAYS = re.compile(r"(\d{1,5})d")
# An example that is still to come.
_A_DAY = f"{datetime.now(VIETNAM).year + 1}-12-31"


@click.group(cls=BilingualGroup)
def token() -> None:
    """Mã truy cập API: cấp, xem, thu hồi / make, list and revoke API tokens.

    Dùng DATABASE_URL, hoặc hệ thống make run đang chạy. / Works on it, or on the stack that runs here.
    """


@token.command()
@click.option(
    "--name", required=True, help="Của ai; ghi trong biên nhận / whose it is; stands in receipts, audit."
)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([str(scope) for scope in Scope]),
    multiple=True,
    required=True,
    help="Được làm gì; ghi được nhiều lần / what it may do; may be given more than once.",
)
@click.option(
    "--unit",
    default="",
    help="Chỉ một tỉnh (96) hoặc một chủ đầu tư (96/<mã>) / only for a province, or an owner within it.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    help="Chỉ số liệu của cơ quan này (kbnn.ca-mau), ghi được nhiều lần; mã gửi cho một đơn vị phải nêu. / "
    "Only facts of this source; may be given more than once. A token that writes for a unit must name one.",
)
@click.option(
    "--expires",
    help=f"Sau số ngày (90d) hoặc hết ngày ({_A_DAY}) / after so many days, or at the end of a day.",
)
def create(
    *, name: str, scopes: tuple[str, ...], unit: str, sources: tuple[str, ...], expires: str | None
) -> None:
    """Cấp mã, in ra một lần / make a token and print it, alone, once, on the standard output."""
    operator = operator_here()
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
            is_known_unit = known_units.is_known(cursor, bound)
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
        said = str(error)
        raise click.ClickException(said if " / " in said else f"không cấp được mã / {said}") from error
    if not is_known_unit:
        click.echo(
            f"Lưu ý: chưa có kế hoạch hay danh mục nào nêu đơn vị {unit}.\n"
            f"Note: no plan and no register names the unit {unit} yet.",
            err=True,
        )
    click.echo(secret)
    click.echo(
        f"Mã chỉ hiện một lần này, không xem lại được. Id: {made.token_id}\n"
        f"The token is shown this once and cannot be shown again. Id: {made.token_id}",
        err=True,
    )


@token.command("list")
def list_tokens() -> None:
    """Liệt kê mọi mã đã cấp / list every token ever made; secrets are not kept and not shown."""
    with _database() as cursor:
        known = tokens.all_of(cursor)
    table = Table(
        "id",
        "tên / name",
        "quyền / scopes",
        "đơn vị / unit",
        "nguồn / sources",
        "cấp lúc / made",
        "hết hạn / expires",
        "trạng thái / state",
    )
    for one in known:
        table.add_row(
            str(one.token_id),
            one.name,
            " ".join(one.scopes),
            one.unit.code or "-",
            _sources(one),
            f"{minute(one.created_at)} {one.created_by}",
            minute(one.expires_at),
            _state(one),
        )
    # Wide enough that an id is never folded: it is copied to revoke.
    Console(markup=False, highlight=False, width=max(200, Console().width)).print(table)


@token.command()
@click.argument("token_id", type=click.UUID)
def revoke(token_id: UUID) -> None:
    """Thu hồi mã / revoke a token: its next request is refused."""
    operator = operator_here()
    with _database() as cursor:
        revoked = tokens.revoke(cursor, token_id, revoked_by=operator)
        if revoked is None:
            raise click.ClickException(f"không có mã nào có id {token_id} / no token has the id {token_id}")
        audit.by_operator(cursor, operator, action="token.revoke", target=str(token_id))
    click.echo(f"{revoked.name}: đã thu hồi / revoked ({minute(revoked.revoked_at)}).")


@contextmanager
def _database() -> Iterator[postgres.Cursor]:
    """A transaction on the database, its schema up to date. Raises ``click.ClickException``."""
    # Standard output holds the secret alone.
    logs.configure("WARNING", "console")
    try:
        url = database_url()
        tokens.prepare(url)
        connection = postgres.connect(url, application="giaingan-token")
    except (StopServiceError, psycopg2.Error) as error:
        raise click.ClickException(f"cơ sở dữ liệu / the database: {str(error).strip()}") from error
    try:
        with postgres.transaction(connection) as cursor:
            yield cursor
    except psycopg2.Error as error:
        raise click.ClickException(f"cơ sở dữ liệu / the database: {str(error).strip()}") from error
    finally:
        connection.close()


def _moment(text: str) -> datetime:
    """When a token expires. Raises ``ValueError`` in words."""
    now = datetime.now(UTC)
    if days := _DAYS.fullmatch(text):
        return now + timedelta(days=int(days[1]))
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=VIETNAM)
    except ValueError:
        raise ValueError(
            f"--expires {text}: ghi số ngày (90d) hoặc một ngày / a number of days (90d) or a day ({_A_DAY})"
        ) from None
    return day + timedelta(days=1)


def _sources(one: tokens.Token) -> str:
    stated = one.caller.stated_sources
    if stated is None:
        return "mọi nguồn / any"
    return " ".join(sorted(stated)) or "không / none"


def _state(one: tokens.Token) -> str:
    if one.revoked_at:
        return f"đã thu hồi / revoked {minute(one.revoked_at)} {one.revoked_by}"
    return "hết hạn / expired" if one.is_expired else "dùng được / usable"
