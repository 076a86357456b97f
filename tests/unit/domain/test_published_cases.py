"""Published rates of 2022, recomputed from the published amounts of the sample (each with its source there).

Press figures are cut off rather than rounded, and some plans are "over": 1.5 points are allowed.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from fractions import Fraction

import pytest

from services.domain.progress import FundLine
from tests.support import ca_mau
from tests.support.tidy import ROOT

with (ROOT / "deploy" / "sample" / "figures_2022.csv").open(encoding="utf-8") as file:
    PUBLISHED = [
        row
        for row in csv.DictReader(file)
        if row["plan_vnd_million"]
        and row["disbursed_vnd_million"]
        and row["rate_pct_published"]
        and row["rate_base"] in {"plan", "initial_plan"}
    ]


def test_there_are_cases() -> None:
    assert len(PUBLISHED) >= 7


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda row: f"{row['unit']} {row['funding']}")
def test_the_published_rate_follows_from_the_published_amounts(case: dict[str, str]) -> None:
    plan, disbursed = int(case["plan_vnd_million"]), int(case["disbursed_vnd_million"])
    progress = replace(ca_mau.province(), lines=(FundLine("all", plan, plan, 0, disbursed),))
    assert progress.execution_rate is not None
    assert abs(progress.execution_rate * 100 - Fraction(case["rate_pct_published"])) <= Fraction("1.5")
