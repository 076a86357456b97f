"""The published figures that the sample stands on, read from ``figures_2022.csv`` (a source URL per row)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

FOLDER = Path(__file__).parent

BUDGET_YEAR = 2022
CA_MAU_AS_OF = date(2022, 5, 31)
QUANG_NAM_AS_OF = date(2022, 7, 31)
# 1,207.2 billion, published as 34 %, gives about 3,551 billion: derived, not published.
CA_MAU_DERIVED_PLAN_VND_MILLION = 3_551_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure; amounts in million đồng, the rate in percent of ``rate_base``."""

    unit: str
    as_of: date
    plan_year: int
    funding: str
    plan: int | None
    disbursed: int | None
    rate: Decimal | None
    rate_base: str
    status: str
    source_url: str


def figures() -> list[Figure]:
    """Every row of the file, in its order."""
    with (FOLDER / "figures_2022.csv").open(encoding="utf-8", newline="") as file:
        return [
            Figure(
                unit=row["unit"],
                as_of=date.fromisoformat(row["as_of"]),
                plan_year=int(row["plan_year"]),
                funding=row["funding"],
                plan=int(row["plan_vnd_million"]) if row["plan_vnd_million"] else None,
                disbursed=int(row["disbursed_vnd_million"]) if row["disbursed_vnd_million"] else None,
                rate=Decimal(row["rate_pct_published"]) if row["rate_pct_published"] else None,
                rate_base=row["rate_base"],
                status=row["status"],
                source_url=row["source_url"],
            )
            for row in csv.DictReader(file)
        ]


def figure(unit: str, funding: str, as_of: date) -> Figure:
    """The one figure of a unit, funding and date for the plan year 2022, targets left out."""
    (found,) = (
        figure
        for figure in figures()
        if (figure.unit, figure.funding, figure.as_of) == (unit, funding, as_of)
        and figure.plan_year == BUDGET_YEAR
        and figure.status != "target"
    )
    return found


def national_curve(plan_year: int) -> list[Figure]:
    """Cumulative rates of the whole country against the plan the Prime Minister assigned, by date."""
    by_date: dict[date, Figure] = {}
    for figure in figures():
        is_whole_country = (figure.unit, figure.plan_year) == ("Cả nước", plan_year)
        if is_whole_country and (figure.funding, figure.rate_base) == ("all", "pm_assigned"):
            by_date.setdefault(figure.as_of, figure)
    return [by_date[day] for day in sorted(by_date)]


def ca_mau_targets() -> list[Figure]:
    """The province's milestones, by date."""
    targets = (figure for figure in figures() if (figure.unit, figure.status) == ("Cà Mau", "target"))
    return sorted(targets, key=lambda figure: figure.as_of)
