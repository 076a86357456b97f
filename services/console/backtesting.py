"""``giaingan backtest``: what policies would have flagged, and what that was worth."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import click
import psycopg2

from services.backtest import picture, reading
from services.backtest.backtest import Answer, Asked, NamedPolicy, backtest
from services.backtest.history import History
from services.console import backtest_printing, compared_policies
from services.console.bilingual import bilingual
from services.console.connection import database_url
from services.console.option_types import DAY
from services.domain.fiscal_calendar import closing_day, first_day
from services.domain.lag_rules import Severity
from services.runtime import logs
from services.runtime.config import Settings
from services.runtime.errors import StopServiceError

_POLICY = click.Path(path_type=Path, exists=True)
_PICTURE = click.Path(path_type=Path, dir_okay=False, writable=True)
_FORMATS = ("table", "json", "csv")


@bilingual("backtest")
@click.option(
    "--policy",
    "paths",
    type=_POLICY,
    multiple=True,
    help="Tệp quy tắc, hoặc thư mục các tệp cùng áp dụng; lặp lại để so sánh; mặc định: quy tắc đang dùng. / "
    "A policy file, or a folder of files that hold together; several are compared; default: the live policy.",
)
@click.option(
    "--from", "first", type=DAY, help="Ngày đầu; mặc định 01/01. / First day; default 1 January of the year."
)
@click.option(
    "--to",
    "last",
    type=DAY,
    help="Ngày cuối; mặc định 31/01 năm sau. / Last day; default 31 January after it.",
)
@click.option(
    "--budget-year",
    type=click.IntRange(2000, 2100),
    help="Năm ngân sách; mặc định năm của --from. / Budget year.",
)
@click.option("--province", help="Mã tỉnh; mặc định mọi tỉnh. / Province code; default: every province.")
@click.option(
    "--as-known",
    is_flag=True,
    help="Mỗi ngày chỉ dùng số liệu mà sổ đã có. / Each day by what the ledger knew then.",
)
@click.option(
    "--share",
    type=click.IntRange(1, 100),
    default=95,
    show_default=True,
    help="Từ tỷ lệ (%) nào thì đạt kế hoạch. / From which per cent of its plan on a project made it.",
)
@click.option(
    "--severity",
    type=click.Choice([str(each) for each in Severity]),
    default=str(Severity.INFO),
    show_default=True,
    help="Chỉ tính cảnh báo từ mức này trở lên. / Only flags at least so urgent count.",
)
@click.option("--format", "form", type=click.Choice(_FORMATS), default="table", show_default=True)
@click.option(
    "--picture", "drawn", type=_PICTURE, help="Vẽ biểu đồ vào tệp .svg. / Draw a picture, an .svg file."
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help="Số tiến trình; mặc định: số bộ xử lý. / Default: processors.",
)
def backtest_command(
    *,
    paths: tuple[Path, ...],
    first: date | None,
    last: date | None,
    budget_year: int | None,
    province: str | None,
    as_known: bool,
    share: int,
    severity: str,
    form: str,
    drawn: Path | None,
    processes: int | None,
) -> None:
    """Kiểm nghiệm quy tắc cảnh báo trên số liệu đã qua / replay policies over a year that has passed.

    Chỉ đọc, không đụng đến cảnh báo đang có; chạy được bằng tài khoản giaingan_auditor. Cho biết cảnh báo ai,
    khi nào, trước cuối năm bao lâu, báo nhầm bao nhiêu. / Only reads, touches no live alert, with the rights
    of giaingan_auditor. Tells whom a policy flags and when, how long before year end, how many false
    alarms.
    docs/BACKTEST.md
    """
    logs.configure("ERROR", "console")
    if drawn and drawn.suffix.lower() != ".svg":
        raise click.BadParameter(
            f"{drawn}: tên tệp phải kết thúc bằng .svg / its name must end in .svg", param_hint="--picture"
        )
    asked = replace(
        _asked(first, last, budget_year, as_known=as_known, processes=processes),
        enough=Fraction(share, 100),
        at_least=Severity(severity),
    )
    with _said():
        # Faults of a file are told before anything is read.
        compared_policies.load(paths, policy_dir=_policy_dir(), provinces=[], budget_year=asked.budget_year)
        histories = _read(asked, province)
        policies = compared_policies.load(
            paths,
            policy_dir=_policy_dir(),
            provinces=sorted({history.subject.province_code for history in histories}),
            budget_year=asked.budget_year,
        )
        answer = _replay(histories, policies, asked)
    _tell(answer, form)
    if drawn:
        _draw(answer, drawn)


def _asked(
    first: date | None,
    last: date | None,
    budget_year: int | None,
    *,
    as_known: bool,
    processes: int | None,
) -> Asked:
    year = budget_year or (first.year if first else None) or (last.year if last else None)
    if year is None:
        raise click.UsageError("cần --from hoặc --budget-year / give --from or --budget-year")
    first, last = first or first_day(year), last or closing_day(year)
    if not first_day(year) <= first <= last <= closing_day(year):
        raise click.UsageError(
            f"năm ngân sách {year} từ {first_day(year)} đến {closing_day(year)}; --from không sau --to / the "
            f"budget year {year} runs from {first_day(year)} to {closing_day(year)}, and --from is not "
            f"after --to"
        )
    return Asked(
        budget_year=year,
        first=first,
        last=last,
        as_known=as_known,
        processes=processes or len(os.sched_getaffinity(0)),
    )


@contextmanager
def _said() -> Iterator[None]:
    """What keeps it from being done, in words."""
    try:
        yield
    except (reading.NotReadableError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except StopServiceError as error:
        raise click.ClickException(f"thiết lập hoặc tệp quy tắc / settings or policy: {error}") from error
    except psycopg2.Error as error:
        raise click.ClickException(f"cơ sở dữ liệu / the database: {str(error).strip()}") from error


def _policy_dir() -> Path:
    given = os.environ.get("GIAINGAN_POLICY_DIR")
    default: Path = Settings.model_fields["policy_dir"].default
    return Path(given) if given else default


def _read(asked: Asked, province: str | None) -> list[History]:
    wanted = reading.Wanted(
        budget_year=asked.budget_year,
        until=asked.last,
        province=province,
        series=compared_policies.series(_policy_dir()),
        as_known=asked.as_known,
    )
    histories = reading.read(database_url(), wanted)
    if not any(history.books.through(asked.last) for history in histories):
        where = f"tỉnh {province} / province {province}" if province else "mọi tỉnh / every province"
        known = (
            "; đến ngày đó sổ chưa ghi gì, thử bỏ --as-known / the ledger had taken nothing in by then, try "
            "without --as-known"
            if asked.as_known
            else ""
        )
        raise click.ClickException(
            f"không có số liệu giải ngân nào của năm {asked.budget_year} đến {asked.last:%d/%m/%Y} / no "
            f"disbursement of {asked.budget_year} up to {asked.last}: {where}{known}"
        )
    return histories


def _replay(histories: list[History], policies: list[NamedPolicy], asked: Asked) -> Answer:
    with click.progressbar(
        length=len(histories),
        label="Xét lại từng ngày / replaying",
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    ) as bar:
        return backtest(histories, policies, asked, on_subjects=bar.update)


def _tell(answer: Answer, form: str) -> None:
    if form == "json":
        click.echo(json.dumps(backtest_printing.as_json(answer), ensure_ascii=False, indent=2))
    elif form == "csv":
        click.echo(backtest_printing.as_csv(answer), nl=False)
    else:
        backtest_printing.print_tables(answer)


def _draw(answer: Answer, path: Path) -> None:
    try:
        path.write_bytes(picture.draw(answer))
    except OSError as error:
        raise click.ClickException(f"{path}: không ghi được / cannot be written: {error.strerror}") from error
    click.echo(f"{path}: đã vẽ / drawn", err=True)
