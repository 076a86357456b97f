"""``giaingan export-plan``: the lines of every plan decision as a workbook."""

from __future__ import annotations

from pathlib import Path

import click

from services.console.api_client import XLSX
from services.console.bilingual import bilingual
from services.console.connection import asks_a_service, service
from services.console.option_types import NEW_WORKBOOK


@bilingual("export-plan")
@click.argument("file", type=NEW_WORKBOOK)
@click.option("--province", help="Mã tỉnh / province code: 96.")
@click.option("--budget-year", type=click.IntRange(1900, 9999), help="Năm kế hoạch / budget year.")
@click.option("--source", help="Cơ quan nêu số liệu / the office that stated the lines.")
@asks_a_service
def export_plan(
    *,
    file: Path,
    province: str | None,
    budget_year: int | None,
    source: str | None,
    url: str | None,
    token_file: Path | None,
    wait: float,
) -> None:
    """Xuất kế hoạch vốn ra tệp .xlsx / write the plan as a workbook that import --profile plan takes back."""
    query = {"province": province, "budget_year": budget_year, "source": source}
    with service("aggregation", url=url, token_file=token_file, wait=wait) as api:
        file.write_bytes(api.fetch("/v1/exports/plan.xlsx", query, accept=XLSX).content)
    click.echo(f"Kế hoạch vốn / plan: {file}")
