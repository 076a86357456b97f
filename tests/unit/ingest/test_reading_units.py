"""Units of money: read whole, or refused. A file that states none is refused too."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.ingest.sheets.profiles import profile_files
from services.ingest.sheets.sheet_rows import ReadFile, read_file
from services.ingest.sheets.unit_words import UnitWords
from tests.unit.ingest.reading import POLICY, amounts, read, workbook

DEFAULTS = {"budget_year": "2022", "as_of": "2022-05-31"}
HEADERS = ["Mã dự án", "Nguồn vốn", "Lũy kế giải ngân"]


def _read(*rows: list[Any], **defaults: str) -> ReadFile:
    def fill(sheet: Any) -> None:
        for row in rows:
            sheet.append(row)

    return read(workbook(fill), file_name="a.xlsx", defaults=DEFAULTS | defaults)


def _titled(*title: str | None, **defaults: str) -> ReadFile:
    return _read([*title], HEADERS, ["P1", "NSTW", 9_041], **defaults)


def _codes(read_back: ReadFile) -> list[str]:
    return [fault.code for fault in read_back.errors]


@pytest.mark.parametrize(
    ("title", "factor"),
    [
        ("Đơn vị tính triệu đồng", 10**6),
        ("ĐVT triệu đồng", 10**6),
        ("(Đvt: Triệu đồng)", 10**6),
        ("Đơn vị tính (triệu đồng)", 10**6),
        ("Đơn vị tính là triệu đồng", 10**6),
        ("Đơn vị tính: triệu đồng Mẫu số 01", 10**6),
        ("Đơn vị tính: triệu đồng. Tỷ lệ: %", 10**6),
        ("Đơn vị tính: triệu đồng, %", 10**6),
        ("Đơn vị tính: tr. đồng", 10**6),
        ("ĐVT: trđồng", 10**6),
        ("ĐVT: tr.đ", 10**6),
        ("Đơn vị tính: 1.000.000 đồng", 10**6),
        ("Đơn vị tính: 1000 đồng", 1_000),
        ("Đơn vị: 1.000 đ", 1_000),
        ("ĐVT: 1.000đ", 1_000),
        ("Triệu đồng", 10**6),
        ("BÁO CÁO GIẢI NGÂN (triệu đồng)", 10**6),
        ("Số liệu tính bằng tỷ đồng", 10**9),
        ("Don vi tinh: trieu dong", 10**6),
        ("DVT: nghin dong", 1_000),
        ("Đơn vị tính: đồng", 1),
    ],
)
def test_a_unit_is_understood_as_offices_write_it(title: str, factor: int) -> None:
    read_back = _titled(title)
    assert (_codes(read_back), amounts(read_back)) == ([], [9_041 * factor])


@pytest.mark.parametrize(
    "title",
    [
        "Đơn vị tính: Nghìn tỷ đồng",
        "Đơn vị: nghìn tỷ đồng",
        "Đơn vị tính: triệu USD",
        "ĐVT: USD",
        "Triệu USD",
        "Đơn vị tính: %",
        "Đơn vị tính: 10 triệu đồng",
        "Đơn vị tính: 1.000 triệu đồng",
        "Đơn vị tính: triệu đồng/nghìn USD",
        "Đơn vị tính: triệu đồng (ODA: nghìn USD)",
        "Đơn vị tính: trieäu ñoàng",
    ],
)
@pytest.mark.parametrize("given", [{}, {"unit": "triệu đồng"}])
def test_a_unit_that_is_not_understood_whole_is_refused(title: str, given: dict[str, str]) -> None:
    read_back = _titled(title, **given)
    assert _codes(read_back) == ["unit-not-understood"]
    assert (read_back.errors[0].read, read_back.errors[0].row) == (title, 1)


def test_a_unit_may_stand_in_the_cell_beside_its_label() -> None:
    assert amounts(_titled("Đơn vị tính:", "triệu đồng")) == [9_041 * 10**6]
    assert amounts(_titled("ĐVT", None, "1.000 đ")) == [9_041_000]
    assert _codes(_titled("Đơn vị tính:", "bạc trắng", unit="đồng")) == ["unit-not-understood"]


def test_a_unit_given_with_the_upload_does_not_win_over_the_title() -> None:
    assert _codes(_titled("ĐVT 1.000.000 đồng", unit="nghìn đồng")) == ["title-disagrees"]


@pytest.mark.parametrize(
    "title",
    [
        "Báo cáo của Hội đồng nhân dân",
        "Đơn vị: Sở Giao thông vận tải",
        "Tổng giải ngân 1.207,2 tỷ đồng đến hết kỳ",
        "Huyện Triệu Phong, tỷ lệ 5 %",
        "ÑVT: trieäu ñoàng",
    ],
)
def test_a_file_that_states_no_unit_is_refused(title: str) -> None:
    read_back = _titled(title)
    assert _codes(read_back) == ["unit-missing"]
    assert (read_back.errors[0].row, read_back.errors[0].column) == (2, "C")
    assert amounts(_titled(title, unit="triệu đồng")) == [9_041 * 10**6]


@pytest.mark.parametrize(
    "below", [[None, None, "(triệu đồng)"], ["(1)", "(2)", "Triệu đồng"], ["A", "B", "ĐVT: triệu đồng"]]
)
def test_a_unit_under_the_header_is_that_of_its_column(below: list[Any]) -> None:
    read_back = _read(HEADERS, below, ["P1", "NSTW", 10])
    assert (_codes(read_back), amounts(read_back), read_back.warnings) == ([], [10 * 10**6], [])
    numbered = _read(HEADERS, ["(1)", "(2)", "(3)"], below, ["P1", "NSTW", 10])
    assert (_codes(numbered), amounts(numbered)) == ([], [10 * 10**6])


def test_a_unit_under_the_header_that_is_not_understood_or_differs_is_refused() -> None:
    assert _codes(_read(HEADERS, [None, None, "(triệu USD)"], ["P1", "NSTW", 1])) == ["unit-not-understood"]
    headers = [*HEADERS[:2], "Lũy kế giải ngân (đồng)"]
    assert _codes(_read(headers, [None, None, "triệu đồng"], ["P1", "NSTW", 1])) == ["unit-not-understood"]


def test_a_column_of_units_is_refused() -> None:
    read_back = _read([*HEADERS, "ĐVT"], ["P1", "NSTW", 10, "triệu đồng"])
    assert _codes(read_back) == ["unit-not-understood"]


@pytest.mark.parametrize(
    "header", ["Lũy kế giải ngân (USD)", "Lũy kế giải ngân (nghìn tỷ đồng)", "Lũy kế (%)"]
)
def test_a_column_in_what_is_no_unit_of_money_is_not_read(header: str) -> None:
    read_back = _read(["Đơn vị tính: đồng"], [*HEADERS[:2], header], ["P1", "NSTW", 10])
    assert (_codes(read_back), read_back.items) == (["column-missing"], [])


def test_an_amount_given_with_the_upload_needs_a_unit() -> None:
    rows: list[list[Any]] = [["Mã dự án", "Nguồn vốn", "Ghi chú"], ["P1", "NSTW", None]]
    assert "unit-missing" in _codes(_read(*rows, cumulative="500"))
    assert "unit-missing" not in _codes(_read(*rows, cumulative="500", unit="tỷ đồng"))


def test_a_profile_may_say_what_unit_a_system_always_writes(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    shutil.copytree(POLICY, policy)
    path = policy / "import" / "cumulative-statement.yaml"
    stated = yaml.safe_load(path.read_text("utf-8"))
    path.write_text(yaml.safe_dump(stated | {"unit_if_unstated": "dong"}, allow_unicode=True), "utf-8")

    def read_back(*title: str) -> ReadFile:
        text = "\n".join([*title, ";".join(HEADERS), "P1;NSTW;9.041"])
        return read_file(
            text.encode(), file_name="a.csv", profile="cumulative-statement", source="s",
            defaults=DEFAULTS, policy_dir=policy, max_rows=10,
        )  # fmt: skip

    assert (amounts(read_back()), _codes(read_back())) == ([9_041], [])
    assert "đồng" in read_back().warnings[0]
    assert amounts(read_back("ĐVT: tỷ đồng")) == [9_041 * 10**9]
    assert _codes(read_back("ĐVT: USD")) == ["unit-not-understood"]
    path.write_text(yaml.safe_dump(stated | {"unit_if_unstated": "bushel"}, allow_unicode=True), "utf-8")
    with pytest.raises(Exception, match="unit_if_unstated"):
        profile_files.load(policy, "cumulative-statement")


def test_a_unit_in_a_cell_of_its_own_is_told_from_a_name() -> None:
    words = UnitWords(profile_files.load(POLICY, "plan").shared)
    assert words.alone("Đồng Nai") is None
    assert words.alone("1.000") is None
    assert list(words.stated("Hợp đồng, hội đồng, huyện Triệu Phong, 5 triệu đồng")) == []
