"""Figures published in 2022, worked out again from others published with them.

Amounts and rates are rows of ``deploy/sample/figures_2022.csv``; the source of each stands beside the case
and has to be the row's own. Press figures are cut off rather than rounded, and some amounts are "over": where
no other bound is given, a case comes out to the last digit printed.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from services.domain.baselines import BaselineName
from services.domain.finding import Standing
from services.domain.lag_rules import Policy, Rule, RuleName, Severity
from services.domain.measures import measure_against
from services.domain.plan import BaselineKind
from services.domain.progress import FundLine, Progress, SubjectType
from services.domain.snapshot import Snapshot
from services.domain.verdict import evaluate
from tests.support import ca_mau
from tests.support.tidy import ROOT

with (ROOT / "deploy" / "sample" / "figures_2022.csv").open(encoding="utf-8") as file:
    FIGURES = list(csv.DictReader(file))

_SEVEN_MONTHS = (
    "https://www.einpresswire.com/article/583462679/"
    "disbursement-of-public-investment-in-7-months-fulfils-nearly-35-per-cent-of-plan"
)
_YEAR_END = (
    "https://thoibaotaichinhvietnam.vn/"
    "hanoi-hcm-city-record-highest-disbursement-of-public-investment-capital-in-january-121081.html"
)
_ELEVEN_MONTHS = "https://doanhnhanvn.vn/tag/ty-le-uoc-giai-ngan-von-dau-tu-cong"
_ALL_OF_ELEVEN_MONTHS = "https://thoibaotaichinhvietnam.vn/phan-dau-dat-ty-le-giai-ngan-von-dau-tu-cong-o-muc-cao-nhat-119282.html"
_QUANG_NGAI = "https://www.baoquangngai.vn/channel/2061/"
_QUANG_NAM = (
    "https://skhdt.quangnam.gov.vn/webcenter/portal/sokhdt/pages_tin-tuc/chi-tiet?dDocName=PORTAL354629"
)
_SEVEN_MONTHS_OF_2021 = "https://vneconomy.vn/pm-pushes-public-investment-disbursement.htm"
_FOUR_MONTHS_OF_2021 = (
    "https://betaen.vietnamplus.vn/"
    "disbursement-of-state-funded-public-investment-in-april-at-record-since-2017-post201238.vnp"
)
JULY, NOVEMBER, DECEMBER = "2022-07-31", "2022-11-30", "2022-12-31"
NATION = "Cả nước"


def published(
    unit: str, as_of: str, source: str, *, funding: str = "all", base: str = "pm_assigned"
) -> dict[str, str]:
    """The one row of a figure, from that source."""
    (row,) = (
        row
        for row in FIGURES
        if (row["unit"], row["as_of"], row["funding"], row["rate_base"]) == (unit, as_of, funding, base)
        and row["source_url"] == source
    )
    return row


def rate(row: dict[str, str]) -> Fraction:
    """A share of the plan."""
    return Fraction(row["rate_pct_published"]) / 100


def million(row: dict[str, str]) -> int:
    return int(row["disbursed_vnd_million"])


def progress(*lines: FundLine, as_of: str = JULY) -> Progress:
    day = date.fromisoformat(as_of)
    return replace(ca_mau.province(as_of=day), lines=lines, baselines=())


def line(
    name: str, *, plan: Fraction | int, disbursed: Fraction | int, initial: Fraction | int = 0
) -> FundLine:
    """In million đồng; an implied plan to the million."""
    return FundLine(name, round(initial or plan), round(plan), 0, round(disbursed))


@pytest.mark.parametrize(
    "case",
    [
        row
        for row in FIGURES
        if row["plan_vnd_million"] and row["rate_pct_published"] and row["rate_base"] == "initial_plan"
    ],
    ids=lambda row: row["funding"],
)
def test_quang_nam_line_by_line_comes_out_to_the_digit_printed(case: dict[str, str]) -> None:
    assert case["source_url"] == _QUANG_NAM
    plan = int(case["plan_vnd_million"])
    of_line = progress(line("all", plan=plan, disbursed=million(case)))
    assert of_line.execution_rate is not None
    assert round(of_line.execution_rate * 100, 1) == Fraction(case["rate_pct_published"])


def test_quang_nam_has_seven_lines_with_plan_and_rate() -> None:
    lines = [row for row in FIGURES if row["unit"] == "Quảng Nam" and row["plan_vnd_million"]]
    assert len(lines) == 7


@pytest.mark.parametrize(
    ("as_of", "source", "bound"),
    [(JULY, _SEVEN_MONTHS, "0.02"), (DECEMBER, _YEAR_END, "0.02")],
    ids=["31/07", "31/12"],
)
def test_the_nations_rate_follows_from_its_domestic_and_foreign_capital(
    as_of: str, source: str, bound: str
) -> None:
    """Two fund sources, each with the plan that its amount and rate imply: 507.2 and 34.8 thousand billion on
    31 July, 545.4 and 34.5 on 31 December. Amounts are cut off, so a hundredth may differ."""
    parts = [published(NATION, as_of, source, funding=funding) for funding in ("domestic", "foreign")]
    nation = progress(
        *(line(row["funding"], plan=million(row) / rate(row), disbursed=million(row)) for row in parts),
        as_of=as_of,
    )
    whole = published(NATION, as_of, source)
    assert nation.execution_rate is not None
    assert abs(nation.execution_rate - rate(whole)) * 100 <= Fraction(bound)
    assert abs(nation.disbursed - million(whole)) <= 100_000


def test_at_the_years_end_the_rate_is_that_of_the_plan_of_580_thousand_billion() -> None:
    """435.6 of "over 580": cut off to a hundredth, 75.10 for the 75.11 printed."""
    row = published(NATION, DECEMBER, _YEAR_END)
    nation = progress(line("all", plan=int(row["plan_vnd_million"]), disbursed=million(row)), as_of=DECEMBER)
    assert nation.execution_rate is not None
    assert abs(nation.execution_rate - rate(row)) * 100 <= Fraction("0.01")


def test_one_amount_on_two_bases_has_two_rates_and_each_names_its_base() -> None:
    """Domestic capital on 31 July: 36.02 % of what the Prime Minister assigned, 32.85 % of the total plan."""
    assigned = published(NATION, JULY, _SEVEN_MONTHS, funding="domestic")
    total = published(NATION, JULY, _SEVEN_MONTHS, funding="domestic", base="total_plan")
    assert million(assigned) == million(total)
    nation = progress(
        line(
            "domestic",
            initial=million(assigned) / rate(assigned),
            plan=million(total) / rate(total),
            disbursed=million(total),
        )
    )
    assert nation.execution_rate is not None
    assert round(nation.execution_rate * 100, 2) == Fraction("32.85")
    assert round(Fraction(nation.disbursed, nation.initial_plan) * 100, 2) == Fraction("36.02")


def test_the_rate_of_november_is_the_mix_of_its_two_parts() -> None:
    """60.25 % domestic and 27.99 % foreign by the plans of July: 58.2, where 58.33 was printed; the plan had
    grown in October, which none of the sources splits."""
    lines = []
    for funding in ("domestic", "foreign"):
        july = published(NATION, JULY, _SEVEN_MONTHS, funding=funding)
        plan = million(july) / rate(july)
        november = rate(published(NATION, NOVEMBER, _ELEVEN_MONTHS, funding=funding))
        lines.append(line(funding, plan=plan, disbursed=plan * november))
    mixed = progress(*lines, as_of=NOVEMBER)
    assert mixed.execution_rate is not None
    assert round(mixed.execution_rate * 100, 1) == Fraction("58.2")
    whole = rate(published(NATION, NOVEMBER, _ALL_OF_ELEVEN_MONTHS))
    assert abs(mixed.execution_rate - whole) * 100 <= Fraction("0.2")


NATIONAL_2022 = ca_mau.schedule(
    BaselineKind.NATIONAL, "VN", {date(2022, 7, 31): 3447}, rate_base="pm_assigned"
)
BELOW_NATION = Rule(
    RuleName.BELOW_NATIONAL_AVERAGE, 1, Severity.INFO, frozenset(SubjectType), threshold=Fraction(1)
)


@pytest.mark.parametrize(
    ("unit", "source", "base", "flagged"),
    [
        ("Tiền Giang", _SEVEN_MONTHS, "pm_assigned", False),
        ("Phú Thọ", _SEVEN_MONTHS, "pm_assigned", False),
        ("Thái Bình", _SEVEN_MONTHS, "pm_assigned", False),
        ("Quảng Ngãi", _QUANG_NGAI, "plan", True),
        ("Quảng Nam", _QUANG_NAM, "initial_plan", False),
    ],
)
def test_five_provinces_beside_the_nation_at_the_end_of_july(
    unit: str, source: str, base: str, *, flagged: bool
) -> None:
    """34.47 % in the nation; Quảng Nam's 35.7 % is ahead of it, Quảng Ngãi's 32 % is not."""
    share = rate(published(unit, JULY, source, base=base))
    of_unit = replace(progress(line("all", plan=10**6, disbursed=share * 10**6)), baselines=(NATIONAL_2022,))
    found = evaluate(of_unit, Policy((BELOW_NATION,)))
    assert bool(found) is flagged
    for finding in found:
        (nation,) = finding.comparisons
        assert nation.standing is Standing.BEHIND
        assert nation.measures.dpi == share / Fraction("0.3447")


def test_in_july_the_nation_was_a_third_of_a_month_behind_the_year_before() -> None:
    """34.47 % was passed in 2021 at 4 + (34.47 - 18.65) / (36.71 - 18.65) x 3 = 6.63 months."""
    april = published(NATION, "2021-04-30", _FOUR_MONTHS_OF_2021)
    july = published(NATION, "2021-07-31", _SEVEN_MONTHS_OF_2021)
    last_year = ca_mau.schedule(
        BaselineKind.NATIONAL,
        "VN",
        {date(2021, 4, 30): int(rate(april) * 10_000), date(2021, 7, 31): int(rate(july) * 10_000)},
        budget_year=2021,
    )
    row = published(NATION, JULY, _SEVEN_MONTHS)
    nation = replace(progress(line("all", plan=10**6, disbursed=rate(row) * 10**6)), baselines=(last_year,))
    baseline = Snapshot.of(nation, Policy(()), None).named(BaselineName.PREVIOUS_YEAR)
    assert baseline is not None
    measures = measure_against(
        baseline, disbursed=nation.disbursed, plan=nation.current_plan, day=nation.as_of
    )
    assert measures.earned_schedule == 4 + Fraction(3447 - 1865, 3671 - 1865) * 3
    assert round(measures.time_variance, 2) == Fraction("-0.37")
    assert measures.dpi == Fraction(3447, 3671)


def test_a_straight_line_asks_in_july_what_nobody_had_reached() -> None:
    """58.3 % where the nation stood at 34.47 %: an index of 0.59 for the country as a whole."""
    row = published(NATION, JULY, _SEVEN_MONTHS)
    nation = progress(line("all", plan=10**6, disbursed=rate(row) * 10**6))
    linear = Snapshot.of(nation, Policy(()), None).named(BaselineName.LINEAR)
    assert linear is not None
    measures = measure_against(linear, disbursed=nation.disbursed, plan=nation.current_plan, day=nation.as_of)
    assert measures.planned_share == Fraction(7, 12)
    assert measures.dpi == Fraction("0.3447") / Fraction(7, 12)
