"""Builds real files for the reading tests and reads them by the project's own profiles."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl

from services.ingest.judging.register import RegisteredProject
from services.ingest.sheets.child import FileJudging
from services.ingest.sheets.reading_job import ReadingJob
from services.ingest.sheets.sheet_rows import ReadFile, read_file
from services.runtime.errors import FieldError

POLICY = Path(__file__).parents[3] / "deploy" / "policy"
STATEMENT = "cumulative-statement"
STATEMENT_HEADERS = ("Mã dự án", "Nguồn vốn", "Năm ngân sách", "Đến ngày", "Lũy kế giải ngân")


def read(
    content: bytes,
    *,
    file_name: str,
    profile: str = STATEMENT,
    defaults: Mapping[str, str] | None = None,
    max_rows: int = 1_000,
) -> ReadFile:
    return read_file(
        content,
        file_name=file_name,
        profile=profile,
        source="kbnn.test",
        defaults=defaults or {},
        policy_dir=POLICY,
        max_rows=max_rows,
    )


def read_text(text: str, **options: Any) -> ReadFile:
    """Read ``text`` as a CSV file; common leading white space of its lines is left out."""
    lines = [line.strip() for line in text.strip().splitlines()]
    return read("\n".join(lines).encode(), file_name="bao-cao.csv", **options)


def judged(text: str, *, profile: str, defaults: Mapping[str, str] | None = None) -> list[FieldError]:
    """Every fault of ``text`` as a CSV file, read and judged; the projects P1 to P9 are known."""
    job = ReadingJob(
        file_name="bao-cao.csv",
        profile=profile,
        source="kbnn.test",
        defaults=dict(defaults or {}),
        policy_dir=POLICY,
        max_rows=1_000,
        business_date=date(2022, 12, 31),
        recorded_at=datetime(2022, 12, 31, tzinfo=UTC),
        projects=[RegisteredProject(f"P{number}", f"Dự án {number}", "96", "O1") for number in range(1, 10)],
    )
    lines = "\n".join(line.strip() for line in text.strip().splitlines())
    return FileJudging(job, io.BytesIO()).answer(io.BytesIO(lines.encode())).faults


def statement(*amounts: str, unit: str = "triệu đồng", below: str = "") -> str:
    """A cumulative statement with one line per amount; ``below`` follows the lines."""
    lines = [f"P{number};NSTW;2022;31/07/2022;{amount}" for number, amount in enumerate(amounts, start=1)]
    return "\n".join([f"Đơn vị tính: {unit}", ";".join(STATEMENT_HEADERS), *lines, below])


def amounts(read_back: ReadFile) -> list[int]:
    return [item.cumulative for item in read_back.items]  # type: ignore[union-attr]


def faults(read_back: ReadFile) -> list[tuple[str, str]]:
    """(code, where) of every fault."""
    return [(error.code, error.where) for error in read_back.errors]


def both(english: str) -> str:
    """A place as it is told: in Vietnamese, then as given."""
    vietnamese = english.replace("sheet ", "trang ").replace("row ", "dòng ").replace("column ", "cột ")
    return f"{vietnamese} / {english}"


def workbook(fill: Callable[[Any], None], *, title: str = "Sheet1") -> bytes:
    """A workbook of one sheet, filled by ``fill``."""
    book = openpyxl.Workbook()
    book.active.title = title
    fill(book.active)
    return saved(book)


def saved(book: Any) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def fill_statement(sheet: Any, *amounts_of_lines: object, unit: str = "triệu đồng") -> None:
    """Title, headers and one line per amount: the first line is row 3, its amount E3."""
    sheet.append([f"Đơn vị tính: {unit}"])
    sheet.append(STATEMENT_HEADERS)
    for number, amount in enumerate(amounts_of_lines, start=1):
        sheet.append([f"P{number}", "NSTW", 2022, "31/07/2022", amount])


def in_code_page_1258(text: str) -> bytes:
    """Text as Vietnamese Windows keeps it: each letter with its own mark, then the mark of its tone."""
    written = []
    for sign in unicodedata.normalize("NFC", text):
        tones = [mark for mark in unicodedata.normalize("NFD", sign) if mark in _TONES]
        letter = "".join(mark for mark in unicodedata.normalize("NFD", sign) if mark not in _TONES)
        written.append(unicodedata.normalize("NFC", letter) + "".join(tones))
    return "".join(written).encode("cp1258")


_TONES = "\u0300\u0301\u0303\u0309\u0323"
