"""The console commands ``giaingan quarantine`` and ``giaingan conflict``: cases that a person decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table

from services.cases_client import CasesClient
from services.cli_tokens import TOKEN_FILE, sent_token
from services.import_client import NoAnswerError, RefusedError

_URL = click.option(
    "--url", default="http://127.0.0.1:8082", show_default=True, help="Where aggregation answers."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the API's answer as it is.")
_REASON = click.option("--reason", required=True, help="Why; kept with the decision for good.")
_LIMIT = click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500))
_CURSOR = click.option("--cursor", default=None, help="next_cursor of the page before.")
_CASE = click.argument("case_id", type=int)

_QUARANTINE = "/v1/quarantine"
_CONFLICTS = "/v1/conflicts"
# A moment to the minute is enough in a list.
_MINUTE = 16
_LISTED = {"quarantined_at": _MINUTE, "seen_at": _MINUTE}


def _to_the_service(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command here."""
    return _URL(TOKEN_FILE(_JSON(command)))


@contextmanager
def _client(url: str, token_file: Path | None) -> Iterator[CasesClient]:
    try:
        yield CasesClient(url, token=sent_token(token_file))
    except RefusedError as error:
        _print_faults(error.problem)
        raise click.ClickException(str(error)) from error
    except NoAnswerError as error:
        raise click.ClickException(str(error)) from error


# --- quarantine --------------------------------------------------------------------------------


@click.group()
def quarantine() -> None:
    """Events that could not be applied: list, show, fix, replay, discard."""


@quarantine.command("list")
@click.option(
    "--state",
    type=click.Choice(["held", "replayed", "fixed", "discarded", "released"]),
    default="held",
    show_default=True,
)
@click.option("--reason", default=None, help="Only those held for this reason (docs/ERRORS.md).")
@click.option("--topic", default=None, help="Only those of this topic.")
@_LIMIT
@_CURSOR
@_to_the_service
def list_quarantine(*, url: str, token_file: Path | None, as_json: bool, **query: Any) -> None:
    """List cases, the oldest first."""
    with _client(url, token_file) as client:
        page = client.get(_QUARANTINE, query)
    if as_json:
        _print_json(page)
        return
    columns = {
        "quarantine_id": "số\nnumber",
        "reason": "lý do\nreason",
        "project_code": "dự án\nproject",
        "quarantined_at": "từ lúc\nsince",
        "times_refused": "số lần\ntimes",
    }
    _print_page(page, columns)


@quarantine.command("show")
@_CASE
@_to_the_service
def show_quarantined(*, case_id: int, url: str, token_file: Path | None, as_json: bool) -> None:
    """Show a case: what it states, its bytes, and every decision on it."""
    with _client(url, token_file) as client:
        case = client.get(f"{_QUARANTINE}/{case_id}")
    if as_json:
        _print_json(case)
        return
    console = _plain_console()
    _print_fields(case, apart=("fact", "message", "payload_base64", "payload_dump", "decisions"))
    stated = case["fact"] or case["message"]
    if stated:
        console.print("Nội dung / what it states")
        _print_json(stated)
    if not case["fact"]:
        console.print("Các byte đầu / the first bytes")
        for line in case["payload_dump"]:
            console.print(f"  {line}", soft_wrap=True)
    _print_decisions(case["decisions"])


@quarantine.command("fix")
@_CASE
@click.argument("fact_file", type=click.File("r", encoding="utf-8"))
@click.option("--reason", default="", help="Why it is corrected; kept with the decision.")
@_to_the_service
def fix_quarantined(
    *, case_id: int, fact_file: Any, reason: str, url: str, token_file: Path | None, as_json: bool
) -> None:
    """Publish a corrected fact in place of a held event.

    FACT_FILE is JSON as `show --json` gives it under "fact", for example {"movement": {…}}; - is standard
    input.
    """
    try:
        fact = json.load(fact_file)
    except ValueError as error:
        raise click.ClickException(f"{fact_file.name}: không phải JSON / not JSON: {error}") from error
    if not isinstance(fact, dict):
        raise click.ClickException(f"{fact_file.name}: cần một đối tượng JSON / a JSON object is needed")
    with _client(url, token_file) as client:
        body = {**fact, "reason": reason} if reason else fact
        decided = client.post(f"{_QUARANTINE}/{case_id}/fix", body)
    _print_decided(decided, as_json=as_json)


@quarantine.command("replay")
@_CASE
@_to_the_service
def replay_quarantined(*, case_id: int, url: str, token_file: Path | None, as_json: bool) -> None:
    """Publish the bytes of a held event again, for example after an upgrade."""
    with _client(url, token_file) as client:
        decided = client.post(f"{_QUARANTINE}/{case_id}/replay")
    _print_decided(decided, as_json=as_json)


@quarantine.command("discard")
@_CASE
@_REASON
@_to_the_service
def discard_quarantined(
    *, case_id: int, reason: str, url: str, token_file: Path | None, as_json: bool
) -> None:
    """Put a held event aside; its bytes are kept."""
    with _client(url, token_file) as client:
        decided = client.post(f"{_QUARANTINE}/{case_id}/discard", {"reason": reason})
    _print_decided(decided, as_json=as_json)


# --- conflicts ---------------------------------------------------------------------------------


@click.group()
def conflict() -> None:
    """Event ids stated twice with other content: list, show, keep-first, replace."""


@conflict.command("list")
@click.option("--state", type=click.Choice(["open", "kept", "replaced"]), default="open", show_default=True)
@_LIMIT
@_CURSOR
@_to_the_service
def list_conflicts(*, url: str, token_file: Path | None, as_json: bool, **query: Any) -> None:
    """List conflicts, the oldest first."""
    with _client(url, token_file) as client:
        page = client.get(_CONFLICTS, query)
    if as_json:
        _print_json(page)
        return
    columns = {
        "conflict_id": "số\nnumber",
        "event_id": "mã sự kiện\nevent id",
        "project_code": "dự án\nproject",
        "seen_at": "từ lúc\nsince",
    }
    _print_page(page, columns)


@conflict.command("show")
@_CASE
@_to_the_service
def show_conflict(*, case_id: int, url: str, token_file: Path | None, as_json: bool) -> None:
    """Show both contents, and what differs."""
    with _client(url, token_file) as client:
        case = client.get(f"{_CONFLICTS}/{case_id}")
    if as_json:
        _print_json(case)
        return
    _print_fields(case, apart=("first", "second", "differences", "decisions"))
    table = Table("trường\nfield", "thứ nhất (trong sổ)\nfirst (in the books)", "thứ hai\nsecond")
    for difference in case["differences"]:
        table.add_row(*(_shown(difference[name]) for name in ("field", "first", "second")))
    _plain_console().print(table)
    _print_decisions(case["decisions"])


@conflict.command("keep-first")
@_CASE
@_REASON
@_to_the_service
def keep_first(*, case_id: int, reason: str, url: str, token_file: Path | None, as_json: bool) -> None:
    """Leave the books as they are."""
    with _client(url, token_file) as client:
        decided = client.post(f"{_CONFLICTS}/{case_id}/keep-first", {"reason": reason})
    _print_decided(decided, as_json=as_json)


@conflict.command("replace")
@_CASE
@_REASON
@_to_the_service
def replace_first(*, case_id: int, reason: str, url: str, token_file: Path | None, as_json: bool) -> None:
    """Put the second content in place of the first."""
    with _client(url, token_file) as client:
        decided = client.post(f"{_CONFLICTS}/{case_id}/replace", {"reason": reason})
    _print_decided(decided, as_json=as_json)


# --- printing ----------------------------------------------------------------------------------


def _print_page(page: dict[str, Any], columns: dict[str, str]) -> None:
    console = _plain_console()
    if not page["items"]:
        console.print("Không có trường hợp nào / no case")
        return
    table = Table(*(Column(title, no_wrap=True) for title in columns.values()))
    for item in page["items"]:
        table.add_row(*(_shown(item[name])[: _LISTED.get(name, 64)] for name in columns))
    console.print(table)
    if page["next_cursor"]:
        console.print(f"Trang sau / next page: --cursor {page['next_cursor']}", soft_wrap=True)


def _print_fields(case: dict[str, Any], *, apart: Sequence[str]) -> None:
    table = Table(show_header=False)
    for name, value in case.items():
        if name not in apart and value not in (None, ""):
            table.add_row(name, _shown(value))
    _plain_console().print(table)


def _print_decisions(decisions: list[dict[str, Any]]) -> None:
    if not decisions:
        return
    table = Table("quyết định\ndecision", "ai\nwho", "lúc\nwhen", "lý do\nreason", "sự kiện\nevents")
    for made in decisions:
        events = "\n".join(made["event_ids"])
        table.add_row(made["action"], made["token_name"], made["decided_at"], made["reason"], events)
    _plain_console().print(table)


def _print_decided(decided: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        _print_json(decided)
        return
    console = _plain_console()
    console.print(f"Trường hợp / case {decided['case_id']}: {decided['state']}")
    for event_id in decided["event_ids"]:
        console.print(f"  sự kiện / event {event_id}", soft_wrap=True)


def _print_faults(problem: dict[str, Any]) -> None:
    faults = problem.get("errors") or []
    if not faults:
        return
    table = Table(
        Column("chỗ / where", no_wrap=True), "đọc được / read", "lỗi / fault", "cách sửa / how to mend it"
    )
    for fault in faults:
        table.add_row(*(str(fault.get(name, "")) for name in ("where", "read", "detail", "mend")))
    _plain_console(stderr=True).print(table)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _plain_console(*, stderr: bool = False) -> Console:
    """A console that shows texts of others as they are: "[x]" in a fact is no colour."""
    return Console(stderr=stderr, markup=False, highlight=False)
