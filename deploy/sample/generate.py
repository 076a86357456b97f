"""Writes the files of the sample: ``python -m deploy.sample.generate [folder]``.

From the published figures and the simulated projects; the same figures give the same files.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from deploy.sample import ca_mau_tables
from deploy.sample.office_files import UNIT, Table, TableCell, day_first, write_csv, write_workbook
from deploy.sample.published import (
    FOLDER,
    QUANG_NAM_AS_OF,
    Figure,
    ca_mau_targets,
    figure,
    national_curve,
)

# Fund lines of Quảng Nam: code, name, funding in figures_2022.csv, fund source as offices name it.
_QUANG_NAM_LINES = (
    (
        "49-NSTW-NGANH",
        "Vốn NSTW theo ngành, lĩnh vực",
        "central_budget/sector",
        "NSTW đầu tư theo ngành, lĩnh vực",
    ),
    (
        "49-NSTW-NN",
        "Vốn NSTW nước ngoài cấp phát",
        "central_budget/foreign_grant",
        "NSTW vốn nước ngoài cấp phát",
    ),
    ("49-NSDP-TN", "Vốn NSĐP trong nước", "local_budget/domestic", "NSĐP vốn trong nước"),
    (
        "49-NSDP-VL",
        "Vốn NSĐP nước ngoài vay lại",
        "local_budget/on_lent_foreign",
        "NSĐP vốn nước ngoài vay lại",
    ),
)


def generate(folder: Path) -> list[Path]:
    """Write every file into ``folder``; the same bytes each time. Returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in _tables().items():
        path = folder / name
        if path.suffix == ".xlsx":
            write_workbook(path, table, sheet_name="Ke hoach 2022")
        else:
            write_csv(path, table)
        written.append(path)
    return written


def _tables() -> dict[str, Table]:
    return {
        "quang_nam_2022_ke_hoach.xlsx": _quang_nam_plan(),
        "quang_nam_2022_luy_ke_2022-07-31.csv": _quang_nam_statement(),
        "ca_mau_2022_ke_hoach.xlsx": ca_mau_tables.plan(),
        "ca_mau_2022_dieu_chinh.xlsx": ca_mau_tables.adjustment(),
        "ca_mau_2022_chung_tu.csv": ca_mau_tables.vouchers(),
        "ca_mau_2022_chi_tieu.csv": _ca_mau_targets(),
        "ca_nuoc_2021_2022_ty_le.csv": _national_curves(),
    }


# --- Quảng Nam: real ------------------------------------------------------------------------------


def _quang_nam_plan() -> Table:
    rows: list[list[TableCell]] = []
    for number, (code, name, funding, fund) in enumerate(_QUANG_NAM_LINES, start=1):
        plan = figure("Quảng Nam", funding, QUANG_NAM_AS_OF).plan or 0
        rows.append([number, code, name, "Dòng vốn", "49-UBND", "UBND tỉnh Quảng Nam", fund, plan])
    return Table(
        title=[
            "KẾ HOẠCH VỐN ĐẦU TƯ CÔNG NĂM 2022 TỈNH QUẢNG NAM",
            "Quyết định số 3626/QĐ-UBND ngày 10/12/2021",
            "Áp dụng từ ngày 01/01/2022",
            "Loại kế hoạch: giao đầu năm",
            "Mã tỉnh: 49",
            UNIT,
        ],
        headers=[
            "STT",
            "Mã dự án",
            "Tên dự án/nguồn vốn",
            "Cấp",
            "Mã chủ đầu tư",
            "Chủ đầu tư",
            "Nguồn vốn",
            "Số vốn",
        ],
        rows=rows,
        total_column=7,
        notes=["Ghi chú: nguồn công bố không chi tiết đến dự án, nên mỗi dòng là một nguồn vốn."],
    )


def _quang_nam_statement() -> Table:
    rows: list[list[TableCell]] = []
    for number, (code, name, funding, fund) in enumerate(_QUANG_NAM_LINES, start=1):
        disbursed = figure("Quảng Nam", funding, QUANG_NAM_AS_OF).disbursed or 0
        rows.append([str(number), code, name, fund, disbursed])
    return Table(
        title=[
            "LŨY KẾ GIẢI NGÂN VỐN ĐẦU TƯ CÔNG NĂM 2022 TỈNH QUẢNG NAM",
            f"Lũy kế từ đầu năm đến ngày {day_first(QUANG_NAM_AS_OF)}",
            UNIT,
        ],
        headers=["STT", "Mã dự án", "Tên dự án/nguồn vốn", "Nguồn vốn", "Lũy kế giải ngân"],
        rows=rows,
        total_column=4,
    )


# --- curves: real ---------------------------------------------------------------------------------

_CURVE_HEADERS = (
    "Loại",
    "Phạm vi",
    "Năm ngân sách",
    "Đến ngày",
    "Tỷ lệ",
    "Cơ sở tính tỷ lệ",
    "Văn bản",
    "Ngày hiệu lực",
    "Ghi chú",
)


def _ca_mau_targets() -> Table:
    decision = "Chương trình hành động giải ngân 2022, UBND tỉnh Cà Mau (số chưa rõ)"
    return Table(
        title=[
            "CHỈ TIÊU GIẢI NGÂN VỐN ĐẦU TƯ CÔNG NĂM 2022 TỈNH CÀ MAU",
            "Mốc cuối quý IV được công bố là khối lượng hoàn thành tương đương kế hoạch.",
            "100 % giải ngân được công bố là theo thời gian quy định, không ghi ngày.",
        ],
        headers=_CURVE_HEADERS,
        rows=[_point("Chỉ tiêu", "96", point, base="plan", decision=decision) for point in ca_mau_targets()],
    )


def _national_curves() -> Table:
    return Table(
        title=[
            "TỶ LỆ GIẢI NGÂN VỐN ĐẦU TƯ CÔNG CẢ NƯỚC CÁC NĂM 2021 VÀ 2022",
            "Tỷ lệ trên kế hoạch Thủ tướng Chính phủ giao, mọi nguồn vốn. Là số ước tại thời điểm công bố.",
        ],
        headers=_CURVE_HEADERS,
        rows=[
            _point(
                "Cả nước", "VN", point, base="pm_assigned", decision=f"Số ước công bố hằng tháng năm {year}"
            )
            for year in (2022, 2021)
            for point in national_curve(year)
        ],
    )


def _point(kind: str, scope: str, point: Figure, *, base: str, decision: str) -> list[TableCell]:
    rate = f"{point.rate}".replace(".", ",") + "%"
    year = str(point.plan_year)
    effective = date(point.plan_year, 1, 1)
    return [kind, scope, year, point.as_of, rate, base, decision, effective, point.source_url]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=FOLDER)
def main(folder: Path) -> None:
    """Write the sample's files into FOLDER (its own, unless told otherwise)."""
    for path in generate(folder):
        click.echo(path)


if __name__ == "__main__":
    main()
