"""The sample agrees with what was published, reads without a fault, and comes out the same again."""

from __future__ import annotations

import zipfile
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest
import yaml

from deploy.sample import generate, simulation
from deploy.sample.published import FOLDER, figure, figures
from services.domain.disbursement import Movement, MovementKind, StatementLine
from services.domain.plan import BaselineSchedule, PlanBase, PlanLevel, PlanRevision
from services.domain.validation import Fact, check, contradictions
from services.ingest.sheets.sheet_rows import ReadFile, read_file

POLICY = FOLDER.parent / "policy"
MANIFEST: list[dict[str, str]] = yaml.safe_load((FOLDER / "manifest.yaml").read_text("utf-8"))
BUSINESS_DATE = date(2022, 7, 31)
MILLION = 10**6


def _read(entry: dict[str, str]) -> ReadFile:
    return read_file(
        (FOLDER / entry["file"]).read_bytes(),
        file_name=entry["file"],
        profile=entry["profile"],
        source=entry["source"],
        defaults={},
        policy_dir=POLICY,
        max_rows=10_000,
    )


@pytest.fixture(scope="module")
def facts() -> dict[str, list[Fact]]:
    """Every fact of the sample, by file."""
    return {entry["file"]: [item.fact() for item in _read(entry).items] for entry in MANIFEST}


def _revisions(facts: dict[str, list[Fact]], file: str) -> list[PlanRevision]:
    return [fact for fact in facts[file] if isinstance(fact, PlanRevision)]


def _movements(facts: dict[str, list[Fact]]) -> list[Movement]:
    return [fact for fact in facts["ca_mau_2022_chung_tu.csv"] if isinstance(fact, Movement)]


def _by_fund(lines: list[PlanRevision] | list[StatementLine]) -> dict[str, int]:
    return {
        line.fund_source: (line.amount if isinstance(line, PlanRevision) else line.cumulative).minor_units
        // MILLION
        for line in lines
    }


# --- reading and writing --------------------------------------------------------------------------


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: str(entry["file"]))
def test_every_file_is_read_without_a_fault_or_a_doubt(entry: dict[str, str]) -> None:
    read_back = _read(entry)
    assert (read_back.errors, read_back.warnings) == ([], [])
    assert read_back.items
    found = [
        rejection for item in read_back.items for rejection in check(item.fact(), business_date=BUSINESS_DATE)
    ]
    assert found == []


def test_no_two_facts_of_the_sample_contradict_each_other(facts: dict[str, list[Fact]]) -> None:
    everything = [fact for of_file in facts.values() for fact in of_file]
    assert contradictions(everything) == []
    assert len({fact.event_id for fact in everything}) == len(everything)


def test_the_generator_writes_the_files_that_are_kept(tmp_path: Path) -> None:
    written = generate.generate(tmp_path)
    assert {path.name for path in written} == {entry["file"] for entry in MANIFEST}
    for path in written:
        assert _content(path) == _content(FOLDER / path.name), path.name


def _content(path: Path) -> dict[str, bytes]:
    """A workbook's members unpacked: packing may differ between versions of zlib."""
    if path.suffix != ".xlsx":
        return {"": path.read_bytes()}
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_plans_and_curves_come_before_money() -> None:
    profiles = [entry["profile"] for entry in MANIFEST]
    money = [profile in ("treasury-vouchers", "cumulative-statement") for profile in profiles]
    assert money == sorted(money)


# --- Quảng Nam: published -------------------------------------------------------------------------


def test_quang_nams_plan_is_the_published_one(facts: dict[str, list[Fact]]) -> None:
    lines = _revisions(facts, "quang_nam_2022_ke_hoach.xlsx")
    assert _by_fund(lines) == {
        "central.sector": 839_001,
        "central.foreign_grant": 565_125,
        "local.domestic": 3_817_838,
        "local.on_lent_foreign": 639_300,
    }
    published = figure("Quảng Nam", "all", BUSINESS_DATE)
    assert sum(_by_fund(lines).values()) == published.plan == 5_861_264
    assert {
        (x.province_code, x.level, x.base, x.decision_number, x.decision_date, x.effective_date)
        for x in lines
    } == {
        ("49", PlanLevel.FUND_LINE, PlanBase.INITIAL, "3626/QĐ-UBND", date(2021, 12, 10), date(2022, 1, 1)),
    }


def test_quang_nams_statement_gives_the_published_rates(facts: dict[str, list[Fact]]) -> None:
    statement = [x for x in facts["quang_nam_2022_luy_ke_2022-07-31.csv"] if isinstance(x, StatementLine)]
    disbursed = _by_fund(statement)
    plan = _by_fund(_revisions(facts, "quang_nam_2022_ke_hoach.xlsx"))
    assert {line.as_of for line in statement} == {BUSINESS_DATE}
    for funding, prefix, rate in (
        ("all", "", 35.7),
        ("central_budget", "central", 13.7),
        ("local_budget", "local", 42.6),
    ):
        published = figure("Quảng Nam", funding, BUSINESS_DATE)
        reached = sum(amount for fund, amount in disbursed.items() if fund.startswith(prefix))
        planned = sum(amount for fund, amount in plan.items() if fund.startswith(prefix))
        assert (reached, planned) == (published.disbursed, published.plan)
        assert round(100 * reached / planned, 1) == rate == float(published.rate or 0)


# --- Cà Mau: published totals over simulated projects ---------------------------------------------


def test_ca_maus_plan_of_february_has_the_published_split(facts: dict[str, list[Fact]]) -> None:
    lines = _revisions(facts, "ca_mau_2022_ke_hoach.xlsx")
    assert {(line.province_code, line.base) for line in lines} == {("96", PlanBase.INITIAL)}
    split: dict[str, int] = defaultdict(int)
    for line in lines:
        split[line.fund_source.partition(".")[0]] += line.amount.minor_units
    assert split == {"local": 2_358_000 * MILLION, "central": 795_000 * MILLION}
    assert {figure("Cà Mau", f"{budget}_budget", date(2022, 2, 24)).plan for budget in split} == {
        2_358_000,
        795_000,
    }
    assert 24 <= len(lines) <= 40


def test_ca_maus_adjusted_plan_is_the_derived_one_and_says_so(facts: dict[str, list[Fact]]) -> None:
    lines = _revisions(facts, "ca_mau_2022_dieu_chinh.xlsx")
    assert sum(line.amount.minor_units for line in lines) == 3_551_000 * MILLION
    assert {line.base for line in lines} == {PlanBase.ADJUSTED}
    assert {line.effective_date < date(2022, 5, 31) for line in lines} == {True}
    assert all(line.decision_number.startswith("số suy ra") for line in lines)
    initial = {(x.project_code, x.fund_source) for x in _revisions(facts, "ca_mau_2022_ke_hoach.xlsx")}
    assert initial <= {(line.project_code, line.fund_source) for line in lines}


def test_ca_maus_movements_add_up_to_the_published_figure(facts: dict[str, list[Fact]]) -> None:
    movements = _movements(facts)
    disbursed = sum(movement.effect().disbursed for movement in movements)
    published = figure("Cà Mau", "all", date(2022, 5, 31))
    assert disbursed == (published.disbursed or 0) * MILLION == 1_207_200 * MILLION
    assert round(100 * disbursed / (3_551_000 * MILLION)) == published.rate
    assert max(movement.value_date for movement in movements) == date(2022, 5, 31)
    assert {movement.kind for movement in movements} == set(MovementKind) - {MovementKind.REVERSAL}
    assert all(movement.amount.minor_units % MILLION == 0 for movement in movements)
    assert len(movements) > 300


def test_no_line_and_no_advance_is_ever_below_zero(facts: dict[str, list[Fact]]) -> None:
    disbursed: dict[tuple[str, str], int] = defaultdict(int)
    advance: dict[tuple[str, str], int] = defaultdict(int)
    for movement in _movements(facts):
        line = (movement.project_code, movement.fund_source)
        disbursed[line] += movement.effect().disbursed
        advance[line] += movement.effect().advance_outstanding
        assert disbursed[line] >= 0
        assert advance[line] >= 0


def test_every_movement_is_on_a_line_whose_plan_counts_by_then(facts: dict[str, list[Fact]]) -> None:
    since: dict[tuple[str, str], date] = {}
    for file in ("ca_mau_2022_dieu_chinh.xlsx", "ca_mau_2022_ke_hoach.xlsx"):
        since |= {(x.project_code, x.fund_source): x.effective_date for x in _revisions(facts, file)}
    late = [m for m in _movements(facts) if m.value_date < since[m.project_code, m.fund_source]]
    assert late == []


def test_most_projects_are_behind_a_few_ahead_and_one_line_is_over(facts: dict[str, list[Fact]]) -> None:
    disbursed: dict[tuple[str, str], int] = defaultdict(int)
    for movement in _movements(facts):
        disbursed[movement.project_code, movement.fund_source] += movement.effect().disbursed
    rates = {
        (line.project_code, line.fund_source): disbursed[line.project_code, line.fund_source]
        / line.amount.minor_units
        for line in _revisions(facts, "ca_mau_2022_dieu_chinh.xlsx")
    }
    over = [line for line, rate in rates.items() if rate > 1]
    untouched = [line for line, rate in rates.items() if rate == 0]
    ahead = [line for line, rate in rates.items() if 0.4 < rate <= 1]
    behind = [line for line, rate in rates.items() if 0 < rate <= 0.4]
    assert (len(over), len(untouched)) == (1, 3)
    assert 3 <= len(ahead) < len(behind) / 2
    real = {line.project_code for line in simulation.lines() if line.is_real_name}
    assert not real & {code for code, _ in [*over, *untouched]}


def test_simulated_figures_say_so_in_every_name(facts: dict[str, list[Fact]]) -> None:
    for line in _revisions(facts, "ca_mau_2022_dieu_chinh.xlsx"):
        assert "mô phỏng" in line.project_name.casefold()
        assert "mô phỏng" in line.owner_name.casefold()
    sources = {
        entry["source"]
        for entry in MANIFEST
        if "ca_mau" in entry["file"] and entry["profile"] != "target-milestones"
    }
    assert sources == {"mo-phong.ca-mau"}


# --- curves: published ----------------------------------------------------------------------------


def _curve(facts: dict[str, list[Fact]], file: str, year: int) -> BaselineSchedule:
    (curve,) = (x for x in facts[file] if isinstance(x, BaselineSchedule) and x.budget_year == year)
    return curve


def test_the_targets_are_the_provinces(facts: dict[str, list[Fact]]) -> None:
    curve = _curve(facts, "ca_mau_2022_chi_tieu.csv", 2022)
    assert curve.scope_code == "96"
    assert {f"{point.day:%d/%m}": point.basis_points for point in curve.points} == {
        "31/03": 2000,
        "30/06": 5000,
        "30/09": 7500,
        "31/12": 10_000,
    }


@pytest.mark.parametrize(
    ("year", "published"),
    [
        (
            2022,
            {
                "28/02": 861,
                "30/04": 1848,
                "31/05": 2237,
                "31/07": 3447,
                "30/09": 4670,
                "30/11": 5833,
                "31/12": 7511,
            },
        ),
        (2021, {"28/02": 509, "30/04": 1865, "31/07": 3671, "30/11": 6386, "31/12": 7730}),
    ],
)
def test_the_national_curves_are_the_published_ones(
    facts: dict[str, list[Fact]], year: int, published: dict[str, int]
) -> None:
    curve = _curve(facts, "ca_nuoc_2021_2022_ty_le.csv", year)
    assert {f"{point.day:%d/%m}": point.basis_points for point in curve.points} == published
    assert (curve.scope_code, curve.rate_base) == ("VN", "pm_assigned")


def test_every_published_figure_has_its_source() -> None:
    assert all(figure.source_url.startswith("http") for figure in figures())
