"""``giaingan migrate``: roles, migrations and grants, by an administrator of the database or the migrator."""

from __future__ import annotations

import os

import click
import psycopg2

from services.console.bilingual import bilingual
from services.runtime import logs, roles
from services.runtime.errors import StopServiceError


@bilingual("migrate")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Chờ lệnh khác đang cập nhật bao nhiêu giây / seconds to wait for another one that runs.",
)
def migrate(*, wait: float) -> None:
    """Cập nhật cơ sở dữ liệu, vai trò, quyền / bring schemas, roles and grants of the database up to date.

    DATABASE_URL là của tài khoản quản trị (lần đầu) hoặc của giaingan_migrator. Tạo vai trò còn thiếu, không
    mật khẩu, không đăng nhập được; chạy lại không hại. / DATABASE_URL is an administrator's (the first time)
    or that of a member of giaingan_migrator. Roles that are missing are made without a password and without a
    login; running it again does no harm. docs/ROLES.md
    """
    logs.configure("WARNING", "console")
    url = os.environ.get("DATABASE_URL")
    if not url:
        raise click.ClickException("chưa đặt DATABASE_URL / DATABASE_URL is not set (docs/SETTINGS.md)")
    try:
        done = roles.migrate_all(url, wait_seconds=wait)
    except StopServiceError as error:
        said = str(error)
        raise click.ClickException(said if " / " in said else f"không cập nhật được / {said}") from error
    except psycopg2.Error as error:
        raise click.ClickException(f"cơ sở dữ liệu / the database: {str(error).strip()}") from error
    for role in done.roles_created:
        click.echo(f"{role}: đã tạo vai trò / role created")
    for schema, applied in done.applied.items():
        click.echo(f"{schema}: {applied} bản cập nhật mới / migrations applied")
    click.echo("Đã cấp lại quyền / grants applied.")
