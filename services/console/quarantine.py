"""``giaingan quarantine``: events that could not be applied, for a person to decide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

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

_QUARANTINE = "/v1/quarantine"
_SHOW = "quarantine show"


@click.group(cls=BilingualGroup)
def quarantine() -> None:
    """Sự kiện chưa ghi sổ được / events that could not be applied."""


@quarantine.command("list")
@click.option(
    "--state",
    type=click.Choice(["held", "replayed", "fixed", "discarded", "released"]),
    default="held",
    show_default=True,
)
@click.option("--reason", default=None, help="Chỉ lý do này / only those held for it (docs/ERRORS.md).")
@click.option("--topic", default=None, help="Chỉ topic này / only those of this topic.")
@LIMIT
@CURSOR
@on_cases
def list_quarantine(
    *, url: str | None, token_file: Path | None, wait: float, as_json: bool, **query: Any
) -> None:
    """Liệt kê, cũ nhất trước / list cases, the oldest first."""
    with aggregation(url=url, token_file=token_file, wait=wait) as api:
        page = api.get(_QUARANTINE, query)
    if as_json:
        print_json(page)
        return
    columns = {
        "quarantine_id": "số\ncase",
        "reason": "lý do\nreason",
        "project_code": "dự án\nproject",
        "quarantined_at": "từ lúc (+07:00)\nsince",
        "times_refused": "lần\ntimes",
    }
    print_page(page, columns)


@quarantine.command("show")
@CASE
@on_cases
def show_quarantined(
    *, case_id: int, url: str | None, token_file: Path | None, wait: float, as_json: bool
) -> None:
    """Xem một trường hợp / show a case: what it states, its bytes, every decision on it."""
    with aggregation(url=url, token_file=token_file, wait=wait) as api:
        case = api.get(f"{_QUARANTINE}/{case_id}")
    if as_json:
        print_json(case)
        return
    console = plain_console()
    print_case(case, apart=("fact", "message", "payload_base64", "payload_dump", "decisions"))
    stated = case["fact"] or case["message"]
    if stated:
        console.print("Nội dung / what it states")
        print_json(stated)
    if not case["fact"]:
        console.print("Các byte đầu / the first bytes")
        for line in case["payload_dump"]:
            console.print(f"  {line}", soft_wrap=True)
    print_decisions(case["decisions"])


@quarantine.command("fix")
@CASE
@click.argument("fact_file", type=click.File("r", encoding="utf-8"))
@click.option("--reason", default="", help="Lý do sửa / why; kept with the decision.")
@on_cases
def fix_quarantined(
    *,
    case_id: int,
    fact_file: Any,
    reason: str,
    url: str | None,
    token_file: Path | None,
    wait: float,
    as_json: bool,
) -> None:
    """Thay bằng số liệu đã sửa / publish a corrected fact in place of a held event.

    FACT_FILE: JSON như / as `show --json` gives it under "fact": {"movement": {…}}; - là đầu vào chuẩn / is
    standard input.
    """
    try:
        fact = json.load(fact_file)
    except ValueError as error:
        raise click.ClickException(f"{fact_file.name}: không phải JSON / not JSON: {error}") from error
    if not isinstance(fact, dict):
        raise click.ClickException(f"{fact_file.name}: cần một đối tượng JSON / a JSON object is needed")
    with aggregation(url=url, token_file=token_file, wait=wait) as api:
        body = {**fact, "reason": reason} if reason else fact
        decided = api.post(f"{_QUARANTINE}/{case_id}/fix", body)
    print_decided(decided, as_json=as_json, see=_SHOW)


@quarantine.command("replay")
@CASE
@on_cases
def replay_quarantined(
    *, case_id: int, url: str | None, token_file: Path | None, wait: float, as_json: bool
) -> None:
    """Đưa lại để xét lần nữa / publish the bytes of a held event again, for example after an upgrade."""
    with aggregation(url=url, token_file=token_file, wait=wait) as api:
        decided = api.post(f"{_QUARANTINE}/{case_id}/replay")
    print_decided(decided, as_json=as_json, see=_SHOW)
    if not as_json:
        click.echo(
            "Trường hợp này đang được xét lại: nếu vẫn chưa ghi sổ được, nó trở lại tình trạng held.\n"
            "The case is being looked at again: if it still cannot be applied, its state is held once more."
        )


@quarantine.command("discard")
@CASE
@REASON
@on_cases
def discard_quarantined(
    *, case_id: int, reason: str, url: str | None, token_file: Path | None, wait: float, as_json: bool
) -> None:
    """Để sang một bên, vẫn giữ các byte / put a held event aside; its bytes are kept."""
    with aggregation(url=url, token_file=token_file, wait=wait) as api:
        decided = api.post(f"{_QUARANTINE}/{case_id}/discard", {"reason": reason})
    print_decided(decided, as_json=as_json, see=_SHOW)
