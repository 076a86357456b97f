"""Commands that explain themselves in Vietnamese, then in English."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

_USAGE_FAULTS: tuple[tuple[type[click.UsageError], str], ...] = (
    (click.MissingParameter, "thiếu phần bắt buộc"),
    (click.NoSuchOption, "không có tùy chọn này"),
    (click.BadOptionUsage, "tùy chọn dùng chưa đúng"),
    (click.BadArgumentUsage, "tham số dùng chưa đúng"),
    (click.BadParameter, "giá trị không dùng được"),
)
_BOTH = " / "


class _Bilingual(click.Command):
    """The list of commands shows the whole first paragraph, both languages of it."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "Xem hướng dẫn này / show this."
        return option

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002 - click's signature
        return " ".join((self.help or "").split("\n\n", 1)[0].split())


class BilingualCommand(_Bilingual):
    """A command."""


class BilingualGroup(_Bilingual, click.Group):
    """A group of commands; errors are told as ``Lỗi / Error``."""

    command_class = BilingualCommand
    group_class = type

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command and end the process."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            _tell(error)
            sys.exit(error.exit_code)
        except click.Abort:
            click.echo("Đã dừng / aborted", err=True)
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


def bilingual(name: str | None = None) -> Callable[[Callable[..., Any]], BilingualCommand]:
    """``click.command`` for a command that is added to a group elsewhere."""
    return click.command(name, cls=BilingualCommand)


def _tell(error: click.ClickException) -> None:
    message = error.format_message()
    if isinstance(error, click.UsageError):
        if error.ctx is not None:
            click.echo(f"{error.ctx.get_usage()}\nXem / see: {error.ctx.command_path} --help\n", err=True)
        if isinstance(error, click.BadParameter) and error.param and _BOTH in error.message:
            message = f"{error.param.get_error_hint(error.ctx)}: {error.message}"
        if _BOTH not in message:
            said = next((words for kind, words in _USAGE_FAULTS if isinstance(error, kind)), "lệnh chưa đúng")
            message = f"{said}{_BOTH}{message}"
    click.echo(f"Lỗi / Error: {message}", err=True)
