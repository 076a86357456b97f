"""``giaingan import``: sends a file to ingest, and shows its receipt or every fault found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from services.cli_tokens import TOKEN_FILE, sent_token
from services.import_client import Ingest, NoAnswerError, OfficeFile, OnSent, RefusedError

# What a receipt says, in the order in which it is shown.
_RECEIPT = {
    "receipt_id": "biên nhận / receipt",
    "profile": "mẫu nhập / profile",
    "accepted_by": "người gửi / accepted by",
    "unit": "đơn vị / unit",
    "received_at": "lúc / received at",
    "file_name": "tệp / file",
    "file_sha256": "SHA-256",
    "rows_read": "số dòng đọc / rows read",
    "new": "mới / new",
    "duplicate": "đã có / there already",
    "conflicting": "mâu thuẫn / conflicting",
    "dry_run": "chỉ kiểm tra / dry run",
}
_YES_NO = {True: "có / yes", False: "không / no"}


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--profile", help="How the file is read, for example treasury-vouchers.")
@click.option("--source", help="The office that states it, for example kbnn.ca-mau.")
@click.option("--dry-run", is_flag=True, help="Read and check it; accept nothing.")
@click.option(
    "--marked",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Where to write the file with its faulty cells marked (.xlsx), if it is refused.",
)
@click.option("--list-profiles", "lists", is_flag=True, help="Show the import profiles and end.")
@click.option("--wait", default=10.0, show_default=True, help="Seconds to try while ingest is not ready.")
@click.option("--url", default="http://127.0.0.1:8081", show_default=True, help="Where ingest answers.")
@TOKEN_FILE
def import_file(
    *,
    file: Path | None,
    profile: str | None,
    source: str | None,
    dry_run: bool,
    marked: Path | None,
    lists: bool,
    wait: float,
    url: str,
    token_file: Path | None,
) -> None:
    """Send a CSV or XLSX file to ingest, and show its receipt or every fault found.

    Ends with 0 where the file was accepted (or would be, in a dry run), 1 where it was refused or nobody
    answered, 2 where the command is not understood.
    """
    if not lists and (file is None or not profile or not source):
        raise click.UsageError("FILE, --profile and --source are needed; --list-profiles shows the profiles")
    ingest = Ingest(url, sent_token(token_file), patience_seconds=wait)
    try:
        if lists or file is None or not profile or not source:
            _print_profiles(ingest.profiles())
        else:
            _send(ingest, OfficeFile(file, profile, source), dry_run=dry_run, marked=marked)
    except RefusedError as error:
        raise click.ClickException(str(error)) from error
    except (NoAnswerError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _send(ingest: Ingest, file: OfficeFile, *, dry_run: bool, marked: Path | None) -> None:
    try:
        with _progress(_plain_console(stderr=True)) as on_sent:
            receipt = ingest.send(file, dry_run=dry_run, on_sent=on_sent)
    except RefusedError as error:
        _print_faults(error.problem)
        if marked is not None and error.problem.get("errors"):
            with _progress(_plain_console(stderr=True)) as on_sent:
                content = ingest.marked(file, on_sent=on_sent)
            _keep(content, marked)
        raise
    _print_receipt(receipt)


def _keep(content: bytes | None, marked: Path) -> None:
    if content is None:
        click.echo(
            "Tệp không còn lỗi, không có gì để đánh dấu / there is no fault any more to mark", err=True
        )
        return
    marked.write_bytes(content)
    click.echo(f"Tệp đã đánh dấu ô lỗi / the file with its faulty cells marked: {marked}", err=True)


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


def _print_receipt(receipt: dict[str, Any]) -> None:
    console = _plain_console()
    table = Table(show_header=False)
    for name, label in _RECEIPT.items():
        if (value := receipt.get(name)) not in (None, ""):
            table.add_row(label, _YES_NO[value] if isinstance(value, bool) else str(value))
    if events := receipt.get("event_ids"):
        table.add_row("sự kiện / events", str(len(events)))
    console.print(table)
    if totals := receipt.get("totals"):
        sums = Table("nguồn vốn / fund source", Column("tổng / total", justify="right"), "")
        for total in totals:
            sums.add_row(total["fund_source"], _amount(total), total["currency"])
        console.print(sums)
    for warning in receipt.get("warnings") or []:
        console.print(f"Lưu ý / note: {warning}", soft_wrap=True)


def _amount(total: dict[str, Any]) -> str:
    """The amount of a receipt the Vietnamese way: 1.234.567. Ingest takes đồng only, which have no parts."""
    return f"{total['minor_units']:,d}".replace(",", ".")


def _print_faults(problem: dict[str, Any]) -> None:
    faults = problem.get("errors") or []
    if not faults:
        return
    table = Table("chỗ / where", "đọc được / read", "lỗi / fault", "cách sửa / how to mend it", "mã / code")
    for fault in faults:
        table.add_row(*(str(fault.get(name, "")) for name in ("where", "read", "detail", "mend", "code")))
    _plain_console(stderr=True).print(table)


def _print_profiles(profiles: list[dict[str, Any]]) -> None:
    table = Table("mẫu nhập / profile", "tên / name", "cột bắt buộc / required columns")
    for profile in profiles:
        label = profile["label"]
        required = ", ".join(column["header"]["vi"] for column in profile["columns"] if column["required"])
        table.add_row(profile["name"], f"{label['vi']} / {label['en']}", required)
    _plain_console().print(table)


def _plain_console(*, stderr: bool = False) -> Console:
    """A console that shows texts of others as they are: "[x]" in a file is no colour."""
    return Console(stderr=stderr, markup=False, highlight=False)
