"""What the stack found, read from the services' public APIs: a short table, an alert, the addresses."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

# The provinces of the sample, by the statistics office's codes.
_PROVINCES = {"49": "Quảng Nam", "96": "Cà Mau"}
# Shown in full: the province as a whole against its own target.
_TOLD_ALERT = {"subject_type": "province", "province": "96", "rule": "behind_target"}
_BILLION = 1_000_000_000
_SEVERITIES = {"critical": "nghiêm trọng", "warning": "cảnh báo", "info": "thông tin"}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Asks an API with a token. Raises ``OSError`` where it does not answer."""

    base_url: str
    token: str

    def get(self, path: str, **query: str) -> Any:
        request = urllib.request.Request(  # noqa: S310
            f"{self.base_url}{path}?{urlencode(query)}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)


def print_report(console: Console, *, urls: Mapping[str, str], token: str) -> None:
    """Print what the APIs at ``urls`` (by service name) say. Raises ``OSError`` where one does not answer."""
    alerts = _Reader(urls["alert"], token)
    console.print(_provinces(_Reader(urls["aggregation"], token)))
    console.print(_alerts(alerts))
    for alert in _open_alerts(alerts, **_TOLD_ALERT):
        for title, reason in (("title_vi", "reason_vi"), ("title_en", "reason_en")):
            console.print(alert[title], style="bold", highlight=False, markup=False)
            console.print(Padding(alert[reason], (0, 0, 1, 2)), highlight=False, markup=False)


def print_addresses(
    console: Console, *, urls: Mapping[str, str], bootstrap_servers: str, token: str, token_file: str
) -> None:
    """Print where to look next, and the token that is needed there."""
    summary = f"{urls['aggregation']}/v1/summary?province=49&group_by=fund_source&as_of=2022-07-31"
    addresses = {
        "ingest API": f"{urls['ingest']}/docs/",
        "aggregation API": f"{urls['aggregation']}/docs/",
        "alert API": f"{urls['alert']}/docs/",
        "Quảng Nam, 31/07/2022": summary,
        "cảnh báo / alerts": f"{urls['alert']}/v1/alerts?state=open",
        "nguồn tin / Atom feed": f"{urls['alert']}/feeds/alerts.atom",
        "nguồn tin / JSON feed": f"{urls['alert']}/feeds/alerts.json",
        "broker (Kafka)": f"KAFKA_BOOTSTRAP_SERVERS={bootstrap_servers}",
    }
    for name, url in addresses.items():
        console.print(f"  {name:24}{url}", highlight=False, soft_wrap=True)
    lines = [
        f"Mã truy cập của quản trị / admin token ({token_file}):",
        f"  {token}",
        "Trình duyệt / in a browser: any user name, the token as the password. Dòng lệnh / in a shell:",
        f"  export GIAINGAN_TOKEN=$(cat {token_file})",
        f'  curl -H "Authorization: Bearer $GIAINGAN_TOKEN" {addresses["cảnh báo / alerts"]!r}',
    ]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _provinces(aggregation: _Reader) -> Table:
    table = Table(
        "tỉnh\nprovince",
        "số liệu đến\nbooks through",
        title="Giải ngân kế hoạch năm 2022, tỷ đồng\nDisbursed of the 2022 plan, billion đồng",
        title_justify="left",
    )
    for name in ("kế hoạch\nplan", "giải ngân\ndisbursed", "tỷ lệ\nrate"):
        table.add_column(name, justify="right")
    for code, name in _PROVINCES.items():
        summary = aggregation.get("/v1/summary", province=code, group_by="fund_source")
        total = summary["total"]
        table.add_row(
            f"{name} ({code})",
            _day(summary["books_through"]),
            _billions(total["current_plan"]),
            _billions(total["disbursed"]),
            f"{total['execution_rate_percent']:.2f} %".replace(".", ","),
        )
    return table


def _alerts(alerts: _Reader) -> Table:
    counts = Counter(alert["severity"] for alert in _open_alerts(alerts))
    table = Table("mức độ\nseverity", title="Cảnh báo đang mở\nOpen alerts", title_justify="left")
    table.add_column("số lượng\nalerts", justify="right")
    for severity, name in _SEVERITIES.items():
        if counts[severity]:
            table.add_row(f"{name} / {severity}", str(counts[severity]))
    return table


def _open_alerts(alerts: _Reader, **filters: str) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = alerts.get("/v1/alerts", state="open", **filters, **cursor)
        yield from page["items"]
        if not page.get("next_cursor"):
            return
        cursor = {"cursor": page["next_cursor"]}


def _day(iso: str | None) -> str:
    """31/05/2022, as the alerts write it; nothing where nothing was reported."""
    return f"{date.fromisoformat(iso):%d/%m/%Y}" if iso else "-"


def _billions(dong: int) -> str:
    """Whole đồng as billions with one decimal, as Vietnam writes it: 5861264000000 is "5.861,3"."""
    tenths = (dong * 10 + _BILLION // 2) // _BILLION
    return f"{tenths // 10:,}".replace(",", ".") + f",{tenths % 10}"
