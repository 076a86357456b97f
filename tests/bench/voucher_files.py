"""Voucher files of any length for the benchmark of imports, and their rows as facts the shortest way."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter

from services.domain.disbursement import Movement, MovementKind
from services.domain.money import Money

PROJECTS = [f"{7_800_000 + number}" for number in range(500)]
HEADERS = (
    "Số chứng từ",
    "Dòng",
    "Mã dự án",
    "Nguồn vốn",
    "Năm ngân sách",
    "Loại giao dịch",
    "Số tiền (đồng)",
    "Ngày chứng từ",
    "Tình trạng số liệu",
    "Đơn vị báo cáo",
    "Cách ghi thu hồi",
    "Hủy chứng từ số",
)
_KINDS = {
    "tạm ứng": MovementKind.ADVANCE,
    "thu hồi tạm ứng": MovementKind.ADVANCE_RECOVERY,
    "thanh toán khối lượng hoàn thành": MovementKind.COMPLETED_WORK_PAYMENT,
}
_FUND_SOURCES = {"NSTW": "central", "local.balance": "local.balance"}
_FIRST_DAY = date(2022, 1, 1)
_DAYS = 200


def _rows(count: int) -> Iterator[list[Any]]:
    draw = random.Random(7)  # noqa: S311 - figures for a benchmark
    for number in range(count):
        yield [
            f"CT-{number // 2 + 1:06d}",
            number % 2 + 1,
            draw.choice(PROJECTS),
            draw.choice(list(_FUND_SOURCES)),
            2022,
            draw.choice(list(_KINDS)),
            draw.randrange(1_000_000, 20_000_000_000),
            _FIRST_DAY + timedelta(days=draw.randrange(_DAYS)),
            "thực tế",
            "kho bạc",
            "gộp",
            "",
        ]


def write_csv(path: Path, count: int) -> None:
    """As Vietnamese Excel saves "CSV UTF-8"."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(HEADERS)
        for row in _rows(count):
            row[6] = f"{row[6]:,}".replace(",", ".")
            row[7] = f"{row[7]:%d/%m/%Y}"
            writer.writerow(row)


def write_xlsx(path: Path, count: int) -> None:
    """As Excel saves a workbook: shared strings, days as serial numbers."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("Chứng từ")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_row(0, 0, HEADERS)
    for number, row in enumerate(_rows(count), start=1):
        for column, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(number, column, value, day)
            elif value != "":
                sheet.write(number, column, value)
    book.close()


def facts(rows: Iterable[Sequence[Any]], *, source: str) -> Iterator[Movement]:
    """What the rows state, taken at their word: nothing is checked."""
    for voucher, line, project, fund_source, year, kind, amount, day, *_ in rows:
        yield Movement(
            source=source,
            source_ref=f"{voucher}/{int(line)}",
            project_code=project,
            fund_source=_FUND_SOURCES[fund_source],
            budget_year=int(year),
            kind=_KINDS[kind],
            amount=Money(int(amount.replace(".", "") if isinstance(amount, str) else amount)),
            value_date=_day(day),
        )


def _day(day: str | date) -> date:
    if isinstance(day, str):
        of_month, month, year = day.split("/")
        return date(int(year), int(month), int(of_month))
    return day.date() if isinstance(day, datetime) else day
