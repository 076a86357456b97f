"""Cà Mau's plan, its adjustment and its vouchers: published totals over simulated projects."""

from __future__ import annotations

from datetime import date

from deploy.sample import simulation
from deploy.sample.office_files import UNIT, Table, TableCell
from deploy.sample.published import (
    BUDGET_YEAR,
    CA_MAU_AS_OF,
    CA_MAU_DERIVED_PLAN_VND_MILLION,
    figure,
)
from deploy.sample.simulation import ADJUSTMENT_DAY, RECOVERY, Line

_SIMULATED = "SỐ LIỆU MÔ PHỎNG - không phải văn bản của cơ quan nào (simulated figures)"
_CA_MAU_PUBLISHED = date(2022, 2, 24)
_CA_MAU_DECISION = "Kế hoạch công bố 24/02/2022 (số quyết định chưa rõ)"
_CA_MAU_ADJUSTMENT = "số suy ra từ tỷ lệ 34 % công bố, chưa rõ quyết định (derived; no decision published)"


def plan() -> Table:
    """The plan of 24/02/2022: the published split over the projects."""
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


def adjustment() -> Table:
    """The adjustment that brings the plan to the derived total."""
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
            UNIT,
        ],
        headers=[
            "STT",
            "Mã dự án",
            "Tên dự án",
            "Mã chủ đầu tư",
            "Chủ đầu tư",
            "Cán bộ phụ trách",
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


def vouchers() -> Table:
    """Every simulated voucher line; their net is the published disbursement."""
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
            UNIT,
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


def _must_be(total: int, published: int, what: str) -> None:
    if total != published:
        raise ValueError(f"{what}: the projects add up to {total}, published is {published} (million đồng)")
