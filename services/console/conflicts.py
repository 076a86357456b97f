"""``giaingan conflict``: event ids stated twice with other content, for a person to decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Column, Table

from services.console import fact_words
from services.console.bilingual import BilingualGroup
from services.console.case_printing import (
    CASE,
    CURSOR,
    LIMIT,
    REASON,
    aggregation,
    on_cases,
    print_case,
    print_decided,
    print_decisions,
    print_page,
)
from services.console.printing import plain_console, print_json

_CONFLICTS = "/v1/conflicts"
_SHOW = "conflict show"


@click.group(cls=BilingualGroup)
def conflict() -> None:
    """Sự kiện nêu hai lần với nội dung khác nhau / event ids stated twice with other content."""


@conflict.command("list")
@click.option("--state", type=click.Choice(["open", "kept", "replaced"]), default="open", show_default=True)
@LIMIT
@CURSOR
@on_cases
def list_conflicts(
    *, url: str | None, token_file: Path | None, wait: float, as_json: bool, **query: Any
) -> None:
    """Liệt kê, cũ nhất trước / list conflicts, the oldest first."""
    with aggregation(url=url, token_file=token_file, wait=wait) as api:
        page = api.get(_CONFLICTS, query)
    if as_json:
        print_json(page)
        return
    columns = {
        "conflict_id": "số\ncase",
        "event_id": "mã sự kiện\nevent id",
        "project_code": "dự án\nproject",
        "seen_at": "từ lúc (+07:00)\nsince",
    }
    print_page(page, columns)


@conflict.command("show")
@CASE
@on_cases
def show_conflict(
    *, case_id: int, url: str | None, token_file: Path | None, wait: float, as_json: bool
) -> None:
    """Xem hai nội dung và chỗ khác nhau / show both contents, and what differs."""
    with aggregation(url=url, token_file=token_file, wait=wait) as api:
        case = api.get(f"{_CONFLICTS}/{case_id}")
    if as_json:
        print_json(case)
        return
    print_case(case, apart=("first", "second", "differences", "decisions", "partition", "offset", "index"))
    _print_both(case["first"], case["second"])
    print_decisions(case["decisions"])


def _print_both(first: dict[str, Any] | None, second: dict[str, Any] | None) -> None:
    """Field by field, side by side, with a mark before each that differs."""
    console = plain_console()
    kinds = dict.fromkeys(fact_words.kind(fact) for fact in (first, second) if fact)
    console.print(f"Nội dung / what is stated: {' ≠ '.join(kinds)}", soft_wrap=True)
    table = Table(
        "",
        Column("mục\nfield", no_wrap=True),
        Column("thứ nhất (trong sổ)\nfirst (in the books)", overflow="fold"),
        Column("thứ hai (đến sau)\nsecond (came later)", overflow="fold"),
    )
    for label, one, other, differs in fact_words.compared(first, second):
        table.add_row("≠" if differs else "", label, one, other)
    console.print(table)
    if first is None:
        console.print("Sổ không có sự kiện này / the books hold none of that id", soft_wrap=True)


@conflict.command("keep-first")
@CASE
@REASON
@on_cases
def keep_first(
    *, case_id: int, reason: str, url: str | None, token_file: Path | None, wait: float, as_json: bool
) -> None:
    """Giữ nguyên sổ / leave the books as they are."""
    with aggregation(url=url, token_file=token_file, wait=wait) as api:
        decided = api.post(f"{_CONFLICTS}/{case_id}/keep-first", {"reason": reason})
    print_decided(decided, as_json=as_json, see=_SHOW)


@conflict.command("replace")
@CASE
@REASON
@on_cases
def replace_first(
    *, case_id: int, reason: str, url: str | None, token_file: Path | None, wait: float, as_json: bool
) -> None:
    """Thay bằng nội dung thứ hai / put the second content in place of the first."""
    with aggregation(url=url, token_file=token_file, wait=wait) as api:
        decided = api.post(f"{_CONFLICTS}/{case_id}/replace", {"reason": reason})
    print_decided(decided, as_json=as_json, see=_SHOW)
