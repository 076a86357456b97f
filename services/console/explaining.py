"""``giaingan explain``: why an alert was told, and whether its figures come out the same again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from rich.panel import Panel
from rich.table import Table

from services.console.bilingual import bilingual
from services.console.connection import asks_a_service, service
from services.console.printing import plain_console

_NAMES = {"vi": "Giải trình", "en": "Explanation"}


@bilingual("explain")
@click.argument("alert_id")
@click.option("--sequence", type=click.IntRange(min=1), help="Thay đổi thứ mấy / which change.")
@click.option("--at", help="Theo tình trạng lúc đó, RFC 3339 / as it stood at that instant.")
@click.option("--lang", type=click.Choice(["vi", "en"]), help="Một ngôn ngữ / one language.")
@click.option(
    "--verify", is_flag=True, help="Tính lại từ sổ, so từng số / reckon it again, compare each figure."
)
@asks_a_service
def explain(
    *,
    alert_id: str,
    sequence: int | None,
    at: str | None,
    lang: str | None,
    verify: bool,
    url: str | None,
    token_file: Path | None,
    wait: float,
) -> None:
    """Vì sao có cảnh báo này / why this alert was told; --verify reckons its figures again."""
    which = {"sequence": sequence, "at": at}
    alert_id = _known_form(alert_id)
    with service("alert", url=url, token_file=token_file, wait=wait) as api:
        if verify:
            found = api.get(f"/v1/alerts/{alert_id}/recomputation", which)
            sys.exit(_verified(found))
        told = api.get(f"/v1/alerts/{alert_id}/explanation", which)
    _print(told, [lang] if lang else ["vi", "en"])


def _known_form(alert_id: str) -> str:
    """The identifier as the path takes it. Raises ``click.ClickException`` for what can be none."""
    try:
        return str(UUID(alert_id))
    except ValueError:
        raise click.ClickException(
            f"{alert_id[:100]}: không phải mã cảnh báo; lấy mã (alert_id) ở GET /v1/alerts / is no alert's "
            "identifier: GET /v1/alerts lists them (alert_id)"
        ) from None


def _print(told: dict[str, Any], languages: list[str]) -> None:
    console = plain_console()
    for language in languages:
        text = "\n".join(told[f"sentences_{language}"])
        console.print(Panel(text, title=_NAMES[language]), markup=False)
    movements = told["movements"]
    if movements["unavailable"]:
        console.print(movements["unavailable"], markup=False)
    if movements["items"]:
        table = Table("ngày\nvalue date", "loại\nkind", "số tiền\namount", "bút toán\nevent")
        for each in movements["items"]:
            table.add_row(each["value_date"], each["kind"], f"{each['amount']:,}", each["event_id"])
        console.print(table)


def _verified(found: dict[str, Any]) -> int:
    console = plain_console()
    for name, where in (
        ("từ hồ sơ đã xét / from the record", "from_record"),
        ("từ sổ cái / from the ledger", "from_ledger"),
    ):
        for each in found[where]:
            console.print(f"{name}: {each['where']}: {each['told']} ≠ {each['again']}", markup=False)
    if found["unavailable"]:
        console.print(
            f"không hỏi được sổ cái / the ledger could not be asked: {found['unavailable']}", markup=False
        )
    if found["identical"]:
        console.print("giống hệt / identical")
    return 0 if found["identical"] else 1
