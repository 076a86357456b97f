"""A workbook for each import profile, laid out as offices lay theirs out: titles, units, joined headers,
headings of groups, totals, notes and signatures."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import openpyxl

Fill = Callable[[Any], None]

_DECISION = "(Kèm theo Quyết định số 12/QĐ-UBND ngày 10/01/2022, áp dụng từ ngày 10/01/2022)"


def _plan_heads(*amounts: str) -> list[str]:
    return ["STT", "Mã dự án", "Tên dự án", "Mã chủ đầu tư", "Chủ đầu tư", *amounts]


def _line(number: int, project: str, *rest: object) -> list[object]:
    return [number, project, f"Dự án {project}", "96-BQLDA", "Ban QLDA", *rest]


def _plan(sheet: Any) -> None:
    sheet.append(["KẾ HOẠCH VỐN ĐẦU TƯ CÔNG NĂM 2022 TỈNH CÀ MAU"])
    sheet.append([_DECISION])
    sheet.append(["Mã tỉnh: 96", None, None, None, "Đơn vị tính: triệu đồng"])
    sheet.append([*_plan_heads("Loại kế hoạch", "Nguồn vốn", "Số vốn")])
    sheet.append(_line(1, "96001", "giao đầu năm", "NSĐP xổ số kiến thiết", 1_500))
    sheet.append(_line(2, "96002", "phân bổ", "NSTW", 2_500.5))
    sheet.append([None, "Tổng cộng", None, None, None, None, None, 4_000.5])


def _annual_plan(sheet: Any) -> None:
    """The header in two rows, joined: "Kế hoạch vốn năm 2022" over a total and the fund sources."""
    sheet.append(["KẾ HOẠCH VỐN ĐẦU TƯ CÔNG NĂM 2022"])
    sheet.append([_DECISION, None, None, None, "Mã tỉnh: 96"])
    sheet.append(["Đơn vị tính: triệu đồng"])
    sheet.append([*_plan_heads("Kế hoạch vốn năm 2022"), None, None, None])
    sheet.append([None] * 5 + ["Tổng số", "Trong đó", None, "Ghi chú"])
    sheet.append([None] * 6 + ["NSTW", "NSĐP"])
    for column in "ABCDE":
        sheet.merge_cells(f"{column}4:{column}6")
    sheet.merge_cells("F4:I4")
    sheet.merge_cells("F5:F6")
    sheet.merge_cells("G5:H5")
    sheet.merge_cells("I5:I6")
    sheet.append(["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)", "(8)", "(9)"])
    sheet.append(["I", None, "DỰ ÁN CHUYỂN TIẾP"])
    sheet.append(_line(1, "96001", 1_500, 900, 600))
    sheet.append(_line(2, "96002", 2_000, 2_000, None))
    sheet.append(["Tổng cộng", None, None, None, None, 3_500, 2_900, 600])
    sheet.append([None, None, None, "TM. ỦY BAN NHÂN DÂN"])


def _plan_adjustment(sheet: Any) -> None:
    sheet.append(["ĐIỀU CHỈNH KẾ HOẠCH VỐN ĐẦU TƯ CÔNG NĂM 2022"])
    sheet.append(["Quyết định số 45/QĐ-UBND ngày 20/05/2022, có hiệu lực từ 20/05/2022"])
    sheet.append(["Mã tỉnh: 96; Đơn vị tính: triệu đồng"])
    heads = ("Nguồn vốn", "Kế hoạch đã giao", "Điều chỉnh", None, "Kế hoạch sau điều chỉnh")
    sheet.append(_plan_heads(*heads))  # type: ignore[arg-type]
    sheet.append([None] * 7 + ["Tăng", "Giảm"])
    sheet.merge_cells("H4:I4")
    for column in "ABCDEFGJ":
        sheet.merge_cells(f"{column}4:{column}5")
    sheet.append(_line(1, "96001", "NSTW", 900, 300, None, 1_200))
    sheet.append(_line(2, "96002", "NSTW", 2_000, None, 300, 1_700))
    sheet.append(["Tổng cộng"] + [None] * 5 + [2_900, 300, 300, 2_900])


def _reallocation(sheet: Any) -> None:
    sheet.append(["ĐIỀU CHUYỂN KẾ HOẠCH VỐN ĐẦU TƯ CÔNG NĂM 2022"])
    sheet.append(["Quyết định số 77/QĐ-UBND ngày 15/07/2022, có hiệu lực từ 20/07/2022"])
    sheet.append(["Đơn vị tính: triệu đồng"])
    heads = ("Nguồn vốn", "Kế hoạch đã giao", "Điều chuyển", None, "Kế hoạch sau điều chuyển")
    sheet.append(["STT", "Mã dự án", "Tên dự án", *heads])
    sheet.append([None] * 5 + ["Tăng", "Giảm"])
    sheet.merge_cells("F4:G4")
    for column in "ABCDEH":
        sheet.merge_cells(f"{column}4:{column}5")
    sheet.append([1, "96002", "Dự án 96002", "NSTW", 1_700, None, 500, 1_200])
    sheet.append([2, "96001", "Dự án 96001", "NSTW", 1_200, 400, None, 1_600])
    sheet.append([3, "96001", "Dự án 96001", "NSĐP", 600, 100, None, 700])
    sheet.append([None, "Tổng cộng", None, None, 3_500, 500, 500, 3_500])


def _carry_over(sheet: Any) -> None:
    sheet.append(["KẾ HOẠCH VỐN NĂM 2021 KÉO DÀI SANG NĂM 2022"])
    sheet.append([_DECISION])
    sheet.append(["Mã tỉnh: 96", "ĐVT: đồng"])
    sheet.append(_plan_heads("Nguồn vốn", "Số vốn kéo dài"))
    sheet.append(_line(1, "96001", "NSTW", 150_000_000))


def _schedule(sheet: Any) -> None:
    sheet.append(
        [
            "Loại",
            "Phạm vi",
            "Năm ngân sách",
            "Đến ngày",
            "Tỷ lệ",
            "Văn bản",
            "Ngày hiệu lực",
            "Cơ sở tính tỷ lệ",
        ]
    )
    sheet.append(["Cả nước", "VN", 2022, "31/01/2022", "2,6 %", "BTC", "01/01/2022", "pm_assigned"])
    sheet.append(["Cả nước", "VN", 2022, "28/02/2022", "8,61 %", "BTC", "01/01/2022", "pm_assigned"])


def _registered_schedule(sheet: Any) -> None:
    sheet.append(["ĐĂNG KÝ TIẾN ĐỘ GIẢI NGÂN NĂM 2022"])
    sheet.append(["Văn bản số 15/BQLDA ngày 05/01/2022, áp dụng từ ngày 05/01/2022"])
    sheet.append(["Đơn vị tính: triệu đồng"])
    sheet.append(["STT", "Mã dự án", "Tên dự án", "Đăng ký giải ngân", *[None] * 13, "Cả năm", "Còn lại"])
    sheet.append(
        [None] * 3 + [f"Tháng {month}" for month in range(1, 13)] + ["Tháng 1/2023", "Lũy kế đến tháng 12"]
    )
    sheet.merge_cells("D4:P4")
    sheet.append([1, "96001", "Dự án 96001", *[100] * 12, 50, 1_200, 1_250, 0])
    sheet.append([2, "96002", "Dự án 96002", None, None, 500, *[None] * 9, None, 500, 500, 1_500])
    sheet.append(["Tổng cộng", None, None, 100, 100, 600, *[100] * 9, 50, 1_700, 1_750, 1_500])


def _target_milestones(sheet: Any) -> None:
    sheet.append(["CHỈ TIÊU GIẢI NGÂN NĂM 2022"])
    sheet.append(["Mã tỉnh: 96. Áp dụng từ ngày 01/01/2022"])
    sheet.append(["Đến ngày", "Tỷ lệ", "Văn bản"])
    for day, share in (("31/03/2022", 0.2), ("30/06/2022", 0.5), ("31/12/2022", 1)):
        sheet.append([day, share, "Chương trình hành động 2022"])
        sheet.cell(sheet.max_row, 2).number_format = "0%"


def _treasury_vouchers(sheet: Any) -> None:
    sheet.append(["BẢNG KÊ CHỨNG TỪ NĂM 2022"])
    sheet.append(["Đơn vị tính: đồng"])
    sheet.append(
        ["Số chứng từ", "Dòng", "Ngày chứng từ", "Mã dự án", "Nguồn vốn", "Loại giao dịch", "Số tiền"]
    )
    sheet.append(["01/RV", 1, "31/03/2022", "96001", "NSTW", "Tạm ứng", "300.000.000"])
    sheet.append(["02/RV", 1, "31/05/2022", "96001", "NSTW", "Thanh toán KLHT", "70.000.000"])
    sheet.append(["02/RV", 2, "31/05/2022", "96001", "NSTW", "Thu hồi tạm ứng", "30.000.000"])


def _cumulative_statement(sheet: Any) -> None:
    sheet.append(["BÁO CÁO GIẢI NGÂN NĂM 2022, LŨY KẾ ĐẾN NGÀY 31/05/2022"])
    sheet.append(["Đơn vị tính: triệu đồng"])
    sheet.append(["STT", "Mã dự án", "Lũy kế giải ngân", None, None, "Còn lại"])
    sheet.append([None, None, "Tổng số", "NSTW", "NSĐP"])
    sheet.merge_cells("C3:E3")
    sheet.append([1, "96001", 450, 340, 110, 750])
    sheet.append([2, "96002", 20, 20, None, 1_680])
    sheet.append(["Tổng", None, 470, 360, 110, 2_430])


def _completed_work(sheet: Any) -> None:
    sheet.append(["BÁO CÁO GIÁ TRỊ KHỐI LƯỢNG HOÀN THÀNH NĂM 2022 ĐẾN NGÀY 31/05/2022"])
    sheet.append(["Đơn vị tính: tỷ đồng"])
    sheet.append(["Mã dự án", "Giá trị KLHT"])
    sheet.append(["96001", 0.52])
    sheet.append(["96002", "1,25"])


def _projects(sheet: Any) -> None:
    sheet.append(["DANH MỤC DỰ ÁN", "Mã tỉnh: 96", "Đơn vị tính: tỷ đồng", "Áp dụng từ ngày 01/01/2022"])
    sheet.append(
        [
            "Mã dự án",
            "Tên dự án",
            "Mã chủ đầu tư",
            "Nhóm",
            "Ngày khởi công",
            "Ngày kết thúc",
            "Tổng mức đầu tư",
        ]
    )
    sheet.append(["96001", "Dự án 96001", "96-BQLDA", "B", "01/03/2021", None, 350])
    sheet.append(["96003", "Dự án 96003", "96-BQLDA", "Nhóm C", None, "31/12/2024", 12.5])


def _owners(sheet: Any) -> None:
    sheet.append(
        ["Mã tỉnh", "Mã đơn vị", "Tên đơn vị", "Thủ trưởng", "Chức vụ", "Cơ quan giám sát", "Ngày hiệu lực"]
    )
    sheet.append(["96", "96-BQLDA", "Ban QLDA", "Nguyễn Văn A", "Giám đốc", "Sở KH&ĐT", "01/01/2022"])


def _officers(sheet: Any) -> None:
    sheet.append(["DANH SÁCH CÁN BỘ PHỤ TRÁCH", "Mã tỉnh: 96"])
    sheet.append(["Mã đơn vị", "Mã dự án", "Họ và tên", "Chức vụ", "Email", "Ngày hiệu lực"])
    sheet.append(["96-BQLDA", "96001", "Trần Thị B", "Kỹ sư", "b.tran@camau.example", "01/01/2022"])
    sheet.append(["96-BQLDA", None, "Lê Văn C", "Phó Giám đốc", None, "01/01/2022"])


# In the order in which they can be sent: what introduces projects comes first.
WORKBOOKS: dict[str, Fill] = {
    "projects": _projects,
    "owners": _owners,
    "plan": _plan,
    "annual-plan": _annual_plan,
    "plan-adjustment": _plan_adjustment,
    "reallocation": _reallocation,
    "carry-over": _carry_over,
    "officers": _officers,
    "schedule": _schedule,
    "target-milestones": _target_milestones,
    "registered-schedule": _registered_schedule,
    "treasury-vouchers": _treasury_vouchers,
    "cumulative-statement": _cumulative_statement,
    "completed-work": _completed_work,
}


def workbook(profile: str, *, change: Fill | None = None) -> bytes:
    """The workbook of a profile, changed as wanted."""
    book = openpyxl.Workbook()
    WORKBOOKS[profile](book.active)
    if change:
        change(book.active)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
