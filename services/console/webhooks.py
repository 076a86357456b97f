"""``giaingan webhook``: receivers of alerts, a test, the log of what was sent, and sending it again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
from rich.table import Column, Table

from services.console.api_client import ApiClient
from services.console.bilingual import BilingualGroup
from services.console.case_printing import CURSOR, LIMIT
from services.console.connection import asks_a_service, service
from services.console.printing import moment, plain_console, print_json, print_labelled

_WEBHOOKS = "/v1/webhooks"
_JSON = click.option("--json", "as_json", is_flag=True, help="In JSON của API / print the API's answer.")
_ENDPOINT = click.argument("endpoint_id", type=click.UUID)
# An attempt may take ten seconds, its name five before.
_TEST_SECONDS = 20.0
_STATES = ("open", "resolved", "cancelled")
_LABELS = {
    "endpoint_id": "webhook",
    "url": "địa chỉ / address",
    "description": "mô tả / description",
    "unit": "đơn vị / unit",
    "state": "tình trạng / state",
    "state_reason": "lý do / reason",
}


def _on_webhooks(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command on webhooks."""
    return asks_a_service(_JSON(command))


def _alert(*, url: str | None, token_file: Path | None, wait: float) -> AbstractContextManager[ApiClient]:
    """The service that sends."""
    return service("alert", url=url, token_file=token_file, wait=wait)


@click.group(cls=BilingualGroup)
def webhook() -> None:
    """Gửi cảnh báo đến hệ thống khác / send alerts to other systems (docs/WEBHOOKS.md)."""


@webhook.command("create")
@click.argument("address")
@click.option("--description", default="", help="Của ai / whose it is.")
@click.option(
    "--unit", default=None, help="Chỉ một tỉnh (96) hoặc chủ đầu tư (96/<mã>) / only for this unit."
)
@click.option("--rule", "rules", multiple=True, help="Chỉ các quy tắc này / only these rules.")
@click.option(
    "--severity",
    "severities",
    type=click.Choice(["info", "warning", "critical"]),
    multiple=True,
    help="Chỉ các mức độ này / only these severities.",
)
@click.option(
    "--state",
    "states",
    type=click.Choice(_STATES),
    multiple=True,
    help="Chỉ các tình trạng này / only these.",
)
@_on_webhooks
def create(
    *, address: str, url: str | None, token_file: Path | None, wait: float, as_json: bool, **fields: Any
) -> None:
    """Tạo, in khóa bí mật một lần / make one and print its secret, alone, once, on the standard output."""
    body = {name: value for name, value in fields.items() if value is not None}
    with _alert(url=url, token_file=token_file, wait=wait) as api:
        made = api.post(_WEBHOOKS, {"url": address, **body})
    _print_secret(made, as_json=as_json)


@webhook.command("list")
@LIMIT
@CURSOR
@_on_webhooks
def list_webhooks(
    *, url: str | None, token_file: Path | None, wait: float, as_json: bool, **query: Any
) -> None:
    """Liệt kê, mới nhất trước / list webhooks, the newest first."""
    with _alert(url=url, token_file=token_file, wait=wait) as api:
        page = api.get(_WEBHOOKS, query)
    if as_json:
        print_json(page)
        return
    if not page["items"]:
        plain_console().print("Chưa có webhook nào / no webhook")
    for each in page["items"]:
        _print_webhook(each)
        plain_console().print()
    _print_next(page)


@webhook.command("test")
@_ENDPOINT
@_on_webhooks
def send_test(
    *, endpoint_id: object, url: str | None, token_file: Path | None, wait: float, as_json: bool
) -> None:
    """Gửi thử và chờ kết quả / send a test and wait for what comes of it; exit code 1 where it fails."""
    path = f"{_WEBHOOKS}/{endpoint_id}"
    with _alert(url=url, token_file=token_file, wait=wait) as api:
        sent = api.post(f"{path}/test")
        deadline = time.monotonic() + _TEST_SECONDS
        while sent["state"] == "pending" and time.monotonic() < deadline:
            time.sleep(0.3)
            log = api.get(f"{path}/deliveries", {"limit": 500})["items"]
            sent = next((each for each in log if each["delivery_id"] == sent["delivery_id"]), sent)
    if as_json:
        print_json(sent)
    else:
        _print_delivery(sent)
    sys.exit(0 if sent["state"] == "delivered" else 1)


@webhook.command("log")
@_ENDPOINT
@click.option("--state", type=click.Choice(["pending", "delivered", "given_up"]), default=None)
@LIMIT
@CURSOR
@_on_webhooks
def show_log(
    *, endpoint_id: object, url: str | None, token_file: Path | None, wait: float, as_json: bool, **query: Any
) -> None:
    """Nhật ký gửi, mới nhất trước / what was sent, the newest first, with its last attempt."""
    with _alert(url=url, token_file=token_file, wait=wait) as api:
        page = api.get(f"{_WEBHOOKS}/{endpoint_id}/deliveries", query)
    if as_json:
        print_json(page)
        return
    table = Table(
        Column("lần gửi\ndelivery", overflow="fold"),
        Column("thay đổi\nchange", overflow="fold"),
        Column("tình trạng\nstate", overflow="fold"),
        Column("số lần\ntries"),
        Column("kết quả\nlast answer", overflow="fold"),
    )
    for each in page["items"]:
        table.add_row(
            each["delivery_id"],
            each["transition"] or "thử / test",
            each["state"],
            str(each["tries"]),
            _last_answer(each),
        )
    plain_console().print(table)
    _print_next(page)


@webhook.command("redeliver")
@_ENDPOINT
@click.argument("delivery_id", type=click.UUID)
@_on_webhooks
def redeliver(
    *,
    endpoint_id: object,
    delivery_id: object,
    url: str | None,
    token_file: Path | None,
    wait: float,
    as_json: bool,
) -> None:
    """Gửi lại, cùng mã thông báo / send a message again, under its id."""
    with _alert(url=url, token_file=token_file, wait=wait) as api:
        sent = api.post(f"{_WEBHOOKS}/{endpoint_id}/deliveries/{delivery_id}/redeliver")
    if as_json:
        print_json(sent)
    else:
        _print_delivery(sent)


@webhook.command("rotate-key")
@_ENDPOINT
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 168),
    default=24,
    show_default=True,
    help="Khóa cũ còn ký bao lâu / how long the old one signs too.",
)
@_on_webhooks
def rotate_key(
    *,
    endpoint_id: object,
    overlap_hours: int,
    url: str | None,
    token_file: Path | None,
    wait: float,
    as_json: bool,
) -> None:
    """Đổi khóa, in khóa mới một lần / a new key; its secret is printed alone, once."""
    with _alert(url=url, token_file=token_file, wait=wait) as api:
        made = api.post(f"{_WEBHOOKS}/{endpoint_id}/rotate-key", {"overlap_hours": overlap_hours})
    _print_secret(made, as_json=as_json)


def _switch(name: str, help_text: str, *, enabled: bool) -> None:
    def switch(
        *, endpoint_id: object, url: str | None, token_file: Path | None, wait: float, as_json: bool
    ) -> None:
        with _alert(url=url, token_file=token_file, wait=wait) as api:
            changed = api.patch(f"{_WEBHOOKS}/{endpoint_id}", {"enabled": enabled})
        _print_changed(changed, as_json=as_json)

    webhook.command(name, help=help_text)(_ENDPOINT(_on_webhooks(switch)))


_switch("disable", "Tạm dừng gửi / send nothing for now.", enabled=False)
_switch("enable", "Gửi tiếp / send again.", enabled=True)


@webhook.command("delete")
@_ENDPOINT
@_on_webhooks
def delete(
    *, endpoint_id: object, url: str | None, token_file: Path | None, wait: float, as_json: bool
) -> None:
    """Bỏ hẳn; nhật ký vẫn giữ / send nothing more; the log is kept."""
    with _alert(url=url, token_file=token_file, wait=wait) as api:
        changed = api.delete(f"{_WEBHOOKS}/{endpoint_id}")
    _print_changed(changed, as_json=as_json)


def _print_changed(changed: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(changed)
    else:
        _print_webhook(changed)


def _print_secret(made: dict[str, Any], *, as_json: bool) -> None:
    """The secret alone on the standard output, so that it can be kept by a pipe; the rest beside it."""
    if as_json:
        print_json(made)
        return
    console = plain_console(stderr=True)
    console.print(f"Webhook {made['endpoint_id']}: {made['url']}", soft_wrap=True)
    console.print("Khóa bí mật chỉ hiện lần này / the secret is shown this once:", soft_wrap=True)
    click.echo(made["secret"])


def _print_webhook(each: dict[str, Any]) -> None:
    wanted = [*each["rules"], *each["severities"], *each["states"]]
    print_labelled(
        [
            *((label, str(each[name])) for name, label in _LABELS.items() if each[name]),
            ("nhận / is told of", ", ".join(wanted) or "tất cả / everything"),
            ("tạo / made", f"{moment(each['created_at'])}, {each['created_by']}"),
        ]
    )


def _print_delivery(sent: dict[str, Any]) -> None:
    plain_console().print(
        f"{sent['delivery_id']}: {sent['state']}. {_last_answer(sent)}".strip(), soft_wrap=True
    )


def _last_answer(sent: dict[str, Any]) -> str:
    """Of the last attempt: its status, or why there is none."""
    if not sent["attempts"]:
        return ""
    last = sent["attempts"][0]
    return f"HTTP {last['status']} {last['answer']}".strip() if last["status"] else str(last["error"])


def _print_next(page: dict[str, Any]) -> None:
    if page["next_cursor"]:
        plain_console().print(f"Trang sau / next page: --cursor {page['next_cursor']}", soft_wrap=True)
