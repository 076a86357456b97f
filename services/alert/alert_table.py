"""Alerts as a table for a spreadsheet: CSV (RFC 4180, UTF-8 with its mark, which Excel asks for) or XLSX.

Text that a spreadsheet would run as a formula is written as text (``services.contracts.stated.cell_text``).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Any

import xlsxwriter

from services.alert import phrases
from services.alert.handling_words import CAUSES, STAGES
from services.alert.http_models import AlertOut
from services.contracts.stated.cell_text import neutralised
from services.runtime.clock import VIETNAM

CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ALERTS = 50_000
# What a cell takes.
_MOST_TEXT = 32_000

Cell = int | float | date | datetime | str | None


@dataclass(frozen=True, slots=True)
class _Column:
    header: str
    of: Callable[[AlertOut], Cell]
    width: int = 14
    format: str = ""


def _stage(alert: AlertOut) -> str | None:
    return STAGES[alert.handling.stage]["vi"] if alert.handling else None


def _cause(alert: AlertOut) -> str | None:
    return CAUSES[alert.handling.cause]["vi"] if alert.handling and alert.handling.cause else None


_MONEY, _DAY, _MOMENT, _RATE = "#,##0", "dd/mm/yyyy", "dd/mm/yyyy hh:mm", "0.0%"
COLUMNS = (
    _Column("Mã cảnh báo / Alert", lambda a: str(a.alert_id), 38),
    _Column("Trạng thái / State", lambda a: phrases.STATES[a.state]["vi"]),
    _Column("Mức độ / Severity", lambda a: phrases.SEVERITIES[a.severity]["vi"]),
    _Column("Quy tắc / Rule", lambda a: phrases.RULES[a.rule]["vi"], 28),
    _Column("Năm ngân sách / Budget year", lambda a: a.budget_year, 10),
    _Column("Đến ngày / As of", lambda a: a.as_of, 12, _DAY),
    _Column("Mã / Code", lambda a: a.subject.code, 16),
    _Column("Tên / Name", lambda a: a.subject.name, 50),
    _Column("Mã tỉnh / Province", lambda a: a.subject.province_code, 8),
    _Column("Mã đơn vị / Unit code", lambda a: a.subject.owner_code, 12),
    _Column("Đơn vị / Unit", lambda a: a.subject.owner_name, 36),
    _Column("Cán bộ phụ trách / Officer", lambda a: a.subject.accountable_officer, 24),
    _Column("Kế hoạch vốn / Plan", lambda a: a.finding.plan.current, 20, _MONEY),
    _Column("Đã giải ngân / Disbursed", lambda a: a.finding.disbursed, 20, _MONEY),
    _Column("Đơn vị tiền tệ / Currency", lambda a: a.finding.currency, 8),
    _Column("Tỷ lệ giải ngân / Rate", lambda a: a.finding.execution_rate, 10, _RATE),
    _Column("Nội dung / Reason (vi)", lambda a: a.reason_vi, 80),
    _Column("Reason (en)", lambda a: a.reason_en, 80),
    _Column("Xử lý / Handling", _stage, 18),
    _Column("Người xử lý / With", lambda a: a.handling.assignee if a.handling else None, 24),
    _Column("Nguyên nhân / Cause", _cause, 28),
    _Column("Hẹn đến / Promised by", lambda a: a.handling.promised_by if a.handling else None, 12, _DAY),
    _Column("Mở lúc / Opened at", lambda a: a.opened_at, 16, _MOMENT),
    _Column("Cập nhật lúc / Updated at", lambda a: a.updated_at, 16, _MOMENT),
)


def write_csv(target: IO[bytes], alerts: Iterable[AlertOut]) -> None:
    """A header and a line each. Days and instants in ISO 8601, the latter with Vietnam's offset."""
    text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="", write_through=True)
    lines = csv.writer(text)
    lines.writerow([column.header for column in COLUMNS])
    for alert in alerts:
        lines.writerow([_in_csv(column.of(alert)) for column in COLUMNS])
    text.detach()


def write_xlsx(target: IO[bytes], alerts: Iterable[AlertOut]) -> None:
    """A sheet, row by row with little memory. Instants are Vietnam's, since a sheet knows no offset."""
    workbook = xlsxwriter.Workbook(
        target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = workbook.add_worksheet("Cảnh báo")
    bold = workbook.add_format({"bold": True, "text_wrap": True})
    formats = [workbook.add_format({"num_format": c.format}) if c.format else None for c in COLUMNS]
    for number, column in enumerate(COLUMNS):
        sheet.set_column(number, number, column.width)
        sheet.write_string(0, number, column.header, bold)
    sheet.freeze_panes(1, 0)
    last = 0
    for last, alert in enumerate(alerts, start=1):
        for number, (column, cell_format) in enumerate(zip(COLUMNS, formats, strict=True)):
            _write_cell(sheet, (last, number), column.of(alert), cell_format)
    sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
    workbook.close()


def _in_csv(value: Cell) -> object:
    if isinstance(value, datetime):
        return value.astimezone(VIETNAM).isoformat(timespec="seconds")
    if isinstance(value, str):
        return neutralised(value)
    return "" if value is None else value


def _write_cell(sheet: Any, place: tuple[int, int], value: Cell, cell_format: object) -> None:
    if isinstance(value, datetime):
        sheet.write_datetime(*place, value.astimezone(VIETNAM).replace(tzinfo=None), cell_format)
    elif isinstance(value, date):
        sheet.write_datetime(*place, value, cell_format)
    elif isinstance(value, str):
        if value:
            sheet.write_string(*place, neutralised(value)[:_MOST_TEXT])
    elif value is not None:
        sheet.write_number(*place, value, cell_format)
