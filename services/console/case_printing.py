"""What the commands for cases have in common: their options, and how a case is shown."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
from rich.table import Column, Table

from services.console.api_client import ApiClient
from services.console.connection import asks_a_service, service
from services.console.printing import moment, plain_console, print_json, print_labelled

_JSON = click.option("--json", "as_json", is_flag=True, help="In JSON của API / print the API's answer.")
REASON = click.option(
    "--reason", required=True, help="Lý do, lưu cùng quyết định / why; kept with the decision for good."
)
LIMIT = click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500))
CURSOR = click.option("--cursor", default=None, help="Trang sau / next_cursor of the page before.")
CASE = click.argument("case_id", type=click.IntRange(min=1))

_MOMENTS = {"quarantined_at", "last_refused_at", "seen_at"}
_OFFSET = " +07:00"
_LABELS = {
    "quarantine_id": "trường hợp / case",
    "conflict_id": "trường hợp / case",
    "state": "tình trạng / state",
    "topic": "topic",
    "event_id": "sự kiện / event",
    "reason": "lý do / reason",
    "detail": "chi tiết / detail",
    "project_code": "dự án / project",
    "province_code": "tỉnh / province",
    "owner_code": "chủ đầu tư / owner",
    "partition": "partition",
    "offset": "offset",
    "index": "thứ tự / index",
    "times_refused": "số lần / times refused",
    "quarantined_at": "từ lúc / since",
    "last_refused_at": "lần cuối / last refused",
    "seen_at": "từ lúc / since",
    "topic_id": "topic id",
    "record_key": "khóa / record key",
    "is_record": "cả bản ghi / whole record",
    "waits_for_event_id": "chờ sự kiện / waits for",
}
_YES_NO = {True: "có / yes", False: "không / no"}


def on_cases(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command on cases."""
    return asks_a_service(_JSON(command))


def aggregation(
    *, url: str | None, token_file: Path | None, wait: float
) -> AbstractContextManager[ApiClient]:
    """The service that keeps the cases."""
    return service("aggregation", url=url, token_file=token_file, wait=wait)


def print_page(page: dict[str, Any], columns: dict[str, str]) -> None:
    """A page of cases, by field and header; moments in Vietnam's time."""
    console = plain_console()
    if not page["items"]:
        console.print("Không có trường hợp nào / no case")
        return
    table = Table(*(Column(title, overflow="fold") for title in columns.values()))
    for item in page["items"]:
        table.add_row(*(_shown(name, item[name]).removesuffix(_OFFSET) for name in columns))
    console.print(table)
    if page["next_cursor"]:
        console.print(f"Trang sau / next page: --cursor {page['next_cursor']}", soft_wrap=True)


def print_case(case: dict[str, Any], *, apart: tuple[str, ...]) -> None:
    """The fields of a case, those apart left out."""
    print_labelled(
        (_LABELS.get(name, name), _shown(name, value))
        for name, value in case.items()
        if name not in apart and value not in (None, "")
    )


def print_decisions(decisions: list[dict[str, Any]]) -> None:
    """Who decided what, when and why."""
    console = plain_console()
    for made in decisions:
        console.print(
            f"Quyết định / decision: {made['action']}, {moment(made['decided_at'])}, {made['token_name']}",
            soft_wrap=True,
        )
        if made["reason"]:
            console.print(f"  lý do / reason: {made['reason']}", soft_wrap=True)
        _print_events(made["event_ids"])


def print_decided(decided: dict[str, Any], *, as_json: bool, see: str) -> None:
    """What became of the case; ``see`` says how to look at it."""
    if as_json:
        print_json(decided)
        return
    console = plain_console()
    console.print(f"Trường hợp / case {decided['case_id']}: {decided['state']}")
    _print_events(decided["event_ids"])
    console.print(f"Xem / see: giaingan {see} {decided['case_id']}", soft_wrap=True)


def _print_events(event_ids: list[str]) -> None:
    for event_id in event_ids:
        plain_console().print(f"  sự kiện / event {event_id}", soft_wrap=True)


def _shown(name: str, value: object) -> str:
    if isinstance(value, bool):
        return _YES_NO[value]
    if value is None:
        return ""
    return moment(str(value)) if name in _MOMENTS else str(value)
