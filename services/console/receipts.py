"""``giaingan receipts``: what was taken in, and the receipt given for it."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from rich.table import Column, Table

from services.console.bilingual import BilingualGroup
from services.console.connection import asks_a_service, service
from services.console.option_types import DAY
from services.console.printing import (
    amount,
    fund_source,
    moment,
    plain_console,
    print_json,
    print_labelled,
)
from services.runtime.clock import VIETNAM

_RECEIPTS = "/v1/imports"
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
_JSON = click.option("--json", "as_json", is_flag=True, help="In JSON của API / print the API's answer.")


@click.group(cls=BilingualGroup, invoke_without_command=True)
@click.option("--since", type=DAY, help="Từ ngày này / given on that day or later: 2022-05-31.")
@click.option("--profile", help="Chỉ mẫu nhập này / only of this profile.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500))
@click.option("--cursor", help="Trang sau / next_cursor of the page before.")
@_JSON
@asks_a_service
@click.pass_context
def receipts(
    context: click.Context,
    /,
    *,
    since: date | None,
    as_json: bool,
    url: str | None,
    token_file: Path | None,
    wait: float,
    **query: Any,
) -> None:
    """Xem biên nhận đã cấp, mới nhất trước / list the receipts given, newest first."""
    if context.invoked_subcommand:
        return
    # A day begins when it does in Vietnam.
    moment_of_day = datetime.combine(since, time.min, VIETNAM).isoformat() if since else None
    with service("ingest", url=url, token_file=token_file, wait=wait) as api:
        page = api.get(_RECEIPTS, {**query, "since": moment_of_day})
    if as_json:
        print_json(page)
        return
    _print_page(page)


@receipts.command("show")
@click.argument("receipt_id", type=click.UUID)
@_JSON
@asks_a_service
def show_receipt(
    *, receipt_id: UUID, as_json: bool, url: str | None, token_file: Path | None, wait: float
) -> None:
    """Xem một biên nhận / show one receipt, as it was given."""
    with service("ingest", url=url, token_file=token_file, wait=wait) as api:
        receipt = api.get(f"{_RECEIPTS}/{receipt_id}")
    if as_json:
        print_json(receipt)
        return
    print_receipt(receipt)


def print_receipt(receipt: dict[str, Any]) -> None:
    """A receipt with its totals and warnings."""
    shown = {**receipt, "received_at": moment(str(receipt.get("received_at", "")))}
    rows = [
        (label, _YES_NO[value] if isinstance(value, bool) else str(value))
        for name, label in _RECEIPT.items()
        if (value := shown.get(name)) not in (None, "")
    ]
    if events := receipt.get("event_ids"):
        rows.append(("sự kiện / events", str(len(events))))
    print_labelled(rows)
    console = plain_console()
    if totals := receipt.get("totals"):
        sums = Table("nguồn vốn / fund source", Column("tổng / total", justify="right", no_wrap=True), "")
        for total in totals:
            sums.add_row(fund_source(total["fund_source"]), amount(total["minor_units"]), total["currency"])
        console.print(sums)
    for warning in receipt.get("warnings") or []:
        console.print(f"Lưu ý / note: {warning}", soft_wrap=True)


def _print_page(page: dict[str, Any]) -> None:
    console = plain_console()
    if not page["receipts"]:
        console.print("Không có biên nhận nào / no receipt")
    for receipt in page["receipts"]:
        what = " · ".join(str(receipt[name]) for name in ("profile", "file_name") if receipt[name])
        counts = f"mới / new {receipt['new']}, đã có / there already {receipt['duplicate']}"
        if receipt["conflicting"]:
            counts += f", mâu thuẫn / conflicting {receipt['conflicting']}"
        console.print(f"{receipt['receipt_id']}  {moment(receipt['received_at'])}", soft_wrap=True)
        console.print(f"  {what}", soft_wrap=True)
        console.print(f"  {counts}; {receipt['accepted_by']}", soft_wrap=True)
    if page["next_cursor"]:
        console.print(f"Trang sau / next page: --cursor {page['next_cursor']}", soft_wrap=True)
