"""``giaingan import``: sends a file to ingest, and shows its receipt or every fault found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from services.console.api_client import NoAnswerError, RefusedError
from services.console.bilingual import bilingual
from services.console.connection import asks_a_service, service
from services.console.ingest_client import Ingest, OfficeFile, OnSent
from services.console.option_types import DAY, NEW_WORKBOOK
from services.console.printing import plain_console, print_faults
from services.console.receipts import print_receipt

_NEEDED = (
    "cần FILE, --profile và --source; --list-profiles cho xem các mẫu nhập / "
    "FILE, --profile and --source are needed; --list-profiles shows the profiles"
)


@bilingual("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--profile", help="Mẫu nhập / how the file is read: treasury-vouchers.")
@click.option("--source", help="Cơ quan nêu số liệu / the office that states it: kbnn.ca-mau.")
@click.option("--unit", help="Đơn vị tính nếu tệp không ghi / unit of amounts that the file states none of.")
@click.option(
    "--budget-year",
    type=click.IntRange(1900, 9999),
    help="Năm kế hoạch nếu tệp không ghi / budget year, where the file has none.",
)
@click.option("--province", help="Mã tỉnh nếu tệp không ghi / province code, where the file has none: 96.")
@click.option(
    "--as-of", type=DAY, help="Ngày số liệu nếu tệp không ghi / day of the statement, if not in it."
)
@click.option("--dry-run", is_flag=True, help="Chỉ kiểm tra, không nhận / check it; accept nothing.")
@click.option(
    "--marked",
    type=NEW_WORKBOOK,
    help="Ghi tệp đã đánh dấu ô lỗi / write the file with its faults marked (.xlsx).",
)
@click.option(
    "--template",
    type=NEW_WORKBOOK,
    help="Ghi bảng mẫu trống của --profile / write its empty workbook (.xlsx).",
)
@click.option("--list-profiles", "lists", is_flag=True, help="Xem các mẫu nhập / show the import profiles.")
@asks_a_service
def import_file(
    *,
    file: Path | None,
    profile: str | None,
    source: str | None,
    unit: str | None,
    budget_year: int | None,
    province: str | None,
    as_of: date | None,
    dry_run: bool,
    marked: Path | None,
    template: Path | None,
    lists: bool,
    url: str | None,
    token_file: Path | None,
    wait: float,
) -> None:
    """Gửi tệp CSV hoặc XLSX, xem biên nhận hoặc mọi lỗi / send a file, see its receipt or every fault.

    Mã kết thúc / exit code: 0 đã nhận / accepted (or would be), 1 bị từ chối / refused or no answer, 2 lệnh
    sai / the command is not understood.
    """
    if template is not None and not profile:
        raise click.UsageError("--template cần --profile / --template needs --profile")
    is_sent = not lists and template is None
    if is_sent and (file is None or not profile or not source):
        raise click.UsageError(_NEEDED)
    given = {"unit": unit, "budget_year": budget_year, "province_code": province, "as_of": as_of}
    defaults = {name: str(value) for name, value in given.items() if value is not None}
    with service("ingest", url=url, token_file=token_file, wait=wait) as api:
        ingest = Ingest(api)
        if lists:
            _print_profiles(ingest.profiles())
        elif template is not None and profile:
            template.write_bytes(ingest.template(profile))
            click.echo(f"Bảng mẫu / empty workbook: {template}")
        elif file is not None and profile and source:
            _send(ingest, OfficeFile(file, profile, source, defaults), dry_run=dry_run, marked=marked)


def _send(ingest: Ingest, file: OfficeFile, *, dry_run: bool, marked: Path | None) -> None:
    try:
        with _progress(plain_console(stderr=True)) as on_sent:
            receipt = ingest.send(file, dry_run=dry_run, on_sent=on_sent)
    except RefusedError as error:
        if marked is not None and error.problem.get("errors"):
            _keep_marked(ingest, file, marked, error)
        raise
    print_receipt(receipt)


def _keep_marked(ingest: Ingest, file: OfficeFile, marked: Path, refused: RefusedError) -> None:
    """The faults are told even where the marks do not come."""
    try:
        with _progress(plain_console(stderr=True)) as on_sent:
            content = ingest.marked(file, on_sent=on_sent)
        if content is not None:
            marked.write_bytes(content)
    except (NoAnswerError, OSError):
        print_faults(refused.problem)
        raise
    said = (
        "Tệp không còn lỗi, không có gì để đánh dấu / there is no fault any more to mark"
        if content is None
        else f"Tệp đã đánh dấu ô lỗi / the file with its faulty cells marked: {marked}"
    )
    click.echo(said, err=True)


@contextmanager
def _progress(console: Console) -> Iterator[OnSent]:
    """A bar of the bytes sent, then of the time that ingest reads; nothing where nobody looks at it."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        sending = progress.add_task("gửi tệp / sending", total=None)
        reading = progress.add_task("đang đọc / being read", total=None, start=False, visible=False)

        def on_sent(sent: int, total: int) -> None:
            is_sent = sent >= total
            progress.update(sending, completed=sent, total=total, visible=not is_sent)
            if is_sent:
                progress.reset(reading, total=None)
            progress.update(reading, visible=is_sent)

        yield on_sent


def _print_profiles(profiles: list[dict[str, Any]]) -> None:
    console = plain_console()
    for profile in profiles:
        label = profile["label"]
        required = ", ".join(column["header"]["vi"] for column in profile["columns"] if column["required"])
        console.print(f"{profile['name']}: {label['vi']} / {label['en']}", soft_wrap=True)
        console.print(f"  cột bắt buộc / required columns: {required}", soft_wrap=True)
