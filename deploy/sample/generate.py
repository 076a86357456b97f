"""Writes the files of the sample from the published figures and the simulated projects.

python -m deploy.sample.generate [folder]
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from deploy.sample import simulation
from deploy.sample.office_files import Table, TableCell, day_first, write_csv, write_workbook
from deploy.sample.published import (
    BUDGET_YEAR,
    CA_MAU_AS_OF,
    CA_MAU_DERIVED_PLAN_VND_MILLION,
    FOLDER,
    QUANG_NAM_AS_OF,
    Figure,
    ca_mau_targets,
    figure,
    national_curve,
)
from deploy.sample.simulation import ADJUSTMENT_DAY, RECOVERY, Line

_SIMULATED = "SỐ LIỆU MÔ PHỎNG - không phải văn bản của cơ quan nào (simulated figures)"
_UNIT = "Đơn vị tính: triệu đồng"
_CA_MAU_PUBLISHED = date(2022, 2, 24)
_CA_MAU_DECISION = "Kế hoạch công bố 24/02/2022 (số quyết định chưa rõ)"
_CA_MAU_ADJUSTMENT = "SUY RA 3.551 tỷ = 1.207,2 tỷ / 34 % (không phải số công bố)"

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
        "ca_mau_2022_ke_hoach.xlsx": _ca_mau_plan(),
        "ca_mau_2022_dieu_chinh.xlsx": _ca_mau_adjustment(),
        "ca_mau_2022_chung_tu.csv": _ca_mau_vouchers(),
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
            _UNIT,
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
            _UNIT,
        ],
        headers=["STT", "Mã dự án", "Tên dự án/nguồn vốn", "Nguồn vốn", "Lũy kế giải ngân"],
        rows=rows,
        total_column=4,
    )


# --- Cà Mau: real totals over simulated projects --------------------------------------------------


def _ca_mau_plan() -> Table:
    local = figure("Cà Mau", "local_budget", _CA_MAU_PUBLISHED).plan or 0
    central = figure("Cà Mau", "central_budget", _CA_MAU_PUBLISHED).plan or 0
    parts = {"local": local, "central": central}
    lines = [line for line in simulation.lines() if line.initial]
    for budget, published in parts.items():
        _must_be(sum(x.initial for x in lines if x.fund_source.startswith(budget)), published, budget)
    rows = [_plan_row(n, line, line.initial) for n, line in enumerate(lines, start=1)]
    return _plan_table(
        rows,
        kind="giao đầu năm",
        explanation=(
            "Số công bố ngày 24/02/2022: NSĐP khoảng 2.358 tỷ và NSTW 795 tỷ đồng, cộng 3.153 tỷ "
            "(tổng công bố là hơn 3.152 tỷ). Phân chia theo dự án là mô phỏng."
        ),
        decision=_CA_MAU_DECISION,
        decided=_CA_MAU_PUBLISHED,
        effective=date(BUDGET_YEAR, 1, 1),
    )


def _ca_mau_adjustment() -> Table:
    lines = simulation.lines()
    _must_be(sum(line.adjusted for line in lines), CA_MAU_DERIVED_PLAN_VND_MILLION, "adjusted plan")
    return _plan_table(
        [_plan_row(number, line, line.adjusted) for number, line in enumerate(lines, start=1)],
        kind="điều chỉnh",
        explanation=(
            "Tổng 3.551 tỷ đồng là số SUY RA: 1.207,2 tỷ đồng được công bố là 34 % kế hoạch ở ngày "
            "31/05/2022. Không có quyết định công bố nào được dẫn; ngày và phân chia là mô phỏng."
        ),
        decision=_CA_MAU_ADJUSTMENT,
        decided=ADJUSTMENT_DAY,
        effective=ADJUSTMENT_DAY,
    )


def _plan_table(
    rows: list[list[TableCell]],
    *,
    kind: str,
    explanation: str,
    decision: str,
    decided: date,
    effective: date,
) -> Table:
    return Table(
        title=[
            _SIMULATED,
            "KẾ HOẠCH VỐN ĐẦU TƯ CÔNG NĂM 2022 TỈNH CÀ MAU",
            explanation,
            f"Loại kế hoạch: {kind}",
            "Mã tỉnh: 96",
            _UNIT,
        ],
        headers=[
            "STT",
            "Mã dự án",
            "Tên dự án",
            "Mã chủ đầu tư",
            "Chủ đầu tư",
            "Người chịu trách nhiệm",
            "Nguồn vốn",
            "Nhóm",
            "Địa bàn",
            "Lĩnh vực",
            "Số vốn",
            "Số quyết định",
            "Ngày quyết định",
            "Ngày hiệu lực",
            "Ghi chú",
        ],
        rows=[[*row[:-1], decision, decided, effective, row[-1]] for row in rows],
        total_column=10,
        notes=["Ghi chú: số vốn của từng dự án không được công bố; mọi số dưới tổng là mô phỏng."],
    )


def _plan_row(number: int, line: Line, amount: int) -> list[TableCell]:
    remark = "Tên theo công bố; vốn mô phỏng" if line.is_real_name else "Tên, chủ đầu tư và vốn mô phỏng"
    return [
        number,
        line.project_code,
        line.project_name,
        line.owner_code,
        line.owner_name,
        line.accountable_officer,
        line.fund_source,
        line.project_group,
        line.district,
        line.sector,
        amount,
        remark,
    ]


def _ca_mau_vouchers() -> Table:
    rows: list[list[TableCell]] = []
    for number, voucher in enumerate(simulation.vouchers(), start=1):
        code, line = f"MP96/2022/{number:04d}", voucher.line
        rows.append(
            [code, "1", voucher.day, line.project_code, line.fund_source, voucher.kind, voucher.amount]
        )
        if voucher.with_recovery:
            recovery: list[TableCell] = [RECOVERY, voucher.with_recovery]
            rows.append([code, "2", voucher.day, line.project_code, line.fund_source, *recovery])
    disbursed = figure("Cà Mau", "all", CA_MAU_AS_OF).disbursed or 0
    _must_be(sum(line.disbursed for line in simulation.lines()), disbursed, "disbursed")
    return Table(
        title=[
            _SIMULATED,
            "BẢNG KÊ CHỨNG TỪ GIẢI NGÂN VỐN ĐẦU TƯ CÔNG NĂM 2022 TỈNH CÀ MAU",
            "Chỉ tổng giải ngân ròng 1.207,2 tỷ đồng đến 31/05/2022 là số công bố; chứng từ là mô phỏng.",
            _UNIT,
        ],
        headers=[
            "Số chứng từ",
            "Dòng",
            "Ngày chứng từ",
            "Mã dự án",
            "Nguồn vốn",
            "Loại giao dịch",
            "Số tiền",
        ],
        rows=rows,
        total_column=6,
        notes=["Ghi chú: tổng cộng là cộng cột; giải ngân ròng = tạm ứng + thanh toán - thu hồi - hoàn trả."],
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


def _must_be(total: int, published: int, what: str) -> None:
    if total != published:
        raise ValueError(f"{what}: the projects add up to {total}, published is {published} (million đồng)")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=FOLDER)
def main(folder: Path) -> None:
    """Write the sample's files into FOLDER (its own, unless told otherwise)."""
    for path in generate(folder):
        click.echo(path)


if __name__ == "__main__":
    main()
